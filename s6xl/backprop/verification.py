"""Check every row of a descent against what it must satisfy, computed in another way than the row itself.

A gradient must be the slope that one measures by moving its parameter a little up and down; the loss must be what one
forward pass makes of the givens alone; each given must be the previous one's update.
"""

import math
from collections.abc import Callable, Iterable
from functools import lru_cache
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from s6xl.backprop.expression import Expression, Name, parse, scalar_function, substitute, to_python
from s6xl.backprop.network import UPDATE, Network, gradient

# The width balances two errors of float64: too wide measures a chord, too narrow a difference of rounding errors.
WIDTH = 1e-5
# Gradients much smaller than this, for a loss below 1, are lost in the rounding of the measured slope.
FLOOR = 1e-5
# Right gradients stay below a third of this over random starts, the original's mistake twenty times above it.
TOLERANCE = 1e-5
# Updates are compared with the size of their step; a smaller step than this counts as this large.
SMALLEST_STEP = 1e-9


def moved(weight: str, sign: str) -> Expression:
    """Return a weight moved by the width `h`, as an expression: ``w5 + h``.

    Args:
        weight: its name.
        sign: ``+`` to add the width, ``-`` to take it away.
    """
    return substitute(parse(f"w {sign} h"), {"w": Name(weight)})


def relative_error(slope: float, up: float, down: float) -> float:
    """Return how far a gradient is from the slope that is measured by central differences.

    Args:
        slope: the gradient by a parameter.
        up: the loss with the parameter moved up by `WIDTH`.
        down: the loss with the parameter moved down by `WIDTH`.

    Returns:
        The difference in parts of the gradient. The floor under the gradient grows with the loss, as the rounding of
        the losses does.
    """
    return abs(slope - (up - down) / (2 * WIDTH)) / (abs(slope) + FLOOR * (1 + abs(up)))


def gradient_errors(network: Network, table: NDArray[np.float64]) -> dict[str, float]:
    """Return the largest relative error of each parameter's gradient over the rows of a descent.

    Args:
        network: the network that the table was computed by.
        table: what `descend` returned, shape (steps, columns).

    Returns:
        The errors by parameter, as `relative_error` gives them; NaN where a value or a loss is not a finite number.
    """
    loss, rows = _loss(network), table.tolist()
    givens, places = network.givens, _places(network)

    def error(row: list[float], index: int, slope: int) -> float:
        values = [row[place] for place in places]
        before, value, behind = values[:index], values[index], values[index + 1 :]
        return relative_error(row[slope], loss(*before, value + WIDTH, *behind), loss(*before, value - WIDTH, *behind))

    found = {}
    for parameter in network.parameters:
        index, slope = givens.index(parameter), network.columns.index(gradient(parameter))
        found[parameter] = _largest(error(row, index, slope) for row in rows)
    return found


def loss_error(network: Network, table: NDArray[np.float64]) -> float:
    """Return the largest relative error of the loss over the rows of a descent.

    Args:
        network: the network that the table was computed by.
        table: what `descend` returned, shape (steps, columns).

    Returns:
        The largest error, in parts of the loss; NaN where a loss is not a finite number.
    """
    loss, places = _loss(network), _places(network)
    shown = network.columns.index(network.loss)

    def error(row: list[float]) -> float:
        expected = loss(*(row[place] for place in places))
        return abs(row[shown] - expected) / (abs(expected) + FLOOR)

    return _largest(error(row) for row in table.tolist())


def update_error(network: Network, table: NDArray[np.float64], learning_rate: float) -> float:
    """Return the largest difference of any given from the previous row's update.

    Args:
        network: the network that the table was computed by.
        table: what `descend` returned, shape (steps, columns).
        learning_rate: the learning rate of the descent.

    Returns:
        The largest difference, in parts of the step that the given takes; 0 for a single row.
    """
    update = scalar_function(("w", "lr", "dE_dw"), to_python(UPDATE.expression))
    rows = [dict(zip(network.columns, row, strict=True)) for row in table.tolist()]
    differences = [0.0]
    for before, after in pairwise(rows):
        for name in network.givens:
            expected = before[name]
            if name in network.parameters:
                expected = update(before[name], learning_rate, before[gradient(name)])
            step = abs(before[name] - expected) + SMALLEST_STEP
            differences.append(abs(after[name] - expected) / step)
    return float(np.max(differences))


@lru_cache
def _loss(network: Network) -> Callable[..., float]:
    """One forward pass: a function from the givens, in column order, to the loss."""
    names = [quantity.name for quantity in network.quantities]
    forward = network.quantities[: names.index(network.loss) + 1]
    steps = "".join(f"{quantity.name} := {to_python(quantity.expression)}, " for quantity in forward)
    return scalar_function(network.givens, f"({steps})[-1]")


def _places(network: Network) -> list[int]:
    """Where the givens stand in a row."""
    return [network.columns.index(name) for name in network.givens]


def _largest(errors: Iterable[float]) -> float:
    """Return the largest of some errors; NaN if one is not a number, or a number is too large to compute it."""
    try:
        return float(np.max(list(errors)))
    except OverflowError:
        return math.nan
