"""An annotated copy: the wrong cells are marked, a sheet says why, and every other byte is the original's."""

import errno
import os
import re
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any
from xml.etree import ElementTree

import openpyxl
import pytest
import xlsxwriter
from openpyxl.worksheet.worksheet import Worksheet

from s6xl.addin.package import build_macro_workbook
from s6xl.audit.annotating import annotate
from s6xl.audit.audit_sheet import WIDTHS, Role, lines, matrix
from s6xl.audit.findings import FileReport, Finding, Kind, TableReport
from s6xl.backprop.experiment import Experiment
from s6xl.errors import UserError
from s6xl.ooxml import package
from tests.support import office
from tests.support.audit.hostile import BOOK_RELATIONS, MAIN, OFFICE, PACKAGE, SHEET, bare, unzipped, zipped
from tests.support.audit.mutations import mutated
from tests.support.audit.small_book import small_book
from tests.support.sheets import boundaries

RED = "FFFFC7CE"
RATES = ("LR=0.1", "LR=0.2", "LR=0.5", "LR=0.8", "LR=1", "LR=2")
STRICT = "http://purl.oclc.org/ooxml"
# Parts that change besides the sheets with marks.
LISTS = {"xl/workbook.xml", BOOK_RELATIONS, "[Content_Types].xml", "xl/styles.xml"}
CELL_STYLE = re.compile(rb"""(<(?:\w+:)?c\b[^>]*?)\s+s\s*=\s*(?:"\d+"|'\d+')""")
Marks = dict[str, list[str]]


def report_of(path: Path, marks: Marks, kind: Kind = Kind.FORMULA) -> FileReport:
    """A report that finds something wrong at these cells."""
    tables = [
        TableReport(
            sheet,
            header_row=3,
            first_row=4,
            last_row=9,
            network="2-2-2, sigmoid, no biases",
            rate="B1",
            columns={"t1": "A", "∂E/∂w8": "AE"},
            findings=[Finding(kind, sheet, cells, "is wrong", "∂E/∂w3", "=K33+1", "=M33+1") for cells in areas],
        )
        for sheet, areas in marks.items()
    ]
    return FileReport(path, tables=tables)


def cells_in(areas: list[str]) -> set[str]:
    found = set()
    for area in ",".join(areas).split(","):
        left, top, right, bottom = boundaries(area.strip())
        found |= {
            f"{openpyxl.utils.get_column_letter(column)}{row}"
            for column in range(left, right + 1)
            for row in range(top, bottom + 1)
        }
    return found


def parts(path: Path) -> dict[str, bytes]:
    return unzipped(path.read_bytes())


def added_at_one_spot(before: bytes, after: bytes) -> bytes:
    """What was put into a part, of which all else is as it was."""
    start = next(index for index, pair in enumerate(zip(before, after, strict=False)) if pair[0] != pair[1])
    end = len(after) - (len(before) - start)
    assert after[:start] + after[end:] == before
    return after[start:end]


def look(cell: Any) -> tuple[Any, ...]:
    """All of a cell's format but its fill."""
    book, style = cell.parent.parent, cell._style
    return (
        cell.number_format,
        book._fonts[style.fontId],
        book._borders[style.borderId],
        book._alignments[style.alignmentId],
        book._protections[style.protectionId],
    )


def fill(cell: Any) -> Any:
    return cell.parent.parent._fills[cell._style.fillId]


def check_parts(path: Path, out: Path, changed: set[str]) -> dict[str, bytes]:
    """Hold the parts of a copy against the original's, and return those that are new."""
    before, after = parts(path), parts(out)
    assert list(after)[: len(before)] == list(before), "a part is lost or moved"
    assert {name for name in before if after[name] != before[name]} == changed
    for name in changed - {"xl/styles.xml"}:
        if "/worksheets/" in name:
            assert CELL_STYLE.sub(rb"\1", after[name]) == CELL_STYLE.sub(rb"\1", before[name])
        else:
            assert added_at_one_spot(before[name], after[name])
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(out) as new:
        assert new.testzip() is None
        for entry in old.infolist():
            copy = new.getinfo(entry.filename)
            assert (copy.date_time, copy.compress_type) == (entry.date_time, entry.compress_type)
    return {name: after[name] for name in after if name not in before}


