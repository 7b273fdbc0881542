"""Where rows and cells are in a worksheet's XML."""

import re
from dataclasses import dataclass, field

from xlsxwriter.utility import xl_cell_to_rowcol

from s6xl.ooxml.splicing import Scan, XmlError, tag_end

_ADDRESS = re.compile("[A-Z]{1,3}[0-9]{1,7}", re.IGNORECASE)
_MOST = 2_000_000  # rows and cells, those without content included


@dataclass(slots=True)
class CellSpan:
    """A cell, with its format's number as it is written, empty where it has none."""

    column: int
    style: str
    start: int
    end: int = 0
    formula: bool = False


@dataclass(slots=True)
class RowSpan:
    """A row and its cells."""

    number: int
    start: int
    tag_end: int  # of its first tag
    cells: list[CellSpan] = field(default_factory=list)
    end: int = 0  # of the row; for one that is empty in the file the end of its only tag
    inner_end: int = 0  # where a further cell would be written


def block(reference: str) -> tuple[int, int, int, int]:
    """The first row and column of a reference such as ``B2:C10`` or ``B2``, and its last; they count from 0.

    Raises:
        XmlError: if it is none.
    """
    first, _, last = reference.partition(":")
    return *_place(first), *_place(last or first)


def _place(address: str) -> tuple[int, int]:
    if not _ADDRESS.fullmatch(address):
        raise XmlError(f"it has a cell at {address[:20]!r}")
    row, column = xl_cell_to_rowcol(address.upper())
    return row, column


class SheetScan(Scan):
    """Finds the rows and cells, as bytes from the XML's start; rows and columns count from 0.

    Raises:
        XmlError: if the XML cannot be understood.
    """

    def __init__(self, xml: bytes) -> None:
        self.rows: list[RowSpan] = []
        self.dimension: tuple[int, str] | None = None  # where the sheet says how far it reaches, and how far
        self.arrays: list[str] = []  # what each formula fills that fills a block
        self.prefix = ""
        self.start = self.inner_end = self.end = 0
        self._within = False
        self._count = 0
        self._columns: dict[str, int] = {}
        try:
            super().__init__(xml)
        except (ValueError, IndexError):
            # Numbers that are none, and cells outside a row.
            raise XmlError("its XML is damaged") from None
        if not self.end:
            raise XmlError("it has no cells")

    def _begin(self, name: str, attributes: dict[str, str]) -> None:
        prefix, _, local = name.rpartition(":")
        if local == "sheetData" and not self.end:
            self._within, self.prefix, self.start = True, f"{prefix}:" if prefix else "", self._here
        elif not self._within:
            if local == "dimension" and "ref" in attributes:
                self.dimension = self._here, attributes["ref"]
        elif local == "row":
            following = self.rows[-1].number + 1 if self.rows else 0
            self._check_count()
            number = int(attributes["r"]) - 1 if "r" in attributes else following
            self.rows.append(RowSpan(number, self._here, tag_end(self.xml, self._here)))
        elif local == "c":
            self._check_count()
            cells = self.rows[-1].cells
            following = cells[-1].column + 1 if cells else 0
            column = self._column(attributes["r"]) if "r" in attributes else following
            cells.append(CellSpan(column, attributes.get("s", ""), self._here))
        elif local == "f":
            self.rows[-1].cells[-1].formula = True
            if attributes.get("t") in ("array", "dataTable") and "ref" in attributes:
                self.arrays.append(attributes["ref"])

    def _column(self, address: str) -> int:
        letters = address.rstrip("0123456789")
        column = self._columns.get(letters)
        if column is None:
            column = self._columns[letters] = _place(address)[1]
        return column

    def _check_count(self) -> None:
        self._count += 1
        if self._count > _MOST:
            raise XmlError(f"it has more than {_MOST:,} rows and cells")

    def _close(self, name: str) -> None:
        if not self._within:
            return
        local = name.rpartition(":")[2]
        if local == "c":
            cell = self.rows[-1].cells[-1]
            cell.end = self._end(cell.start)[1]
        elif local == "row":
            row = self.rows[-1]
            row.inner_end, row.end = self._end(row.start)
        elif local == "sheetData":
            self._within = False
            self.inner_end, self.end = self._end(self.start)
