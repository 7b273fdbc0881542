"""Formulas taken apart: what each refers to, and what it does with it.

A formula's references are cut out of its text, which leaves a template such as ``1/(1+EXP(-_r0_))``. Down a column all
formulas have one template and references that move along, so that each template is parsed once.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import NamedTuple

from pyopenvba.formula import FormulaError, Node, parse
from xlsxwriter.utility import quote_sheetname

from s6xl.ooxml.addresses import Area, Place, letters, place_of
from s6xl.ooxml.book import Book, Cell, Key, ListTable

LONGEST_FORMULA = 8192  # characters, as in Excel
_DEEPEST = 64  # parentheses within one another, as in Excel


class UnreadableError(Exception):
    """Why a formula cannot be understood, as a clause such as ``it refers to whole rows``."""


class Corner(NamedTuple):
    """A cell that a formula refers to: rows and columns count from the formula's own cell where they are not fixed."""

    row: int
    column: int
    row_fixed: bool
    column_fixed: bool

    def at(self, place: Place) -> Place:
        """Where it is for a formula that stands at `place`."""
        return (
            self.row if self.row_fixed else place[0] + self.row,
            self.column if self.column_fixed else place[1] + self.column,
        )

    def written(self, place: Place) -> str:
        """As it stands in a formula at `place`, such as ``$G$31``."""
        row, column = self.at(place)
        if row < 1 or column < 1:
            return "#REF!"  # it would lie outside the sheet
        return f"{'$' * self.column_fixed}{letters(column)}{'$' * self.row_fixed}{row}"


class Reference(NamedTuple):
    """A cell, or a block of cells from `first` to `last`; `sheet` is empty for the formula's own."""

    sheet: str
    first: Corner
    last: Corner

    def area(self, sheet: str, place: Place) -> Area:
        """Return what it refers to from a formula at `place` on `sheet`."""
        (top, left), (bottom, right) = self.first.at(place), self.last.at(place)
        return Area(self.sheet or sheet, min(top, bottom), min(left, right), max(top, bottom), max(left, right))

    def key(self, sheet: str, place: Place) -> Key:
        """Where its first cell is for a formula at `place` on `sheet`."""
        return (self.sheet or sheet).casefold(), self.first.at(place)

    def holds(self, sheet: str, place: Place) -> bool:
        """Whether a formula at `place` on `sheet` refers to its own cell by it."""
        if self.sheet and self.sheet.casefold() != sheet.casefold():
            return False
        if self.first == self.last:
            return self.first.at(place) == place
        area = self.area(sheet, place)
        return area.first_row <= place[0] <= area.last_row and area.first_column <= place[1] <= area.last_column

    def written(self, place: Place) -> str:
        """As it stands in a formula at `place`."""
        prefix = sheet_prefix(self.sheet) if self.sheet else ""
        if self.first == self.last:
            return prefix + self.first.written(place)
        return f"{prefix}{self.first.written(place)}:{self.last.written(place)}"


@dataclass(frozen=True)
class Formula:
    """A formula as every cell has it that computes the same from cells that lie alike."""

    template: str
    references: tuple[Reference, ...]

    def written(self, place: Place) -> str:
        """Its text for a cell at `place`, with its ``=``."""
        return "=" + fill(self.template, [reference.written(place) for reference in self.references])


def fill(template: str, references: list[str]) -> str:
    """Return a template with its references put in again."""
    return _HOLE.sub(lambda match: references[int(match[1])], template)


def hole(index: int) -> str:
    """Return what stands in a template for its reference of that number."""
    return f"_r{index}_"


def hole_index(name: str) -> int | None:
    """Return the number of the reference that a name in a template stands for; None if it is a name of another kind."""
    match = _HOLE.fullmatch(name)
    return int(match[1]) if match else None


@cache
def tree(template: str) -> Node:
    """Return the syntax tree of a template.

    Raises:
        UnreadableError: if Excel would not accept it as a formula.
    """
    if len(template) > LONGEST_FORMULA:
        raise UnreadableError(f"it is longer than the {LONGEST_FORMULA:,} characters that Excel allows")
    if _depth(template) > _DEEPEST:
        raise UnreadableError(f"it nests parentheses more than {_DEEPEST} deep, which Excel does not allow")
    try:
        return parse("=" + template)
    except FormulaError as error:
        raise UnreadableError("Excel would not accept it as a formula") from error
    except RecursionError as error:
        raise UnreadableError("it is nested too deeply") from error