def check_styles(before: bytes, after: bytes) -> None:
    """See that there are only further formats, behind those that there were."""
    old, new = ElementTree.fromstring(before), ElementTree.fromstring(after)
    assert [element.tag for element in new] == [element.tag for element in old]
    for one, other in zip(old, new, strict=True):
        kept = list(other)[: len(one)]
        assert [ElementTree.tostring(child) for child in kept] == [ElementTree.tostring(child) for child in one]
        if "count" in other.attrib:
            assert int(other.attrib["count"]) == len(other)


def check_sheets(path: Path, out: Path, marks: Marks) -> None:
    """Hold what openpyxl reads from a copy against the original: only the fills of the marked cells differ."""
    for data_only in (False, True):
        before = openpyxl.load_workbook(path, data_only=data_only)
        after = openpyxl.load_workbook(out, data_only=data_only)
        assert after.sheetnames[:-1] == before.sheetnames
        for old in before.worksheets:
            new = after[old.title]
            marked = cells_in(marks[old.title]) if old.title in marks else set()
            assert old._cells.keys() == new._cells.keys()
            formats = {}
            for place, cell in old._cells.items():
                copy = new._cells[place]
                value, other = (getattr(one.value, "text", one.value) for one in (cell, copy))
                assert (other, copy.data_type) == (value, cell.data_type)
                formats[cell.style_id, copy.style_id, cell.coordinate in marked] = cell, copy
            for (*_, is_marked), (cell, copy) in formats.items():
                if is_marked:
                    assert (fill(copy).fill_type, fill(copy).fgColor.rgb) == ("solid", RED)
                else:
                    assert fill(copy) == fill(cell)
                assert look(copy) == look(cell)


def check(path: Path, marks: Marks, tmp_path: Path, *, sheets: set[str]) -> Path:
    """Annotate a workbook and see that all is right; `sheets` are the parts of the marked sheets."""
    out = tmp_path / f"annotated{path.suffix}"
    original = path.read_bytes()
    annotate(report_of(path, marks), out)
    assert path.read_bytes() == original
    new = check_parts(path, out, LISTS | sheets)
    assert len(new) == 1
    check_styles(parts(path)["xl/styles.xml"], parts(out)["xl/styles.xml"])
    check_sheets(path, out, marks)
    return out


@pytest.fixture
def small(tmp_path: Path) -> Path:
    path = tmp_path / "small.xlsx"
    path.write_bytes(small_book())
    return path


@pytest.fixture
def original(reference: Path) -> Path:
    return reference / "original_workbook.xlsx"


def original_marks() -> Marks:
    return {sheet: ["AA33:AA100", "AB33:AB100"] for sheet in RATES}


# Workbooks by every kind of program.


@pytest.mark.slow
def test_the_original(original: Path, tmp_path: Path) -> None:
    marks = original_marks()
    check(original, marks, tmp_path, sheets={f"xl/worksheets/sheet{number}.xml" for number in range(2, 8)})


@pytest.mark.slow
def test_our_own(book: Path, tmp_path: Path) -> None:
    sheet = openpyxl.load_workbook(book).sheetnames[3]
    check(book, {sheet: ["H35:J40, L36", "M38"]}, tmp_path, sheets={"xl/worksheets/sheet4.xml"})


@pytest.mark.slow
def test_a_macro_workbook_keeps_its_macros(tmp_path: Path) -> None:
    path = tmp_path / "macros.xlsm"
    build_macro_workbook(Experiment(), path)
    sheet = openpyxl.load_workbook(path).sheetnames[3]
    out = check(path, {sheet: ["H35"]}, tmp_path, sheets={"xl/worksheets/sheet4.xml"})
    assert parts(out)["xl/vbaProject.bin"] == parts(path)["xl/vbaProject.bin"]


def test_by_xlsxwriter(small: Path, tmp_path: Path) -> None:
    check(small, {"Descent": ["E4:G9", "B1"]}, tmp_path, sheets={SHEET})


