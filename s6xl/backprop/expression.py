"""Write an expression once in Python syntax, and render it for everybody who has to read it.

An expression such as ``0.5*(t1 - a_o1)**2`` is parsed into a small tree. The tree becomes an Excel formula over any
cells, the body of a LAMBDA, a NumPy function, or text for people. Two rules keep one tree from meaning two things:
both sides of a power and the operand of a minus are set in parentheses unless they are single names, numbers or
calls, because Excel reads ``-a^2`` as ``(-a)^2`` and ``a^b^c`` as ``(a^b)^c``, and Python does neither. Two powers mean
different things in different programs and must not be used in a table: ``0**0``, and a fractional power of a negative
number, for which Excel computes odd roots.
"""

import ast
import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

SUM, PRODUCT, NEGATIVE, POWER, ATOM = range(5)
# How tightly each operator binds.
LEVELS = {"+": SUM, "-": SUM, "*": PRODUCT, "/": PRODUCT, "**": POWER}
_OPERATORS: dict[type[ast.operator], str] = {
    ast.Add: "+",
    ast.Sub: "-",
    ast.Mult: "*",
    ast.Div: "/",
    ast.Pow: "**",
}


class ExpressionError(ValueError):
    """A text is not an expression of this small language."""


@dataclass(frozen=True, slots=True)
class Number:
    """A constant, finite and not negative."""

    value: float


@dataclass(frozen=True, slots=True)
class Name:
    """A quantity, by its name."""

    name: str


@dataclass(frozen=True, slots=True)
class Negative:
    """Minus an expression."""

    operand: "Expression"


@dataclass(frozen=True, slots=True)
class Operation:
    """Two expressions joined by ``+ - * /`` or ``**``."""

    operator: str
    left: "Expression"
    right: "Expression"


@dataclass(frozen=True, slots=True)
class Call:
    """A function of one argument: ``exp`` or one of `DEFINITIONS`."""

    function: str
    argument: "Expression"


Expression = Number | Name | Negative | Operation | Call


@cache
def parse(source: str) -> Expression:
    """Read an expression in Python syntax.

    Args:
        source: the expression, such as ``0.5*(t1 - a_o1)**2``.

    Returns:
        The expression as a tree.

    Raises:
        ExpressionError: for anything but names, finite numbers, ``+ - * / **``, and calls of ``exp`` and ``sigmoid``.
    """
    try:
        return _from_ast(ast.parse(source.strip(), mode="eval").body)
    except (SyntaxError, OverflowError) as error:
        raise ExpressionError(f"cannot read the expression {source!r}: {error}") from error


def _from_ast(node: ast.expr) -> Expression:
    match node:
        case ast.Name(id=name):
            return Name(name)
        case ast.Constant(value=int() | float() as value) if not isinstance(value, bool) and math.isfinite(value):
            return Number(float(value))
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return Negative(_from_ast(operand))
        case ast.BinOp(left=left, op=operator, right=right) if type(operator) in _OPERATORS:
            return Operation(_OPERATORS[type(operator)], _from_ast(left), _from_ast(right))
        case ast.Call(func=ast.Name(id=function), args=[argument], keywords=[]) if function in FUNCTIONS:
            return Call(function, _from_ast(argument))
    raise ExpressionError(f"an expression cannot hold {ast.unparse(node)!r}")


FUNCTIONS = frozenset({"exp", "sigmoid"})
# Functions that spreadsheets and NumPy do not know, written out over `x`. Every engine computes the written-out form,
# so that all of them round alike.
DEFINITIONS: dict[str, Expression] = {"sigmoid": parse("1/(1 + exp(-x))")}


def names(expression: Expression) -> tuple[str, ...]:
    """Return the names in an expression, in the order of their first appearance."""
    return tuple(dict.fromkeys(_names(expression)))


def _names(expression: Expression) -> Iterator[str]:
    match expression:
        case Name(name):
            yield name
        case Negative(operand) | Call(_, operand):
            yield from _names(operand)
        case Operation(_, left, right):
            yield from _names(left)
            yield from _names(right)


def operations(expression: Expression, operator: str) -> Iterator[Operation]:
    """Yield every operation of one kind in an expression, from the left.

    Args:
        expression: where to look.
        operator: the kind: ``+``, ``-``, ``*``, ``/`` or ``**``.
    """
    match expression:
        case Negative(operand) | Call(_, operand):
            yield from operations(operand, operator)
        case Operation(found, left, right):
            yield from operations(left, operator)
            if found == operator:
                yield expression
            yield from operations(right, operator)


def substitute(expression: Expression, replacements: Mapping[str, Expression]) -> Expression:
    """Return an expression with other expressions in place of names.

    Args:
        expression: the expression before.
        replacements: what takes a name's place, by name; other names stay.
    """
    match expression:
        case Name(name):
            return replacements.get(name, expression)
        case Negative(operand):
            return Negative(substitute(operand, replacements))
        case Operation(operator, left, right):
            return Operation(operator, substitute(left, replacements), substitute(right, replacements))
        case Call(function, argument):
            return Call(function, substitute(argument, replacements))
    return expression


def expand(expression: Expression) -> Expression:
    """Return the expression with `DEFINITIONS` put in: ``1/(1 + exp(-h1))`` for ``sigmoid(h1)``."""
    match expression:
        case Negative(operand):
            return Negative(expand(operand))
        case Operation(operator, left, right):
            return Operation(operator, expand(left), expand(right))
        case Call(function, argument) if function in DEFINITIONS:
            return substitute(DEFINITIONS[function], {"x": expand(argument)})
        case Call(function, argument):
            return Call(function, expand(argument))
    return expression


