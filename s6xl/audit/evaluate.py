"""Formulas computed over many cases at once: each reference stands for an array, whose last axis is the cases.

An error, such as a division by zero, is NaN or infinite in the cases that have it.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pyopenvba.formula import Node

from s6xl.audit.formulas import UnreadableError, hole_index

Array = NDArray[np.float64]
# A number a case; of a block of cells, rows x columns x cases; or a text, the same in all cases.
Value = Array | str
Closure = Callable[[Sequence[Any]], Value]

_DEEPEST_CALLS = 50


class FaultError(Exception):
    """The error that Excel shows for the whole formula, such as ``#REF!``."""


class UnknownError(UnreadableError):
    """The formula uses what is not computed here."""


class Evaluator:
    """Computes formulas.

    `named` gives the syntax tree that a name stands for, `called` a function that is neither Excel's nor defined in the
    book; either gives None where there is none.
    """

    def __init__(self, named: Callable[[str], Node | None], called: Callable[[str], Closure | None]) -> None:
        self._named = named
        self._called = called

    def __call__(self, tree: Node, references: Sequence[Value]) -> Value:
        """What a formula gives where its references have these values.

        Raises:
            FaultError: if it is an error whatever the numbers.
            UnknownError: if it uses what is not computed here.
        """
        try:
            with np.errstate(all="ignore"):
                return self._value(tree, references, {}, 0)
        except RecursionError as error:
            raise UnknownError("it is nested too deeply") from error

    def _value(self, node: Node, references: Sequence[Value], local: Mapping[str, Any], depth: int) -> Value:
        match node.__class__.__name__:
            case "Literal":
                return _literal(node.value)
            case "NameNode":
                value = self._name(node.name, references, local, depth)
                if callable(value):
                    raise UnknownError("it gives a function and no number")
                return value  # type: ignore[no-any-return]
            case "Unary":
                return self._unary(node, references, local, depth)
            case "Binary":
                return self._binary(node, references, local, depth)
            case "Call":
                return self._call(node, references, local, depth)
            case "Invoke":
                function = self._closure(node.target, references, local, depth)
                return function([self._value(item, references, local, depth) for item in node.args])
            case "ArrayLiteral":
                return _block([[self._value(item, references, local, depth) for item in row] for row in node.rows])
        raise UnknownError(f"it has a part that is not computed here: {node.__class__.__name__}")

    def _name(self, name: str, references: Sequence[Value], local: Mapping[str, Any], depth: int) -> Any:
        index = hole_index(name)
        if index is not None:
            return references[index]
        key = _plain(name)
        if key in local:
            return local[key]
        if depth > _DEEPEST_CALLS:
            raise UnknownError("its names refer to themselves")
        tree = self._named(name)
        if tree is None:
            raise UnknownError(f"it uses the name {name}, which is not known")
        if _is_call(tree, "lambda"):
            return self._lambda(tree, (), {}, depth + 1)
        return self._value(tree, (), {}, depth + 1)

    def _unary(self, node: Any, references: Sequence[Value], local: Mapping[str, Any], depth: int) -> Value:
        value = self._value(node.operand, references, local, depth)
        match node.op:
            case "-":
                return -_number(value)
            case "%":
                return _number(value) / 100
            case "+" | "@":
                return value
        raise UnknownError(f"it uses the operator {node.op}, which is not computed here")

    def _binary(self, node: Any, references: Sequence[Value], local: Mapping[str, Any], depth: int) -> Value:
        # A long sum leans to the left; it is gone down in a loop, so that it may be as long as Excel allows.
        chain = [node]
        while chain[-1].left.__class__.__name__ == "Binary":
            chain.append(chain[-1].left)
        value = self._value(chain[-1].left, references, local, depth)
        for step in reversed(chain):
            right = self._value(step.right, references, local, depth)
            value = _operate(step.op, value, right)
        return value

    def _call(self, node: Any, references: Sequence[Value], local: Mapping[str, Any], depth: int) -> Value:
        name = _plain(node.name)

        def values(nodes: Sequence[Node]) -> list[Value]:
            return [self._value(item, references, local, depth) for item in nodes]

        match name:
            case "let":
                inner = dict(local)
                for variable, item in zip(node.args[:-1:2], node.args[1::2], strict=False):
                    if _is_call(item, "lambda"):
                        inner[_plain(variable.name)] = self._lambda(item, references, inner, depth + 1)
                    else:
                        inner[_plain(variable.name)] = self._value(item, references, inner, depth)
                return self._value(node.args[-1], references, inner, depth)
            case "lambda":
                raise UnknownError("it gives a function and no number")
            case "if" if len(node.args) in (2, 3):
                return self._if(node.args, references, local, depth)
            case "iferror" | "ifna" if len(node.args) == 2:
                return self._iferror(node.args, references, local, depth)
        known = FUNCTIONS.get(name)
        if known is not None:
            # What is left out counts as nothing.
            given = values(node.args)
            try:
                return known(*given)
            except (TypeError, ValueError, IndexError) as error:
                raise UnknownError(f"{name.upper()} has arguments that are not understood") from error
        closure = local.get(name)
        if closure is None:
            closure = self._called(name) or self._defined(name, depth)
        return closure(values(node.args))

    def _if(self, nodes: Sequence[Node], references: Sequence[Value], local: Mapping[str, Any], depth: int) -> Value:
        """A choice; what is not chosen in any case is not computed, as in a guard for empty cells."""
        condition = _number(self._value(nodes[0], references, local, depth)) != 0
        if condition.all():
            return self._value(nodes[1], references, local, depth)
        other = self._value(nodes[2], references, local, depth) if len(nodes) > 2 else np.zeros(1)
        if not condition.any():
            return other
        return _spread(np.where, condition, _number(self._value(nodes[1], references, local, depth)), _number(other))

    def _iferror(
        self, nodes: Sequence[Node], references: Sequence[Value], local: Mapping[str, Any], depth: int
    ) -> Value:
        try:
            value = self._value(nodes[0], references, local, depth)
        except FaultError:
            return self._value(nodes[1], references, local, depth)
        if isinstance(value, str) or np.isfinite(value).all():
            return value
        other = _number(self._value(nodes[1], references, local, depth))
        return _spread(lambda a, b: np.where(np.isfinite(a), a, b), value, other)

    def _defined(self, name: str, depth: int) -> Closure:
        if depth > _DEEPEST_CALLS:
            raise UnknownError("its functions call themselves")
        tree = self._named(name)
        if tree is None:
            raise UnknownError(f"it calls {name.upper()}, which is not computed here")
        return self._closure(tree, (), {}, depth + 1)

    def _closure(self, node: Any, references: Sequence[Value], local: Mapping[str, Any], depth: int) -> Closure:
        if _is_call(node, "lambda"):
            return self._lambda(node, references, local, depth)
        if node.__class__.__name__ == "NameNode":
            value = self._name(node.name, references, local, depth)
            if callable(value):
                return value  # type: ignore[no-any-return]
        raise UnknownError("it calls what is no function")

    def _lambda(self, node: Any, references: Sequence[Value], local: Mapping[str, Any], depth: int) -> Closure:
        *parameters, body = node.args
        names = [_plain(parameter.name) for parameter in parameters]

        def closure(values: Sequence[Any]) -> Value:
            if len(values) != len(names):
                raise UnknownError("it calls a LAMBDA with another number of arguments than it takes")
            if depth > _DEEPEST_CALLS:
                raise UnknownError("its functions call themselves")
            return self._value(body, references, {**local, **dict(zip(names, values, strict=True))}, depth + 1)

        return closure


