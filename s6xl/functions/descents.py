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
# What stands for a number that no cell can hold.
TOO_LARGE = "too large"


def descent_functions(network: Network) -> tuple[Function, ...]:
    """The functions over ranges of a network."""
    start = (
        _start("inputs", network.inputs),
        _start("targets", network.targets),
        _start("weights", network.weights),
    )
    descent = (
        *start,
        Parameter("lr", "The learning rate, above 0", positive_number),
        Parameter("steps", "How many steps, the first being the start itself", whole_number(MOST_STEPS)),
    )
    passed_forward = tuple(q.name for q in network.quantities if q.name not in network.gradients)

    def table(inputs: Vector, targets: Vector, weights: Vector, lr: float, steps: int) -> NDArray[np.float64]:
        names = (*network.inputs, *network.targets, *network.weights)
        values = (*inputs.numbers, *targets.numbers, *weights.numbers)
        return descend(network, dict(zip(names, values, strict=True)), lr, steps)

    def columns(names: Sequence[str]) -> list[int]:
        return [network.columns.index(name) for name in names]

    def one_step(names: Sequence[str], inputs: Vector, targets: Vector, weights: Vector) -> Result:
        row = table(inputs, targets, weights, lr=1.0, steps=1)[:, columns(names)]
        return _cells(row.T if weights.upright else row)

    def whole_descent(inputs: Vector, targets: Vector, weights: Vector, lr: float, steps: int) -> Result:
        headers: list[float | str] = ["step", *map(symbol, network.columns)]
        rows = _cells(table(inputs, targets, weights, lr, steps))
        return [headers, *([float(step), *row] for step, row in enumerate(rows, start=1))]

    return (
        Function(
            f"{PREFIX}FORWARD",
            f"The forward pass, in a row or a column as the weights are: {', '.join(map(symbol, passed_forward))}",
            start,
            partial(one_step, passed_forward),
        ),
        Function(
            f"{PREFIX}BACKWARD",
            "How the total error changes with each weight, shaped as the weights are: one step is weights - lr * this",
            start,
            partial(one_step, network.gradients),
        ),
        Function(
            f"{PREFIX}DESCENT",
            "Gradient descent as a table: a row of headers, then a row a step with every quantity",
            descent,
            whole_descent,
        ),
        Function(
            f"{PREFIX}LOSS_CURVE",
            "The total error at each step of gradient descent, in a column",
            descent,
            lambda *given: _cells(table(*given)[:, columns([network.loss])]),
        ),
    )


def _start(name: str, members: Sequence[str]) -> Parameter:
    return Parameter(name, f"{members[0]} to {members[-1]}, in a row or a column", vector(members))


def _cells(values: NDArray[np.float64]) -> Result:
    rows: Result = values.tolist()
    for row, column in np.argwhere(~np.isfinite(values)):
        rows[row][column] = TOO_LARGE
    return rows
