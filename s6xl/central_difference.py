"""Gradients measured instead of derived: how much the loss changes when one weight is moved a little both ways."""

import math
from collections.abc import Callable
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from s6xl.derivation import Network
from s6xl.descent import compile_scalar
from s6xl.expression import SUM, Expression, Name, Operation, to_python

# The width balances two errors of float64: too wide measures a chord, too narrow a difference of rounding errors.
WIDTH = 1e-5
# Gradients smaller than this are compared as if they were this large, for below it there is only rounding.
FLOOR = 1e-5
# Right gradients stay some ten times below this over random starts, the original's mistake twenty times above it.
TOLERANCE = 1e-5


def moved(weight: str, sign: str) -> Expression:
    """The weight with the width `h` added (``+``) or taken away (``-``)."""
    return Operation(sign, SUM, Name(weight), Name("h"))


@lru_cache
def losses(network: Network, weight: str, width: float = WIDTH) -> Callable[[NDArray[np.float64]], tuple[float, float]]:
    """A function from a row of `descend` to the losses with the weight moved up and down; NaN where they overflow."""
    loss = compile_scalar(network.givens, to_python(network.inlined(network.loss)))
    columns = [network.columns.index(name) for name in network.givens]
    position = network.givens.index(weight)

    def at(givens: list[float], change: float) -> float:
        givens[position] += change
        try:
            return float(loss(*givens))
        except OverflowError:
            return math.nan

    def compute(row: NDArray[np.float64]) -> tuple[float, float]:
        givens = row[columns].tolist()
        return at(list(givens), width), at(list(givens), -width)

    return compute


def relative_error(gradient: float, up: float, down: float, width: float = WIDTH, floor: float = FLOOR) -> float:
    """How far a gradient is from the central difference of the two losses, in parts of itself."""
    return abs(gradient - (up - down) / (2 * width)) / (abs(gradient) + floor)


def largest_errors(network: Network, table: NDArray[np.float64]) -> dict[str, float]:
    """For each weight the largest relative error over the rows of a table of `descend`; NaN if one overflows."""
    errors = {}
    for weight, gradient in zip(network.weights, network.gradients, strict=True):
        compute, column = losses(network, weight), network.columns.index(gradient)
        found = [relative_error(float(row[column]), *compute(row)) for row in table]
        errors[weight] = float(np.max(found))
    return errors
