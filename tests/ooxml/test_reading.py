"""Reading a stranger's workbook: what openpyxl finds in it, and one sentence where it cannot be read."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import openpyxl
import pytest
import xlsxwriter
from openpyxl.chartsheet import Chartsheet
from openpyxl.formula.translate import Translator
from openpyxl.worksheet.formula import ArrayFormula
from openpyxl.worksheet.worksheet import Worksheet

from s6xl.errors import UserError
from s6xl.ooxml.addresses import address
from s6xl.ooxml.book import Book, Cell, Chart, Series, Sheet
from s6xl.ooxml.reading import read
from tests.support import office
from tests.support.audit.hostile import (
    BOOK_RELATIONS,
    HEAD,
    MAIN,
    READABLE,
    SHEET,
    TAIL,
    UNREADABLE,
    bare,
    relationships,
    unzipped,
    with_cells,
    with_sheet,
    zipped,
)
from tests.support.audit.small_book import small_book
from tests.support.places import ROOT
from tests.support.sheets import charts as drawn_charts
from tests.support.waiting import PATIENCE

WORKBOOKS = ROOT / "workbooks"
LATE = "it takes too long."
# Reads a file within an audit's limits, and prints why it could not.
WITHIN_LIMITS = f"""
import sys, time
from pathlib import Path
from s6xl.ooxml.reading import read
from s6xl.errors import UserError
if sys.platform == "linux":
    import resource
    resource.setrlimit(resource.RLIMIT_AS, (1 << 30, 1 << 30))
start = time.process_time()
def deadline():
    if time.process_time() > start + 9:
        raise UserError({LATE!r})
error = ""
try:
    read(Path(sys.argv[1]), deadline)
except UserError as failure:
    error = str(failure)
# `start`, which went on loading the package, tells how fast the machine is.
assert time.process_time() < start + 9 + 10 * start
sys.stdout.buffer.write(error.encode())
"""


def no_deadline() -> None:
    """All the time in the world."""


@pytest.fixture
def sheet_of(tmp_path: Path) -> Callable[..., Sheet]:
    """A function that reads a workbook with this XML for its only sheet."""

    def read_back(*pieces: bytes) -> Sheet:
        with_sheet(*pieces)(tmp_path / "s.xlsx")
        return read(tmp_path / "s.xlsx", no_deadline).sheets[0]

    return read_back


def cells_of(tmp_path: Path, cells: str) -> dict[str, Cell]:
    """The cells of a workbook that holds only these, by address."""
    with_cells(cells, '<row r="1">')(tmp_path / "s.xlsx")
    return {cell.address: cell for cell in read(tmp_path / "s.xlsx", no_deadline).sheets[0].cells.values()}


def other_book(path: Path) -> None:
    """A workbook with what the small one lacks."""
    book = xlsxwriter.Workbook(path)
    sheet = book.add_worksheet("It's “ü” & <日本>")
    sheet.write_row("A1", ["text", " spaces ", "_x0041_", "two\nlines", "🙂"])
    sheet.write_rich_string("F1", "plain ", book.add_format({"bold": True}), "bold", " plain")
    sheet.write_row("A2", [1, -2.5e-300, 0.1, 123456789012])
    sheet.write_boolean("E2", True)
    sheet.write_formula("A3", "=1/0", None, "#DIV/0!")
    sheet.write_formula("B3", '=A1&"<&>"', None, "text<&>")
    sheet.write_formula("C3", "=A2>0", None, True)
    sheet.write_array_formula("A4:B5", "{=A2:B3*2}", None, 2)
    sheet.write_dynamic_array_formula("D4:D5", "=_xlfn._xlws.SORT(A2:A3)", None, 1)
    sheet.write_blank("E5", None, book.add_format({"bold": True}))
    sheet.add_table("A8:B11", {"name": "First", "columns": [{"header": "w1"}, {"header": "∂E/∂w1"}], "total_row": True})
    sheet.add_table("D8:E10", {"name": "Second", "header_row": False})
    hidden = book.add_worksheet("Hidden")
    hidden.hide()
    hidden.write("XFD1048576", 7)
    book.define_name("Rate", "=Hidden!$A$1")
    book.define_name("Hidden!Rate", "=Hidden!$A$2")
    book.define_name("double", "=_xlfn.LAMBDA(_xlpm.x,_xlpm.x*2)")
    hidden.print_area("A1:B2")
    for number, kind in enumerate(("line", "scatter", "column")):
        chart = book.add_chart({"type": kind})
        for row in (2, 3):
            chart.add_series({"values": f"=Hidden!$B${row}:$G${row}", "categories": "=Hidden!$B$1:$G$1"})
        if number:
            chart.set_title({"name": f"Loss & {kind}"})
        hidden.insert_chart(4 + 20 * number, 2 + number, chart)
    computed = book.add_chart({"type": "line"})
    computed.add_series({"values": "=Hidden!$B$2:$G$2", "name": "=Hidden!$A$1"})
    computed.set_title({"name": "=Hidden!$A$1"})
    alone = book.add_chartsheet("Alone")
    alone.set_chart(computed)
    book.close()


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Workbooks by XlsxWriter."""
    folder = tmp_path_factory.mktemp("made")
    paths = {name: folder / f"{name}.xlsx" for name in ("small", "listed", "other")}
    paths["small"].write_bytes(small_book())
    paths["listed"].write_bytes(small_book(6, 2, listed=True))
    other_book(paths["other"])
    return paths


