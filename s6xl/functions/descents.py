"""Functions over ranges: a whole forward pass, all gradients, or a whole descent, in one call."""

from collections.abc import Sequence
from functools import partial

import numpy as np
from numpy.typing import NDArray

from s6xl.backprop.descent import descend
from s6xl.backprop.network import Network, symbol
from s6xl.functions.arguments import Vector, positive_number, vector, whole_number
from s6xl.functions.definition import PREFIX, Function, Parameter, Result

# More rows of 32 cells would take more memory than Excel has for what a macro gives it.
MOST_STEPS = 100_000
# The text in a cell for a number that is too large for it.
TOO_LARGE = "too large"


def descent_functions(network: Network) -> tuple[Function, ...]:
    """Return the functions over ranges of a network."""
    computed = _Descents(network)
    passed_forward = tuple(q.name for q in network.quantities if q.name not in network.gradients)
    start = (
        _start("inputs", network.inputs),
        _start("targets", network.targets),
        _start("weights", network.weights),
    )
    descent = (
        *start,
        Parameter("lr", "The learning rate, above 0", positive_number),
        Parameter("steps", "The number of steps; step 1 is the start itself", whole_number(MOST_STEPS)),
    )
    return (
        Function(
            f"{PREFIX}FORWARD",
            f"The forward pass, in a row or a column like the weights: {', '.join(map(symbol, passed_forward))}",
            start,
            partial(computed.one_step, passed_forward),
        ),
        Function(
            f"{PREFIX}BACKWARD",
            "The gradient of every weight, in a row or a column like the weights; one step is weights - lr * this",
            start,
            partial(computed.one_step, network.gradients),
        ),
        Function(
            f"{PREFIX}DESCENT",
            "Gradient descent as a table: a row of headers, then a row for each step with every quantity",
            descent,
            computed.table,
        ),
        Function(
            f"{PREFIX}LOSS_CURVE",
            "The total error at each step of gradient descent, in a column",
            descent,
            computed.loss_curve,
        ),
    )


class _Descents:
    """What the functions compute: gradient descent of one network, from the ranges that they were given."""

    def __init__(self, network: Network) -> None:
        self._network = network

    def one_step(self, names: Sequence[str], inputs: Vector, targets: Vector, weights: Vector) -> Result:
        """Return some quantities at the start, in a row or a column as the weights are."""
        row = self._descend(inputs, targets, weights, lr=1.0, steps=1)[:, self._columns(names)]
        return _cells(row.T if weights.upright else row)

    def table(self, inputs: Vector, targets: Vector, weights: Vector, lr: float, steps: int) -> Result:
        """Every quantity at every step, below a row of headers."""
        headers: list[float | str] = ["step", *map(symbol, self._network.columns)]
        rows = _cells(self._descend(inputs, targets, weights, lr, steps))
        return [headers, *([float(step), *row] for step, row in enumerate(rows, start=1))]

    def loss_curve(self, inputs: Vector, targets: Vector, weights: Vector, lr: float, steps: int) -> Result:
        """Return the loss at every step."""
        return _cells(self._descend(inputs, targets, weights, lr, steps)[:, self._columns([self._network.loss])])

    def _descend(self, inputs: Vector, targets: Vector, weights: Vector, lr: float, steps: int) -> NDArray[np.float64]:
        network = self._network
        names = (*network.inputs, *network.targets, *network.weights)
        values = (*inputs.numbers, *targets.numbers, *weights.numbers)
        return descend(network, dict(zip(names, values, strict=True)), lr, steps)

    def _columns(self, names: Sequence[str]) -> list[int]:
        return [self._network.columns.index(name) for name in names]


def _start(name: str, members: Sequence[str]) -> Parameter:
    return Parameter(name, f"{members[0]} to {members[-1]}, in a row or a column", vector(members))


def _cells(values: NDArray[np.float64]) -> Result:
    rows: Result = values.tolist()
    for row, column in np.argwhere(~np.isfinite(values)):
        rows[row][column] = TOO_LARGE
    return rows
