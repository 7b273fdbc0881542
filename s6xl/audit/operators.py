"""What values are in a formula that is computed over many cases, and Excel's operators on them."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from s6xl.audit.formulas import UnreadableError

Array = NDArray[np.float64]
# A number a case; of a block of cells, rows x columns x cases; or a text, the same in all cases.
Value = Array | str


class FaultError(Exception):
    """The error that Excel shows for the whole formula, such as ``#REF!``."""


class UnknownError(UnreadableError):
    """The formula uses what is not computed here."""


class Empty(str):
    """What an empty cell gives: nothing where a text is wanted, 0 where a number is."""


EMPTY = Empty()


def number(value: Value) -> Array:
    """Return a value as a number; a text that is none gives #VALUE!, as in Excel."""
    if isinstance(value, Empty):
        return np.zeros(1)
    if isinstance(value, str):
        try:
            return np.array([float(value)])
        except ValueError:
            raise FaultError("#VALUE!") from None
    return value


def block_of(rows: Sequence[Sequence[Value]]) -> Array:
    """Return a block of constants, such as ``{1,2;3,4}``."""
    if len({len(row) for row in rows}) != 1 or any(
        isinstance(item, str) or item.ndim != 1 for row in rows for item in row
    ):
        raise UnknownError("it has an array constant that does not hold numbers only")
    cells = np.broadcast_arrays(*(item for row in rows for item in row))
    return np.array(cells, dtype=np.float64).reshape(len(rows), len(rows[0]), -1)


def rank(value: Array) -> Array:
    """Return a value with the axes of a block: rows x columns x cases."""
    return value if value.ndim == 3 else value[np.newaxis, np.newaxis, :]


def spread(function: Callable[..., Any], *values: Array) -> Array:
    """Return what a function of numbers gives, over blocks cell by cell where any of them is one."""
    if any(value.ndim == 3 for value in values):
        values = tuple(map(rank, values))
    return function(*values)  # type: ignore[no-any-return]


def operate(operator: str, left: Value, right: Value) -> Value:
    """Return what one of Excel's operators gives.

    Raises:
        FaultError: if Excel shows an error.
        UnknownError: if the operator, or the blocks' sizes, are beyond the audit.
    """
    if operator in _COMPARISONS and (isinstance(left, str) or isinstance(right, str)):
        return _compared_texts(operator, left, right)
    function = _ARITHMETIC.get(operator)
    if function is None:
        raise UnknownError(f"it uses the operator {operator}, which the audit cannot compute")
    if operator == "/" and not np.any(number(right)):
        raise FaultError("#DIV/0!")
    try:
        return spread(function, number(left), number(right))
    except ValueError as error:
        raise UnknownError("it combines ranges of different sizes") from error


def _compared_texts(operator: str, left: Value, right: Value) -> Array:
    """Compare values of which at least one is a text: every text is more than any number."""
    texts = isinstance(left, str), isinstance(right, str)
    if all(texts):
        return np.array([float(_COMPARISONS[operator](str(left).casefold(), str(right).casefold()))])
    if isinstance(left, Empty) or isinstance(right, Empty):
        return spread(_ARITHMETIC[operator], number(left), number(right))
    return np.array([float(_COMPARISONS[operator](*texts))])


def _power(base: Array, exponent: Array) -> Array:
    # 0^0 is an error in Excel.
    return np.where((base == 0) & (exponent == 0), np.nan, np.power(base, exponent))


_COMPARISONS: dict[str, Callable[[Any, Any], Any]] = {
    "=": lambda a, b: a == b,
    "<>": lambda a, b: a != b,
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
}


def _compared(compare: Callable[[Any, Any], Any]) -> Callable[[Array, Array], Array]:
    return lambda a, b: np.where(np.isfinite(a) & np.isfinite(b), compare(a, b), np.nan)


_ARITHMETIC: dict[str, Callable[[Array, Array], Array]] = {
    "+": np.add,
    "-": np.subtract,
    "*": np.multiply,
    "/": np.divide,
    "^": _power,
    **{operator: _compared(compare) for operator, compare in _COMPARISONS.items()},
}