def test_by_openpyxl(small: Path, tmp_path: Path) -> None:
    book = openpyxl.load_workbook(small)
    book["Descent"]["E5"].number_format = "0.000"
    path = tmp_path / "other.xlsx"
    book.save(path)
    out = check(path, {"Descent": ["E4:G9", "B1"]}, tmp_path, sheets={SHEET})
    assert openpyxl.load_workbook(out)["Descent"]["E5"].number_format == "0.000"


def test_by_libreoffice(small: Path, tmp_path: Path, libreoffice: office.Office) -> None:
    (tmp_path / "resaved").mkdir()
    libreoffice.save(small, tmp_path / "resaved" / small.name)
    check(tmp_path / "resaved" / small.name, {"Descent": ["E4:G9", "B1"]}, tmp_path, sheets={SHEET})


@pytest.mark.parametrize("name", ["original", "book", "small"])
def test_libreoffice_opens_it(
    name: str, request: pytest.FixtureRequest, tmp_path: Path, libreoffice: office.Office
) -> None:
    path: Path = request.getfixturevalue(name)
    marks = {sheet: ["AA33:AA100"] for sheet in openpyxl.load_workbook(path).sheetnames[-2:]}
    report = report_of(path, marks)
    annotate(report, tmp_path / "out.xlsx")
    before, after = (libreoffice.recalculate(file) for file in (path, tmp_path / "out.xlsx"))
    shown = after.values.pop("Audit")
    assert after.values == before.values
    assert after.error_cells == before.error_cells
    told = {
        f"{openpyxl.utils.get_column_letter(column)}{row}": text
        for row, texts in enumerate(matrix(lines(report)), 1)
        for column, text in enumerate(texts, 1)
        if text
    }
    assert shown == told


# Other ways to write a workbook.


def strange(sheet: str, *, styles: str = "", namespace: str = MAIN, office_types: str = OFFICE) -> bytes:
    """A workbook whose parts are written as no program here does."""
    prefix = "x:" if "<x:" in sheet else ""
    declared = f'xmlns{":x" if prefix else ""}="{namespace}"'
    content = bare()
    content["[Content_Types].xml"] = (
        b'<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
        b'<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        b'<Default Extension="xml" ContentType="application/xml"/>'
        b'<Override PartName="/xl/workbook.xml" ContentType="application/vnd.openxmlformats-officedocument'
        b'.spreadsheetml.sheet.main+xml"/>'
        b'<Override PartName="/xl/worksheets/sheet1.xml" ContentType="application/vnd.openxmlformats-officedocument'
        b'.spreadsheetml.worksheet+xml"/>'
        + (
            b'<Override PartName="/xl/styles.xml" ContentType="application/vnd.openxmlformats-officedocument'
            b'.spreadsheetml.styles+xml"/>'
            if styles
            else b""
        )
        + b"</Types>"
    )
    kinds = {"worksheets/sheet1.xml": "worksheet", **({"styles.xml": "styles"} if styles else {})}
    content[BOOK_RELATIONS] = (
        f'<Relationships xmlns="{PACKAGE}">'
        + "".join(
            f'<Relationship Id="r{number}" Type="{office_types}/{kind}" Target="{target}"/>'
            for number, (target, kind) in enumerate(kinds.items(), 1)
        )
        + "</Relationships>"
    ).encode()
    content["_rels/.rels"] = content["_rels/.rels"].replace(OFFICE.encode(), office_types.encode())
    entry = f'<{prefix}sheet name="S1" sheetId="7" xmlns:d="{office_types}" d:id="r1"/>'
    content["xl/workbook.xml"] = (
        f"<{prefix}workbook {declared}><{prefix}sheets>{entry}</{prefix}sheets></{prefix}workbook>"
    ).encode()
    content[SHEET] = f"\ufeff<{prefix}worksheet {declared} a='x>y'>{sheet}</{prefix}worksheet>".encode()
    if styles:
        content["xl/styles.xml"] = f"<{prefix}styleSheet {declared}>{styles}</{prefix}styleSheet>".encode()
    return zipped(content)


