"""What every row of a descent must satisfy, computed another way than the row itself.

A gradient must be the slope that one measures by moving its weight a little both ways; the loss must be what one
forward pass makes of the givens alone; each given must be the previous one's update.
"""

import math
from collections.abc import Callable, Mapping
from functools import lru_cache
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from s6xl.derivation import UPDATE, Network, gradient
from s6xl.expression import Expression, Name, parse, scalar_function, substitute, to_python

# The width balances two errors of float64: too wide measures a chord, too narrow a difference of rounding errors.
WIDTH = 1e-5
# Gradients much smaller than this, for a loss below 1, are lost in the rounding of the measured slope.
FLOOR = 1e-5
# Right gradients stay below a third of this over random starts, the original's mistake twenty times above it.
TOLERANCE = 1e-5
# Updates are compared with the size of their step; a smaller step than this counts as this large.
SMALLEST_STEP = 1e-9


def moved(weight: str, sign: str) -> Expression:
    """The weight with the width `h` added (``+``) or taken away (``-``)."""
    return substitute(parse(f"w {sign} h"), {"w": Name(weight)})


def relative_error(slope: float, up: float, down: float) -> float:
    """How far a gradient is from the central difference of the losses with its weight moved up and down.

    In parts of the gradient; the floor under that grows with the loss, as the rounding of the losses does.
    """
    return abs(slope - (up - down) / (2 * WIDTH)) / (abs(slope) + FLOOR * (1 + abs(up)))


def gradient_errors(network: Network, table: NDArray[np.float64]) -> dict[str, float]:
    """For each weight the largest relative error of its gradient over the rows of a table of `descend`.

    NaN where the table or a moved loss holds a value that is no number.
    """
    return {weight: _largest(_gradient_error(network, weight), network, table) for weight in network.weights}


def loss_error(network: Network, table: NDArray[np.float64]) -> float:
    """The largest relative error of the loss over the rows of a table of `descend`; NaN where it is no number."""
    loss = _loss(network)

    def error(row: Mapping[str, float]) -> float:
        expected = loss(*(row[name] for name in network.givens))
        return float(abs(row[network.loss] - expected) / (abs(expected) + FLOOR))

    return _largest(error, network, table)


def update_error(network: Network, table: NDArray[np.float64], learning_rate: float) -> float:
    """The largest difference of any given from the previous row's update, in parts of the step; 0 for a single row."""
    update = scalar_function(("w", "lr", "dE_dw"), to_python(UPDATE.expression))
    rows = [dict(zip(network.columns, row, strict=True)) for row in table.tolist()]
    differences = [0.0]
    for before, after in pairwise(rows):
        for name in network.givens:
            expected = before[name]
            if name in network.weights:
                expected = update(before[name], learning_rate, before[gradient(name)])
            step = abs(before[name] - expected) + SMALLEST_STEP
            differences.append(abs(after[name] - expected) / step)
    return float(np.max(differences))


@lru_cache
def _loss(network: Network) -> Callable[..., float]:
    return scalar_function(network.givens, to_python(network.inlined(network.loss)))


def _gradient_error(network: Network, weight: str) -> Callable[[Mapping[str, float]], float]:
    loss = _loss(network)

    def error(row: Mapping[str, float]) -> float:
        givens = {name: row[name] for name in network.givens}
        up = loss(*{**givens, weight: row[weight] + WIDTH}.values())
        down = loss(*{**givens, weight: row[weight] - WIDTH}.values())
        return relative_error(row[gradient(weight)], up, down)

    return error


def _largest(error: Callable[[Mapping[str, float]], float], network: Network, table: NDArray[np.float64]) -> float:
    try:
        found = [error(dict(zip(network.columns, row, strict=True))) for row in table.tolist()]
    except OverflowError:
        return math.nan
    return float(np.max(found))
