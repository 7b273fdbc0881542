"""Where rows and cells are in a worksheet's XML."""

from dataclasses import dataclass, field

from s6xl.ooxml.addresses import CellCursor, Rectangle, rectangle_of
from s6xl.ooxml.scanning import Attributes, XmlError, local_name, namespace_of
from s6xl.ooxml.splicing import SplicingScanner, prefix_of, tag_end, written_name

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


class SheetScan(SplicingScanner):
    """Finds the rows and cells of a worksheet, as bytes from the start of its XML.

    Raises:
        XmlError: if the XML cannot be understood.
    """

    def __init__(self, xml: bytes) -> None:
        self.rows: list[RowSpan] = []
        self.dimension: tuple[int, Rectangle] | None = None  # where the sheet says how far it reaches, and how far
        self.arrays: list[Rectangle] = []  # what each formula fills that fills a block
        self.prefix = ""
        self.start = self.inner_end = self.end = 0
        self._namespace = ""
        self._within = False
        self._count = 0
        self._cursor = CellCursor()
        super().__init__(xml)
        if not self.end:
            raise XmlError("it has no cells")

    def begin(self, name: str, attributes: Attributes) -> None:
        """Take note of a row, a cell or a formula that starts here."""
        if self.depth == 1:
            self._namespace = namespace_of(name)
        local = self._local_name(name)
        if local == "sheetData" and not self.end:
            self._within, self.prefix, self.start = True, prefix_of(written_name(self.xml, self.here)), self.here
        elif not self._within:
            if local == "dimension" and "ref" in attributes:
                self.dimension = self.here, rectangle_of(attributes["ref"])
        elif local == "row":
            self._check_count()
            self._cursor.to_row(attributes.get("r"))
            self.rows.append(RowSpan(self._cursor.row, self.here, tag_end(self.xml, self.here)))
        elif local == "c":
            self._check_count()
            self._cursor.to_cell(attributes.get("r"))
            self.rows[-1].cells.append(CellSpan(self._cursor.column, attributes.get("s", ""), self.here))
        elif local == "f":
            self.rows[-1].cells[-1].formula = True
            if attributes.get("t") in ("array", "dataTable") and "ref" in attributes:
                self.arrays.append(rectangle_of(attributes["ref"]))

    def close(self, name: str) -> None:
        """Take note of where a row or a cell ends."""
        if not self._within:
            return
        local = self._local_name(name)
        if local == "c":
            cell = self.rows[-1].cells[-1]
            cell.end = self.ends(cell.start)[1]
        elif local == "row":
            row = self.rows[-1]
            row.inner_end, row.end = self.ends(row.start)
        elif local == "sheetData":
            self._within = False
            self.inner_end, self.end = self.ends(self.start)

    def _local_name(self, name: str) -> str:
        """Return a name without its namespace, if that is the worksheet's own."""
        return local_name(name) if namespace_of(name) == self._namespace else ""

    def _check_count(self) -> None:
        self._count += 1
        if self._count > _MOST:
            raise XmlError(f"it has more than {_MOST:,} rows and cells")