PLAIN_STYLES = (
    "<fonts><font><color rgb='FFFFFFFF'/><name val='Arial'/></font></fonts>"
    "<fills count='1'><fill><patternFill/></fill></fills>"
    "<borders><border/></borders><cellXfs count='2'><xf/><xf fillId='0' fontId='0' applyFill='0' numFmtId='2'>"
    "<alignment horizontal='right'/></xf></cellXfs><dxfs/>"
)
PLAIN_CELLS = "<sheetData><row><c s='1' ><v>1</v></c><c/><c><v>3</v></c></row><row><c><v>4</v></c></row></sheetData>"


def prefixed(xml: str) -> str:
    return re.sub(r"<(/?)", r"<\1x:", xml)


# What openpyxl says of a workbook that does not name its first format.
unnamed = pytest.mark.filterwarnings("ignore:Workbook contains no default style")


@unnamed
@pytest.mark.parametrize(
    ("sheet", "keywords"),
    [
        (PLAIN_CELLS, {}),
        (PLAIN_CELLS, {"styles": PLAIN_STYLES}),
        (prefixed(PLAIN_CELLS), {"styles": prefixed(PLAIN_STYLES)}),
        (PLAIN_CELLS, {"styles": " "}),
        (PLAIN_CELLS, {"styles": "<dxfs/>"}),
        (PLAIN_CELLS, {"styles": "<fonts/><cellXfs count='0'></cellXfs>"}),
    ],
    ids=["no styles", "no addresses", "prefixes", "empty styles", "no lists", "empty lists"],
)
def test_xml_in_other_ways(sheet: str, keywords: dict[str, str], tmp_path: Path) -> None:
    path, out = tmp_path / "strange.xlsx", tmp_path / "out.xlsx"
    path.write_bytes(strange(sheet, **keywords))
    annotate(report_of(path, {"S1": ["A1:B1", "A2", "Z50"]}), out)
    before, after = parts(path), parts(out)
    assert CELL_STYLE.sub(rb"\1", after[SHEET]) == CELL_STYLE.sub(rb"\1", before[SHEET])
    book = openpyxl.load_workbook(out)
    fills = {cell.coordinate: cell.fill.fgColor.rgb for row in book["S1"] for cell in row if cell.has_style}
    assert {address for address, colour in fills.items() if colour == RED} == {"A1", "B1", "A2"}
    assert [[cell.value for cell in row] for row in book["S1"]] == [[1, None, 3], [4, None, None]]
    names = [element.tag.rpartition("}")[2] for element in ElementTree.fromstring(after["xl/styles.xml"])]
    order = ("fonts", "fills", "borders", "cellStyleXfs", "cellXfs", "cellStyles", "dxfs")
    assert names == [name for name in order if name in names]
    if "<fonts><font>" in keywords.get("styles", ""):
        assert book["S1"]["A1"].number_format == "0.00"
        assert book["S1"]["A1"].alignment.horizontal == "right"
        assert book["S1"]["A1"].font.name == "Arial"


@unnamed
def test_light_letters_become_dark(tmp_path: Path) -> None:
    path, out = tmp_path / "strange.xlsx", tmp_path / "out.xlsx"
    path.write_bytes(strange(PLAIN_CELLS, styles=PLAIN_STYLES))
    annotate(report_of(path, {"S1": ["A1"]}, Kind.HEADER), out)
    sheet = openpyxl.load_workbook(out)["S1"]
    assert sheet["A1"].font.color.rgb == "FF9C0006"
    assert sheet["C1"].font.color.rgb == "FFFFFFFF"


def test_fills_that_excel_presumes(tmp_path: Path) -> None:
    """Excel takes the first two for none and grey, whatever they say."""
    path, out = tmp_path / "strange.xlsx", tmp_path / "out.xlsx"
    path.write_bytes(strange(PLAIN_CELLS, styles=PLAIN_STYLES))
    annotate(report_of(path, {"S1": ["A1"]}), out)
    fills = re.findall(rb"<fill>.*?</fill>", parts(out)["xl/styles.xml"])
    assert b"gray125" in fills[1]
    assert b'<fills count="' + str(len(fills)).encode() in parts(out)["xl/styles.xml"]


