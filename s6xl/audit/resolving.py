"""What a formula's references stand for: quantities of the table, the learning rate, constants, or further formulas."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from operator import attrgetter
from typing import NamedTuple, TypeVar

from s6xl.audit import headers
from s6xl.audit.formulas import Corner, Formula, Formulas, Reference, UnreadableError
from s6xl.audit.networks import INPUTS
from s6xl.audit.tables import Column, Table
from s6xl.backprop.worked_example import NETWORK
from s6xl.ooxml.addresses import Place
from s6xl.ooxml.book import Book, Cell, Key, Sheet

_DEEPEST = 40  # cells that a formula leads through before it reaches the table
_LARGEST_BLOCK = 2048  # cells
_FROM_LABEL = 2  # cells between a label and what it names
_SHARED = (*INPUTS, "b1", "b2", "b3", "b4")
# What a label beside a cell may make of it.
_GIVENS = ("lr", *_SHARED, *NETWORK.weights)


class ResolvedQuantity(NamedTuple):
    """A quantity of the table, `offset` rows after the one at hand; a minus before the name for its negative."""

    name: str
    offset: int


class Constant(NamedTuple):
    """A number or a text that stands in a cell outside the table; None for an empty cell."""

    value: float | str | None
    sheet: str
    place: Place


class Fault(NamedTuple):
    """An error that stands in a cell."""

    error: str


@dataclass(frozen=True, eq=False, slots=True)
class Through:
    """What another formula gives; there is one such object for each formula over the same atoms.

    So it is quick to compare, however many further formulas it leads through.
    """

    template: str
    atoms: tuple["Atom", ...]
    member: Place | None
    quantities: tuple[ResolvedQuantity, ...]
    constants: tuple[Constant, ...]


class CellRange(NamedTuple):
    """A block of cells, row by row."""

    rows: tuple[tuple["Atom", ...], ...]


_Kind = TypeVar("_Kind", ResolvedQuantity, Constant)
Atom = ResolvedQuantity | Constant | Fault | Through | CellRange


@dataclass
class Whereabouts:
    """A workbook's sheets, formulas and tables, by where they stand."""

    book: Book
    formulas: Formulas
    tables: list[Table]
    sheets: dict[str, Sheet] = field(init=False)
    _through: dict[tuple[str, tuple["Atom", ...], Place | None], Through] = field(default_factory=dict)
    _rates: dict[str, list[Key]] = field(default_factory=dict)
    columns: dict[Key, tuple[Table, Column, int]] = field(init=False)

    def __post_init__(self) -> None:
        self.sheets = {sheet.title.casefold(): sheet for sheet in self.book.sheets}
        self.columns = {
            (column.sheet.casefold(), column.place(index)): (table, column, index)
            for table in self.tables
            for column in table.columns
            for index in range(len(table))
        }

    def cell(self, key: Key) -> Cell | None:
        """Return the cell at a place; None if it holds nothing.

        Raises:
            UnreadableError: if there is no such sheet.
        """
        sheet = self.sheets.get(key[0])
        if sheet is None:
            raise UnreadableError(f"it refers to the sheet {key[0]}, which does not exist")
        return sheet.cells.get(key[1])

    def within(self, table: Table, key: Key) -> tuple[Column, int] | None:
        """Return the column and the step of a table that a cell belongs to; None if it is not of the table."""
        found = self.columns.get(key)
        return found[1:] if found is not None and found[0] is table else None

    def labelled_rates(self, sheet: Sheet) -> list[Key]:
        """Return the cells of a sheet, outside all tables, with a number that a label names a learning rate."""
        if sheet.title not in self._rates:
            near = (
                (sheet.title.casefold(), (row + distance * down, column + distance * right))
                for (row, column), cell in sheet.cells.items()
                if isinstance(cell.value, str) and headers.label(cell.value)[:1] == ("lr",)
                for down, right in ((0, 1), (1, 0), (0, -1))
                for distance in range(1, _FROM_LABEL + 1)
            )
            self._rates[sheet.title] = [key for key in dict.fromkeys(near) if self._is_labelled_rate(key)]
        return self._rates[sheet.title]

    def _is_labelled_rate(self, key: Key) -> bool:
        cell = self.cell(key)
        is_number = cell is not None and isinstance(cell.value, float | int) and key not in self.columns
        return is_number and self.label(key)[:1] == ("lr",)

    def through(self, template: str, atoms: tuple["Atom", ...], member: Place | None) -> Through:
        """Return what a formula gives that stands in another cell."""
        key = template, atoms, member
        found = self._through.get(key)
        if found is None:
            found = Through(*key, tuple(quantities(atoms)), tuple(constants(atoms)))
            self._through[key] = found
        return found

    def label(self, key: Key) -> tuple[str, ...]:
        """Return what a label left of a cell or above it names, or one right of it that names the learning rate."""
        for down, right in ((0, -1), (-1, 0), (0, 1)):
            for distance in range(1, _FROM_LABEL + 1):
                row, column = key[1][0] + down * distance, key[1][1] + right * distance
                near = self.cell((key[0], (row, column)))
                if near is None or near.value is None:
                    continue
                names = headers.label(near.value) if isinstance(near.value, str) else ()
                if names and (right < 1 or names == ("lr",)):
                    return names
                break
        return ()


