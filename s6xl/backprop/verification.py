"""What every row of a descent must satisfy, computed another way than the row itself.

A gradient must be the slope that one measures by moving its weight a little both ways; the loss must be what one
forward pass makes of the givens alone; each given must be the previous one's update.
"""

import math
from collections.abc import Callable
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
    return {weight: _largest(relative_error, function, table) for weight, function in _moved_losses(network).items()}


def loss_error(network: Network, table: NDArray[np.float64]) -> float:
    """The largest relative error of the loss over the rows of a table of `descend`; NaN where it is no number."""
    loss = network.inlined(network.loss)
    function = scalar_function(network.columns, f"({network.loss}, {to_python(loss)})")
    return _largest(lambda found, expected: abs(found - expected) / (abs(expected) + FLOOR), function, table)


def update_error(network: Network, table: NDArray[np.float64], learning_rate: float) -> float:
    """The largest difference of any given from the previous row's update, in parts of the step; 0 for a single row."""
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
def _moved_losses(network: Network) -> dict[str, Callable[..., tuple[float, float, float]]]:
    """For each weight a function from a row to its gradient and the losses with the weight moved up and down."""
    loss = network.inlined(network.loss)
    functions = {}
    for weight in network.parameters:
        up, down = (to_python(substitute(loss, {weight: moved(weight, sign)})) for sign in "+-")
        source = f"(lambda h: ({gradient(weight)}, {up}, {down}))({WIDTH!r})"
        functions[weight] = scalar_function(network.columns, source)
    return functions


def _largest(
    error: Callable[..., float], function: Callable[..., tuple[float, ...]], table: NDArray[np.float64]
) -> float:
    """The largest error that `error` makes of what `function` makes of a row."""
    try:
        return float(np.max([error(*function(*row)) for row in table.tolist()]))
    except OverflowError:
        return math.nan
