"""An existing workbook gets a run, and nothing else in it changes by a byte."""

import errno
import io
import random
import re
import shutil
import warnings
import zipfile
from collections.abc import Callable
from contextlib import suppress
from dataclasses import astuple
from pathlib import Path

import openpyxl
import pytest
from openpyxl.utils import column_index_from_string

from s6xl.addin.package import build_macro_workbook
from s6xl.backprop.experiment import Experiment
from s6xl.errors import UserError
from s6xl.mnist.record import Run
from s6xl.workbook.backprop.engine import Engine
from s6xl.workbook.cnn.content import NAMES, content_of
from s6xl.workbook.cnn.filling import check_fillable, fill
from s6xl.workbook.cnn.template import write_template
from s6xl.workbook.composition.build import build
from tests.support import office

LATER = "bring it in later"
SHEET = "xl/worksheets/sheet11.xml"
# Where an entry of a ZIP archive's directory has its flags, of which the first means encrypted, and its method.
FLAGS, METHOD = 8, 10
Edit = Callable[[bytes], bytes]


def parts(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def rewritten(path: Path, edits: dict[str, Edit]) -> None:
    """Edit parts of a workbook as a program would that writes XML in its own way."""
    content = parts(path)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, old in content.items():
            archive.writestr(name, edits[name](old) if name in edits else old)


def changed_parts(before: dict[str, bytes], path: Path) -> list[str]:
    after = parts(path)
    assert list(after) == list(before), "a part is added, lost or moved"
    return [name for name, content in after.items() if content != before[name]]


def shown(path: Path, sheet: str = "MNIST") -> dict[str, object]:
    """What openpyxl reads by the names of the sheet's cells."""
    book = openpyxl.load_workbook(path)
    names = {
        key: defined.attr_text.rpartition("!")[2].replace("$", "") for key, defined in book[sheet].defined_names.items()
    }
    return {name: book[sheet][place].value for name, place in names.items() if ":" not in place}


def table(path: Path, sheet: str = "MNIST", top_left: str = "B22") -> list[tuple[object, ...]]:
    rows = openpyxl.load_workbook(path)[sheet].iter_rows(
        min_row=int(re.sub(r"\D", "", top_left)),
        min_col=column_index_from_string(top_left[0]),
        max_col=7,
        values_only=True,
    )
    return [row for row in rows if row[0] is not None]


@pytest.fixture(scope="module", params=["formulas", pytest.param("lambda", marks=pytest.mark.slow), "udf"])
def made(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workbook of each engine."""
    path = tmp_path_factory.mktemp("made") / ("mine.xlsm" if request.param == "udf" else "mine.xlsx")
    if request.param == "udf":
        build_macro_workbook(Experiment(), path)
    else:
        build(Experiment(), path, engine=Engine(request.param))
    return path


@pytest.fixture
def mine(made: Path, tmp_path: Path) -> Path:
    return Path(shutil.copy(made, tmp_path))


@pytest.fixture
def plain(book: Path, tmp_path: Path) -> Path:
    return Path(shutil.copy(book, tmp_path / "plain.xlsx"))


def test_only_the_sheet_itself_changes(mine: Path, run: Run) -> None:
    before = parts(mine)
    check_fillable(mine)
    assert parts(mine) == before, "looking is not touching"
    fill(mine, content_of(run), instead=LATER)
    assert changed_parts(before, mine) == [SHEET]
    assert table(mine) == [astuple(epoch) for epoch in run.epochs()]
    values = shown(mine)
    last = run.epochs()[-1]
    assert values["status"] == "Finished: 5 epochs"
    assert (values["test_accuracy"], values["test_loss"]) == (last.test_accuracy, last.test_loss)
    assert values["trained_on"] == run.config.data_title
    assert values["run"] == str(run.folder)
    assert (values["recipe"], values["epochs"], values["batch_size"], values["seed"]) == ("original", 5, None, 3)


def test_what_is_on_the_sheet_beside_the_cells_stays(plain: Path, run: Run) -> None:
    """Everything but the contents of named cells: formats, widths, rules, validations, the charts' anchor."""
    before = parts(plain)[SHEET]
    fill(plain, content_of(run), instead=LATER)
    after = parts(plain)[SHEET]
    outside = [re.sub(rb"<sheetData>.*</sheetData>", b"", xml, flags=re.DOTALL) for xml in (before, after)]
    assert outside[0] == outside[1]
    styles = [dict(re.findall(rb'<c r="([A-Z]+\d+)" s="(\d+)"', xml)) for xml in (before, after)]
    assert styles[0] == styles[1]


def test_the_sheet_says_how_far_it_reaches(plain: Path, run: Run) -> None:
    """As where somebody has cleared the table, formats and all: some programs read no further than a sheet says."""

    def cleared(xml: bytes) -> bytes:
        without_rows = re.sub(rb'<row r="(2[2-9]|[3-9]\d|\d{3})".*?</row>', b"", xml, flags=re.DOTALL)
        return without_rows.replace(b'<dimension ref="A1:R221"/>', b'<dimension ref="B1:R21"/>')

    rewritten(plain, {SHEET: cleared})
    fill(plain, content_of(run), instead=LATER)
    book = openpyxl.load_workbook(plain, read_only=True)
    assert book["MNIST"].calculate_dimension() == "B1:R26"
    epochs = [row[1:7] for row in book["MNIST"].iter_rows(min_row=22, values_only=True)]
    book.close()
    assert epochs == [astuple(epoch) for epoch in run.epochs()]


def test_filling_again_replaces_an_earlier_run(
    plain: Path, run: Run, tmp_path: Path, make_run: Callable[..., Run]
) -> None:
    fill(plain, content_of(make_run(tmp_path / "long", 50)), instead=LATER)
    assert len(table(plain)) == 50
    fill(plain, content_of(run), instead=LATER)
    once = parts(plain)
    assert table(plain) == [astuple(epoch) for epoch in run.epochs()]
    fill(plain, content_of(run), instead=LATER)
    assert parts(plain) == once


def test_the_name_of_the_sheet_and_the_place_of_its_cells_may_change(plain: Path, run: Run) -> None:
    """As Excel writes it after rows and columns were inserted, and the sheet was renamed."""

    def moved(workbook: bytes) -> bytes:
        text = workbook.decode().replace('name="MNIST"', 'name="Bob&apos;s digits"')
        assert text.count("'MNIST'!$") == len(NAMES)
        text = text.replace("'MNIST'!$", "'Bob''s digits'!$")
        return text.replace("$B$22:$G$221", "$B$32:$G$231").replace("$K$6<", "$Z$99<").encode()

    rewritten(plain, {"xl/workbook.xml": moved})
    before = parts(plain)
    fill(plain, content_of(run), instead=LATER)
    assert changed_parts(before, plain) == [SHEET]
    assert table(plain, "Bob's digits", "B32") == [astuple(epoch) for epoch in run.epochs()]
    assert openpyxl.load_workbook(plain)["Bob's digits"]["Z99"].value == "Finished: 5 epochs"


@pytest.mark.parametrize(
    "written",
    [b"MNIST!$", *(pytest.param(name, marks=pytest.mark.slow) for name in (b"mnist!$", b"&apos;MNIST&apos;!$"))],
)
def test_the_sheet_in_its_names_as_other_programs_write_it(written: bytes, plain: Path, run: Run) -> None:
    rewritten(plain, {"xl/workbook.xml": lambda xml: xml.replace(b"'MNIST'!$", written)})
    fill(plain, content_of(run), instead=LATER)
    assert table(plain) == [astuple(epoch) for epoch in run.epochs()]


def test_formulas_that_depend_on_it_are_computed_when_the_workbook_is_opened(mine: Path, run: Run) -> None:
    """Else they would show what was true before; without such a formula nothing is computed that was not before."""
    formula = b'<row r="60"><c r="B60"><f>MAX(MNIST!$F$22:$F$221)</f><v>0</v></c></row></sheetData>'
    rewritten(mine, {"xl/worksheets/sheet1.xml": lambda xml: xml.replace(b"</sheetData>", formula)})
    before = parts(mine)
    fill(mine, content_of(run), instead=LATER)
    assert set(changed_parts(before, mine)) <= {SHEET, "xl/workbook.xml"}
    workbook = parts(mine)["xl/workbook.xml"]
    assert workbook.count(b"<calcPr") == 1
    assert workbook.count(b'fullCalcOnLoad="1"') == 1
    names = [re.findall(rb"<definedNames>.*</definedNames>", xml) for xml in (before["xl/workbook.xml"], workbook)]
    assert len(names[0]) == 1
    assert names[0] == names[1]


def not_to_be_computed(workbook: bytes) -> bytes:
    """As another program saves it, which has computed everything itself."""
    assert workbook.count(b' fullCalcOnLoad="1"') == 1
    return workbook.replace(b' fullCalcOnLoad="1"', b"")


def with_name(definition: str) -> Edit:
    return lambda xml: xml.replace(
        b"</definedNames>", f"<definedName {definition}</definedName></definedNames>".encode()
    )


@pytest.mark.parametrize("name", ["_xlnm.Print_Area", "_xlnm._FilterDatabase", "best_accuracy", "seed2"])
def test_names_of_the_sheet_itself_depend_on_nothing_unseen(name: str, plain: Path, run: Run) -> None:
    """Formulas that use one are on the sheet or name it; a print area is computed by nothing."""
    rewritten(plain, {"xl/workbook.xml": not_to_be_computed})
    rewritten(plain, {"xl/workbook.xml": with_name(f'name="{name}" localSheetId="10">MNIST!$A$1:$R$60')})
    before = parts(plain)
    fill(plain, content_of(run), instead=LATER)
    assert changed_parts(before, plain) == [SHEET]


@pytest.mark.parametrize(
    "definition",
    [
        'name="accuracy">MNIST!$K$7',
        'name="test_accuracy">MNIST!$K$7',
        'name="test_accuracy" localSheetId="0">MNIST!$K$7',
        'name="accuracy">mnist!$K$7',
        'name="accuracy">SUM(Start:Zürich!$K$7)',
    ],
)
def test_other_names_may_be_used_anywhere(definition: str, plain: Path, run: Run) -> None:
    rewritten(plain, {"xl/workbook.xml": not_to_be_computed})
    rewritten(plain, {"xl/workbook.xml": with_name(definition)})
    fill(plain, content_of(run), instead=LATER)
    assert b'fullCalcOnLoad="1"' in parts(plain)["xl/workbook.xml"]


@pytest.mark.parametrize(
    "formula",
    [
        "<f>MNIST!K7</f>",
        "<f>mnist!K7</f>",
        "<f>test_accuracy+'MNIST'!K7</f>",
        "<f>&apos;MNIST&apos;!K7</f>",
        "<f\n>MNIST!K7</f>",
        "<f><![CDATA[A1<MNIST!K7]]></f>",
        "<f>SUM(Übersicht:Zürich!K7)</f>",
        "<f>SUM('LR=0.1:Last one'!K7)</f>",
        "<f>SUM(&apos;LR=0.1:Last one&apos;!K7)</f>",
        "<f>Table1[Test accuracy]</f>",
    ],
)
def test_formulas_as_other_programs_write_them(formula: str, plain: Path, run: Run) -> None:
    row = f'<row r="60"><c r="B60">{formula}<v>0</v></c></row></sheetData>'.encode()
    sheet = "xl/worksheets/sheet1.xml"
    rewritten(plain, {"xl/workbook.xml": not_to_be_computed, sheet: lambda xml: xml.replace(b"</sheetData>", row)})
    fill(plain, content_of(run), instead=LATER)
    assert b'fullCalcOnLoad="1"' in parts(plain)["xl/workbook.xml"]


@pytest.mark.parametrize("written", ["Bob&apos;&apos;s &quot;A&amp;B&quot;", "Bob''s \"A&amp;B\""])
def test_a_formula_on_a_sheet_whose_title_has_quotation_marks(written: str, plain: Path, run: Run) -> None:
    def renamed(workbook: bytes) -> bytes:
        title = "Bob&apos;s &quot;A&amp;B&quot;"
        text = not_to_be_computed(workbook).decode().replace('name="MNIST"', f'name="{title}"')
        return text.replace("'MNIST'!$", f"'{written}'!$").encode()

    row = f"""<row r="60"><c r="B60"><f>'{written}'!K7</f><v>0</v></c></row></sheetData>""".encode()
    sheet = "xl/worksheets/sheet1.xml"
    rewritten(plain, {"xl/workbook.xml": renamed, sheet: lambda xml: xml.replace(b"</sheetData>", row)})
    fill(plain, content_of(run), instead=LATER)
    assert b'fullCalcOnLoad="1"' in parts(plain)["xl/workbook.xml"]


def test_formulas_of_other_sheets_ask_for_no_computing(plain: Path, run: Run) -> None:
    row = b"""<row r="60"><c r="B60"><f>'LR=0.1'!K7+Step!B2:C3</f><v>0</v></c></row></sheetData>"""
    sheet = "xl/worksheets/sheet1.xml"
    rewritten(plain, {"xl/workbook.xml": not_to_be_computed, sheet: lambda xml: xml.replace(b"</sheetData>", row)})
    before = parts(plain)
    fill(plain, content_of(run), instead=LATER)
    assert changed_parts(before, plain) == [SHEET]


def test_libreoffice_opens_it_and_recalculates(plain: Path, run: Run, libreoffice: office.Office) -> None:
    formula = b'<row r="60"><c r="B60"><f>MAX(MNIST!$F$22:$F$221)</f><v>0</v></c></row></sheetData>'
    rewritten(plain, {"xl/worksheets/sheet1.xml": lambda xml: xml.replace(b"</sheetData>", formula)})
    fill(plain, content_of(run), instead=LATER)
    sheets = libreoffice.recalculate(plain).values
    assert sheets["Start"]["B60"] == max(epoch.test_accuracy for epoch in run.epochs())
    assert [sheets["MNIST"][f"B{row}"] for row in range(22, 27)] == [1, 2, 3, 4, 5]


def without_mnist(path: Path) -> None:
    book = openpyxl.load_workbook(path)
    del book["MNIST"]
    book.save(path)


def without_a_name(path: Path) -> None:
    rewritten(path, {"xl/workbook.xml": lambda xml: re.sub(rb">[^<]*\$K\$6<", b">#REF!<", xml)})


def with_a_cell_on(reference: bytes) -> Callable[[Path], None]:
    """As when the cell of the test accuracy was cut and pasted elsewhere, and the name has followed it."""

    def spoil(path: Path) -> None:
        rewritten(path, {"xl/workbook.xml": lambda xml: xml.replace(b"'MNIST'!$K$7<", reference + b"<")})

    return spoil


def with_a_column_inside_the_table(path: Path) -> None:
    rewritten(path, {"xl/workbook.xml": lambda xml: xml.replace(b"$B$22:$G$221", b"$B$22:$H$221")})


def with_too_few_rows(path: Path) -> None:
    rewritten(path, {"xl/workbook.xml": lambda xml: xml.replace(b"$B$22:$G$221", b"$B$22:$G$25")})


def with_a_formula_in_the_way(path: Path) -> None:
    cell = rb'<c r="C24" s="\d+"/>'
    rewritten(path, {SHEET: lambda xml: re.sub(cell, b'<c r="C24"><f>1+1</f><v>2</v></c>', xml)})


def with_an_array_in_the_way(attributes: bytes) -> Callable[[Path], None]:
    """A formula that begins beside the table and fills some of its cells."""
    formula = b'<c r="A22"><f ' + attributes + b">ROW(A1:C3)*7</f><v>7</v></c>"
    return lambda path: rewritten(path, {SHEET: lambda xml: re.sub(rb'(<row r="22"[^>]*>)', rb"\1" + formula, xml)})


def open_in_excel(path: Path) -> None:
    path.with_name(f"~${path.name}").touch()


def cut_off(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:5_000])


def of_text(path: Path) -> None:
    path.write_text("no workbook")


def of_the_old_kind(path: Path) -> None:
    path.write_bytes(bytes.fromhex("d0cf11e0a1b11ae1") + bytes(4_000))


def damaged_xml(path: Path) -> None:
    rewritten(path, {SHEET: lambda xml: xml.replace(b"</row>", b"<row>", 1)})


def damaged_theme(path: Path) -> None:
    """A byte of a part that filling does not look into."""
    with zipfile.ZipFile(path) as archive:
        entry = next(entry for entry in archive.infolist() if entry.filename.startswith("xl/theme/"))
    content = bytearray(path.read_bytes())
    content[entry.header_offset + 30 + len(entry.filename) + 20] ^= 0xFF
    path.write_bytes(content)


def with_a_field(field: int, value: int) -> Callable[[Path], None]:
    """Another value in the last entry of the archive's directory, and of its part's own header."""

    def spoil(path: Path) -> None:
        content = bytearray(path.read_bytes())
        for signature, place in ((b"PK\x01\x02", field), (b"PK\x03\x04", field - 2)):
            content[content.rindex(signature) + place] = value
        path.write_bytes(content)

    return spoil


def with_a_part_twice(name: str) -> Callable[[Path], None]:
    """Names of parts do not differ in case."""

    def spoil(path: Path) -> None:
        content = parts(path)[SHEET]
        with zipfile.ZipFile(path, "a") as archive, warnings.catch_warnings():
            warnings.simplefilter("ignore")
            archive.writestr(name, content)

    return spoil


def with_workbook_xml(change: Edit) -> Callable[[Path], None]:
    return lambda path: rewritten(path, {"xl/workbook.xml": change})


def declared_in(encoding: bytes) -> Edit:
    return lambda xml: xml.replace(b'encoding="UTF-8"', b'encoding="' + encoding + b'"')


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (damaged_theme, "it cannot be unpacked): open it in Excel or LibreOffice and save it as .xlsx"),
        (with_a_field(FLAGS, 1), "is protected by a password: open it in Excel or LibreOffice and save it as .xlsx"),
        *(
            (with_a_field(METHOD, method), "it is packed in a way that no spreadsheet uses")
            for method in (9, 12, 14, 99)
        ),
        (with_a_part_twice(SHEET), "two of its parts have the same name"),
        (with_a_part_twice(SHEET.upper()), "two of its parts have the same name"),
        (
            with_workbook_xml(lambda xml: xml.replace(b'localSheetId="10"', b'localSheetId="99"')),
            "has no sheet MNIST as s6xl makes it",
        ),
        (
            with_workbook_xml(lambda xml: xml.replace(b'localSheetId="10"', b'localSheetId="x"')),
            "has no sheet MNIST as s6xl makes it",
        ),
        (with_workbook_xml(declared_in(b"GBK")), "xl/workbook.xml: it has a number or a character that cannot be read"),
        (with_workbook_xml(declared_in(b"nonsense")), "xl/workbook.xml: it has a number or a character that cannot"),
        (with_workbook_xml(lambda xml: xml.replace(b" r:id=", b" r:other=")), "is damaged (a sheet is missing)"),
    ],
)
def test_damage_is_seen_before_a_training_run_begins_and_after(
    spoil: Callable[[Path], None], sentence: str, plain: Path, run: Run
) -> None:
    spoil(plain)
    before = plain.read_bytes()
    with pytest.raises(UserError, match=re.escape(sentence)):
        check_fillable(plain)
    with pytest.raises(UserError, match=re.escape(sentence)):
        fill(plain, content_of(run), instead=LATER)
    assert plain.read_bytes() == before