def test_a_strict_workbook(tmp_path: Path, libreoffice: office.Office) -> None:
    path, out = tmp_path / "strict.xlsx", tmp_path / "out.xlsx"
    namespace, types = f"{STRICT}/spreadsheetml/main", f"{STRICT}/officeDocument/relationships"
    path.write_bytes(strange(PLAIN_CELLS, styles=PLAIN_STYLES, namespace=namespace, office_types=types))
    annotate(report_of(path, {"S1": ["A1"]}), out)
    after = parts(out)
    assert f'xmlns:r="{types}" name="Audit" sheetId="1" r:id="rId1"/></sheets>'.encode() in after["xl/workbook.xml"]
    assert f'Type="{types}/worksheet" Target="/xl/worksheets/sheet2.xml"'.encode() in after[BOOK_RELATIONS]
    assert f'<worksheet xmlns="{namespace}">'.encode() in after["xl/worksheets/sheet2.xml"]
    values = libreoffice.recalculate(out).values
    assert values["S1"] == {"A1": 1, "C1": 3, "A2": 4}
    assert values["Audit"]["A1"] == "Audit of strict.xlsx"


def test_a_sheet_that_another_program_cannot_splice(tmp_path: Path) -> None:
    path = tmp_path / "utf16.xlsx"
    content = unzipped(strange(PLAIN_CELLS))
    content[SHEET] = content[SHEET].decode("utf-8-sig").encode("utf-16")
    path.write_bytes(zipped(content))
    with pytest.raises(UserError, match=r"cannot be annotated \(its XML is written in UTF-16\): open it in Excel"):
        annotate(report_of(path, {"S1": ["A1"]}), tmp_path / "out.xlsx")


@pytest.mark.parametrize(
    ("taken", "title"), [(["AUDIT"], "Audit 2"), (["audit", "Audit 2"], "Audit 3"), (["Audits"], "Audit")]
)
def test_a_title_that_is_taken(taken: list[str], title: str, tmp_path: Path) -> None:
    path, out = tmp_path / "taken.xlsx", tmp_path / "out.xlsx"
    book = xlsxwriter.Workbook(path)
    for name in taken:
        book.add_worksheet(name)
    book.close()
    annotate(FileReport(path), out)
    assert openpyxl.load_workbook(out).sheetnames == [*taken, title]


def test_a_copy_of_a_copy(small: Path, tmp_path: Path) -> None:
    first, second = tmp_path / "first.xlsx", tmp_path / "second.xlsx"
    annotate(report_of(small, {"Descent": ["E4"]}), first)
    annotate(report_of(first, {"Descent": ["E4:E5"]}), second)
    assert openpyxl.load_workbook(second).sheetnames == ["Descent", "Audit", "Audit 2"]
    check_sheets(first, second, {"Descent": ["E4:E5"]})


def test_the_same_report_gives_the_same_bytes(small: Path, tmp_path: Path) -> None:
    for name in ("a.xlsx", "b.xlsx"):
        annotate(report_of(small, {"Descent": ["E4"]}), tmp_path / name)
    assert (tmp_path / "a.xlsx").read_bytes() == (tmp_path / "b.xlsx").read_bytes()


# What the sheet says.


def audit_sheet(report: FileReport, tmp_path: Path) -> Worksheet:
    annotate(report, tmp_path / "out.xlsx")
    return openpyxl.load_workbook(tmp_path / "out.xlsx")["Audit"]


def test_the_sheet_leads_to_the_cells(small: Path, tmp_path: Path) -> None:
    path = tmp_path / "quoted.xlsx"
    book = openpyxl.load_workbook(small)
    book["Descent"].title = "Bob's <&> LR=1"
    book.save(path)
    sheet = audit_sheet(report_of(path, {"Bob's <&> LR=1": ["E4:E9, G4", "H4"]}), tmp_path)
    targets = {cell.value: cell.hyperlink.location for row in sheet for cell in row if cell.hyperlink}
    assert targets == {
        "E4:E9, G4": "'Bob''s <&> LR=1'!E4:E9",
        "H4": "'Bob''s <&> LR=1'!H4",
        "A3:AE9": "'Bob''s <&> LR=1'!A3:AE9",
    }


