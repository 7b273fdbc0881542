"""Replaces values in a worksheet's XML, byte by byte as it is but for the cells that change."""

import codecs
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from html import escape
from xml.parsers import expat

from xlsxwriter.utility import xl_cell_to_rowcol, xl_col_to_name

Value = str | float | None
# A tag, in which quoted values may hold the sign that ends it.
_TAG = re.compile(rb"""<(?:[^"'>]|"[^"]*"|'[^']*')*>""")
# What no XML file may hold.
_UNPRINTABLE = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_CODED = re.compile("_(?=x[0-9A-Fa-f]{4}_)")
_LONGEST_TEXT = 32_767


class SheetError(Exception):
    """Why a sheet cannot be written to, as the end of a sentence."""


@dataclass
class _Cell:
    column: int
    style: str
    start: int
    end: int = 0
    formula: bool = False


@dataclass
class _Row:
    number: int
    start: int
    tag_end: int  # of its first tag
    cells: list[_Cell] = field(default_factory=list)
    end: int = 0  # of the row; for one that is empty in the file the end of its only tag
    inner_end: int = 0  # where a further cell would be written


class _Scan:
    """Where rows and cells are in the XML, as bytes from its start; rows and columns count from 0."""

    def __init__(self, xml: bytes) -> None:
        self.xml = xml
        self.rows: list[_Row] = []
        self.prefix = ""
        self.start = self.inner_end = self.end = 0
        self._within = False
        if xml.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            raise SheetError("its XML is written in UTF-16")
        self._parser = parser = expat.ParserCreate()
        parser.StartElementHandler, parser.EndElementHandler = self._begin, self._close
        parser.StartDoctypeDeclHandler = self._refuse
        parser.XmlDeclHandler = self._check_encoding
        try:
            parser.Parse(xml, True)
        except expat.ExpatError as error:
            raise SheetError(f"its XML is damaged ({error})") from None
        if not self.end:
            raise SheetError("it has no cells")

    def _refuse(self, *declaration: object) -> None:
        raise SheetError("its XML is of a kind that no spreadsheet writes")

    def _check_encoding(self, version: str, encoding: str | None, standalone: int) -> None:
        if encoding and encoding.lower() not in ("utf-8", "ascii", "us-ascii"):
            raise SheetError(f"its XML is written in {encoding}")

    def _tag_end(self, start: int) -> int:
        match = _TAG.match(self.xml, start)
        assert match
        return match.end()

    def _begin(self, name: str, attributes: dict[str, str]) -> None:
        prefix, _, local = name.rpartition(":")
        here = self._parser.CurrentByteIndex
        if local == "sheetData" and not self.end:
            self._within, self.prefix, self.start = True, f"{prefix}:" if prefix else "", here
        elif not self._within:
            return
        elif local == "row":
            following = self.rows[-1].number + 1 if self.rows else 0
            number = int(attributes["r"]) - 1 if "r" in attributes else following
            self.rows.append(_Row(number, here, self._tag_end(here)))
        elif local == "c":
            cells = self.rows[-1].cells
            following = cells[-1].column + 1 if cells else 0
            column = xl_cell_to_rowcol(attributes["r"])[1] if "r" in attributes else following
            cells.append(_Cell(column, attributes.get("s", ""), here))
        elif local == "f":
            self.rows[-1].cells[-1].formula = True

    def _close(self, name: str) -> None:
        if not self._within:
            return
        local = name.rpartition(":")[2]
        here = self._parser.CurrentByteIndex
        if local == "c":
            cell = self.rows[-1].cells[-1]
            cell.end = self._end(cell.start, here)[1]
        elif local == "row":
            row = self.rows[-1]
            row.inner_end, row.end = self._end(row.start, here)
        elif local == "sheetData":
            self._within = False
            self.inner_end, self.end = self._end(self.start, here)

    def _end(self, start: int, here: int) -> tuple[int, int]:
        """Where an element's content and itself end; the content of an element of a single tag ends where it starts."""
        first_tag_end = self._tag_end(start)
        if self.xml[first_tag_end - 2 : first_tag_end] == b"/>":
            return start, first_tag_end
        return here, self._tag_end(here)


