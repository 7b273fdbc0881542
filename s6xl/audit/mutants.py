"""Make the mistakes that people make in an expression, and put each of them into words."""

import re
from collections.abc import Iterator
from itertools import chain, product

from s6xl.audit.networks import written
from s6xl.backprop.expression import Call, Expression, Negative, Number, Operation, expand, to_text


def mutants(expression: Expression) -> Iterator[tuple[Expression, str]]:
    """Return each expression that differs from the right one by a single mistake.

    Args:
        expression: the right expression.

    Yields:
        The mistaken expression, and the mistake in words that follow what is wrong, such as ``lacks the factor w5``.
    """
    yield Negative(expression), f"has the wrong sign: {_shown(expression)} is right"
    yield from _within(expression)


def _within(expression: Expression) -> Iterator[tuple[Expression, str]]:
    match expression:
        case Negative(operand):
            yield operand, f"lacks the minus sign before {_shown(operand)}"
            for mutant, words in _within(operand):
                yield Negative(mutant), words
        case Call("sigmoid"):
            yield from _within(expand(expression))
        case Call(function, argument):
            for mutant, words in _within(argument):
                yield Call(function, mutant), words
            yield argument, f"lacks {function.upper()}(…) around {_shown(argument)}"
        case Operation(operator, left, right):
            yield from _operations(operator, left, right)
            for mutant, words in _within(left):
                yield Operation(operator, mutant, right), words
            for mutant, words in _within(right):
                yield Operation(operator, left, mutant), words


def _operations(operator: str, left: Expression, right: Expression) -> Iterator[tuple[Expression, str]]:
    whole = _shown(Operation(operator, left, right))
    match operator:
        case "+":
            yield left, f"leaves out {_shown(right)}"
            yield right, f"leaves out {_shown(left)}"
            yield Operation("-", left, right), f"has a minus sign: {whole} is right"
            yield Operation("-", right, left), f"has a minus sign: {whole} is right"
            yield Operation("*", left, right), f"multiplies instead of adding: {whole} is right"
        case "-":
            yield Operation("-", right, left), f"has the wrong sign: {whole} is right"
            yield Operation("+", left, right), f"has a plus sign: {whole} is right"
            yield left, f"leaves out −{_shown(right)}"
            yield right, f"lacks the difference {whole}"
        case "*":
            half = isinstance(left, Number) and left.value == 0.5
            yield right, f"lacks the factor {'½' if half else _shown(left)}"
            yield left, f"lacks the factor {_shown(right)}"
            match left:
                case Operation("*", further, middle):
                    yield further, f"lacks the factors {_shown(middle)} and {_shown(right)}"
            yield Operation("+", left, right), f"adds instead of multiplying: {whole} is right"
            yield Operation("*", left, Operation("*", left, right)), f"has the factor {_shown(left)} twice"
            yield Operation("*", Operation("*", left, right), right), f"has the factor {_shown(right)} twice"
            for number, words in ((2.0, "2"), (0.5, "½")):
                yield Operation("*", Number(number), Operation("*", left, right)), f"has an extra factor {words}"
        case "/":
            yield Operation("/", right, left), f"is upside down: {whole} is right"
            yield right, f"lacks the division {whole}"
            yield left, f"does not divide by {_shown(right)}"
        case "**":
            yield left, f"is not squared: {whole} is right"
            yield Operation("*", Number(2.0), left), f"doubles instead of squaring: {whole} is right"
            yield Operation("**", left, Number(3.0)), f"has the wrong power: {whole} is right"


def _shown(expression: Expression) -> str:
    text = to_text(expression, written, times="*", minus="−")
    inner = isinstance(expression, Operation) and expression.operator in ("+", "-")
    return f"({text})" if inner else text


def alike(name: str) -> tuple[str, ...]:
    """Return the quantities that are most easily mistaken for another: those that differ from it in their numbers.

    Args:
        name: a quantity of a 2-2-2 network.

    Returns:
        Their names, without its own.
    """
    if match := re.fullmatch(r"(dE_d|step_)?([wb])\d(_next)?", name):
        before, kind, after = (part or "" for part in match.groups())
        count = 8 if kind == "w" else 4
        names = [f"{before}{kind}{number}{after}" for number in range(1, count + 1)]
    else:
        parts = re.split(r"([12])", name)
        numbers = product("12", repeat=len(parts) // 2)
        names = ["".join(chain(*zip(parts[::2], (*chosen, ""), strict=True))) for chosen in numbers]
    return tuple(other for other in names if other != name)