@pytest.fixture(scope="module")
def resaved(
    libreoffice: office.Office, made: dict[str, Path], tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Path]:
    """The same, saved by LibreOffice."""
    folder = tmp_path_factory.mktemp("resaved")
    for path in made.values():
        libreoffice.save(path, folder / path.name)
    return {name: folder / path.name for name, path in made.items()}


# What openpyxl finds.


def plain(value: Any) -> Any:
    """A value such that numbers are equal to numbers only; an empty text is as good as nothing."""
    if isinstance(value, bool) or value is None or value == "":
        return str(value or None)
    return float(value) if isinstance(value, int) else value


def references(series: Any) -> Series:
    """A series of openpyxl's."""

    def reference(*sources: Any) -> str:
        for source in sources:
            for kind in ("numRef", "strRef", "multiLvlStrRef"):
                found = getattr(source, kind, None)
                if found is not None:
                    return str(found.f)
        return ""

    return Series(reference(series.val, series.yVal), reference(series.cat, series.xVal))


def title(chart: Any) -> str:
    """The title of one of openpyxl's charts."""
    if chart.title is None or chart.title.tx is None or chart.title.tx.rich is None:
        return ""
    return " ".join("".join(run.t for run in paragraph.r or []) for paragraph in chart.title.tx.rich.p)


def charts(sheet: Worksheet | Chartsheet) -> list[Chart]:
    """The charts that openpyxl finds on a sheet."""
    found = []
    for chart in drawn_charts(sheet):
        corner = getattr(chart.anchor, "_from", None)
        place = (corner.row + 1, corner.col + 1) if corner else (1, 1)
        found.append(Chart(title(chart), address(*place), tuple(map(references, chart.series))))
    return found


def check_sheet(sheet: Sheet, formulas: Worksheet, values: Worksheet) -> None:
    """Hold a sheet against openpyxl's reading of its formulas and of its values."""
    seen = set()
    # Only cells that are in the file: iter_rows would make up all the others.
    for place, witness in formulas._cells.items():
        value = values._cells[place].value
        if witness.value is None and value is None:
            continue
        seen.add(place)
        cell = sheet.cells[place]
        assert plain(cell.error or cell.value) == plain(value), cell
        if isinstance(witness.value, ArrayFormula):
            assert (f"={cell.formula}", cell.in_array) == (witness.value.text, True)
        elif witness.data_type == "f":
            translator = Translator(f"={cell.formula}", origin=address(*cell.origin))
            assert translator.translate_formula(cell.address) == witness.value
        else:
            assert cell.formula is None or cell.in_array, cell
    # Excel keeps in the file all cells of a block that a formula fills; other programs need not.
    assert all(sheet.cells[place].in_array for place in sheet.cells.keys() - seen)
    assert charts(formulas) == sheet.charts


