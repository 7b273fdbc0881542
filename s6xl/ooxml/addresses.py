"""Addresses of cells, such as ``AA33``, and where they are: rows and columns count from 1 everywhere."""

import re
from dataclasses import dataclass
from functools import cache
from typing import NamedTuple

from xlsxwriter.utility import xl_col_to_name

ROWS, COLUMNS = 1_048_576, 16_384  # of a sheet
_CELL = r"\$?([A-Za-z]{1,3})\$?([0-9]{1,7})"
_ADDRESS = re.compile(_CELL)
_FIXED = r"\$[A-Za-z]{1,3}\$[0-9]{1,7}"
_ON_A_SHEET = re.compile(rf"(?:'((?:[^']|'')+)'|([^'!]+))!({_FIXED}(?::{_FIXED})?)")

# Row and column.
Place = tuple[int, int]


class AddressError(ValueError):
    """Which address is wrong, as the middle of a sentence."""


class Rectangle(NamedTuple):
    """A block of cells: its first row and column, and its last ones, which belong to it."""

    top: int
    left: int
    bottom: int
    right: int

    def holds(self, place: Place) -> bool:
        """Return whether a cell is in it."""
        return self.top <= place[0] <= self.bottom and self.left <= place[1] <= self.right

    def __str__(self) -> str:
        first, last = address(self.top, self.left), address(self.bottom, self.right)
        return first if first == last else f"{first}:{last}"


@dataclass(frozen=True, slots=True)
class Area:
    """A block of cells on a sheet: its first row and column, and its last ones, which belong to it."""

    sheet: str
    first_row: int
    first_column: int
    last_row: int
    last_column: int

    @property
    def rectangle(self) -> Rectangle:
        """Where it is on its sheet."""
        return Rectangle(self.first_row, self.first_column, self.last_row, self.last_column)

    @property
    def is_one_cell(self) -> bool:
        """Whether it is a single cell."""
        return (self.first_row, self.first_column) == (self.last_row, self.last_column)

    def __str__(self) -> str:
        return str(self.rectangle)


def place_of(text: str) -> Place:
    """Return the place of an address such as ``AA33`` or ``$AA$33``, which may lie outside a sheet.

    Raises:
        AddressError: if it is not an address.
    """
    match = _ADDRESS.fullmatch(text)
    if match is None:
        raise AddressError(f"it has a cell at {text[:20]!r}")
    return int(match[2]), _column_number(match[1].upper())


def rectangle_of(reference: str) -> Rectangle:
    """Return the block that a reference such as ``B2:C10`` or ``B2`` means.

    Raises:
        AddressError: if it is not a reference.
    """
    first, _, last = reference.partition(":")
    (top, left), (bottom, right) = place_of(first), place_of(last or first)
    return Rectangle(min(top, bottom), min(left, right), max(top, bottom), max(left, right))


def area_of_name(formula: str) -> Area | None:
    """Return the cells that a name stands for by its formula, such as ``'LR=0.1'!$B$2:$C$10``.

    Returns:
        None where the formula is another one, or moves along with the cell that uses the name.
    """
    match = _ON_A_SHEET.fullmatch(formula)
    return Area((match[1] or match[2]).replace("''", "'"), *rectangle_of(match[3])) if match else None


def address(row: int, column: int) -> str:
    """Return the address of a cell: ``AA33``.

    Args:
        row: its row, counted from 1.
        column: its column, counted from 1.
    """
    return f"{letters(column)}{row}"


@cache
def letters(column: int) -> str:
    """Return the letters of a column by its number, counted from 1: ``AA`` for 27."""
    return str(xl_col_to_name(column - 1))


@cache
def _column_number(name: str) -> int:
    number = 0
    for letter in name:
        number = 26 * number + ord(letter) - ord("A") + 1
    return number


class CellCursor:
    """Goes from cell to cell of a sheet's file: a cell's address says where it is, or it follows the one before."""

    def __init__(self) -> None:
        self.row = self.column = 0
        self._columns: dict[str, int] = {}  # by their letters: most of a sheet's addresses have few

    def to_row(self, number: str | None) -> None:
        """Go to the start of a row, by its number as it is written, or of the next row.

        Raises:
            ValueError: if it is not a number.
        """
        self.row, self.column = self.row + 1 if number is None else int(number), 0

    def to_cell(self, reference: str | None) -> None:
        """Go to a cell, by its address as it is written, or to the next one.

        Raises:
            ValueError: if it is not an address, or lies outside the sheet.
        """
        if reference is None:
            self.column += 1
        else:
            name = reference.rstrip("0123456789")
            if name not in self._columns:
                self._columns[name] = place_of(reference)[1]
            self.row, self.column = int(reference[len(name) :]), self._columns[name]
        if not (0 < self.row <= ROWS and self.column <= COLUMNS):
            raise AddressError("it has cells outside a sheet")
