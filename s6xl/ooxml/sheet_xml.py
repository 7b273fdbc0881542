"""The cells of a worksheet's XML: their values and formulas, also those that cells share or that fill a block."""

import math
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import product
from typing import TypeVar

from s6xl.errors import UserError
from s6xl.ooxml.addresses import CellCursor, Place, Rectangle, rectangle_of
from s6xl.ooxml.book import Cell
from s6xl.ooxml.package import Package
from s6xl.ooxml.scanning import LONGEST_TEXT, Attributes, Scanner, XmlError, local_name

MOST_CELLS = 500_000  # in a workbook, of those that hold something
_CODED = re.compile("_x([0-9A-Fa-f]{4})_")
_SURROGATE = re.compile("[\ud800-\udfff]")
_KNOWN = ("c", "v", "f", "row", "t", "rPh")
_DAY_0 = datetime(1899, 12, 30)
_OFTEN = 4096  # in how many cells the deadline is looked at once

_Item = TypeVar("_Item")


def cells_of(package: Package, part: str, texts: Sequence[str], room: int) -> dict[Place, Cell]:
    """Return the cells of a worksheet that hold a value or a formula.

    Args:
        package: the workbook's file.
        part: the worksheet.
        texts: the workbook's shared texts.
        room: the most cells that there may be.

    Raises:
        DamagedPartError: if the part cannot be read.
        UserError: if there are more cells.
    """
    scan = _CellScanner(package, texts, room)
    package.scan(part, scan)
    scan.share()
    scan.spread()
    return scan.cells


def decoded(text: str) -> str:
    """Return a text with the characters that ``_x000D_`` and its like stand for, such as those that XML cannot hold."""
    if "_x" not in text:
        return text
    plain = _CODED.sub(lambda match: chr(int(match[1], 16)), text)
    if _SURROGATE.search(plain) is None:
        return plain
    return plain.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def formula_of(text: str) -> str:
    """Return a formula without the ``=`` that some programs store with it."""
    return text.strip().removeprefix("=").lstrip()