def test_its_rows(small: Path, tmp_path: Path) -> None:
    report = report_of(small, {"Descent": ["E4:E9"]})
    report.tables[0].not_checked = ["column AF: unknown", "column AG: unknown"]
    report.tables[0].notes = ["t1 = t2"]
    report.notes = ["a note on the file"]
    sheet = audit_sheet(report, tmp_path)
    shown = [tuple(cell.value or "" for cell in row) for row in sheet]
    assert [tuple(row) for row in matrix(lines(report))] == shown
    assert [row[0] for row in shown[:3]] == [
        "Audit of small.xlsx",
        "1 finding in 1 table; not everything could be checked",
        "a note on the file",
    ]
    assert shown[5] == ("Sheet", "Cells", "Quantity", "What is wrong", "What was found", "What is right")
    assert shown[6] == ("Descent", "E4:E9", "∂E/∂w3", "is wrong", "=K33+1", "=M33+1")
    rows = "2-2-2, sigmoid, no biases; headers in row 3, steps in rows 4 to 9"
    assert shown[-2:] == [
        ("Descent", "A3:AE9", "B1", rows, "column AF: unknown", "t1 = t2"),
        ("", "", "", "", "column AG: unknown", ""),
    ]
    assert sheet.freeze_panes == "A7"
    assert sheet["E7"].alignment.wrap_text
    assert [sheet.column_dimensions[letter].width for letter in "ABCDEF"] == list(WIDTHS)


def test_formulas_are_shown_as_text(small: Path, tmp_path: Path) -> None:
    report = report_of(small, {"Descent": ["E4"]})
    texts = ("=HYPERLINK(1)", "+1", "-1", "@SUM(1)", "0.15", "_x0041_", "\x01")
    report.tables[0].findings = [Finding(Kind.VALUE, "Descent", "E4", text, stands=text) for text in texts]
    sheet = audit_sheet(report, tmp_path)
    cells = [sheet.cell(6 + index, 5) for index in range(len(texts))]
    assert [cell.value for cell in cells] == [*texts[:5], "_x005F_x0041_", "?"]
    assert all(cell.data_type == "s" and cell.quotePrefix for cell in cells[:6])


def test_a_long_formula_is_cut(small: Path, tmp_path: Path) -> None:
    report = report_of(small, {"Descent": ["E4"]})
    report.tables[0].findings = [Finding(Kind.FORMULA, "Descent", "E4", "is wrong", stands="=A1" + "+1" * 4000)]
    sheet = audit_sheet(report, tmp_path)
    assert re.fullmatch(r"=A1[+1]{300,} …", str(sheet["E6"].value))
    assert sheet.row_dimensions[6].height < 409


@pytest.mark.parametrize(
    ("tables", "notes", "said"),
    [
        (0, [], "No table of gradient descent was found"),
        (1, [], "Nothing wrong was found in 1 table"),
        (3, ["column A"], "Nothing wrong was found in 3 tables; not everything could be checked"),
    ],
)
def test_nothing_found(tables: int, notes: list[str], said: str, small: Path, tmp_path: Path) -> None:
    report = report_of(small, {sheet: [] for sheet in ("Descent", "Other", "Third")[:tables]})
    for table in report.tables:
        table.not_checked = notes
    sheet = audit_sheet(report, tmp_path)
    assert sheet["A2"].value == said
    assert Role.FINDING not in {line.role for line in lines(report)}
    assert parts(tmp_path / "out.xlsx")[SHEET] == parts(small)[SHEET]


def test_findings_in_some_tables() -> None:
    report = report_of(Path("s.xlsx"), {"A": ["B2", "B3"], "C": []})
    assert lines(report)[1].texts == ("2 findings in 1 of 2 tables",)


