"""Reads arguments: from the cells that a spreadsheet passes to numbers, or to a sentence that says what is wrong."""

import datetime
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from numbers import Real

from s6xl.functions.definition import ArgumentError, CellBlock, CellValue, Parameter
from s6xl.wording import counted, shown_number

# An argument that was left out.
MISSING: CellBlock = ()
_LONGEST_TEXT = 20


def number(parameter: Parameter, block: CellBlock) -> float:
    """Return the finite number that an argument is.

    Raises:
        ArgumentError: if it is not one.
    """
    _check_given(parameter.name, block, "give a number or a cell.")
    if (count := sum(map(len, block))) != 1:
        raise ArgumentError(f"{parameter.name} has {counted(count, 'cell')}: give one cell.")
    return _number(parameter.name, block[0][0])


def positive_number(parameter: Parameter, block: CellBlock) -> float:
    """Return the finite number above 0 that an argument is.

    Raises:
        ArgumentError: if it is not one.
    """
    value = number(parameter, block)
    if value <= 0:
        raise ArgumentError(f"{parameter.name} is {shown_number(value)}: give a number above 0.")
    return value


def whole_number(most: int) -> Callable[[Parameter, CellBlock], int]:
    """Return a reader of one whole number from 1 to `most`."""

    def read(parameter: Parameter, block: CellBlock) -> int:
        value = number(parameter, block)
        if not (value.is_integer() and 1 <= value <= most):
            raise ArgumentError(f"{parameter.name} is {shown_number(value)}: give a whole number from 1 to {most:,}.")
        return int(value)

    return read


@dataclass(frozen=True)
class Vector:
    """Numbers from a row of cells, or from a column: `upright`."""

    numbers: tuple[float, ...]
    upright: bool


def vector(names: Sequence[str]) -> Callable[[Parameter, CellBlock], Vector]:
    """Return a reader of finite numbers, one for each name, in a row or a column."""

    def read(parameter: Parameter, block: CellBlock) -> Vector:
        expected = f"give a row or a column of {len(names)} cells, {names[0]} to {names[-1]}."
        _check_given(parameter.name, block, expected)
        rows, columns = len(block), len(block[0])
        if min(rows, columns) > 1:
            raise ArgumentError(f"{parameter.name} is a block of {rows} by {columns} cells: {expected}")
        if rows * columns != len(names):
            raise ArgumentError(f"{parameter.name} has {counted(rows * columns, 'cell')}: {expected}")
        cells = [cell for row in block for cell in row]
        values = (_number(f"{name} in {parameter.name}", cell) for name, cell in zip(names, cells, strict=True))
        return Vector(tuple(values), upright=rows > 1)

    return read


def image(side: int, ink: float) -> Callable[[Parameter, CellBlock], list[list[float]]]:
    """Return a reader of a square of numbers from 0 to `ink`, with `side` cells a side; an empty cell is 0."""

    def read(parameter: Parameter, block: CellBlock) -> list[list[float]]:
        expected = f"give a block of {side} by {side} cells."
        _check_given(parameter.name, block, expected)
        if len(block) != side or any(len(row) != side for row in block):
            raise ArgumentError(f"{parameter.name} is a block of {len(block)} by {len(block[0])} cells: {expected}")
        return [
            [_pixel(f"row {y}, column {x} of {parameter.name}", cell) for x, cell in enumerate(row, start=1)]
            for y, row in enumerate(block, start=1)
        ]

    def _pixel(what: str, cell: CellValue) -> float:
        value = 0.0 if cell in (None, "") else _number(what, cell)
        if not 0 <= value <= ink:
            raise ArgumentError(f"{what} is {shown_number(value)}: give a number from 0 to {ink:g}.")
        return value

    return read


def optional_text(usual: str) -> Callable[[Parameter, CellBlock], str]:
    """Return a reader of one text; `usual` is its value if it is left out or its cell is empty."""

    def read(parameter: Parameter, block: CellBlock) -> str:
        cells = [cell for row in block for cell in row]
        if len(cells) > 1:
            raise ArgumentError(f"{parameter.name} has {counted(len(cells), 'cell')}: give one cell.")
        cell = cells[0] if cells else None
        if cell in (None, ""):
            return usual
        if not isinstance(cell, str):
            raise ArgumentError(f"{parameter.name} is not text: give a text in quotation marks.")
        if cell.startswith("#"):
            raise ArgumentError(f"{parameter.name} is {cell[:_LONGEST_TEXT]}: correct its cell.")
        return cell.strip().strip('"')

    return read


def _check_given(name: str, block: CellBlock, cure: str) -> None:
    if len(block) == 0:
        raise ArgumentError(f"{name} is missing: {cure}")


def _number(what: str, cell: CellValue) -> float:
    """Return the number in a cell.

    Raises:
        ArgumentError: if there is none, `what` being how the sentence names the cell.
    """
    match cell:
        case None | "":
            raise ArgumentError(f"{what} is empty: enter a number in its cell.")
        case bool():
            raise ArgumentError(f"{what} is {str(cell).upper()}: give a number.")
        case datetime.date():
            raise ArgumentError(f"{what} is a date: give a number, or format its cell as a number.")
        case Real() | Decimal():
            return _finite(what, cell)
        case str() if cell.startswith("#"):
            raise ArgumentError(f"{what} is {cell[:_LONGEST_TEXT]}: correct its cell.")
        case str():
            text = cell if len(cell) <= _LONGEST_TEXT else f"{cell[:_LONGEST_TEXT]}…"
            raise ArgumentError(f"{what} is the text “{text}”: give a number.")
    raise ArgumentError(f"{what} is a {type(cell).__name__}: give a number.")


def _finite(what: str, value: Real | Decimal) -> float:
    try:
        finite = float(value)
    except (OverflowError, ValueError):
        finite = math.nan
    if not math.isfinite(finite):
        raise ArgumentError(f"{what} is not a finite number: give a finite one.")
    return finite
