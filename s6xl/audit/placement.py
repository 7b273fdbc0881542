"""How a table is read: what each column is taken for, and whether it computes that."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from s6xl.audit.formulas import Formula, UnreadableError
from s6xl.audit.literals import Typed
from s6xl.audit.networks import Model
from s6xl.audit.operators import Array, FaultError
from s6xl.audit.resolving import Atom, ResolvedQuantity, Resolver, Through, Whereabouts, constants, quantities
from s6xl.audit.tables import Column, Table
from s6xl.audit.values import BlankError, Values, close, constant
from s6xl.ooxml.book import Cell


class UnplacedError(UnreadableError):
    """A formula uses a column that is no known quantity, as far as it has been found out."""


@dataclass
class Placement:
    """How a table is read. `rate` is the learning rate's number where the formulas hold or find it as one."""

    table: Table
    resolver: Resolver
    values: Values
    samples: dict[Column, int]  # the step whose cell speaks for a column
    moves: bool = True  # whether the weights follow from the row above
    rate: float | None = None
    # The templates that hold inputs or targets as numbers, by the quantity that they compute.
    typed: dict[tuple[str, str], Typed] = field(default_factory=dict)
    misnamed: dict[Column, str] = field(default_factory=dict)  # headers that name another quantity, and which

    @property
    def model(self) -> Model:
        """The network."""
        return self.values.world.model

    def is_weight(self, name: str) -> bool:
        """Whether it is a weight or a bias."""
        return name in self.model.weights

    def is_given(self, name: str | None) -> bool:
        """Whether a column of it holds what a step starts from and no formula of the network."""
        return name in self.model.givens and not (name in self.model.weights and self.moves and self.learns(name))

    def learns(self, name: str) -> bool:
        """Whether gradient descent moves it."""
        return name in self.model.learning

    def takes_rate(self, name: str) -> bool:
        """Whether its formula has the learning rate: it is a weight after a step, or the step."""
        return self.learns(name) or name.endswith("_next") or "step_" in name

    def gives(self, column: Column, index: int) -> tuple[Formula, tuple[Atom, ...], Array]:
        """The formula of a column's cell at a step, what its references stand for, and what it gives.

        Raises:
            UnreadableError: if that cannot be told.
            FaultError: if it is an error whatever the numbers.
        """
        cell = column.cells[index]
        formula, atoms = self.resolver.atoms(column, index)
        if self.typed and (typed := self.typed.get((column.name or "", formula.template))) is not None:
            formula = Formula(typed.template, formula.references)
            atoms = (*atoms, *(ResolvedQuantity(name, 0) for name in typed.names))
        for atom in constants(atoms):
            within = self.resolver.whereabouts.within(self.table, (atom.sheet, atom.place))
            if within is not None and within[0].name is None and atom.value is not None:
                raise UnplacedError(f"it uses the column of {within[0].address(within[1])}, which is not known")
        value = self.values.of(formula.template, atoms, cell.member if cell.in_array else None)
        if self._is_circular(column, cell, formula, atoms):
            raise FaultError("a circular reference")
        return formula, atoms, value

    def _is_circular(self, column: Column, cell: Cell, formula: Formula, atoms: tuple[Atom, ...]) -> bool:
        """Whether a formula needs what it computes: in its own cell, or in one of those that it leads through."""
        place = cell.origin if cell.in_array else (cell.row, cell.column)
        if any(reference.holds(column.sheet, place) for reference in formula.references):
            return True
        own = column.name
        if not own or own in self.model.givens:
            return False
        return any(ResolvedQuantity(own, 0) in atom.quantities for atom in atoms if isinstance(atom, Through))

    def typed_numbers(self) -> dict[str, str]:
        """The inputs and targets that are typed into formulas, and how."""
        return {
            name: text for typed in self.typed.values() for name, text in zip(typed.names, typed.texts, strict=True)
        }

    def is_right(self, name: str, atoms: tuple[Atom, ...], value: Array) -> bool:
        """Whether what a formula gives is a quantity, at the table's learning rate."""
        if close(value, self.values.quantity(name)):
            return True
        typed = self.typed_rate(name, atoms, value)
        if typed is None or typed <= 0:
            return False
        if self.rate is None:
            return not self.table.named("lr")
        # A rate of 1 can be left out unseen, but not unsaid.
        has_cell = self.resolver.rate is not None or self.table.named("lr") is not None
        written = not has_cell or abs(typed - 1) > 1e-9 or any(atom.value == 1 for atom in constants(atoms))
        return written and abs(typed - self.rate) <= 1e-9 * abs(self.rate)

    def typed_rate(self, name: str, atoms: tuple[Atom, ...], value: Array) -> float | None:
        """The learning rate that a formula holds as a number, or has from a cell that no label names."""
        if any(atom.name == "lr" for atom in quantities(atoms)):
            return None
        if match := re.fullmatch(r"(-?)step_(\w+)", name):
            sign = -1.0 if match[1] else 1.0
            return constant(sign * value / self.values.quantity(f"dE_d{match[2]}"))
        if name in self.model.learning:
            before, weight = -1, name
        elif name.endswith("_next"):
            before, weight = 0, name.removesuffix("_next")
        else:
            return None
        step = self.values.quantity(weight, before) - value
        return constant(step / self.values.quantity(f"dE_d{weight}", before))

    def verdict(self, column: Column) -> bool | None:
        """Whether most of a column computes what it is taken for; None if that is not asked or cannot be told."""
        name = column.name
        if name is None or name in ("lr", "step"):
            return None
        if self.is_given(name):
            return None
        index = self.samples[column]
        try:
            _, atoms, value = self.gives(column, index)
            return self.is_right(name, atoms, value)
        except (FaultError, UnplacedError) as error:
            return None if isinstance(error, BlankError) else False
        except (UnreadableError, KeyError):
            return None

    def wrong(self) -> list[Column]:
        """The columns that mostly compute something else than they are taken for."""
        return [column for column in self.samples if self.verdict(column) is False]

    def count_right(self) -> int:
        """How many columns mostly compute what they are taken for."""
        return sum(self.verdict(column) is True for column in self.samples)

    def computed(self, column: Column, *, negative: bool = False) -> str | None:
        """The quantity that a column computes, whatever its header says."""
        index = self.samples[column]
        try:
            _, _, value = self.gives(column, index)
        except (UnreadableError, FaultError):
            return None
        return which(self, value, negative=negative)

    def call(self, names: Mapping[Column, str | None]) -> None:
        """Take columns for other quantities."""
        for column, name in names.items():
            column.name = name
        self.resolver.forget()

    def call_what_fits(self, column: Column, options: Iterable[str]) -> bool:
        """Take a column for the first of some quantities that it computes."""
        name = column.name
        for option in (name, *options):
            self.call({column: option})
            if self.verdict(column):
                return True
        self.call({column: name})
        return False


