"""What must hold in every row: it holds where the network is right, and only there."""

import math
import random

import numpy as np
import pytest

from s6xl.backprop.descent import descend
from s6xl.backprop.experiment import Experiment
from s6xl.backprop.verification import TOLERANCE, WIDTH, gradient_errors, loss_error, relative_error, update_error
from s6xl.backprop.worked_example import NETWORK, NETWORK_AS_SUBMITTED

START = Experiment().start


@pytest.mark.parametrize("rate", [0.1, 2.0])
def test_gradient_errors_tell_right_from_wrong(rate: float) -> None:
    right = gradient_errors(NETWORK, descend(NETWORK, START, rate, 68))
    wrong = gradient_errors(NETWORK_AS_SUBMITTED, descend(NETWORK_AS_SUBMITTED, START, rate, 68))
    assert max(right.values()) < TOLERANCE / 100
    assert {weight for weight, error in wrong.items() if error > 20 * TOLERANCE} == {"w3", "w4"}


@pytest.mark.parametrize("scale", [0.5, 1, 2, 5, 20])
@pytest.mark.parametrize("target", [1, 50, 1000])
def test_right_gradients_pass_from_random_starts(scale: float, target: float) -> None:
    generator = random.Random(1)
    checked = 0
    for _ in range(20):
        start = {name: generator.uniform(-scale, scale) for name in NETWORK.givens}
        start |= {name: generator.uniform(0, target) for name in NETWORK.targets}
        table = descend(NETWORK, start, generator.choice((0.1, 0.5, 2.0)), 20)
        # Of some of these descents a sum overflows the sigmoid's exp, at once or later on.
        finite = table[np.isfinite(table).all(axis=1)]
        if finite.size:
            assert max(gradient_errors(NETWORK, finite).values()) < TOLERANCE / 2
            checked += len(finite)
    assert checked > 200


def test_central_differences_over_random_starts() -> None:
    """The slope itself, against the gradient: not by this module's measure."""
    generator = random.Random(7)
    loss = NETWORK.columns.index("E_tot")
    for _ in range(50):
        start = {name: generator.uniform(-2, 2) for name in NETWORK.givens}
        (row,) = descend(NETWORK, start, 1.0, 1)
        for weight, gradient in zip(NETWORK.weights, NETWORK.gradients, strict=True):
            up, down = (
                descend(NETWORK, {**start, weight: start[weight] + change}, 1.0, 1)[0, loss] for change in (1e-5, -1e-5)
            )
            assert row[NETWORK.columns.index(gradient)] == pytest.approx((up - down) / 2e-5, abs=1e-9)


def test_relative_error_has_a_floor_that_grows_with_the_loss() -> None:
    assert relative_error(0.0, 1.0, 1.0) == 0
    assert relative_error(1.0, 1.0 + 2 * WIDTH, 1.0) == pytest.approx(0, abs=1e-9)
    assert relative_error(0.0, 1.0 + 2 * WIDTH, 1.0) > 1e4
    assert relative_error(1e-12, 0.5, 0.5) < TOLERANCE
    assert relative_error(1e-8, 1e4, 1e4) < TOLERANCE < relative_error(1e-8, 0.5, 0.5)


def test_loss_and_updates_of_a_descent_hold() -> None:
    table = descend(NETWORK, START, 2.0, 68)
    assert loss_error(NETWORK, table) == 0
    assert update_error(NETWORK, table, 2.0) == 0
    assert update_error(NETWORK, table[:1], 2.0) == 0


@pytest.mark.parametrize("name", ["E_tot", "w1", "w8", "t1", "i2"])
def test_a_value_changed_by_hand_is_found(name: str) -> None:
    table = descend(NETWORK, START, 2.0, 68)
    table[40, NETWORK.columns.index(name)] += 1e-3
    assert max(loss_error(NETWORK, table), update_error(NETWORK, table, 2.0)) > TOLERANCE


def test_another_learning_rate_is_found() -> None:
    assert update_error(NETWORK, descend(NETWORK, START, 2.0, 68), 2.1) > TOLERANCE


def test_what_overflows_is_nan() -> None:
    table = descend(NETWORK, {**START, "i1": 1.0, "w1": -709.9}, 1.0, 2)
    assert math.isnan(gradient_errors(NETWORK, table)["w1"])
    assert math.isnan(loss_error(NETWORK, table))
    assert np.isnan(update_error(NETWORK, table, 1.0))
