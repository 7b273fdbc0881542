"""Excel's functions over many cases, as far as a workbook of backpropagation may use them."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from s6xl.audit.operators import Array, Empty, FaultError, UnknownError, Value, number, operate, rank, spread


def _cells(values: Sequence[Value]) -> Iterator[Array]:
    """Each number of each argument."""
    for value in values:
        for row in rank(number(value)):
            yield from row


def _sum(*values: Value) -> Array:
    return sum(_cells(values), np.zeros(1))


def _mean(values: Sequence[Value]) -> Array:
    return _sum(*values) / len(list(_cells(values)))


def _product(*values: Value) -> Array:
    result = np.ones(1)
    for value in _cells(values):
        result = result * value
    return result


def _sumproduct(*values: Value) -> Array:
    first, *others = (rank(number(value)) for value in values)
    for other in others:
        if other.shape[:2] != first.shape[:2]:
            raise FaultError("#VALUE!")
        first = first * other
    total: Array = first.sum(axis=(0, 1))
    return total


def _mmult(left: Value, right: Value) -> Array:
    a, b = rank(number(left)), rank(number(right))
    if a.shape[1] != b.shape[0]:
        raise FaultError("#VALUE!")
    cases = max(a.shape[2], b.shape[2])
    product: Array = np.einsum(
        "ijn,jkn->ikn", np.broadcast_to(a, (*a.shape[:2], cases)), np.broadcast_to(b, (*b.shape[:2], cases))
    )
    return product


def _index(block: Value, row: Value, column: Value | None = None) -> Array:
    cells = rank(number(block))
    first = _whole(row) - 1
    if column is None and cells.shape[1] > 1:
        cells, column = cells.transpose(1, 0, 2), np.ones(1)
    cell: Array = cells[first, 0 if column is None else _whole(column) - 1]
    return cell


def _whole(value: Value) -> int:
    cases = number(value)
    if cases.ndim != 1 or np.ptp(cases) or cases[0] < 1:
        raise UnknownError("it picks a cell by a number that changes")
    return int(cases[0])


def _rounded(value: Value, digits: Value | None = None) -> Array:
    scale = 10.0 ** number(digits if digits is not None else np.zeros(1))
    return spread(lambda a, s: np.sign(a) * np.floor(np.abs(a) * s + 0.5) / s, number(value), scale)


def _fails(error: str) -> Callable[..., Value]:
    def fail() -> Value:
        raise FaultError(error)

    return fail


def _is_number(value: Value) -> Array:
    return np.array([float(not isinstance(value, str))])


def _truth(fold: Callable[[Array], Any]) -> Callable[..., Array]:
    return lambda *values: fold(np.array(np.broadcast_arrays(*_cells(values))) != 0).astype(np.float64)


def _log(value: Value, base: Value | None = None) -> Array:
    return spread(np.divide, np.log(number(value)), np.log(number(base) if base is not None else np.full(1, 10.0)))


def _each(function: Callable[..., Any]) -> Callable[..., Array]:
    def compute(*values: Value) -> Array:
        return spread(function, *map(number, values))

    return compute


FUNCTIONS: dict[str, Callable[..., Value]] = {
    **{
        name: _each(function)
        for name, function in {
            "exp": np.exp,
            "ln": np.log,
            "log10": np.log10,
            "sqrt": np.sqrt,
            "abs": np.abs,
            "sign": np.sign,
            "tanh": np.tanh,
            "sinh": np.sinh,
            "cosh": np.cosh,
            "int": np.floor,
            "n": np.positive,
            "single": np.positive,
        }.items()
    },
    "power": lambda base, exponent: operate("^", base, exponent),
    "log": _log,
    "pi": lambda: np.array([np.pi]),
    "round": _rounded,
    "sum": _sum,
    "product": _product,
    "average": lambda *values: _mean(values),
    "min": lambda *values: np.minimum.reduce(np.broadcast_arrays(*_cells(values))),
    "max": lambda *values: np.maximum.reduce(np.broadcast_arrays(*_cells(values))),
    "sumsq": lambda *values: sum((cell * cell for cell in _cells(values)), np.zeros(1)),
    "sumproduct": _sumproduct,
    "sumxmy2": lambda a, b: _sum(spread(lambda x, y: (x - y) ** 2, number(a), number(b))),
    "mmult": _mmult,
    "transpose": lambda block: rank(number(block)).transpose(1, 0, 2),
    "index": _index,
    "devsq": lambda *values: sum((cell - _mean(values)) ** 2 for cell in _cells(values)) + np.zeros(1),
    "sumx2py2": lambda a, b: _sum(spread(lambda x, y: x * x + y * y, number(a), number(b))),
    "sumx2my2": lambda a, b: _sum(spread(lambda x, y: x * x - y * y, number(a), number(b))),
    "true": lambda: np.ones(1),
    "false": lambda: np.zeros(1),
    "na": _fails("#N/A"),
    "isnumber": _is_number,
    "istext": lambda value: np.array([float(isinstance(value, str) and not isinstance(value, Empty))]),
    "isblank": lambda value: np.array([float(isinstance(value, Empty))]),
    "iserror": lambda value: np.zeros(1) if isinstance(value, str) else (~np.isfinite(value)).astype(np.float64),
    "and": _truth(lambda cells: cells.all(axis=0)),
    "or": _truth(lambda cells: cells.any(axis=0)),
    "not": lambda value: (number(value) == 0).astype(np.float64),
}