class Formulas:
    """Takes the formulas of a book apart, each text once."""

    def __init__(self, book: Book) -> None:
        self._book = book
        self._known: dict[tuple[str, Place, str, Place], Formula | str] = {}
        self._kept: dict[Formula, Formula] = {}
        self._latest: dict[tuple[str, int], Formula] = {}

    def of(self, cell: Cell, sheet: str) -> Formula:
        """Return the formula of a cell that has one.

        Raises:
            UnreadableError: if it refers to what cannot be looked up, such as another workbook.
        """
        assert cell.formula is not None
        # A formula in a block of cells refers to the same cells from each of them.
        own = cell.origin if cell.in_array else (cell.row, cell.column)
        by_sheet = "[" in cell.formula or self._book.local_names
        key = (cell.formula, cell.origin, sheet if by_sheet else "", own if cell.in_array else (0, 0))
        found = self._known.get(key)
        if found is None:
            found = self._known[key] = self._as_above(cell, sheet) or self._new(cell, sheet)
        if isinstance(found, str):
            raise UnreadableError(found)
        self._latest[sheet, cell.column] = found
        return found

    def _as_above(self, cell: Cell, sheet: str) -> Formula | None:
        """Return the formula last seen in the column, if the cell has it: writing it is quicker than reading."""
        latest = self._latest.get((sheet, cell.column))
        if latest is None or cell.in_array or latest.written(cell.origin) != f"={cell.formula}":
            return None
        return latest

    def _new(self, cell: Cell, sheet: str) -> Formula | str:
        try:
            taken = self._take_apart(cell.formula or "", cell.origin, sheet)
        except UnreadableError as error:
            return str(error)
        return self._kept.setdefault(taken, taken)

    def _take_apart(self, text: str, origin: Place, sheet: str) -> Formula:
        if len(text) > LONGEST_FORMULA:
            raise UnreadableError(f"it is longer than the {LONGEST_FORMULA:,} characters that Excel allows")
        if taken := _HOLE.search(text):
            raise UnreadableError(f"it uses the name {taken[0]}, which the audit reserves")
        references: list[Reference] = []

        def hold(reference: Reference) -> str:
            references.append(reference)
            return hole(len(references) - 1)

        def cut(match: re.Match[str]) -> str:
            if match["cell"]:
                sheet_of_it = _sheet(match["sheet"] or "")
                return hold(_reference(sheet_of_it, match["cell"], match["to"] or match["cell"], origin))
            if match["lines"]:
                raise UnreadableError(f"it refers to whole rows or columns ({match['lines']})")
            if match["table"] is not None:
                return hold(_structured(self._book.tables, match["table"], match["inside"], origin, sheet))
            if match["name"]:
                found = self._named(match["name"], sheet)
                return match["name"] if found is None else hold(found)
            if match["other"]:
                if match["other"].endswith("!#REF!"):
                    return "#REF!"
                raise UnreadableError(f"it refers to {_shortened(match['other'])}, which the audit cannot look up")
            return match[0]

        return Formula(_TOKEN.sub(cut, text), tuple(references))

    def _named(self, name: str, sheet: str) -> Reference | None:
        """Return the cell or block that a name stands for; None if it stands for something else, or for nothing."""
        key = name.casefold()
        formula = self._book.local_names.get(sheet, {}).get(key) or self._book.names.get(key)
        match = _TOKEN.fullmatch(formula) if formula else None
        if match is None or not match["cell"] or "$" not in match["cell"]:
            return None
        return _reference(_sheet(match["sheet"] or ""), match["cell"], match["to"] or match["cell"], (0, 0))


def area_of(text: str, sheet: str) -> Area | None:
    """Return the cells of a chart's reference such as ``'LR=0.1'!$X$33:$X$100``; None if it is none of that kind."""
    match = _TOKEN.fullmatch(text.strip())
    if match is None or not match["cell"]:
        return None
    try:
        return _reference(_sheet(match["sheet"] or ""), match["cell"], match["to"] or match["cell"], (0, 0)).area(
            sheet, (0, 0)
        )
    except UnreadableError:
        return None


def _depth(text: str) -> int:
    depth = deepest = 0
    for character in text:
        if character == "(":
            depth += 1
            deepest = max(deepest, depth)
        elif character == ")":
            depth -= 1
    return deepest


def _reference(sheet: str, first: str, last: str, origin: Place) -> Reference:
    corners = [_corner(first, origin)] * 2 if first == last else [_corner(first, origin), _corner(last, origin)]
    return Reference(sheet, *corners)


