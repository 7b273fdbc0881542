"""What formulas give over the random cases of a world, held against what is right there."""

from collections.abc import Sequence
from functools import cache

import numpy as np
from numpy.typing import NDArray
from pyopenvba.formula import Node

from s6xl.audit.evaluate import Closure, Evaluator
from s6xl.audit.formulas import UnreadableError, tree
from s6xl.audit.networks import CASES, World, written
from s6xl.audit.operators import EMPTY, Array, Empty, FaultError, UnknownError, Value
from s6xl.audit.resolving import Atom, CellRange, Constant, Fault, ResolvedQuantity, Through
from s6xl.ooxml.addresses import Place
from s6xl.ooxml.book import Book

_RELATIVE = 1e-9


class BlankError(FaultError):
    """A formula gives an empty text: a guard has kept it from computing."""


class Values:
    """Computes formulas over a world, each once."""

    def __init__(self, world: World, evaluate: Evaluator) -> None:
        self.world = world
        self._evaluate = evaluate
        self._known: dict[tuple[str, tuple[Atom, ...], Place | None], Array | Exception] = {}

    def of(self, template: str, atoms: tuple[Atom, ...], member: Place | None = None) -> Array:
        """Return what a formula gives in each case.

        Raises:
            UnreadableError: if that cannot be told.
            FaultError: if it is an error whatever the numbers.
        """
        key = template, atoms, member
        found = self._known.get(key)
        if found is None:
            try:
                found = self._one(self._evaluate(tree(template), [self.atom(atom) for atom in atoms]), member)
            except (UnreadableError, FaultError) as error:
                found = error
            self._known[key] = found
        if isinstance(found, Exception):
            raise found
        return found

    def quantity(self, name: str, offset: int = 0) -> Array:
        """Return a quantity of the table, or with a minus before its name its negative."""
        if name.startswith("-"):
            return -self.world(name[1:], offset)
        return self.world(name, offset)

    def atom(self, atom: Atom) -> Value:
        """Return what a reference stands for, in each case."""
        match atom:
            case ResolvedQuantity(name, offset):
                try:
                    return self.quantity(name, offset)
                except KeyError:
                    raise UnreadableError(f"it uses {written(name)}, which this network does not have") from None
            case Constant(None):
                return EMPTY
            case Constant(str() as text):
                return text
            case Constant(value):
                return np.array([value], dtype=np.float64)
            case Fault(error):
                raise FaultError(error)
            case Through():
                return self.of(atom.template, atom.atoms, atom.member)
            case CellRange(rows):
                return np.array([[self._cell(item) for item in row] for row in rows])
        raise AssertionError(atom)

    def _cell(self, atom: Atom) -> Array:
        value = self.atom(atom)
        # Text in a block counts as nothing, as SUM takes it.
        return np.broadcast_to(value, CASES) if not isinstance(value, str) else np.zeros(CASES)

    def _one(self, value: Value, member: Place | None) -> Array:
        if isinstance(value, Empty):
            return np.zeros(1)
        if isinstance(value, str):
            raise FaultError("#VALUE!") if value else BlankError
        if value.ndim == 3:
            row, column = member or (0, 0)
            if member is None and value.shape[:2] != (1, 1):
                raise UnknownError("it returns several numbers")
            if row >= value.shape[0] or column >= value.shape[1]:
                raise FaultError("#N/A")
            one: Array = value[row, column]
            return one
        return value


def evaluator(book: Book) -> Evaluator:
    """Return what computes the formulas of a book, with its own names and functions, and those of the add-in."""

    @cache
    def named(name: str) -> Node | None:
        formula = book.names.get(name.casefold())
        if formula is None:
            return None
        # A name for cells does not come here: it is a reference.
        return tree(formula)

    return Evaluator(named, _own_function)


@cache
def _own_function(name: str) -> Closure | None:
    """Return a function of the add-in that is one formula over its arguments."""
    if not name.startswith("s6_"):
        return None
    from s6xl.backprop.expression import to_numpy
    from s6xl.functions import FUNCTIONS

    function = next((item for item in FUNCTIONS if item.name.casefold() == name), None)
    if function is None or function.expression is None:
        return None
    parameters = [parameter.name for parameter in function.parameters]
    compute = to_numpy(function.expression, parameters)

    def closure(values: Sequence[Array]) -> Array:
        if len(values) != len(parameters):
            raise UnknownError(f"it calls {name.upper()} with the wrong number of arguments")
        result: Array = compute(*values)
        return result

    return closure


def close(value: Array, right: Array) -> bool:
    """Whether two results are the same in every case, but for rounding."""
    size = np.abs(right)
    return bool(np.all(np.abs(value - right) <= _RELATIVE * (size + size.max())))


def constant(values: NDArray[np.float64]) -> float | None:
    """Return the number that all cases agree on; None if they do not."""
    if not np.all(np.isfinite(values)):
        return None
    middle = float(np.median(values))
    return middle if np.allclose(values, middle, rtol=1e-7, atol=1e-9) else None