def check_book(path: Path) -> Book:
    """Hold a workbook against openpyxl's reading."""
    book = read(path, no_deadline)
    formulas, values = openpyxl.load_workbook(path), openpyxl.load_workbook(path, data_only=True)
    assert [sheet.title for sheet in book.sheets] == formulas.sheetnames
    for sheet in book.sheets:
        witness = formulas[sheet.title]
        if isinstance(witness, Chartsheet):
            assert not sheet.cells
            assert charts(witness) == sheet.charts
            continue
        check_sheet(sheet, witness, values[sheet.title])
        names = {name.casefold(): found.attr_text for name, found in witness.defined_names.items()}
        assert book.local_names.get(sheet.title, {}) == names
        for table in witness.tables.values():
            ours = book.tables[table.displayName.casefold()]
            assert (ours.name, ours.area.sheet, str(ours.area)) == (table.displayName, sheet.title, table.ref)
            assert list(ours.columns) == [column.name for column in table.tableColumns]
            assert ours.has_header == (table.headerRowCount != 0)
            assert ours.has_totals == bool(table.totalsRowCount)
    assert len(book.tables) == sum(len(sheet.tables) for sheet in formulas.worksheets)
    assert book.names == {name.casefold(): found.attr_text for name, found in formulas.defined_names.items()}
    return book


def test_the_original(reference: Path) -> None:
    book = check_book(reference / "original_workbook.xlsx")
    cells = [cell for sheet in book.sheets for cell in sheet.cells.values()]
    assert sum(cell.formula is not None for cell in cells) == 10_968
    assert [len(sheet.charts) for sheet in book.sheets] == [1] * 7


@pytest.mark.parametrize("name", [pytest.param("s6.xlsx", marks=pytest.mark.slow), "s6_lambda.xlsx"])
def test_our_own(name: str) -> None:
    check_book(WORKBOOKS / name)


@pytest.mark.parametrize("name", ["small", "listed", "other"])
def test_by_xlsxwriter(made: dict[str, Path], name: str) -> None:
    check_book(made[name])


@pytest.mark.parametrize("name", ["small", "listed", "other"])
def test_by_libreoffice(resaved: dict[str, Path], name: str) -> None:
    check_book(resaved[name])


def test_a_book_with_all_there_is(made: dict[str, Path]) -> None:
    book = read(made["other"], no_deadline)
    first, hidden, alone = book.sheets
    assert [first.cells[1, column].value for column in (3, 6)] == ["_x0041_", "plain bold plain"]
    assert (first.cells[3, 1].error, first.cells[3, 1].value) == ("#DIV/0!", None)
    assert {place: first.cells[place].member for place in ((4, 1), (4, 2), (5, 1), (5, 2))} == {
        (4, 1): (0, 0),
        (4, 2): (0, 1),
        (5, 1): (1, 0),
        (5, 2): (1, 1),
    }
    assert first.cells[5, 2].formula == "A2:B3*2"
    assert first.cells[5, 2].origin == (4, 1)
    assert (5, 5) not in first.cells
    assert hidden.cells.keys() == {(1_048_576, 16_384)}
    assert [chart.title for chart in hidden.charts] == ["", "Loss & scatter", "Loss & column"]
    assert hidden.charts[1].corner == "D25"
    assert alone.charts == [Chart("", "A1", (Series("Hidden!$B$2:$G$2"),))]
    assert book.names == {"rate": "Hidden!$A$1", "double": "_xlfn.LAMBDA(_xlpm.x,_xlpm.x*2)"}
    assert book.local_names == {"Hidden": {"rate": "Hidden!$A$2"}}


# What few programs write.


