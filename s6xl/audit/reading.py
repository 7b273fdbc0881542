"""A reading of a table: what each column is taken for, and whether it computes that.

A reading never changes. Whoever tries another one makes it from this one and keeps the better of the two.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import cached_property

from s6xl.audit.formulas import Formula, UnreadableError
from s6xl.audit.networks import Model
from s6xl.audit.operators import Array, FaultError
from s6xl.audit.resolving import Atom, ResolvedQuantity, Resolver, Through, Whereabouts, constants, quantities
from s6xl.audit.tables import Column, Table
from s6xl.audit.typed_givens import TypedGivens
from s6xl.audit.values import BlankError, Values, close, constant
from s6xl.ooxml.book import Cell, Key


class UnplacedError(UnreadableError):
    """A formula uses a column that is not a known quantity, as far as has been found out."""


@dataclass(frozen=True, eq=False)
class Reading:
    """One way to read a table.

    `resolver` holds what its columns and the cells outside it are taken for, `values` the network that it is held
    against. `rate` is the learning rate's number where the formulas hold or find it as one.
    """

    resolver: Resolver
    values: Values
    samples: Mapping[Column, int]  # the step whose cell speaks for a column
    moves: bool = True  # whether the weights follow from the row above
    rate: float | None = None
    # The templates that hold inputs or targets as numbers, by the quantity that they compute.
    typed: Mapping[tuple[str, str], TypedGivens] = field(default_factory=dict)
    misnamed: Mapping[Column, str] = field(default_factory=dict)  # headers that name another quantity, and which

    def with_names(self, names: Mapping[Column, str]) -> "Reading":
        """Return the reading that takes columns for other quantities; an empty name for one that is not known."""
        known = {column: name for column, name in {**self.resolver.names, **names}.items() if name}
        return self if known == self.resolver.names else replace(self, resolver=replace(self.resolver, names=known))

    def with_roles(self, roles: Mapping[Key, str]) -> "Reading":
        """Return the reading that takes cells outside the table for further quantities."""
        return replace(self, resolver=replace(self.resolver, roles={**self.resolver.roles, **roles}))

    def with_typed(self, name: str, template: str, typed: TypedGivens) -> "Reading":
        """Return the reading that takes numbers in the formulas of a quantity for givens."""
        return replace(self, typed={**self.typed, (name, template): typed})

    def with_rate_cell(self, key: Key) -> "Reading":
        """Return the reading that takes a cell outside the table for the learning rate's."""
        resolver = replace(self.resolver, roles={**self.resolver.roles, key: "lr"}, rate=key)
        return replace(self, resolver=resolver, rate=resolver.number(key))

    @property
    def table(self) -> Table:
        """The table that is read."""
        return self.resolver.table

    @property
    def whereabouts(self) -> Whereabouts:
        """Where the workbook's tables and labelled cells are."""
        return self.resolver.whereabouts

    @property
    def model(self) -> Model:
        """The network."""
        return self.values.world.model

    def name(self, column: Column) -> str:
        """Return the quantity that a column is taken for; empty if it is not known."""
        return self.resolver.names.get(column, "")

    def named_columns(self) -> Iterator[tuple[Column, str]]:
        """Return the columns that are taken for a quantity, from left to right, and the quantity."""
        return ((column, name) for column in self.table.columns if (name := self.name(column)))

    def column(self, name: str) -> Column | None:
        """Return the column of a quantity."""
        return self.resolver.columns.get(name)

    def is_weight(self, name: str) -> bool:
        """Whether it is a weight or a bias."""
        return name in self.model.weights

    def is_given(self, name: str) -> bool:
        """Whether a column of it holds what a step starts from and no formula of the network."""
        return name in self.model.givens and not (name in self.model.weights and self.moves and self.learns(name))

    def learns(self, name: str) -> bool:
        """Whether gradient descent moves it."""
        return name in self.model.learning

    def takes_rate(self, name: str) -> bool:
        """Whether its formula has the learning rate: it is a weight after a step, or the step."""
        return self.learns(name) or name.endswith("_next") or "step_" in name

    def gives(self, column: Column, index: int) -> tuple[Formula, tuple[Atom, ...], Array]:
        """Return the formula of a column's cell at a step, what its references stand for, and what it gives.

        Raises:
            UnreadableError: if that cannot be told.
            FaultError: if it is an error whatever the numbers.
        """
        cell = column.cells[index]
        formula, atoms = self.resolver.atoms(column, index)
        if self.typed and (typed := self.typed.get((self.name(column), formula.template))) is not None:
            formula = Formula(typed.template, formula.references)
            atoms = (*atoms, *(ResolvedQuantity(name, 0) for name in typed.names))
        for atom in constants(atoms):
            within = self.whereabouts.within(self.table, (atom.sheet, atom.place))
            if within is not None and not self.name(within[0]) and atom.value is not None:
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
        own = self.name(column)
        if not own or own in self.model.givens:
            return False
        return any(ResolvedQuantity(own, 0) in atom.quantities for atom in atoms if isinstance(atom, Through))

    def typed_numbers(self) -> dict[str, str]:
        """Return the inputs and targets that are typed into formulas, and how."""
        return {
            name: text for typed in self.typed.values() for name, text in zip(typed.names, typed.texts, strict=True)
        }

    @cached_property
    def outside(self) -> dict[str, Key]:
        """The cells outside the table that its formulas use, by what they are."""
        for column, index in self.samples.items():
            with suppress(UnreadableError):
                self.resolver.atoms(column, index)
        return self.resolver.outside()

    def is_right(self, name: str, atoms: tuple[Atom, ...], value: Array) -> bool:
        """Whether what a formula gives is a quantity, at the table's learning rate."""
        if close(value, self.values.quantity(name)):
            return True
        typed = self.typed_rate(name, atoms, value)
        if typed is None or typed <= 0:
            return False
        if self.rate is None:
            return not self.column("lr")
        # A rate of 1 can be left out unseen, but not unsaid.
        has_cell = self.resolver.rate is not None or self.column("lr") is not None
        written = not has_cell or abs(typed - 1) > 1e-9 or any(atom.value == 1 for atom in constants(atoms))
        return written and abs(typed - self.rate) <= 1e-9 * abs(self.rate)

    def typed_rate(self, name: str, atoms: tuple[Atom, ...], value: Array) -> float | None:
        """Return the learning rate that a formula holds as a number, or has from a cell that no label names."""
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
        name = self.name(column)
        if name in ("", "lr", "step") or self.is_given(name):
            return None
        try:
            _, atoms, value = self.gives(column, self.samples[column])
            return self.is_right(name, atoms, value)
        except (FaultError, UnplacedError) as error:
            return None if isinstance(error, BlankError) else False
        except (UnreadableError, KeyError):
            return None

    @cached_property
    def _verdicts(self) -> dict[Column, bool | None]:
        return {column: self.verdict(column) for column in self.samples}

    @cached_property
    def wrong(self) -> list[Column]:
        """The columns that mostly compute something else than they are taken for."""
        return [column for column, verdict in self._verdicts.items() if verdict is False]

    def count_right(self) -> int:
        """How many columns mostly compute what they are taken for."""
        return sum(verdict is True for verdict in self._verdicts.values())

    def computed(self, column: Column, *, negative: bool = False) -> str:
        """Return the quantity that a column computes, whatever its header says; empty if it is none of the network."""
        try:
            _, _, value = self.gives(column, self.samples[column])
        except (UnreadableError, FaultError):
            return ""
        return self.which(value, negative=negative)

    def which(self, value: Array, *, negative: bool = False) -> str:
        """Return the quantity of the network that some values are; empty if they are none of them."""
        for name in self.model.catalogue:
            right = self.values.quantity(name)
            if close(value, right):
                return name
            if negative and close(value, -right):
                return f"-{name}"
        return ""