class _CellScanner(Scanner):
    """Goes through the elements of a worksheet."""

    def __init__(self, package: Package, texts: Sequence[str], room: int) -> None:
        super().__init__()
        self.cells: dict[Place, Cell] = {}
        self._package, self._texts, self._room = package, texts, room
        self._names: dict[str, str] = {}  # without namespaces, of those elements that matter
        self._cursor = CellCursor()
        self._added = 0
        self._within_phonetic = False
        # What the cell at hand has told so far.
        self._kind = "n"
        self._value: str | None = None
        self._inline: str | None = None
        self._formula = ""
        self._formula_attributes: Attributes | None = None
        # Formulas by the number under which cells share them, and the cells that wait for theirs.
        self._shared: dict[str, tuple[str, Place]] = {}
        self._waiting: list[tuple[Place, str]] = []
        self._blocks: list[tuple[Rectangle, Cell]] = []

    def begin(self, name: str, attributes: Attributes) -> None:
        if self.depth == 1:
            namespace = name.removesuffix(local_name(name))
            self._names = {namespace + known: known for known in _KNOWN}
        match self._names.get(name):
            case "c":
                self._kind = attributes.get("t", "n")
                self._value = self._inline = self._formula_attributes = None
                self._cursor.to_cell(attributes.get("r"))
            case "f":
                self._formula_attributes = attributes
            case "row":
                self._cursor.to_row(attributes.get("r"))
            case "rPh":
                self._within_phonetic = True

    def close(self, name: str) -> None:
        match self._names.get(name):
            case "c":
                if self._value is not None or self._formula_attributes is not None or self._inline is not None:
                    self._add()
            case "v":
                self._value = self.text
            case "f":
                self._formula = formula_of(self.text)
            case "t" if not self._within_phonetic:
                self._inline = (self._inline or "") + self.text
                if len(self._inline) > LONGEST_TEXT:
                    raise XmlError("it holds too long a text")
            case "rPh":
                self._within_phonetic = False

    def share(self) -> None:
        """Give their formula to the cells that stand before the one that has it.

        A formula that no cell has is none: then the value alone is left.
        """
        for place, number in self._often(self._waiting):
            cell = self.cells.get(place)
            if cell is None or cell.formula is not None:
                continue
            if number in self._shared:
                formula, origin = self._shared[number]
                self.cells[place] = replace(cell, formula=formula, origin=origin)
            elif cell.value is None and not cell.error:
                del self.cells[place]

    def spread(self) -> None:
        """Give the formulas that fill a block to each cell of it, also to those that the file leaves out."""
        for (top, left, bottom, right), first in self._blocks:
            for place in self._often(product(range(top, bottom + 1), range(left, right + 1))):
                cell = self.cells.get(place) or Cell(*place)
                if cell.formula is None:
                    self.cells[place] = replace(
                        cell,
                        formula=first.formula,
                        origin=first.origin,
                        member=(place[0] - top, place[1] - left),
                        in_array=True,
                    )
                    self._check_room(len(self.cells))

    def _add(self) -> None:
        """Keep the cell at hand if it holds anything after all."""
        place = self._cursor.row, self._cursor.column
        value = self._shown()
        error = self._value or "" if self._kind == "e" else ""
        if self._formula_attributes is not None:
            self._add_computed(place, value, error, self._formula_attributes)
        elif value is not None or error:
            self.cells[place] = Cell(*place, value, error)
        # Each counts, also where a damaged file has one cell many times.
        self._added += 1
        self._check_room(self._added)

    def _add_computed(self, place: Place, value: float | str | bool | None, error: str, attributes: Attributes) -> None:
        kind, number = attributes.get("t"), attributes.get("si", "")
        formula, origin = self._formula if kind != "dataTable" else "", place
        if kind == "shared":
            if not formula:
                formula, origin = self._shared.get(number, ("", place))
                if not formula:
                    self._waiting.append((place, number))
            elif "ref" in attributes or number not in self._shared:
                self._shared[number] = formula, place
        cell = Cell(*place, value, error, formula or None, origin, in_array=kind == "array")
        self.cells[place] = cell
        if kind == "array" and formula and "ref" in attributes:
            filled = rectangle_of(attributes["ref"])
            if filled[:2] == place and filled[2:] != place:
                self._blocks.append((filled, cell))

    def _shown(self) -> float | str | bool | None:
        """Return the value of the cell at hand; for an error none."""
        text = self._value
        match self._kind:
            case "s" if text is not None:
                index = int(text)
                if not 0 <= index < len(self._texts):
                    raise XmlError(f"a cell shows a text that is not in the file, number {index}")
                return self._texts[index]
            case "str":
                return decoded(text or "")
            case "inlineStr":
                return decoded(text or "" if self._inline is None else self._inline)
            case "b" if text is not None:
                return text.strip().lower() in ("1", "true")
            case "d" if text is not None:
                return _serial(text)
            case "e":
                return None
        return _number(text) if text else None

    def _often(self, items: Iterable[_Item]) -> Iterator[_Item]:
        """Yield the same events, and look at the deadline now and then."""
        for index, item in enumerate(items):
            if not index % _OFTEN:
                self._package.deadline()
            yield item

    def _check_room(self, count: int) -> None:
        if count > self._room:
            raise UserError(
                f"{self._package.path} has more than {MOST_CELLS:,} cells with content, which no backpropagation "
                "workbook needs: delete what it does not need, or copy its tables into a new workbook."
            )


def _number(text: str) -> float | str:
    """Return a number, or the text as it stands where it is none that a cell can hold."""
    try:
        number = float(text)
    except ValueError:
        return text
    return number if math.isfinite(number) else text


def _serial(text: str) -> float | str:
    """Return the number that a date is in a formula."""
    try:
        return (datetime.fromisoformat(text).replace(tzinfo=None) - _DAY_0) / timedelta(days=1)
    except ValueError:
        return text