@dataclass(frozen=True)
class _Notation:
    """How one reader spells names, numbers, functions, operators and powers."""

    name: Callable[[str], str]
    number: Callable[[float], str]
    functions: Mapping[str, str]
    operators: Mapping[str, str]
    power: Callable[[str, str], str]


def _write(expression: Expression, notation: _Notation) -> str:
    return _write_level(expression, notation)[0]


def _write_level(expression: Expression, notation: _Notation) -> tuple[str, int]:
    def at_least(level: int, operand: Expression) -> str:
        text, own = _write_level(operand, notation)
        return text if own >= level else f"({text})"

    match expression:
        case Number(value):
            return notation.number(value), ATOM
        case Name(name):
            return notation.name(name), ATOM
        case Call(function, argument):
            return f"{notation.functions[function]}({_write(argument, notation)})", ATOM
        case Negative(operand):
            return f"{notation.operators['-'].strip()}{at_least(ATOM, operand)}", NEGATIVE
        case Operation("**", left, right):
            return notation.power(at_least(ATOM, left), at_least(ATOM, right)), POWER
        case Operation(operator, left, right):
            level = LEVELS[operator]
            # A minus sign right after an operator is legal everywhere and readable nowhere.
            tighter = ATOM if isinstance(right, Negative) else level + 1
            return f"{at_least(level, left)}{notation.operators[operator]}{at_least(tighter, right)}", level


def _plain_number(value: float) -> str:
    return repr(value).removesuffix(".0").upper()


_TIGHT = {operator: operator for operator in "+-*/"}


def to_excel(expression: Expression, cell: Callable[[str], str]) -> str:
    """Return the expression as the text of an Excel formula.

    Args:
        expression: any expression.
        cell: a function from a name to its cell or range, as it stands in the formula.

    Returns:
        The formula without the leading ``=``.
    """
    notation = _Notation(cell, _plain_number, {"exp": "EXP"}, _TIGHT, lambda base, exponent: f"{base}^{exponent}")
    return _write(expand(expression), notation)


def lambda_parameter(name: str) -> str:
    """Return a name that Excel accepts as a LAMBDA parameter: what looks like a cell, such as t1, becomes t_1."""
    return re.sub(r"^([A-Za-z]{1,3})(\d+)$", r"\1_\2", name)


def to_lambda(expression: Expression, parameters: Sequence[str] | None = None) -> str:
    """Return the expression as a LAMBDA in the form that a workbook file stores.

    Args:
        expression: any expression.
        parameters: the names of the arguments, in their order; by default in the order of their first appearance.

    Returns:
        The LAMBDA without the leading ``=``.
    """
    arguments = names(expression) if parameters is None else parameters
    body = to_excel(expression, lambda name: f"_xlpm.{lambda_parameter(name)}")
    return f"_xlfn.LAMBDA({','.join(f'_xlpm.{lambda_parameter(name)}' for name in arguments)},{body})"


def to_python(expression: Expression, number: Callable[[float], str] = repr) -> str:
    """Return the expression as Python source that needs only its names and a function ``exp``.

    Args:
        expression: any expression.
        number: a function from a constant to how it is written.
    """
    notation = _Notation(str, number, {"exp": "exp"}, _TIGHT, lambda base, exponent: f"{base}**{exponent}")
    return _write(expand(expression), notation)


def to_numpy(expression: Expression, parameters: Sequence[str] | None = None) -> Callable[..., Any]:
    """Return the expression as a NumPy function.

    Args:
        expression: any expression.
        parameters: the names of the arguments, in their order; by default in the order of their first appearance.

    Returns:
        A function of floats or arrays that broadcast together. It computes in float64: what is too large is infinite,
        and what has no value is NaN.
    """
    # Python's own numbers would raise where NumPy gives infinity, and turn complex where it gives NaN.
    source = to_python(expression, lambda value: f"float64({value!r})")
    arguments = names(expression) if parameters is None else parameters
    function = _function(arguments, source, {"exp": np.exp, "float64": np.float64})

    def compute(*values: Any) -> Any:
        return function(*map(np.float64, values))

    return compute


def scalar_function(parameters: Iterable[str], source: str) -> Callable[..., Any]:
    """Return a function of Python's own floats.

    Its exp is the C library's, as LibreOffice's is; NumPy's may differ from it in the last bit.

    Args:
        parameters: the names of the arguments, in their order.
        source: an expression in Python syntax, such as `to_python` returns.

    Returns:
        The function. It raises OverflowError where a power or an exp is too large for a float64, and ZeroDivisionError.
    """
    return _function(parameters, source, {"exp": math.exp})


def _function(parameters: Iterable[str], source: str, known: dict[str, Any]) -> Callable[..., Any]:
    function: Callable[..., Any] = eval(f"lambda {', '.join(parameters)}: {source}", known)
    return function


def to_text(expression: Expression, name: Callable[[str], str] = str, *, times: str = " * ", minus: str = "-") -> str:
    """Return the expression as people write it: ``½ * (t1 - a_o1)²``, ``σ(h1)``.

    Args:
        expression: any expression.
        name: a function from a name to its text.
        times: the text of the multiplication sign, with spaces if there are to be any.
        minus: the minus sign.
    """
    notation = _Notation(
        name,
        lambda value: "½" if value == 0.5 else _plain_number(value),
        {"exp": "exp", "sigmoid": "σ"},
        {"+": " + ", "-": f" {minus} ", "*": times, "/": "/"},
        lambda base, exponent: f"{base}²" if exponent == "2" else f"{base}^{exponent}",
    )
    return _write(expression, notation)