def _plain(name: str) -> str:
    """A function's or parameter's name without the prefixes that files store."""
    return name.casefold().removeprefix("_xlfn.").removeprefix("_xlws.").removeprefix("_xlpm.")


def _is_call(node: Any, name: str) -> bool:
    return node.__class__.__name__ == "Call" and _plain(node.name) == name


def _literal(value: object) -> Value:
    match value:
        case bool() | int() | float():
            return np.array([float(value)])
        case str():
            return value
        case None:
            return np.zeros(1)
    raise FaultError(str(value))


class Empty(str):
    """What an empty cell gives: nothing where a text is wanted, 0 where a number is."""


EMPTY = Empty()


def _number(value: Value) -> Array:
    """A value as a number; a text that is none gives #VALUE!, as in Excel."""
    if isinstance(value, Empty):
        return np.zeros(1)
    if isinstance(value, str):
        try:
            return np.array([float(value)])
        except ValueError:
            raise FaultError("#VALUE!") from None
    return value


def _block(rows: Sequence[Sequence[Value]]) -> Array:
    """A block of constants, such as ``{1,2;3,4}``."""
    if len({len(row) for row in rows}) != 1 or any(
        isinstance(item, str) or item.ndim != 1 for row in rows for item in row
    ):
        raise UnknownError("it holds a block of other constants than numbers")
    return np.array(rows, dtype=np.float64)


def _rank(value: Array) -> Array:
    return value if value.ndim == 3 else value[np.newaxis, np.newaxis, :]


def _spread(function: Callable[..., Any], *values: Array) -> Array:
    """A function of numbers, over blocks cell by cell where any of them is one."""
    if any(value.ndim == 3 for value in values):
        values = tuple(map(_rank, values))
    return function(*values)  # type: ignore[no-any-return]