def test_shared_formulas(tmp_path: Path) -> None:
    cells = cells_of(
        tmp_path,
        '<c r="A1"><f t="shared" si="0"/><v>1</v></c>'
        '<c r="B1"><f t="shared" si="0" ref="A1:C1">A2+$B$2</f><v>2</v></c>'
        '<c r="C1"><f t="shared" si="0"/><v>3</v></c>'
        '<c r="D1"><f t="shared" si="1"/><v>4</v></c>'
        '<c r="E1"><f t="shared" si="1"/></c>',
    )
    assert [cells[name].formula for name in ("A1", "B1", "C1", "D1")] == ["A2+$B$2"] * 3 + [None]
    assert {cells[name].origin for name in ("A1", "B1", "C1")} == {(1, 2)}
    assert [cells[name].value for name in ("A1", "B1", "C1", "D1")] == [1, 2, 3, 4]
    assert "E1" not in cells


def test_a_block_filled_by_a_formula(tmp_path: Path) -> None:
    cells = cells_of(
        tmp_path,
        '<c r="A1"><f t="array" ref="A1:B2">{1,2;3,4}</f><v>1</v></c><c r="B1"><v>2</v></c>'
        '<c r="D1"><f t="array" ref="D1">SUM(A1:A2*2)</f><v>8</v></c>',
    )
    assert {name: (cell.member, cell.value) for name, cell in cells.items() if name != "D1"} == {
        "A1": ((0, 0), 1),
        "B1": ((0, 1), 2),
        "A2": ((1, 0), None),
        "B2": ((1, 1), None),
    }
    assert (cells["D1"].in_array, cells["D1"].member, cells["D1"].origin) == (True, (0, 0), (1, 4))


@pytest.mark.parametrize(
    ("cell", "value", "error"),
    [
        ('<c r="A1"><v>0.5</v></c>', 0.5, ""),
        ('<c r="$A$1"><v>0.5</v></c>', 0.5, ""),
        ('<c r="a1"><v> -1e-3 </v></c>', -0.001, ""),
        ("<c><v>7</v></c>", 7.0, ""),
        ('<c r="A1"><v>NaN</v></c>', "NaN", ""),
        ('<c r="A1"><v>1e999</v></c>', "1e999", ""),
        ('<c r="A1"><v>0,5</v></c>', "0,5", ""),
        ('<c r="A1" t="b"><v>1</v></c>', True, ""),
        ('<c r="A1" t="b"><v>0</v></c>', False, ""),
        ('<c r="A1" t="e"><v>#NUM!</v></c>', None, "#NUM!"),
        ('<c r="A1" t="str"><v>_x0041_&amp;</v></c>', "A&", ""),
        ('<c r="A1" t="str"><v>_xD83D__xDE42_</v></c>', "🙂", ""),
        ('<c r="A1" t="d"><v>1900-03-01T12:00:00</v></c>', 61.5, ""),
        ('<c r="A1" t="inlineStr"><is><t>a</t></is></c>', "a", ""),
        ('<c r="A1" t="inlineStr"><is><r><t>a</t></r><r><t>b</t></r><rPh><t>c</t></rPh></is></c>', "ab", ""),
    ],
)
def test_kinds_of_values(tmp_path: Path, cell: str, value: object, error: str) -> None:
    assert cells_of(tmp_path, cell) == {"A1": Cell(1, 1, value, error)}  # type: ignore[arg-type]


@pytest.mark.parametrize("cell", ['<c r="A1" s="3"/>', '<c r="A1"><v/></c>', '<c r="A1" t="inlineStr"><is/></c>'])
def test_empty_cells(tmp_path: Path, cell: str) -> None:
    assert cells_of(tmp_path, cell) == {}


def test_cells_without_addresses(sheet_of: Callable[..., Sheet]) -> None:
    sheet = sheet_of(HEAD, b"<row><c><v>1</v></c><c/><c><v>2</v></c></row><row><c><v>3</v></c></row>", TAIL)
    assert {place: cell.value for place, cell in sheet.cells.items()} == {(1, 1): 1, (1, 3): 2, (2, 1): 3}


def test_prefixed_names(sheet_of: Callable[..., Sheet]) -> None:
    row = '<x:row r="2"><x:c r="B2"><x:f>1+1</x:f><x:v>2</x:v></x:c></x:row>'
    sheet = sheet_of(f'<x:worksheet xmlns:x="{MAIN}"><x:sheetData>{row}</x:sheetData></x:worksheet>'.encode())
    assert sheet.cells == {(2, 2): Cell(2, 2, 2.0, "", "1+1", (2, 2))}


