"""Measured gradients against derived ones: they agree where the derivation is right, and only there."""

import math
import random

import pytest

from s6xl.central_difference import TOLERANCE, WIDTH, largest_errors, losses, relative_error
from s6xl.derivation import NETWORK, NETWORK_AS_SUBMITTED
from s6xl.descent import descend
from s6xl.experiment import Experiment

START = Experiment().start


def test_gradients_agree_with_central_differences_over_random_starts() -> None:
    generator = random.Random(7)
    for _ in range(50):
        (row,) = descend(NETWORK, {name: generator.uniform(-2, 2) for name in NETWORK.givens}, 1.0, 1)
        for weight, gradient in zip(NETWORK.weights, NETWORK.gradients, strict=True):
            up, down = losses(NETWORK, weight)(row)
            slope = (up - down) / (2 * WIDTH)
            assert row[NETWORK.columns.index(gradient)] == pytest.approx(slope, abs=1e-9)


@pytest.mark.parametrize("rate", [0.1, 2.0])
def test_largest_errors_tell_right_from_wrong(rate: float) -> None:
    right = largest_errors(NETWORK, descend(NETWORK, START, rate, 68))
    wrong = largest_errors(NETWORK_AS_SUBMITTED, descend(NETWORK_AS_SUBMITTED, START, rate, 68))
    assert max(right.values()) < TOLERANCE / 10
    assert {weight for weight, error in wrong.items() if error > TOLERANCE} == {"w3", "w4"}


def test_relative_error_has_a_floor() -> None:
    assert relative_error(0.0, 1.0, 1.0) == 0
    assert relative_error(1.0, 1.0 + 2 * WIDTH, 1.0, floor=0.0) == pytest.approx(0, abs=1e-9)
    assert relative_error(0.0, 1.0 + 2 * WIDTH, 1.0) > 1e4


def test_losses_that_overflow_are_nan() -> None:
    (row,) = descend(NETWORK, {**START, "i1": 1.0, "w1": -709.9}, 1.0, 1)
    assert all(map(math.isnan, losses(NETWORK, "w1")(row)))


@pytest.mark.parametrize("scale", [0.5, 1, 2, 5, 20])
def test_right_gradients_pass_from_random_starts(scale: float) -> None:
    generator = random.Random(1)
    for _ in range(20):
        start = {name: generator.uniform(-scale, scale) for name in NETWORK.givens}
        start |= {name: generator.uniform(0, 1) for name in NETWORK.targets}
        table = descend(NETWORK, start, generator.choice((0.1, 0.5, 2.0)), 20)
        assert max(largest_errors(NETWORK, table).values()) < TOLERANCE / 2
