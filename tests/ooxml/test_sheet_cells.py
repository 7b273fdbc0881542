"""Cells of a worksheet get other values, and every other byte stays; openpyxl reads what was written."""

import io
import zipfile

import hypothesis
import openpyxl
import pytest
from hypothesis import strategies

from s6xl.ooxml.scanning import XmlError
from s6xl.ooxml.sheet_cells import with_cells

NAMESPACE = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"


def sheet_xml(data: str, prefix: str = "") -> bytes:
    colon = f"{prefix}:" if prefix else ""
    declared = f'xmlns:{prefix}="{NAMESPACE}"' if prefix else f'xmlns="{NAMESPACE}"'
    start = f'<?xml version="1.0"?>\n<{colon}worksheet {declared} a="x>y">'
    return f'{start}{data}<{colon}x r="1"/></{colon}worksheet>'.encode()


def cells_of(xml: bytes) -> dict[str, object]:
    """What openpyxl reads from a sheet's XML, put into a workbook of its own making."""
    file = io.BytesIO()
    openpyxl.Workbook().save(file)
    with zipfile.ZipFile(file) as archive:
        content = {name: archive.read(name) for name in archive.namelist()}
    content["xl/worksheets/sheet1.xml"] = xml
    again = io.BytesIO()
    with zipfile.ZipFile(again, "w") as archive:
        for name, part in content.items():
            archive.writestr(name, part)
    sheet = openpyxl.load_workbook(again).active
    return {cell.coordinate: cell.value for row in sheet.iter_rows() for cell in row if cell.value is not None}


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("<sheetData/>", '<sheetData><row r="2"><c r="B2"><v>1.5</v></c></row></sheetData>'),
        ("<sheetData></sheetData>", '<sheetData><row r="2"><c r="B2"><v>1.5</v></c></row></sheetData>'),
        (
            '<sheetData><row r="2" spans="4:5" ht="30"/></sheetData>',
            '<sheetData><row r="2" ht="30"><c r="B2"><v>1.5</v></c></row></sheetData>',
        ),
        (
            '<sheetData><row><c/></row><row><c/><c s="4" t="str"><v>x</v></c><c><v>3</v></c></row></sheetData>',
            '<sheetData><row><c/></row><row><c/><c r="B2" s="4"><v>1.5</v></c><c><v>3</v></c></row></sheetData>',
        ),
        (
            '<sheetData><row r="2"><c r="A2"/><c r="C2"/></row><row r="9"/></sheetData>',
            '<sheetData><row r="2"><c r="A2"/><c r="B2"><v>1.5</v></c><c r="C2"/></row><row r="9"/></sheetData>',
        ),
        (
            '<sheetData><row r="1"/><row r="3"><c r="A3"/></row></sheetData>',
            '<sheetData><row r="1"/><row r="2"><c r="B2"><v>1.5</v></c></row><row r="3"><c r="A3"/></row></sheetData>',
        ),
    ],
)
def test_a_cell_in_sheets_as_other_programs_write_them(before: str, after: str) -> None:
    assert with_cells(sheet_xml(before), {"B2": 1.5}) == sheet_xml(after)


@pytest.mark.parametrize(
    ("before", "after"),
    [("A1", "A1:B2"), ("B2", "B2"), ("C3:D4", "B2:D4"), ("A2:B9", "A2:B9"), ("B3:E5", "B2:E5")],
)
def test_a_dimension_holds_what_is_written(before: str, after: str) -> None:
    def xml(reference: str, cells: str) -> bytes:
        rest = f'<dimension ref="{reference}"/><sheetData><row r="2">{cells}<c r="J2"/></row></sheetData>'
        return sheet_xml(rest)

    assert with_cells(xml(before, ""), {"B2": 1.5, "Z99": None}) == xml(after, '<c r="B2"><v>1.5</v></c>')


def test_an_array_beside_the_cells_stays() -> None:
    array = '<row r="1"><c r="A1"><f t="array" ref="A1:A9">ROW(A1:A9)</f><v>1</v></c></row>'
    new = '<row r="2"><c r="B2"><v>1.5</v></c></row>'
    xml = with_cells(sheet_xml(f"<sheetData>{array}</sheetData>"), {"B2": 1.5})
    assert xml == sheet_xml(f"<sheetData>{array}{new}</sheetData>")


def test_a_sheet_whose_tags_have_a_prefix() -> None:
    before = '<x:sheetData><x:row r="2"><x:c r="B2" s="1"/></x:row></x:sheetData>'
    after = (
        '<x:sheetData><x:row r="2"><x:c r="B2" s="1" t="inlineStr">'
        '<x:is><x:t xml:space="preserve">a &amp; &lt;b&gt;</x:t>'
        "</x:is></x:c></x:row></x:sheetData>"
    )
    assert with_cells(sheet_xml(before, "x"), {"B2": "a & <b>"}) == sheet_xml(after, "x")


@pytest.mark.parametrize(
    ("xml", "sentence"),
    [
        (sheet_xml("<sheetData/>").decode().encode("utf-16"), "written in UTF-16"),
        (
            b'<?xml version="1.0" encoding="windows-1252"?><worksheet><sheetData/></worksheet>',
            "written in windows-1252",
        ),
        (b"<!DOCTYPE worksheet [<!ENTITY a 'b'>]><worksheet><sheetData/></worksheet>", "no spreadsheet writes"),
        (b"<chartsheet/>", "it has no cells"),
        (b"<worksheet><sheetData>", "its XML has an error"),
    ],
)
def test_xml_that_is_not_understood_is_refused(xml: bytes, sentence: str) -> None:
    with pytest.raises(XmlError, match=sentence):
        with_cells(xml, {"B2": 1.5})


# So few that most meet others in their row.
places = strategies.tuples(strategies.integers(1, 4), strategies.integers(0, 3)).map(
    lambda place: f"{'ABCD'[place[1]]}{place[0]}"
)
values = (
    strategies.none()
    | strategies.floats(allow_nan=False, allow_infinity=False)
    | strategies.text(strategies.characters(exclude_categories=("Cs", "Cc")), min_size=1)
)


@hypothesis.given(strategies.dictionaries(places, values), strategies.dictionaries(places, values))
def test_any_cells_over_any_cells(first: dict[str, str | float | None], second: dict[str, str | float | None]) -> None:
    """openpyxl reads what was written last, and nothing else."""
    once = with_cells(sheet_xml("<sheetData/>"), first)
    twice = with_cells(once, second)
    expected = {place: value for place, value in {**first, **second}.items() if value is not None}
    assert cells_of(twice.replace(b'<x r="1"/>', b"")) == expected