def _operate(operator: str, left: Value, right: Value) -> Value:
    if operator in _COMPARISONS and (isinstance(left, str) or isinstance(right, str)):
        return _compared_texts(operator, left, right)
    function = _ARITHMETIC.get(operator)
    if function is None:
        raise UnknownError(f"it uses the operator {operator}, which is not computed here")
    if operator == "/" and not np.any(_number(right)):
        raise FaultError("#DIV/0!")
    try:
        return _spread(function, _number(left), _number(right))
    except ValueError as error:
        raise UnknownError("it joins blocks of different size") from error


def _compared_texts(operator: str, left: Value, right: Value) -> Array:
    """A comparison in which a text takes part: every text is more than any number."""
    texts = isinstance(left, str), isinstance(right, str)
    if all(texts):
        return np.array([float(_COMPARISONS[operator](str(left).casefold(), str(right).casefold()))])
    if isinstance(left, Empty) or isinstance(right, Empty):
        return _spread(_ARITHMETIC[operator], _number(left), _number(right))
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


def _cells(values: Sequence[Value]) -> Iterator[Array]:
    """Each number of each argument."""
    for value in values:
        for row in _rank(_number(value)):
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
    first, *others = (_rank(_number(value)) for value in values)
    for other in others:
        if other.shape[:2] != first.shape[:2]:
            raise FaultError("#VALUE!")
        first = first * other
    total: Array = first.sum(axis=(0, 1))
    return total


def _mmult(left: Value, right: Value) -> Array:
    a, b = _rank(_number(left)), _rank(_number(right))
    if a.shape[1] != b.shape[0]:
        raise FaultError("#VALUE!")
    cases = max(a.shape[2], b.shape[2])
    product: Array = np.einsum(
        "ijn,jkn->ikn", np.broadcast_to(a, (*a.shape[:2], cases)), np.broadcast_to(b, (*b.shape[:2], cases))
    )
    return product


def _index(block: Value, row: Value, column: Value | None = None) -> Array:
    cells = _rank(_number(block))
    first = _whole(row) - 1
    if column is None and cells.shape[1] > 1:
        cells, column = cells.transpose(1, 0, 2), np.ones(1)
    cell: Array = cells[first, 0 if column is None else _whole(column) - 1]
    return cell


def _whole(value: Value) -> int:
    number = _number(value)
    if number.ndim != 1 or np.ptp(number) or number[0] < 1:
        raise UnknownError("it picks a cell by a number that varies")
    return int(number[0])


def _rounded(value: Value, digits: Value | None = None) -> Array:
    scale = 10.0 ** _number(digits if digits is not None else np.zeros(1))
    return _spread(lambda a, s: np.sign(a) * np.floor(np.abs(a) * s + 0.5) / s, _number(value), scale)


def _fails(error: str) -> Callable[..., Value]:
    def fail() -> Value:
        raise FaultError(error)

    return fail


def _is_number(value: Value) -> Array:
    return np.array([float(not isinstance(value, str))])


def _truth(fold: Callable[[Array], Any]) -> Callable[..., Array]:
    return lambda *values: fold(np.array(np.broadcast_arrays(*_cells(values))) != 0).astype(np.float64)


def _log(value: Value, base: Value | None = None) -> Array:
    return _spread(np.divide, np.log(_number(value)), np.log(_number(base) if base is not None else np.full(1, 10.0)))


def _each(function: Callable[..., Any]) -> Callable[..., Array]:
    def compute(*values: Value) -> Array:
        return _spread(function, *map(_number, values))

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
    "power": lambda base, exponent: _operate("^", base, exponent),
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
    "sumxmy2": lambda a, b: _sum(_spread(lambda x, y: (x - y) ** 2, _number(a), _number(b))),
    "mmult": _mmult,
    "transpose": lambda block: _rank(_number(block)).transpose(1, 0, 2),
    "index": _index,
    "devsq": lambda *values: sum((cell - _mean(values)) ** 2 for cell in _cells(values)) + np.zeros(1),
    "sumx2py2": lambda a, b: _sum(_spread(lambda x, y: x * x + y * y, _number(a), _number(b))),
    "sumx2my2": lambda a, b: _sum(_spread(lambda x, y: x * x - y * y, _number(a), _number(b))),
    "true": lambda: np.ones(1),
    "false": lambda: np.zeros(1),
    "na": _fails("#N/A"),
    "isnumber": _is_number,
    "istext": lambda value: np.array([float(isinstance(value, str) and not isinstance(value, Empty))]),
    "isblank": lambda value: np.array([float(isinstance(value, Empty))]),
    "iserror": lambda value: np.zeros(1) if isinstance(value, str) else (~np.isfinite(value)).astype(np.float64),
    "and": _truth(lambda cells: cells.all(axis=0)),
    "or": _truth(lambda cells: cells.any(axis=0)),
    "not": lambda value: (_number(value) == 0).astype(np.float64),
}
