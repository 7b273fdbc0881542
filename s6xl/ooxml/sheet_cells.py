"""Replaces values in a worksheet's XML, byte by byte as it is but for the cells that change."""

import re
from collections.abc import Iterator, Mapping
from html import escape

from xlsxwriter.utility import xl_cell_to_rowcol, xl_range, xl_rowcol_to_cell

from s6xl.ooxml.sheet_scan import RowSpan, SheetScan, block
from s6xl.ooxml.splicing import Edit, XmlError, spliced, tag_end, with_attribute

Value = str | float | None
# What no XML file may hold.
_UNPRINTABLE = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_CODED = re.compile("_(?=x[0-9A-Fa-f]{4}_)")
_LONGEST_TEXT = 32_767


def with_cells(xml: bytes, values: Mapping[str, Value]) -> bytes:
    """The worksheet with other values in some cells, by their addresses; None empties a cell. Formats stay.

    Raises:
        XmlError: if the XML cannot be understood, or one of the cells holds a formula or is filled by one.
    """
    scan = SheetScan(xml)
    wanted: dict[int, dict[int, Value]] = {}
    for address, value in values.items():
        row, column = xl_cell_to_rowcol(address)
        wanted.setdefault(row, {})[column] = value
    _check_arrays(scan, wanted)
    known = {row.number: row for row in scan.rows}
    edits: list[Edit] = []
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
    return spliced(xml, [*edits, *_widened(scan, wanted)])


def _check_arrays(scan: SheetScan, wanted: Mapping[int, Mapping[int, Value]]) -> None:
    for reference in scan.arrays:
        top, left, bottom, right = block(reference)
        if any(top <= row <= bottom and left <= column <= right for row, cells in wanted.items() for column in cells):
            raise _in_the_way(reference.partition(":")[0])


def _in_the_way(address: str) -> XmlError:
    return XmlError(f"its cell {address} holds a formula: clear that cell")


def _widened(scan: SheetScan, wanted: Mapping[int, Mapping[int, Value]]) -> Iterator[Edit]:
    """What lets the sheet say that it reaches as far as what is written; some programs read no further than that."""
    filled = [(row, column) for row, cells in wanted.items() for column, value in cells.items() if value is not None]
    if scan.dimension is None or not filled:
        return
    place, reference = scan.dimension
    top, left, bottom, right = block(reference)
    rows, columns = zip(*filled, strict=True)
    wide = xl_range(min(top, *rows), min(left, *columns), max(bottom, *rows), max(right, *columns))
    if wide != xl_range(top, left, bottom, right):
        end = tag_end(scan.xml, place)
        yield place, end, with_attribute(scan.xml[place:end].decode(), "ref", wide)


def _edit_row(scan: SheetScan, row: RowSpan, wanted: Mapping[int, Value]) -> Iterator[Edit]:
    known = {cell.column: cell for cell in row.cells}
    added: dict[int, list[str]] = {}
    for column, value in sorted(wanted.items()):
        cell = known.get(column)
        if cell is None:
            if value is not None:
                place = next((other.start for other in row.cells if other.column > column), row.inner_end)
                added.setdefault(place, []).append(cell_xml(scan.prefix, row.number, column, "", value))
            continue
        if cell.formula:
            raise _in_the_way(xl_rowcol_to_cell(row.number, column))
        yield cell.start, cell.end, cell_xml(scan.prefix, row.number, column, cell.style, value)
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
    return "".join(cell_xml(prefix, row, column, "", value) for column, value in filled.items())


def cell_xml(prefix: str, row: int, column: int, style: str, value: Value) -> str:
    """A cell with a number or a text, whatever it begins with; its row and column count from 0."""
    attributes = f'r="{xl_rowcol_to_cell(row, column)}"' + (f' s="{style}"' if style else "")
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
