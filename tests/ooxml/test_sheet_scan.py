"""Where a worksheet's rows and cells are: openpyxl finds the same ones, and each is the bytes that it should be."""

import re
import zipfile
from pathlib import Path

import openpyxl
import pytest

from s6xl.ooxml.addresses import Rectangle
from s6xl.ooxml.scanning import XmlError
from s6xl.ooxml.sheet_scan import SheetScan
from tests.support.audit.hostile import MAIN, SHEET
from tests.support.audit.small_book import small_book

# Four rows as other programs write them: without numbers, of a single tag, with a prefix, with another's elements.
ODD = (
    f"<x:worksheet xmlns:x='{MAIN}' xmlns:o='urn:o'><x:dimension ref='B2:A1'/><o:sheetData><o:row/></o:sheetData>"
    "<x:sheetData><x:row ><x:c/><x:c r='D1' s='5'><x:v>1</x:v></x:c><o:c/><x:c s='6'/></x:row><x:row/>"
    "<x:row r='7'><x:c r='b7'><x:f t='array' ref='B7:C9'>1</x:f></x:c></x:row><x:row></x:row></x:sheetData>"
    "<x:row/></x:worksheet>"
).encode()


def test_a_sheet_as_openpyxl_reads_it(tmp_path: Path) -> None:
    path = tmp_path / "s.xlsx"
    path.write_bytes(small_book())
    with zipfile.ZipFile(path) as archive:
        xml = archive.read(SHEET)
    scan = SheetScan(xml)
    sheet = openpyxl.load_workbook(path).worksheets[0]
    found = {(row.number, cell.column): cell for row in scan.rows for cell in row.cells}
    assert found.keys() == sheet._cells.keys()
    for place, cell in found.items():
        witness = sheet._cells[place]
        assert xml[cell.start : cell.end].startswith(f'<c r="{witness.coordinate}"'.encode())
        assert re.fullmatch(rb"<c [^<>]*/>|<c (?:(?!<c ).)*</c>", xml[cell.start : cell.end])
        assert int(cell.style or 0) == witness.style_id
        assert cell.formula == (witness.data_type == "f")
    assert scan.dimension
    assert str(scan.dimension[1]) == sheet.dimensions
    assert not scan.arrays
    assert xml[scan.start : scan.end].startswith(b"<sheetData>")
    assert xml[scan.inner_end : scan.end] == b"</sheetData>"


def test_a_sheet_as_other_programs_write_it() -> None:
    scan = SheetScan(ODD)
    assert scan.prefix == "x:"
    assert scan.dimension
    assert scan.dimension[1] == Rectangle(1, 1, 2, 2)
    assert scan.arrays == [Rectangle(7, 2, 9, 3)]
    assert [row.number for row in scan.rows] == [1, 2, 7, 8]
    assert [[cell.column for cell in row.cells] for row in scan.rows] == [[1, 4, 5], [], [2], []]
    assert [cell.style for cell in scan.rows[0].cells] == ["", "5", "6"]
    assert [ODD[row.start : row.end] for row in scan.rows[1::2]] == [b"<x:row/>", b"<x:row></x:row>"]
    assert ODD[scan.rows[0].start : scan.rows[0].tag_end] == b"<x:row >"
    assert [ODD[row.inner_end : row.end] for row in scan.rows] == [b"</x:row>", b"<x:row/>", b"</x:row>", b"</x:row>"]
    assert ODD[scan.rows[0].cells[1].start : scan.rows[0].cells[1].end] == b"<x:c r='D1' s='5'><x:v>1</x:v></x:c>"


def sheet(data: str) -> bytes:
    return f"<worksheet xmlns='{MAIN}'><sheetData>{data}</sheetData></worksheet>".encode()


@pytest.mark.parametrize(
    ("xml", "sentence"),
    [
        (b"<chartsheet/>", "it has no cells"),
        (sheet("<row r='x'/>"), "it has a number or a character that cannot be read"),
        (sheet("<c/>"), "it has cells outside a sheet"),
        (sheet("<row><c r='1A'/></row>"), "it has a cell at '1A'"),
        (sheet("<row><c r='XFE1'/></row>"), "it has cells outside a sheet"),
        (sheet("<row><c r='A1'><f t='array' ref='all'/></c></row>"), "it has a cell at 'all'"),
    ],
)
def test_what_is_refused(xml: bytes, sentence: str) -> None:
    with pytest.raises(XmlError, match=sentence):
        SheetScan(xml)