def best(readings: Iterable[Reading]) -> Reading:
    """Return the reading under which the fewest columns are wrong; of several, the first."""
    return min(readings, key=lambda reading: len(reading.wrong))


def first_right(column: Column, reading: Reading, others: Iterable[Reading]) -> Reading:
    """Return the first reading under which a column computes what it is taken for; if none is, the one at hand."""
    if reading.verdict(column):
        return reading
    return next((other for other in others if other.verdict(column)), reading)


def renamed(reading: Reading, column: Column, names: Iterable[str]) -> Iterator[Reading]:
    """Yield the readings that take a column for these quantities."""
    for name in names:
        yield reading.with_names({column: name})


def usual(column: Column) -> float | None:
    """Return the number that most cells of a column hold."""
    numbers = [float(cell.value) for cell in column.cells.values() if isinstance(cell.value, float | int)]
    return Counter(numbers).most_common(1)[0][0] if numbers else None


def samples(whereabouts: Whereabouts, table: Table) -> dict[Column, int]:
    """Return the step whose cell speaks for each column that has formulas."""
    found = ((column, _sample(column, whereabouts)) for column in table.columns)
    return {column: index for column, index in found if index is not None}


def shape(whereabouts: Whereabouts, column: Column, index: int) -> object:
    """Return what cells have in common that have the same formula."""
    try:
        return whereabouts.formulas.of(column.cells[index], column.sheet)
    except UnreadableError as error:
        return str(error)


def _sample(column: Column, whereabouts: Whereabouts) -> int | None:
    """Return the step whose cell speaks for a column: below the first row, the first that has its commonest formula."""
    with_formulas = [index for index, cell in column.cells.items() if cell.formula is not None]
    choice = list(filter(None, with_formulas)) or with_formulas
    if not choice:
        return None
    shapes = {index: shape(whereabouts, column, index) for index in choice}
    common = Counter(shapes.values()).most_common(1)[0][0]
    return next(index for index in choice if shapes[index] == common)
