"""Gradient descent against autograd, against published figures, and at the edge of float64."""

import math
import random

import numpy as np
import pytest

from s6xl.backprop.descent import descend
from s6xl.backprop.experiment import Experiment
from s6xl.backprop.worked_example import NETWORK, NETWORK_AS_SUBMITTED
from tests.support import facts, witness

START = Experiment().start


def random_givens(generator: random.Random) -> dict[str, float]:
    return {name: generator.uniform(-2, 2) for name in NETWORK.givens}


def test_every_quantity_agrees_with_autograd_over_random_starts() -> None:
    generator = random.Random(6)
    for _ in range(200):
        givens = random_givens(generator)
        (row,) = descend(NETWORK, givens, 1.0, 1)
        wanted = witness.quantities(givens)
        for name, value in zip(NETWORK.columns, row, strict=True):
            assert value == pytest.approx(givens.get(name, wanted.get(name)), abs=1e-14), name


def test_descent_is_autograds_descent() -> None:
    table = descend(NETWORK, START, 2.0, 30)
    givens = dict(START)
    for row in table:
        found = witness.quantities(givens)
        assert row[NETWORK.columns.index("E_tot")] == pytest.approx(found["E_tot"], abs=1e-15)
        for weight in NETWORK.weights:
            givens[weight] -= 2.0 * found[f"dE_d{weight}"]


def test_losses_are_the_originals_with_its_mistake() -> None:
    for sheet, wanted in facts.losses().items():
        table = descend(NETWORK_AS_SUBMITTED, START, float(sheet.removeprefix("LR=")), len(wanted))
        assert np.abs(table[:, NETWORK.columns.index("E_tot")] - wanted).max() <= 1e-15


def test_figures_of_the_corrected_descent() -> None:
    losses_at_1 = descend(NETWORK, START, 1.0, 68)[:, NETWORK.columns.index("E_tot")]
    assert losses_at_1[0] == pytest.approx(0.014181377937891659, abs=1e-17)
    assert losses_at_1[-1] == pytest.approx(0.00019683752612, abs=1e-14)


def test_shape_and_start() -> None:
    table = descend(NETWORK, START, 0.1, 5)
    assert table.shape == (5, 31)
    assert table.dtype == np.float64
    for name, value in START.items():
        assert table[0, NETWORK.columns.index(name)] == value
    inputs = [NETWORK.columns.index(name) for name in ("t1", "t2", "i1", "i2")]
    assert (table[:, inputs] == table[0, inputs]).all()


def test_overflow_is_an_error_from_the_cell_where_it_happens() -> None:
    """exp(-h1) overflows for h1 = -800: the activation and all that uses it are errors, h1 itself and h2 are not."""
    (row,) = descend(NETWORK, {**START, "i1": 1.0, "i2": 0.0, "w1": -800.0}, 1.0, 1)
    values = dict(zip(NETWORK.columns, row.tolist(), strict=True))
    assert values["h1"] == -800.0
    assert math.isfinite(values["h2"])
    assert math.isfinite(values["a_h2"])
    failed = {name for name, value in values.items() if math.isnan(value)}
    assert failed == {"a_h1", "o1", "a_o1", "o2", "a_o2", "E1", "E2", "E_tot", *NETWORK.gradients}


def test_overflow_in_a_product_is_an_error_too() -> None:
    (row,) = descend(NETWORK, {**START, "i1": 1e200, "w1": 1e200}, 1.0, 1)
    assert math.isnan(row[NETWORK.columns.index("h1")])


def test_saturation_is_no_error() -> None:
    (row,) = descend(NETWORK, {**START, "i1": 1.0, "w1": 1e6}, 1.0, 1)
    assert np.isfinite(row).all()
    assert row[NETWORK.columns.index("a_h1")] == 1.0


def test_divergence_ends_in_errors_not_in_a_crash() -> None:
    table = descend(NETWORK, START, 1e300, 50_000)
    assert np.isfinite(table[0]).all()
    weights = [NETWORK.columns.index(name) for name in NETWORK.weights]
    assert np.isnan(table[-1, weights]).all()
    assert (table[-1, : len(NETWORK.targets)] == table[0, : len(NETWORK.targets)]).all()
