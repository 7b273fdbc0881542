"""What a reader meets: frozen headers, alternative texts, pages that print, links that lead somewhere."""

import re
import zipfile
from html import unescape
from itertools import pairwise
from pathlib import Path
from xml.etree import ElementTree

import openpyxl
import pytest
from openpyxl.workbook import Workbook
from openpyxl.worksheet.worksheet import Worksheet
from pyopenvba.formula import parse

from s6xl.backprop.descent import descend
from s6xl.backprop.experiment import Experiment
from s6xl.backprop.worked_example import NETWORK
from s6xl.errors import UserError
from s6xl.workbook.backprop.drawing import draw_network
from s6xl.workbook.composition.build import build
from tests.support.office import Office
from tests.support.sheets import charts, images

RATE_SHEETS = ["LR=0.1", "LR=0.2", "LR=0.5", "LR=0.8", "LR=1", "LR=2"]
# What Excel 2016, LibreOffice 7.4 and Google Sheets all know.
SHARED_FUNCTIONS = {
    *("ABS", "AND", "CHOOSE", "COLUMNS", "COUNT", "COUNTIF", "ERROR.TYPE", "EXP", "IF", "IFERROR", "INT", "ISERROR"),
    *("ISNUMBER", "LOG10", "N", "NOT", "MATCH", "MAX", "MIN", "MOD", "ROUND", "SEARCH", "SUBSTITUTE", "SUMPRODUCT"),
    "VLOOKUP",
}
LONGEST_FORMULA = 8_192
# Behind which rows and columns a new page begins.
BREAKS: dict[str, tuple[list[int], list[int]]] = {
    "LossPlot": ([36], [20]),
    **dict.fromkeys(RATE_SHEETS, ([], [17])),
    "Step": ([29], []),
}


@pytest.fixture(scope="module")
def loaded(book: Path) -> Workbook:
    return openpyxl.load_workbook(book)


def formulas(loaded: Workbook) -> list[str]:
    cells = (cell for sheet in loaded for row in sheet.iter_rows() for cell in row)
    return [cell.value for cell in cells if isinstance(cell.value, str) and cell.value.startswith("=")]


def test_only_functions_that_all_spreadsheets_share(loaded: Workbook) -> None:
    used = set(re.findall(r"([A-Z][A-Z0-9.]*)\(", " ".join(formulas(loaded))))
    assert used <= SHARED_FUNCTIONS


def test_no_array_formula_and_no_function_of_later_versions(book: Path) -> None:
    with zipfile.ZipFile(book) as archive:
        sheets = b"".join(archive.read(name) for name in archive.namelist() if "worksheets/sheet" in name)
    assert b't="array"' not in sheets
    assert b"_xlfn" not in sheets


def test_formulas_parse_and_fit(loaded: Workbook) -> None:
    outside_the_tables = [formula for sheet in ("Start", "Step", "Check") for formula in formulas_of(loaded, sheet)]
    assert len(outside_the_tables) > 500
    for formula in outside_the_tables:
        parse(formula)
        assert len(formula) <= LONGEST_FORMULA


def formulas_of(loaded: Workbook, name: str) -> list[str]:
    cells = (cell for row in loaded[name].iter_rows() for cell in row)
    return [cell.value for cell in cells if isinstance(cell.value, str) and cell.value.startswith("=")]


def test_everything_stands_where_the_original_has_it(loaded: Workbook) -> None:
    plot = loaded["LossPlot"]
    assert [plot[cell].value for cell in ("U7", "X7", "X14", "U19", "U26", "U31")] == [1, 2, 3, 4, 5, 6]
    assert plot["U7"].number_format == '0".  The forward pass"'
    assert charts(plot)[0].anchor._from.row == 5
    for name in RATE_SHEETS:
        (drawing,), (chart,) = images(loaded[name]), charts(loaded[name])
        assert (drawing.anchor._from.col, drawing.anchor._from.row) == (1, 2)
        assert (chart.anchor._from.col, chart.anchor._from.row) == (18, 10)


def test_the_drawing_is_of_the_first_step(book: Path) -> None:
    (row,) = descend(NETWORK, Experiment().start, 1.0, 1)
    picture = draw_network(NETWORK, dict(zip(NETWORK.columns, row, strict=True))).png()
    with zipfile.ZipFile(book) as archive:
        found = [archive.read(name) for name in archive.namelist() if name.startswith("xl/media/")]
    assert found == [picture]


def test_colours_say_what_a_cell_is_for(loaded: Workbook) -> None:
    start, yellow = loaded["Start"], "FFFFF3BF"
    inputs = [start[f"C{row}"] for row in range(7, 19)] + [start[f"H{row}"] for row in range(7, 13)]
    inputs += [loaded[name][cell] for name in ("Step", "Check") for cell in ("D4", "G4")]
    inputs += [loaded["Check"][cell] for cell in ("L10", "L11", "L12")]
    assert {cell.fill.fgColor.rgb for cell in inputs} == {yellow}
    for name in RATE_SHEETS:
        assert loaded[name]["X32"].fill.fgColor.rgb != loaded[name]["W32"].fill.fgColor.rgb
        assert loaded[name]["X33"].font.color.rgb == "FFB91C1C"
    assert start["K7"].number_format == "+0.00%;-0.00%;0.00%"


