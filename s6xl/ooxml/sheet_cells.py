"""Replaces values in a worksheet's XML, byte by byte as it is but for the cells that change."""

import re
from collections.abc import Iterator, Mapping
from html import escape

from s6xl.ooxml.addresses import Rectangle, address, place_of
from s6xl.ooxml.scanning import XmlError
from s6xl.ooxml.sheet_scan import RowSpan, SheetScan
from s6xl.ooxml.splicing import Edit, spliced, tag_end, with_attribute

Value = str | float | None
# What no XML file may hold.
_UNPRINTABLE = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_CODED = re.compile("_(?=x[0-9A-Fa-f]{4}_)")
_LONGEST_TEXT = 32_767


def with_cells(xml: bytes, values: Mapping[str, Value]) -> bytes:
    """Return a worksheet with other values in some of its cells; their formats and all else stay.

    Args:
        xml: the worksheet's part.
        values: what each cell is to hold, by its address; None empties it.

    Raises:
        XmlError: if the XML cannot be understood, or one of the cells holds a formula or is filled by one.
    """
    scan = SheetScan(xml)
    wanted: dict[int, dict[int, Value]] = {}
    for text, value in values.items():
        row, column = place_of(text)
        wanted.setdefault(row, {})[column] = value
    _check_arrays(scan, wanted)
    known = {row.number: row for row in scan.rows}
    edits: list[Edit] = []
    for number, cells in sorted(wanted.items()):
        if number in known:
            edits += _edit_row(scan, known[number], cells)
        elif text := _cells_xml(scan.prefix, number, cells):
            place = next((row.start for row in scan.rows if row.number > number), scan.inner_end)
            edits.append((place, place, f'<{scan.prefix}row r="{number}">{text}</{scan.prefix}row>'))
    if scan.inner_end == scan.start and edits:
        # The sheet is empty: its only tag becomes two around the new rows.
        rows = "".join(text for _, _, text in edits)
        edits = [(scan.start, scan.end, f"<{scan.prefix}sheetData>{rows}</{scan.prefix}sheetData>")]
    return spliced(xml, [*edits, *_widened(scan, wanted)])


def _check_arrays(scan: SheetScan, wanted: Mapping[int, Mapping[int, Value]]) -> None:
    for filled in scan.arrays:
        if any(filled.holds((row, column)) for row, cells in wanted.items() for column in cells):
            raise _in_the_way(filled.top, filled.left)


def _in_the_way(row: int, column: int) -> XmlError:
    return XmlError(f"its cell {address(row, column)} holds a formula: clear that cell")


def _widened(scan: SheetScan, wanted: Mapping[int, Mapping[int, Value]]) -> Iterator[Edit]:
    """Yield what makes the sheet say how far it reaches; some programs read no further than that."""
    filled = [(row, column) for row, cells in wanted.items() for column, value in cells.items() if value is not None]
    if scan.dimension is None or not filled:
        return
    place, old = scan.dimension
    rows, columns = zip(*filled, strict=True)
    wide = Rectangle(min(old.top, *rows), min(old.left, *columns), max(old.bottom, *rows), max(old.right, *columns))
    if wide != old:
        end = tag_end(scan.xml, place)
        yield place, end, with_attribute(scan.xml[place:end].decode(), "ref", str(wide))


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
            raise _in_the_way(row.number, column)
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
    """Return the XML of a cell with a number, or with a text whatever it begins with.

    Args:
        prefix: what its names begin with, such as ``x:``.
        row: its row.
        column: its column.
        style: the number of its format, or nothing.
        value: what it holds; None for an empty cell.
    """
    attributes = f'r="{address(row, column)}"' + (f' s="{style}"' if style else "")
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