@cache
def _parts(text: str) -> tuple[int, int, bool, bool]:
    return *place_of(text), "$" in text[1:], text.startswith("$")


def _corner(text: str, origin: Place) -> Corner:
    row, column, row_fixed, column_fixed = _parts(text)
    return Corner(
        row if row_fixed else row - origin[0], column if column_fixed else column - origin[1], row_fixed, column_fixed
    )


def _sheet(prefix: str) -> str:
    """Return the name in a prefix such as ``'LR=0.1'!``."""
    name = prefix.removesuffix("!")
    if name.startswith("'"):
        name = name[1:-1].replace("''", "'")
    if "[" in name or ":" in name:
        raise UnreadableError(f"it refers to {_shortened(name)}, which the audit cannot look up")
    return name


def sheet_prefix(sheet: str) -> str:
    """Return a sheet's name as it stands before a reference, such as ``'LR=0.1'!``."""
    return f"{quote_sheetname(sheet)}!"


def _structured(tables: Mapping[str, ListTable], name: str, inside: str, origin: Place, sheet: str) -> Reference:
    """Return what ``Table1[[#This Row],[a_h1]]`` or ``[@[a_h1]]`` refers to."""
    table = tables.get(name.casefold()) if name else _around(tables, origin, sheet)
    columns, kinds = _structured_items(inside)
    if table is None or len(columns) != 1 or kinds - {"#this row", "#data"}:
        raise UnreadableError(f"it refers to {_shortened(f'{name}[{inside}]')}, which the audit cannot look up")
    titles = [title.casefold() for title in table.columns]
    if columns[0] not in titles:
        raise UnreadableError(f"it refers to the column {_shortened(columns[0])}, which {table.name} does not have")
    column = table.area.first_column + titles.index(columns[0])
    other_sheet = "" if table.area.sheet == sheet else table.area.sheet
    if "#this row" in kinds:
        corner = Corner(0, column, False, True)
        return Reference(other_sheet, corner, corner)
    first = Corner(table.area.first_row + table.has_header, column, True, True)
    return Reference(other_sheet, first, first._replace(row=table.area.last_row - table.has_totals))


def _structured_items(inside: str) -> tuple[list[str], set[str]]:
    """Return the columns that brackets name, and what of them, such as ``#this row``."""
    items = [item.strip() for item in re.findall(r"\[([^\[\]]*)\]", inside)] if "[" in inside else [inside.strip("@ ")]
    columns = [re.sub(r"'(.)", r"\1", item).casefold() for item in items if not item.startswith("#")]
    kinds = {item.casefold() for item in items if item.startswith("#")}
    return columns, kinds | {"#this row"} if inside.startswith("@") else kinds


def _around(tables: Mapping[str, ListTable], place: Place, sheet: str) -> ListTable | None:
    """Return the table in which a cell lies."""
    for table in tables.values():
        area = table.area
        if (
            area.sheet == sheet
            and area.first_row <= place[0] <= area.last_row
            and area.first_column <= place[1] <= area.last_column
        ):
            return table
    return None


def _shortened(text: str) -> str:
    return text if len(text) <= 40 else f"{text[:39]}…"


_HOLE = re.compile(r"_r(\d+)_")
_CELL = r"\$?[A-Za-z]{1,3}\$?[0-9]{1,7}"
_TOKEN = re.compile(
    rf"""
    "(?:[^"]|"")*"
    | (?P<sheet>(?:'(?:[^']|'')+'|[^\W\d][\w.]*)!)?(?P<cell>{_CELL})(?::(?P<to>{_CELL}))?(?![\w(.!\[:])
    | (?P<lines>\$?[A-Za-z]{{1,3}}:\$?[A-Za-z]{{1,3}}(?![\w(])|\$?[0-9]+:\$?[0-9]+)
    | (?P<table>(?:[^\W\d][\w.]*)?)\[(?P<inside>(?:[^\[\]]|\[[^\[\]]*\])*)\](?!\w|!)
    | (?P<other>\[[^\]]*\][^!+*/(),-]*!?|'(?:[^']|'')+'!\S*|[^\W\d][\w.]*(?::[^\W\d][\w.]*)?!\S*)
    | \#[A-Z/0-9]+[!?]?
    | (?P<name>[^\W\d][\w.\\]*)(?!\()
    | [^\W\d][\w.]*
    | [0-9.]+(?:[eE][+-]?[0-9]+)?
    """,
    re.VERBOSE,
)