def which(placement: Placement, value: Array, *, negative: bool = False) -> str | None:
    """The quantity of the network that some values are; None if they are none of them."""
    for name in placement.model.catalogue:
        right = placement.values.quantity(name)
        if close(value, right):
            return name
        if negative and close(value, -right):
            return f"-{name}"
    return None


def usual(column: Column) -> float | None:
    """The number that most cells of a column hold."""
    numbers = [float(cell.value) for cell in column.cells.values() if isinstance(cell.value, float | int)]
    return Counter(numbers).most_common(1)[0][0] if numbers else None


def samples(whereabouts: Whereabouts, table: Table) -> dict[Column, int]:
    """The step whose cell speaks for each column that has formulas."""
    found = ((column, _sample(column, whereabouts)) for column in table.columns)
    return {column: index for column, index in found if index is not None}


def shape(whereabouts: Whereabouts, column: Column, index: int) -> object:
    """What cells have in common that have the same formula."""
    try:
        return whereabouts.formulas.of(column.cells[index], column.sheet)
    except UnreadableError as error:
        return str(error)


def _sample(column: Column, whereabouts: Whereabouts) -> int | None:
    """The step whose cell speaks for a column: of the formulas that most of it has, the first below the first row."""
    later = {index: cell for index, cell in column.cells.items() if index and cell.formula is not None}
    choice = later or {index: cell for index, cell in column.cells.items() if cell.formula is not None}
    if not choice:
        return None
    shapes = {index: shape(whereabouts, column, index) for index in choice}
    common = Counter(shapes.values()).most_common(1)[0][0]
    return next(index for index in choice if shapes[index] == common)
