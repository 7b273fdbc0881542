"""Gradient descent in float64, row by row, with the arithmetic that a spreadsheet does.

Excel knows no infinity: a cell whose result, or whose ``EXP``, is too large for a float64 shows #NUM!, and so does
every cell that uses it. Such a cell is NaN here.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from s6xl.backprop.expression import Expression, names, scalar_function, substitute, to_python
from s6xl.backprop.network import UPDATE, Network, update_of

Row = tuple[float, ...]


def cell_function(parameters: Sequence[str], expression: Expression) -> Callable[..., float]:
    """Return an expression as a function that computes what a cell shows.

    Args:
        parameters: the names of the arguments, in their order; all names of the expression are among them.
        expression: what the cell computes.

    Returns:
        A function of floats that returns a float, NaN where a cell shows an error.
    """
    compute = scalar_function(parameters, to_python(expression))

    def value(*arguments: float) -> float:
        try:
            result = float(compute(*arguments))
        except (OverflowError, ZeroDivisionError):
            return math.nan
        return result if math.isfinite(result) else math.nan

    return value


def _cell(expression: Expression) -> Callable[[dict[str, float]], float]:
    """Return the same as a function of a row."""
    used = names(expression)
    compute = cell_function(used, expression)
    return lambda row: compute(*(row[name] for name in used))


@lru_cache
def _computed_row(network: Network) -> Callable[..., Row]:
    """Return a function from the givens, in column order, to a whole row."""
    # Each quantity is bound once by an assignment expression, then the row is laid out in column order.
    steps = ", ".join(f"{q.name} := {to_python(q.expression)}" for q in network.quantities)
    row = scalar_function(network.givens, f"(({steps}), ({', '.join(network.columns)}))[1]")
    cells = {q.name: _cell(q.expression) for q in network.quantities}

    def compute(*givens: float) -> Row:
        try:
            values: Row = row(*givens)
            if math.isfinite(sum(values)):
                return values
        except (OverflowError, ZeroDivisionError):
            pass
        # Something in this row is an error: find out cell by cell which, as a spreadsheet would.
        known = dict(zip(network.givens, givens, strict=True))
        for name, cell in cells.items():
            known[name] = cell(known)
        return tuple(known[name] for name in network.columns)

    return compute


@lru_cache
def _update(network: Network) -> Callable[[Row, float], Row]:
    """Return a function from a row and a learning rate to the givens of the next row."""
    moved = {weight: to_python(substitute(UPDATE.expression, update_of(weight))) for weight in network.parameters}
    givens = ", ".join(moved.get(name, name) for name in network.givens)
    update = scalar_function(("lr", *network.columns), f"({givens})")

    def compute(row: Row, learning_rate: float) -> Row:
        values = update(learning_rate, *row)
        return tuple(value if math.isfinite(value) else math.nan for value in values)

    return compute


def descend(network: Network, start: Mapping[str, float], learning_rate: float, steps: int) -> NDArray[np.float64]:
    """Compute gradient descent as a table.

    Args:
        network: the network.
        start: the first step's targets, inputs, weights and biases, by name.
        learning_rate: what each gradient is multiplied by before it is subtracted from its weight.
        steps: the number of rows, at least 1; the first is the start itself.

    Returns:
        Shape (steps, len(network.columns)): a row for each step, its columns in the order of `network.columns`. NaN
        stands where a spreadsheet shows an error because a value has grown too large.

    Raises:
        KeyError: if the start lacks a name.
    """
    compute, update = _computed_row(network), _update(network)
    table = np.empty((steps, len(network.columns)))
    givens: Row = tuple(float(start[name]) for name in network.givens)
    previous: Row = ()
    for step in range(steps):
        row = compute(*givens)
        table[step] = row
        if math.isnan(row[-1]) and repr(row) == repr(previous):
            # Every weight is an error by now and stays one.
            table[step:] = row
            break
        previous, givens = row, update(row, learning_rate)
    return table