def test_columns_are_wide_enough(loaded: Workbook) -> None:
    """In characters: for the seven and nine decimals of a learning rate's sheet, and for the words of the others."""
    for name in RATE_SHEETS:
        widths = {column: loaded[name].column_dimensions[column].width for column in ("F", "V")}
        assert widths["F"] > 10
        assert widths["V"] > 12
    assert loaded["Step"].column_dimensions["B"].width > 10
    assert loaded["Check"].column_dimensions["C"].width > 14
    assert loaded["Start"].column_dimensions["G"].width > 17


def test_headers_are_frozen(loaded: Workbook) -> None:
    assert [sheet.freeze_panes for sheet in loaded] == ["A3", None, *["B33"] * 6, "A5", "A7", "A3"]


def test_the_frozen_rows_leave_room_on_a_small_screen(loaded: Workbook) -> None:
    for name in RATE_SHEETS:
        heights = [loaded[name].row_dimensions[row].height or 15 for row in range(1, 33)]
        assert sum(heights) <= 270  # points, of the 480 that a laptop's window shows


def test_nothing_on_a_sheet_covers_anything_else(loaded: Workbook) -> None:
    """Drawing, chart and table of a learning rate's sheet, and the two charts and the derivation of LossPlot."""
    for name in RATE_SHEETS:
        (drawing,), (chart,) = images(loaded[name]), charts(loaded[name])
        assert drawing.anchor.to.col < chart.anchor._from.col
        for shape in (drawing, chart):
            assert 1 < shape.anchor._from.row < shape.anchor.to.row <= 30  # rows from 0: above the header in row 32
        assert drawing.anchor.to.col > 6
        assert drawing.anchor.to.row > 25
    upper, lower = charts(loaded["LossPlot"])
    assert upper.anchor.to.row < lower.anchor._from.row
    assert max(upper.anchor.to.col, lower.anchor.to.col) < 20


def test_gridlines_are_off_and_pages_print(loaded: Workbook) -> None:
    for sheet in loaded:
        assert sheet.sheet_view.showGridLines is False
        assert sheet.page_setup.orientation == "landscape"
        fitted = sheet.sheet_properties.pageSetUpPr is not None and sheet.sheet_properties.pageSetUpPr.fitToPage
        assert fitted != (sheet.title in BREAKS)  # Excel heeds no break where it fits
        if fitted:
            assert sheet.page_setup.fitToWidth in (None, 1)  # 1 unless said otherwise
            assert sheet.page_setup.fitToHeight == 0
        assert sheet.oddFooter.center.text == "&A"
        assert sheet.page_setup.paperSize == 9  # A4
        assert sheet.page_margins.left < 0.5
    for name in RATE_SHEETS:
        assert (loaded[name].print_title_rows, loaded[name].print_title_cols) == ("$32:$32", "$A:$A")


def test_pages_end_where_a_part_does(loaded: Workbook) -> None:
    """Behind a chart, the hidden layer, the forward pass; and each has its columns side by side on A4."""
    for name, (rows, columns) in BREAKS.items():
        sheet = loaded[name]
        assert [at.id for at in sheet.row_breaks.brk] == rows
        assert [at.id for at in sheet.col_breaks.brk] == columns
        last = 15 if name == "Step" else sheet.max_column
        ends = [0, *columns, last]
        for first, end in pairwise(ends):
            repeated = [1] if first and name in RATE_SHEETS else []
            inches = sum(pixels(sheet, column) for column in (*repeated, *range(first + 1, end + 1))) / 96
            assert inches * (sheet.page_setup.scale or 100) / 100 < 297 / 25.4 - 0.8
    assert str(loaded["Step"]["B30"].value).startswith("Backward pass")
    assert loaded["LR=0.1"]["R32"].value == "o1"
    assert loaded["LossPlot"]["U5"].value == "The derivation"
    assert charts(loaded["LossPlot"])[1].anchor._from.row == 36


def pixels(sheet: Worksheet, column: int) -> int:
    """A column's width on the screen, in a workbook whose letters are as wide as Calibri's."""
    for dimension in sheet.column_dimensions.values():
        if column in range(dimension.min or 0, (dimension.max or -1) + 1):
            return int(dimension.width * 7)
    return 64


def test_every_picture_and_chart_has_an_alternative_text(book: Path) -> None:
    descriptions = []
    with zipfile.ZipFile(book) as archive:
        for name in archive.namelist():
            if re.fullmatch(r"xl/drawings/drawing\d+\.xml", name):
                root = ElementTree.fromstring(archive.read(name))
                descriptions += [element.get("descr") for element in root.iterfind(".//{*}cNvPr")]
    assert len(descriptions) == 2 + 6 * 2 + 4
    assert all(description and len(description) > 40 for description in descriptions)
    linear, logarithmic, *others = map(str, descriptions[:-4])
    assert "linear scale" in linear
    assert "logarithmic scale" in logarithmic
    for k, name in enumerate(RATE_SHEETS):
        drawing, chart = others[2 * k : 2 * k + 2]
        assert "at step 1:" in drawing
        assert f"learning rate {name.removeprefix('LR=')}." in chart