# What takes the place of the bytes from one place up to another.
_Edit = tuple[int, int, str]


def with_cells(xml: bytes, values: Mapping[str, Value]) -> bytes:
    """The worksheet with other values in some cells, by their addresses; None empties a cell. Formats stay.

    Raises:
        SheetError: if the XML cannot be understood, or one of the cells holds a formula.
    """
    scan = _Scan(xml)
    wanted: dict[int, dict[int, Value]] = {}
    for address, value in values.items():
        row, column = xl_cell_to_rowcol(address)
        wanted.setdefault(row, {})[column] = value
    known = {row.number: row for row in scan.rows}
    edits: list[_Edit] = []
    for number, cells in sorted(wanted.items()):
        if number in known:
            edits += _edit_row(scan, known[number], cells)
        elif text := _cells_xml(scan.prefix, number, cells):
            place = next((row.start for row in scan.rows if row.number > number), scan.inner_end)
            edits.append((place, place, f'<{scan.prefix}row r="{number + 1}">{text}</{scan.prefix}row>'))
    if scan.inner_end == scan.start and edits:
        # The sheet is empty: its only tag becomes two around the new rows.
        rows = "".join(text for _, _, text in edits)
        edits = [(scan.start, scan.end, f"<{scan.prefix}sheetData>{rows}</{scan.prefix}sheetData>")]
    pieces, done = [], 0
    # Where something is inserted before a cell that is replaced, the insertion comes first.
    for start, end, text in sorted(edits, key=lambda edit: edit[:2]):
        pieces += [xml[done:start], text.encode()]
        done = end
    return b"".join([*pieces, xml[done:]])


def _edit_row(scan: _Scan, row: _Row, wanted: Mapping[int, Value]) -> Iterator[_Edit]:
    known = {cell.column: cell for cell in row.cells}
    added: dict[int, list[str]] = {}
    for column, value in sorted(wanted.items()):
        cell = known.get(column)
        if cell is None:
            if value is not None:
                place = next((other.start for other in row.cells if other.column > column), row.inner_end)
                added.setdefault(place, []).append(_cell_xml(scan.prefix, row.number, column, "", value))
            continue
        if cell.formula:
            raise SheetError(f"its cell {xl_col_to_name(column)}{row.number + 1} holds a formula: clear that cell")
        yield cell.start, cell.end, _cell_xml(scan.prefix, row.number, column, cell.style, value)
    if not added:
        return
    first_tag = scan.xml[row.start : row.tag_end].decode()
    # Which columns a row spans is a hint that is not true any more.
    opened = re.sub(r'\s+spans\s*=\s*("[^"]*"|\'[^\']*\')', "", first_tag)
    if row.inner_end == row.start:
        cells = "".join(text for texts in added.values() for text in texts)
        yield row.start, row.end, f"{opened.removesuffix('/>').rstrip()}>{cells}</{scan.prefix}row>"
        return
    if opened != first_tag:
        yield row.start, row.tag_end, opened
    for place, texts in added.items():
        yield place, place, "".join(texts)


def _cells_xml(prefix: str, row: int, cells: Mapping[int, Value]) -> str:
    filled = {column: value for column, value in sorted(cells.items()) if value is not None}
    return "".join(_cell_xml(prefix, row, column, "", value) for column, value in filled.items())


def _cell_xml(prefix: str, row: int, column: int, style: str, value: Value) -> str:
    attributes = f'r="{xl_col_to_name(column)}{row + 1}"' + (f' s="{style}"' if style else "")
    match value:
        case None:
            return f"<{prefix}c {attributes}/>"
        case str():
            # Excel takes _x0041_ for a way to write A.
            plain = _CODED.sub("_x005F_", _UNPRINTABLE.sub("?", value)[:_LONGEST_TEXT])
            text = escape(plain, quote=False)
            inline = f'<{prefix}is><{prefix}t xml:space="preserve">{text}</{prefix}t></{prefix}is>'
            return f'<{prefix}c {attributes} t="inlineStr">{inline}</{prefix}c>'
    return f"<{prefix}c {attributes}><{prefix}v>{value!r}</{prefix}v></{prefix}c>"