def test_a_file_that_may_not_be_read(plain: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    content = content_of(run)

    def refuse(file: object, *arguments: object, **options: object) -> io.IOBase:
        raise PermissionError(errno.EACCES, "Permission denied", str(file))

    # Taken away by hand, since no permission keeps an administrator out.
    monkeypatch.setattr(io, "open", refuse)
    sentence = r"no permission to read .*plain\.xlsx: close it if it is open in another program, or "
    with pytest.raises(UserError, match=f"{sentence}give another file with --workbook"):
        check_fillable(plain)
    with pytest.raises(UserError, match=f"{sentence}{LATER}"):
        fill(plain, content, instead=LATER)


@pytest.fixture(scope="session")
def small(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """The parts of a workbook of the sheet MNIST alone, and the file as a whole."""
    path = tmp_path_factory.mktemp("small") / "small.xlsx"
    write_template(path)
    return {**parts(path), "": path.read_bytes()}


def with_other_bytes(content: bytes, draw: random.Random) -> bytes:
    other = bytearray(content)
    for _ in range(draw.randint(1, 5)):
        other[draw.randrange(len(other))] = draw.randrange(256)
    return bytes(other)


@pytest.mark.parametrize("where", ["", "xl/workbook.xml", "xl/_rels/workbook.xml.rels", "xl/worksheets/sheet1.xml"])
def test_any_damage_ends_in_a_result_or_in_a_sentence(
    where: str, small: dict[str, bytes], tmp_path: Path, run: Run
) -> None:
    """Other bytes in the file, or in a part of one that is otherwise well packed."""
    draw, content, path = random.Random(where), content_of(run), tmp_path / "small.xlsx"
    for _ in range(40):
        if where:
            with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
                for name, part in small.items():
                    if name:
                        archive.writestr(name, with_other_bytes(part, draw) if name == where else part)
        else:
            path.write_bytes(with_other_bytes(small[""], draw))
        before = path.read_bytes()
        with suppress(UserError):
            check_fillable(path)
        with suppress(UserError):
            fill(path, content, instead=LATER)
            continue
        assert path.read_bytes() == before
        assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (
            without_mnist,
            "has no sheet MNIST as s6xl makes it: give the name of a new file for a report of its own, or open",
        ),
        (without_a_name, "has no sheet MNIST as s6xl makes it"),
        (with_a_cell_on(b"Start!$B$30"), "has no sheet MNIST as s6xl makes it"),
        (with_a_cell_on(b"[1]MNIST!$K$7"), "has no sheet MNIST as s6xl makes it"),
        (with_a_cell_on(b"MNIST!$K$8,MNIST!$K$7"), "has no sheet MNIST as s6xl makes it"),
        (with_a_column_inside_the_table, "has other columns than s6xl's: give the name of a new file"),
        (with_too_few_rows, "has too few rows for this run: give the name of a new file"),
        (with_a_formula_in_the_way, "its cell C24 holds a formula: clear that cell"),
        (with_an_array_in_the_way(b't="array" ref="A22:C24"'), "its cell A22 holds a formula: clear that cell"),
        (with_an_array_in_the_way(b't="dataTable" ref="A22:C24" r1="K2"'), "its cell A22 holds a formula"),
        (with_an_array_in_the_way(b't="array" ref="A22:nowhere"'), "it has a cell at 'nowhere'"),
        (open_in_excel, "is open in another program: close it there, or bring it in later"),
        (cut_off, "is cut short or damaged: copy or download it once more"),
        (of_text, "is not a workbook, although its name ends in .xlsx: open it in"),
        (of_the_old_kind, "is a workbook of the old kind (.xls): open it in"),
        (damaged_xml, "its XML has an error"),
    ],
)
def test_what_cannot_be_filled_is_left_as_it_is(
    spoil: Callable[[Path], None], sentence: str, plain: Path, run: Run
) -> None:
    spoil(plain)
    before = plain.read_bytes()
    with pytest.raises(UserError) as raised:
        fill(plain, content_of(run), instead=LATER)
    assert sentence in str(raised.value)
    assert "\n" not in str(raised.value)
    assert plain.read_bytes() == before
    assert not [path for path in plain.parent.iterdir() if path.name.startswith(".plain")]


def test_a_file_of_another_kind(tmp_path: Path, run: Run) -> None:
    (tmp_path / "book.ods").touch()
    with pytest.raises(UserError, match=r"is not a workbook that can be filled: give an \.xlsx or \.xlsm file"):
        check_fillable(tmp_path / "book.ods")