def test_links_lead_to_every_sheet_and_back(loaded: Workbook) -> None:
    def targets(name: str) -> set[str]:
        cells = (cell for row in loaded[name].iter_rows() for cell in row if cell.hyperlink is not None)
        return {re.sub(r"^'?(.*?)'?!.*$", r"\1", str(cell.hyperlink.location)) for cell in cells}

    assert targets("Start") == set(loaded.sheetnames) - {"Start"}
    for name in ["LossPlot", *RATE_SHEETS, "Step", "Check"]:
        assert "Start" in targets(name)


def test_numbers_keep_their_sign(tmp_path: Path, libreoffice: Office) -> None:
    """As a reader sees them."""
    path = tmp_path / "signs.xlsx"
    weights = (-1, 0.25, -3, 4, -5, 6, -7, 8)
    build(Experiment(learning_rates=(0.5,), steps=3, weights=weights, inputs=(-0.001, 1)), path)
    cells = {
        "LR=0.5": ["F33", "G33", "N33", "P33", "D33"],
        "Step": ["C8", "E8", "E9", "J8"],
        "Check": ["G27", "H27", "O27", "Q27"],
    }
    shown = libreoffice.recalculate(path, shown=cells).shown
    assert list(shown["LR=0.5"].values()) == ["-1.0000000", "0.2500000", "-5.0000000", "-7.0000000", "-0.001"]
    assert list(shown["Step"].values()) == ["-0.0010", "-1.0000", "0.2500", "-5.0000"]
    assert list(shown["Check"].values()) == ["-1.0000000", "0.2500000", "-5.0000000", "-7.0000000"]


def test_numbers_too_long_for_their_cells_get_an_exponent(loaded: Workbook) -> None:
    outgrown = {
        **{(name, "F33:AF100"): "OR(ABS(F33)>=100,AND(ABS(F33)<1E-05,F33<>0))" for name in RATE_SHEETS},
        ("Start", "I7:J12"): "OR(ABS(I7)>=100,AND(ABS(I7)<1E-05,I7<>0))",
        ("Check", "C32:Y48"): "ABS(C32)>=100",
        ("Check", "D10:E17"): "ABS(D10)>=10",
        ("Step", "C8:O14"): "OR(ABS(C8)>=1000,AND(ABS(C8)<1E-04,C8<>0))",
    }
    for (name, cells), condition in outgrown.items():
        rules = {
            str(ranges.sqref): (rule.formula, rule.dxf.numFmt.formatCode)
            for ranges in loaded[name].conditional_formatting
            for rule in ranges.rules
            if rule.dxf is not None and rule.dxf.numFmt is not None
        }
        assert rules[cells] == ([condition], "0.00E+00")


def test_inputs_are_validated(loaded: Workbook) -> None:
    rules = {
        str(rule.sqref): (rule.type, rule.operator, float(rule.formula1))
        for rule in loaded["Start"].data_validations.dataValidation
    }
    # An operator that is not named is "between".
    assert rules == {"C7:C18": ("decimal", None, -1e300), "H7:H12": ("decimal", "greaterThan", 0)}


def test_the_workbook_opens_on_start(loaded: Workbook) -> None:
    assert loaded.active is not None
    assert loaded.active.title == "Start"


@pytest.mark.slow
def test_a_long_table_of_rates_meets_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "many.xlsx"
    rates = tuple(k / 10 for k in range(1, 41))
    build(Experiment(learning_rates=rates, steps=1), path)
    start = openpyxl.load_workbook(path)["Start"]
    assert [cell.value for (cell,) in start["H7:H46"]] == list(rates)
    assert all(not (set(str(area)) & set("EFGHIJK")) for area in start.merged_cells.ranges)


@pytest.mark.slow
def test_as_many_rates_as_fit_into_a_formula(tmp_path: Path) -> None:
    """Excel takes 8,192 characters; each sheet's name of 18 letters takes 34 of them."""
    rates = tuple(float(f"0.{1234567891234 + k}") for k in range(245))
    path = tmp_path / "many.xlsx"
    build(Experiment(learning_rates=rates[:228], steps=1), path)
    with zipfile.ZipFile(path) as archive:
        sheets = [archive.read(name).decode() for name in archive.namelist() if "worksheets/sheet" in name]
    longest = max(len(unescape(formula)) for sheet in sheets for formula in re.findall("<f>(.*?)</f>", sheet))
    assert LONGEST_FORMULA - 500 < longest < LONGEST_FORMULA
    with pytest.raises(UserError, match="245 learning rates with this many digits"):
        build(Experiment(learning_rates=rates, steps=1), path)