def test_a_table_on_its_side() -> None:
    report = report_of(Path("s.xlsx"), {"A": []})
    report.tables[0].columns = {"t1": "2", "∂E/∂w8": "32"}
    line = lines(report)[-1]
    assert line.texts[1] == line.links[1].area == "C2:I32"
    assert line.texts[3].endswith("headers in column C, steps in columns D to I")


def test_a_chart_is_told_of_and_its_corner_not_marked(small: Path, tmp_path: Path) -> None:
    sheet = audit_sheet(report_of(small, {"Descent": ["B1"]}, Kind.CHART), tmp_path)
    assert sheet["B6"].value == "chart at B1"
    assert sheet["B6"].hyperlink.location == "Descent!B1"
    assert parts(tmp_path / "out.xlsx")[SHEET] == parts(small)[SHEET]


# What is refused.


def same(path: Path) -> Path:
    return path


def linked(path: Path) -> Path:
    link = path.with_name("link.xlsx")
    link.symlink_to(path)
    return link


def hard_linked(path: Path) -> Path:
    link = path.with_name("hard.xlsx")
    os.link(path, link)
    return link


def roundabout(path: Path) -> Path:
    return path.parent / ".." / path.parent.name / path.name


@pytest.mark.parametrize("other_name", [same, linked, hard_linked, roundabout])
def test_the_original_is_never_written(other_name: Callable[[Path], Path], small: Path) -> None:
    before = small.read_bytes()
    with pytest.raises(UserError, match="is the audited workbook itself, which stays as it is: give another file with"):
        annotate(report_of(small, {"Descent": ["E4"]}), other_name(small))
    assert small.read_bytes() == before


def test_another_kind_of_file(small: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"out\.xlsm is not the name of a \.xlsx file"):
        annotate(report_of(small, {"Descent": ["E4"]}), tmp_path / "out.xlsm")


def test_an_older_copy_is_replaced(small: Path, tmp_path: Path) -> None:
    (tmp_path / "out.xlsx").write_text("older")
    audit_sheet(report_of(small, {"Descent": ["E4"]}), tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out.xlsx", "small.xlsx"]


def test_a_copy_that_is_open_elsewhere(small: Path, tmp_path: Path) -> None:
    (tmp_path / "out.xlsx").write_text("older")
    (tmp_path / "~$out.xlsx").touch()
    with pytest.raises(UserError, match="is open in another program: close it there, or give another file with"):
        annotate(report_of(small, {"Descent": ["E4"]}), tmp_path / "out.xlsx")
    assert (tmp_path / "out.xlsx").read_text() == "older"


def test_a_full_disk(small: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*arguments: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(package, "replace_parts", full)
    (tmp_path / "out.xlsx").write_text("older")
    with pytest.raises(
        UserError, match=r"the disk is full, so .*out\.xlsx was not written: make room, or give another"
    ):
        annotate(report_of(small, {"Descent": ["E4"]}), tmp_path / "out.xlsx")
    assert (tmp_path / "out.xlsx").read_text() == "older"
    assert len(list(tmp_path.iterdir())) == 2


def test_a_report_of_what_could_not_be_read(small: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="why it is unreadable"):
        annotate(FileReport(small, error="why it is unreadable"), tmp_path / "out.xlsx")


def without_the_sheet(content: dict[str, bytes]) -> None:
    content["xl/workbook.xml"] = content["xl/workbook.xml"].replace(b'"Descent"', b'"Other"')


def with_damaged_styles(content: dict[str, bytes]) -> None:
    content["xl/styles.xml"] = b"<styleSheet><fonts>"


def with_entities(content: dict[str, bytes]) -> None:
    content["xl/styles.xml"] = b"<!DOCTYPE a [<!ENTITY b 'c'>]><styleSheet/>"


def with_a_bomb(content: dict[str, bytes]) -> None:
    content["xl/media/image1.png"] = bytes(257 << 20)


def with_twins(content: dict[str, bytes]) -> None:
    content["XL/Styles.xml"] = b""


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (without_the_sheet, "has changed since it was audited: audit it again"),
        (with_damaged_styles, "cannot be annotated (its XML has an error"),
        (with_entities, "cannot be annotated (it has a DOCTYPE, which no spreadsheet writes): open it in"),
        (with_a_bomb, "unpacks to more than 256 MB, which no backpropagation workbook needs"),
        (with_twins, "is damaged (two of its parts have the same name): open it in"),
    ],
)
def test_what_cannot_be_annotated(
    spoil: Callable[[dict[str, bytes]], None], sentence: str, small: Path, tmp_path: Path
) -> None:
    content = parts(small)
    spoil(content)
    small.write_bytes(zipped(content))
    with pytest.raises(UserError) as raised:
        annotate(report_of(small, {"Descent": ["E4"]}), tmp_path / "out.xlsx")
    assert sentence in str(raised.value)
    assert not (tmp_path / "out.xlsx").exists()