class _Alike(NamedTuple):
    """What a formula's references stand for at all steps from which the rows that it needs are in the table."""

    atoms: tuple[Atom, ...]
    first: int
    last: int


@dataclass(frozen=True, eq=False)
class Resolver:
    """Resolves the references of one table's formulas, each once.

    `names` says what columns are taken for, `roles` what cells outside the table are; those that a label names come in
    by themselves. `rate` is the cell of the learning rate: others that are labelled so are constants if they hold
    another number.
    """

    whereabouts: Whereabouts
    table: Table
    deadline: Callable[[], None]
    names: Mapping[Column, str]
    roles: Mapping[Key, str] = field(default_factory=dict)
    rate: Key | None = None
    _labelled: dict[Key, str | None] = field(init=False, default_factory=dict)
    _alike: dict[tuple[Column, Formula], _Alike] = field(init=False, default_factory=dict)
    _seen: dict[tuple[Key, int], Atom] = field(init=False, default_factory=dict)

    @cached_property
    def columns(self) -> dict[str, Column]:
        """The columns by what they are taken for; the first, where there are several."""
        return {self.names[column]: column for column in reversed(self.table.columns) if column in self.names}

    def atoms(self, column: Column, index: int) -> tuple[Formula, tuple[Atom, ...]]:
        """Return the formula of a column's cell at a step, and what its references stand for.

        Raises:
            UnreadableError: if that cannot be told.
        """
        cell = column.cells[index]
        formula = self.whereabouts.formulas.of(cell, column.sheet)
        alike = self._alike.get((column, formula))
        if alike is not None and index + alike.first >= 0 and index + alike.last < len(self.table):
            return formula, alike.atoms
        _, atoms = self._atoms(cell, column.sheet, index, ())
        if alike is None and not cell.in_array and self._stays(column, formula, atoms):
            offsets = [atom.offset for atom in atoms if isinstance(atom, ResolvedQuantity)]
            self._alike[column, formula] = _Alike(atoms, min(offsets, default=0), max(offsets, default=0))
        return formula, atoms

    def _stays(self, column: Column, formula: Formula, atoms: tuple[Atom, ...]) -> bool:
        """Whether a formula refers to the same from each step: to cells that move along, and to fixed ones outside."""
        rows = column.block.rows
        if rows[-1] - rows[0] != len(rows) - 1 or column.block.on_side:
            return False
        return all(
            reference.first == reference.last
            and not reference.sheet
            and self._goes_along(column, reference.first, atom)
            for reference, atom in zip(formula.references, atoms, strict=True)
        )

    def _goes_along(self, column: Column, cell: Corner, atom: Atom) -> bool:
        if not isinstance(atom, ResolvedQuantity):
            return False
        if cell.row_fixed:
            return cell.column_fixed and atom.name == "lr"
        target = self.columns.get(atom.name)
        return target is not None and target.block is column.block and len(target.cells) >= len(target.block.rows)

    def _atoms(self, cell: Cell, sheet: str, index: int, trail: tuple[Key, ...]) -> tuple[Formula, tuple[Atom, ...]]:
        formula = self.whereabouts.formulas.of(cell, sheet)
        place = cell.origin if cell.in_array else (cell.row, cell.column)
        return formula, tuple(self._atom(reference, sheet, place, index, trail) for reference in formula.references)

    def _atom(self, reference: Reference, sheet: str, place: Place, index: int, trail: tuple[Key, ...]) -> Atom:
        if reference.first == reference.last:
            return self._single(reference.key(sheet, place), index, trail)
        area = reference.area(sheet, place)
        height, width = area.last_row - area.first_row + 1, area.last_column - area.first_column + 1
        if height * width > _LARGEST_BLOCK:
            raise UnreadableError(f"it refers to {area}, which is more than {_LARGEST_BLOCK:,} cells")
        title = area.sheet.casefold()
        return CellRange(
            tuple(
                tuple(
                    self._single((title, (row, column)), index, trail)
                    for column in range(area.first_column, area.last_column + 1)
                )
                for row in range(area.first_row, area.last_row + 1)
            )
        )

    def _single(self, key: Key, index: int, trail: tuple[Key, ...]) -> Atom:
        within = self.whereabouts.within(self.table, key)
        if within is not None and (quantity := self._inside(*within, index)) is not None:
            return quantity
        role = self.roles.get(key) or self._label(key)
        cell = self.whereabouts.cell(key)
        if role is not None and (role != "lr" or self._is_rate(key)):
            return ResolvedQuantity(role, 0)
        if cell is None:
            return Constant(None, *key)
        if cell.formula is None:
            return Fault(cell.error) if cell.error else Constant(_plain(cell.value), *key)
        return self._through(cell, key, index, trail)

    def _inside(self, column: Column, step: int, index: int) -> ResolvedQuantity | None:
        """Return the quantity of a column's cell at a step; None if it stands for none."""
        name = self.names.get(column)
        if name is None or name == "step":
            return None
        if name == "lr":
            return ResolvedQuantity(name, 0)
        # What all steps share may stand in some rows only: an empty cell there is empty.
        if name in _SHARED and step not in column.cells and 2 * len(column.cells) < len(self.table):
            return None
        return ResolvedQuantity(name, step - index)

    def _is_rate(self, key: Key) -> bool:
        return self.rate is None or key == self.rate or self.number(key) == self.number(self.rate)

    def number(self, key: Key) -> float | None:
        """Return the number that a cell holds or shows."""
        cell = self.whereabouts.cell(key)
        value = cell.value if cell else None
        return float(value) if isinstance(value, float | int) else None

    def _through(self, cell: Cell, key: Key, index: int, trail: tuple[Key, ...]) -> Atom:
        seen = self._seen.get((key, index))
        if seen is not None:
            return seen
        self.deadline()
        if key in trail:
            raise UnreadableError("it refers back to itself through other cells")
        if len(trail) >= _DEEPEST:
            raise UnreadableError(f"it depends on a chain of more than {_DEEPEST} other cells")
        formula, atoms = self._atoms(cell, self.whereabouts.sheets[key[0]].title, index, (*trail, key))
        atom = self.whereabouts.through(formula.template, atoms, cell.member if cell.in_array else None)
        self._seen[key, index] = atom
        return atom

    def rate_cell(self, column: Column, index: int) -> Key | None:
        """Return the cell outside the table that a formula has the learning rate from, if a label names it so."""
        formula, atoms = self.atoms(column, index)
        cell = column.cells[index]
        for reference, atom in zip(formula.references, atoms, strict=True):
            key = reference.key(column.sheet, (cell.row, cell.column))
            if atom == ResolvedQuantity("lr", 0) and key not in self.whereabouts.columns:
                return key
        return None

    def outside(self) -> dict[str, Key]:
        """Return the cells outside the table that formulas use which are resolved already, by what they are."""
        found: dict[str, Key] = {}
        for key, role in (*self.roles.items(), *self._labelled.items()):
            if role is not None:
                found.setdefault(role, key)
        return found

    def _label(self, key: Key) -> str | None:
        """Return what a cell outside the table is by its label: something that is given."""
        if key not in self._labelled:
            self._labelled[key] = self._labelled_as(key)
        return self._labelled[key]

    def _labelled_as(self, key: Key) -> str | None:
        if self.whereabouts.within(self.table, key) is not None:
            return None
        cell = self.whereabouts.cell(key)
        if cell is None or (not isinstance(cell.value, float | int) and cell.formula is None):
            return None
        for name in self.whereabouts.label(key):
            # A weight that the table moves stands outside it only as what it starts from.
            if name in _GIVENS and not (name[0] in "wb" and name in self.columns):
                return name
        return None


def _plain(value: float | str | bool | None) -> float | str | None:
    return float(value) if isinstance(value, bool | int) else value


def constants(atoms: tuple[Atom, ...]) -> dict[Constant, None]:
    """Return the constants among atoms, also those behind other formulas, in order."""
    return _found(atoms, Constant, attrgetter("constants"))


def quantities(atoms: tuple[Atom, ...]) -> dict[ResolvedQuantity, None]:
    """Return the quantities among atoms, also those behind other formulas, in order."""
    return _found(atoms, ResolvedQuantity, attrgetter("quantities"))


def _found(
    atoms: tuple[Atom, ...], kind: type[_Kind], behind: Callable[[Through], tuple[_Kind, ...]]
) -> dict[_Kind, None]:
    found: dict[_Kind, None] = {}
    for atom in atoms:
        if isinstance(atom, kind):
            found[atom] = None
        elif isinstance(atom, Through):
            found |= dict.fromkeys(behind(atom))
        elif isinstance(atom, CellRange):
            for row in atom.rows:
                found |= _found(row, kind, behind)
    return found