@pytest.mark.parametrize("target", ["/xl/worksheets/sheet1.xml", "worksheets\\sheet1.xml", "./Worksheets/SHEET1.xml"])
def test_spellings_of_a_part(tmp_path: Path, target: str) -> None:
    path = tmp_path / "s.xlsx"
    path.write_bytes(zipped({**bare(), BOOK_RELATIONS: relationships({target: "worksheet"}), SHEET: HEAD + TAIL}))
    assert [sheet.title for sheet in read(path, no_deadline).sheets] == ["S1"]


def test_a_damaged_table_is_left_out(tmp_path: Path) -> None:
    path = tmp_path / "s.xlsx"
    parts = unzipped(small_book(listed=True))
    parts["xl/tables/table1.xml"] = parts["xl/tables/table1.xml"].replace(b'ref="A3:AE9"', b'ref="nonsense"')
    path.write_bytes(zipped(parts))
    book = read(path, no_deadline)
    assert not book.tables
    assert book.sheets[0].cells


# What cannot be read.


def failure(path: Path) -> str:
    with pytest.raises(UserError) as error:
        read(path, no_deadline)
    return str(error.value)


def test_no_such_file(tmp_path: Path) -> None:
    for path in (tmp_path / "none.xlsx", tmp_path / "none.txt", tmp_path / "no folder" / "none.xlsx"):
        assert failure(path) == f"{path} does not exist: check the name."


def test_a_folder(tmp_path: Path) -> None:
    assert failure(tmp_path) == f"{tmp_path} is a folder: give the name of a workbook."


def test_a_name_that_no_system_takes(tmp_path: Path) -> None:
    assert "could not be read" in failure(tmp_path / ("x" * 5_000 + ".xlsx"))


def test_no_permission(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "s.xlsx"
    path.write_bytes(small_book())

    def refuse(*arguments: object, **options: object) -> None:
        raise PermissionError

    monkeypatch.setattr(Path, "open", refuse)
    assert failure(path).startswith(f"no permission to read {path}: ")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no pipes with names here")
def test_a_pipe(tmp_path: Path) -> None:
    path = tmp_path / "s.xlsx"
    os.mkfifo(path)
    assert failure(path) == f"{path} is not an ordinary file: give the name of a workbook."


def read_within_limits(path: Path) -> str:
    """Why a file cannot be read; empty where it can."""
    ended = subprocess.run(
        [sys.executable, "-c", WITHIN_LIMITS, path], capture_output=True, timeout=PATIENCE, check=False
    )
    assert ended.returncode == 0, ended.stderr.decode()
    return ended.stdout.decode()


@pytest.mark.process
@pytest.mark.parametrize("name", UNREADABLE)
def test_unreadable(tmp_path: Path, name: str) -> None:
    reason, build = UNREADABLE[name]
    path = tmp_path / name
    build(path)
    error = read_within_limits(path)
    if error != LATE:
        assert reason in error
        assert error.startswith(str(path))
        assert error.endswith(".")
        assert "\n" not in error
        assert ". " not in error.removeprefix(str(path))


@pytest.mark.process
@pytest.mark.parametrize("name", READABLE)
def test_odd_but_readable(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    READABLE[name](path)
    assert read_within_limits(path) in ("", LATE)


def test_the_deadline_is_looked_at(made: dict[str, Path]) -> None:
    calls = 0

    def count() -> None:
        nonlocal calls
        calls += 1

    read(made["small"], count)

    def end() -> None:
        nonlocal calls
        calls -= 1
        if not calls:
            raise UserError(LATE)

    with pytest.raises(UserError, match=LATE):
        read(made["small"], end)


@pytest.mark.process
def test_nothing_slow_is_imported() -> None:
    program = (
        "import sys, s6xl.ooxml.reading; print(*{'numpy', 'openpyxl', 'pyopenvba', 'matplotlib'} & sys.modules.keys())"
    )
    assert subprocess.check_output([sys.executable, "-c", program], text=True).strip() == ""
