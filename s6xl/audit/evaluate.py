"""Formulas computed over many cases at once: each reference stands for an array, whose last axis is the cases.

An error, such as a division by zero, is NaN or infinite in the cases that have it.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from pyopenvba.formula import Node

from s6xl.audit.formulas import hole_index
from s6xl.audit.operators import FaultError, UnknownError, Value, block_of, number, operate, spread
from s6xl.audit.sheet_functions import FUNCTIONS

Closure = Callable[[Sequence[Any]], Value]

_DEEPEST_CALLS = 50
_NOT_CALLABLE = "it calls what is not a function"


@dataclass(frozen=True, slots=True)
class Scope:
    """What the names in a formula stand for: its references, and the variables of the LET and LAMBDA around it."""

    references: Sequence[Value] = ()
    variables: Mapping[str, Any] = field(default_factory=dict)
    depth: int = 0  # of names and functions that lead to one another

    def binding(self, variables: Mapping[str, Any]) -> "Scope":
        """Return the scope with further variables."""
        return replace(self, variables={**self.variables, **variables})

    def called(self) -> "Scope":
        """Return the scope of a function's body.

        Raises:
            UnknownError: if the calls do not end.
        """
        if self.depth > _DEEPEST_CALLS:
            raise UnknownError("its names or functions refer to themselves")
        return replace(self, depth=self.depth + 1)

    def defined(self) -> "Scope":
        """Return the scope of what a name of the workbook stands for, which sees nothing of the formula that uses it.

        Raises:
            UnknownError: if the names do not end.
        """
        return Scope(depth=self.called().depth)


class Evaluator:
    """Computes formulas.

    `named` gives the syntax tree that a name stands for, `called` a function that is neither Excel's nor defined in the
    book; either gives None where there is none.
    """

    def __init__(self, named: Callable[[str], Node | None], called: Callable[[str], Closure | None]) -> None:
        self._named = named
        self._called = called

    def __call__(self, tree: Node, references: Sequence[Value]) -> Value:
        """Return what a formula gives where its references have these values.

        Raises:
            FaultError: if it is an error whatever the numbers.
            UnknownError: if it uses what is not computed here.
        """
        try:
            with np.errstate(all="ignore"):
                return self._value(tree, Scope(references))
        except RecursionError as error:
            raise UnknownError("it is nested too deeply") from error
        except ValueError as error:
            raise UnknownError("it combines ranges of different sizes") from error

    def _value(self, node: Node, scope: Scope) -> Value:
        match node.__class__.__name__:
            case "Literal":
                return _literal(node.value)
            case "NameNode":
                value = self._name(node.name, scope)
                if callable(value):
                    raise UnknownError("it returns a function instead of a number")
                return value  # type: ignore[no-any-return]
            case "Unary":
                return self._unary(node, scope)
            case "Binary":
                return self._binary(node, scope)
            case "Call":
                return self._call(node, scope)
            case "Invoke":
                function = self._closure(node.target, scope)
                return function([self._value(item, scope) for item in node.args])
            case "ArrayLiteral":
                return block_of([[self._value(item, scope) for item in row] for row in node.rows])
        raise UnknownError(f"it has a part that the audit cannot compute: {node.__class__.__name__}")

    def _name(self, name: str, scope: Scope) -> Any:
        index = hole_index(name)
        if index is not None:
            return scope.references[index]
        key = _plain(name)
        if key in scope.variables:
            return scope.variables[key]
        tree = self._named(name)
        if tree is None:
            raise UnknownError(f"it uses the name {name}, which the workbook does not define")
        return self._value_or_function(tree, scope.defined())

    def _value_or_function(self, node: Any, scope: Scope) -> Any:
        return self._lambda(node, scope) if _is_call(node, "lambda") else self._value(node, scope)

    def _unary(self, node: Any, scope: Scope) -> Value:
        value = self._value(node.operand, scope)
        match node.op:
            case "-":
                return -number(value)
            case "%":
                return number(value) / 100
            case "+" | "@":
                return value
        raise UnknownError(f"it uses the operator {node.op}, which the audit cannot compute")

    def _binary(self, node: Any, scope: Scope) -> Value:
        # A long sum leans to the left; it is gone down in a loop, so that it may be as long as Excel allows.
        chain = [node]
        while chain[-1].left.__class__.__name__ == "Binary":
            chain.append(chain[-1].left)
        value = self._value(chain[-1].left, scope)
        for step in reversed(chain):
            right = self._value(step.right, scope)
            value = operate(step.op, value, right)
        return value

    def _call(self, node: Any, scope: Scope) -> Value:
        name = _plain(node.name)
        match name:
            case "let":
                return self._let(node.args, scope)
            case "lambda":
                raise UnknownError("it returns a function instead of a number")
            case "if" if len(node.args) in (2, 3):
                return self._if(node.args, scope)
            case "iferror" | "ifna" if len(node.args) == 2:
                return self._iferror(node.args, scope)
        known = FUNCTIONS.get(name)
        if known is None:
            return self._function(name, scope)([self._value(item, scope) for item in node.args])
        values = [self._value(item, scope) for item in node.args]
        try:
            return known(*values)
        except (TypeError, ValueError, IndexError) as error:
            raise UnknownError(f"the audit cannot compute {name.upper()} with these arguments") from error

    def _let(self, nodes: Sequence[Any], scope: Scope) -> Value:
        if not len(nodes) % 2:
            raise UnknownError("its LET is incomplete")
        for variable, item in zip(nodes[:-1:2], nodes[1::2], strict=True):
            scope = scope.binding({_variable(variable): self._value_or_function(item, scope)})
        return self._value(nodes[-1], scope)

    def _if(self, nodes: Sequence[Node], scope: Scope) -> Value:
        """Return what is chosen; what is not chosen in any case is not computed, as in a guard for empty cells."""
        condition = number(self._value(nodes[0], scope)) != 0
        if condition.all():
            return self._value(nodes[1], scope)
        other = self._value(nodes[2], scope) if len(nodes) > 2 else np.zeros(1)
        if not condition.any():
            return other
        return spread(np.where, condition, number(self._value(nodes[1], scope)), number(other))

    def _iferror(self, nodes: Sequence[Node], scope: Scope) -> Value:
        try:
            value = self._value(nodes[0], scope)
        except FaultError:
            return self._value(nodes[1], scope)
        if isinstance(value, str) or np.isfinite(value).all():
            return value
        other = number(self._value(nodes[1], scope))
        return spread(lambda a, b: np.where(np.isfinite(a), a, b), value, other)

    def _function(self, name: str, scope: Scope) -> Closure:
        """Return a function that is not Excel's: a variable, one of the add-in's, or one that the workbook defines."""
        if name in scope.variables:
            return _callable(scope.variables[name])
        if (own := self._called(name)) is not None:
            return own
        tree = self._named(name)
        if tree is None:
            raise UnknownError(f"it calls {name.upper()}, which the audit cannot compute")
        return self._closure(tree, scope.defined())

    def _closure(self, node: Any, scope: Scope) -> Closure:
        if _is_call(node, "lambda"):
            return self._lambda(node, scope)
        if node.__class__.__name__ == "NameNode":
            return _callable(self._name(node.name, scope))
        raise UnknownError(_NOT_CALLABLE)

    def _lambda(self, node: Any, scope: Scope) -> Closure:
        if not node.args:
            raise UnknownError("its LAMBDA is empty")
        *parameters, body = node.args
        names = [_variable(parameter) for parameter in parameters]

        def closure(values: Sequence[Any]) -> Value:
            if len(values) != len(names):
                raise UnknownError("it calls a LAMBDA with the wrong number of arguments")
            return self._value(body, scope.called().binding(dict(zip(names, values, strict=True))))

        return closure


def _plain(name: str) -> str:
    """Return a function's or parameter's name without the prefixes that files store."""
    return name.casefold().removeprefix("_xlfn.").removeprefix("_xlws.").removeprefix("_xlpm.")


def _variable(node: Any) -> str:
    if node.__class__.__name__ != "NameNode":
        raise UnknownError("it has a variable without a name")
    return _plain(node.name)


def _callable(value: Any) -> Closure:
    if not callable(value):
        raise UnknownError(_NOT_CALLABLE)
    return value  # type: ignore[no-any-return]


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
