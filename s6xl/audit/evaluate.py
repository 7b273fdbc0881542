"""Formulas computed over many cases at once: each reference stands for an array, whose last axis is the cases.

An error, such as a division by zero, is NaN or infinite in the cases that have it.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from pyopenvba.formula import Node

from s6xl.audit.formulas import hole_index
from s6xl.audit.operators import FaultError, UnknownError, Value, block_of, number, operate, spread
from s6xl.audit.sheet_functions import FUNCTIONS

Closure = Callable[[Sequence[Any]], Value]

_DEEPEST_CALLS = 50


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
        except ValueError as error:
            raise UnknownError("it joins blocks of different size") from error

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
                return block_of([[self._value(item, references, local, depth) for item in row] for row in node.rows])
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
                return -number(value)
            case "%":
                return number(value) / 100
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
            value = operate(step.op, value, right)
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
        condition = number(self._value(nodes[0], references, local, depth)) != 0
        if condition.all():
            return self._value(nodes[1], references, local, depth)
        other = self._value(nodes[2], references, local, depth) if len(nodes) > 2 else np.zeros(1)
        if not condition.any():
            return other
        return spread(np.where, condition, number(self._value(nodes[1], references, local, depth)), number(other))

    def _iferror(
        self, nodes: Sequence[Node], references: Sequence[Value], local: Mapping[str, Any], depth: int
    ) -> Value:
        try:
            value = self._value(nodes[0], references, local, depth)
        except FaultError:
            return self._value(nodes[1], references, local, depth)
        if isinstance(value, str) or np.isfinite(value).all():
            return value
        other = number(self._value(nodes[1], references, local, depth))
        return spread(lambda a, b: np.where(np.isfinite(a), a, b), value, other)

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