def test_a_damaged_picture(small: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(small, "a") as archive:
        archive.writestr("xl/media/image1.png", b"picture" * 100)
    content = small.read_bytes()
    small.write_bytes(content.replace(b"picture" * 100, b"picture" * 99 + b"damaged"))
    with pytest.raises(UserError, match=r"is damaged \(it cannot be unpacked\): open it in"):
        annotate(report_of(small, {"Descent": ["E4"]}), tmp_path / "out.xlsx")


@pytest.mark.slow
def test_spoilt_workbooks(tmp_path: Path) -> None:
    """Each is annotated, or one sentence says why not."""
    path, out = tmp_path / "spoilt.xlsx", tmp_path / "out.xlsx"
    content = small_book()
    sentences = []
    for seed in range(300):
        path.write_bytes(mutated(content, Random(seed)))
        try:
            annotate(report_of(path, {"Descent": ["E4:G9"]}), out)
        except UserError as error:
            sentences.append(str(error))
    assert all(sentence.endswith(".") and "\n" not in sentence for sentence in sentences)


def test_a_finding_far_from_any_cell(small: Path, tmp_path: Path) -> None:
    report = report_of(small, {"Descent": ["E4"]})
    everywhere = replace(report.tables[0].findings[0], cells="A1:XFD1048576")
    report.tables[0].findings = [everywhere]
    annotate(report, tmp_path / "out.xlsx")
    every = openpyxl.load_workbook(small)["Descent"].dimensions
    check_sheets(small, tmp_path / "out.xlsx", {"Descent": [every]})


@pytest.mark.parametrize("cell", ["N5", "AE7", "A4"])
def test_an_empty_cell(small: Path, tmp_path: Path, cell: str) -> None:
    """It is marked where it stands, though the file did not have it."""
    book = openpyxl.load_workbook(small)
    left, top, *_ = boundaries(cell)
    del book["Descent"]._cells[top, left]
    book.save(tmp_path / "in.xlsx")
    annotate(report_of(tmp_path / "in.xlsx", {"Descent": [cell]}), tmp_path / "out.xlsx")
    sheet = openpyxl.load_workbook(tmp_path / "out.xlsx")["Descent"]
    assert sheet[cell].value is None
    marked = [found for row in sheet.iter_rows() for found in row if found.fill.fgColor.rgb == "FFFFC7CE"]
    assert [found.coordinate for found in marked] == [cell]


def test_everything_else_is_left_alone(original: Path, tmp_path: Path) -> None:
    """A copy without marks has one part more, and four lists that are longer."""
    annotate(FileReport(original), tmp_path / "out.xlsx")
    assert list(check_parts(original, tmp_path / "out.xlsx", LISTS)) == ["xl/worksheets/sheet8.xml"]


def test_a_copy_in_a_folder_that_is_linked(small: Path, tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "out.xlsx").write_text("older")
    (tmp_path / "link.xlsx").symlink_to(tmp_path / "folder" / "out.xlsx")
    annotate(report_of(small, {"Descent": ["E4"]}), tmp_path / "link.xlsx")
    assert (tmp_path / "link.xlsx").is_symlink()
    assert "Audit" in openpyxl.load_workbook(tmp_path / "folder" / "out.xlsx").sheetnames
