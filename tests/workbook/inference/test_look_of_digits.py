"""What a reader meets on the sheets of a network: colours that follow the numbers, frames, formulas of all programs."""

import re
import zipfile
from pathlib import Path

import pytest
from openpyxl.formatting.rule import Rule
from openpyxl.utils import column_index_from_string
from openpyxl.workbook import Workbook
from pyopenvba.formula import parse

from s6xl.mnist.record import Run

# What Excel 2016, LibreOffice 7.4 and Google Sheets all know.
SHARED_FUNCTIONS = {
    *("AND", "AVERAGE", "COLUMN", "COUNT", "EXP", "IF", "IFERROR", "INDEX", "INT", "ISNUMBER", "MATCH", "MAX", "MIN"),
    *("MOD", "N", "ROUND", "ROW", "SQRT", "SUM", "SUMPRODUCT", "VLOOKUP"),
    # In conditional formats.
    *("ABS", "ISERROR", "LEN", "NOT", "OR", "SEARCH", "TRIM"),
}
LAYERS = ["Input", *(f"Conv {n}" for n in range(1, 7)), "Max pool", "Average pool", "Linear"]


def network_sheets(loaded: Workbook) -> list[str]:
    names = loaded.sheetnames
    return names[names.index("Digit") : names.index("Softmax") + 1]


def rules(loaded: Workbook, sheet: str) -> list[tuple[str, Rule]]:
    """A sheet's conditional formats: where, and what."""
    found = [(str(area.sqref), rule) for area in loaded[sheet].conditional_formatting for rule in area.rules]
    return sorted(found, key=lambda each: each[1].priority)


def test_only_functions_that_all_spreadsheets_share(loaded: Workbook) -> None:
    texts: list[str] = []
    for sheet in network_sheets(loaded):
        texts += [str(cell.value) for row in loaded[sheet].iter_rows() for cell in row if cell.data_type == "f"]
        texts += [formula for _, rule in rules(loaded, sheet) for formula in rule.formula]
    assert len(texts) > 30_000
    assert set(re.findall(r"([A-Z][A-Z0-9.]*)\(", " ".join(texts))) <= SHARED_FUNCTIONS
    for text in texts[::50]:
        parse(text)


def test_no_formula_that_cells_share_names_another_sheet(digit_book: Path) -> None:
    """Excel moves no reference to another sheet along."""
    with zipfile.ZipFile(digit_book) as archive:
        sheets = [archive.read(name).decode() for name in archive.namelist() if "worksheets/sheet" in name]
    shared = [text for sheet in sheets for text in re.findall(r'<f t="shared" ref="[^"]*" si="\d+">([^<]*)', sheet)]
    assert len(shared) > 400
    assert not [text for text in shared if "!" in text]
    for sheet in sheets:
        numbers = re.findall(r'<f t="shared" ref="[^"]*" si="(\d+)">', sheet)
        assert len(set(numbers)) == len(numbers)
        assert set(re.findall(r'<f t="shared" si="(\d+)"/>', sheet)) == set(numbers)


def test_a_cell_of_the_grid_is_as_dark_as_its_pixel(loaded: Workbook) -> None:
    """Sixteen levels, darkest first; each cell looks at its own pixel, which stands 57 columns further right."""
    found = [
        (rule.formula[0], rule.dxf.fill.bgColor.rgb, rule.stopIfTrue)
        for area, rule in rules(loaded, "Digit")
        if area == "B11:AC38"
    ]
    assert [formula for formula, *_ in found] == [f"BG11>={level}" for level in range(248, 0, -16)]
    assert all(stop for *_, stop in found)
    red = [int(colour[-6:-4], 16) for _, colour, _ in found]
    assert red == sorted(red)
    assert (red[0], red[-1]) == (0x1F, 0xF1)
    pixels = loaded.defined_names["digit_pixels"].attr_text
    assert pixels == "'Digit'!$BG$11:$CH$38"
    assert loaded.defined_names["digit_painted"].attr_text == "'Digit'!$B$11:$AC$38"


def test_the_bars_are_coloured_from_nothing_to_all(loaded: Workbook) -> None:
    (scale,) = [rule.colorScale for area, rule in rules(loaded, "Digit") if area == "AF22:BD31"]
    assert [(value.type, value.val) for value in scale.cfvo] == [("num", 0), ("num", 1)]


@pytest.mark.parametrize("sheet", LAYERS)
def test_white_is_0_and_red_is_negative(sheet: str, loaded: Workbook) -> None:
    scales = [(area, rule.colorScale) for area, rule in rules(loaded, sheet) if rule.colorScale]
    assert scales
    for _, scale in scales:
        zero = [index for index, value in enumerate(scale.cfvo) if value.type == "num"]
        assert [scale.cfvo[index].val for index in zero] == [0]
        assert scale.color[zero[0]].rgb == "FFFFFFFF"
    maps = scales[0][1]
    # Whether a map can be negative at all is the layers' affair, and not that of the digit that is shown.
    assert (len(maps.cfvo) == 3) == (sheet in ("Input", "Linear"))
    if sheet.startswith(("Conv", "Linear")):
        interleaved = scales[-1][1]
        assert (len(interleaved.cfvo) == 3) == (sheet == "Conv 1")


@pytest.mark.parametrize("sheet", LAYERS)
def test_the_chosen_neuron_is_framed_among_the_maps(sheet: str, loaded: Workbook) -> None:
    """Its frame and the colours lie over the same cells; LibreOffice wants it so."""
    frames = [(area, rule) for area, rule in rules(loaded, sheet) if rule.type == "expression"]
    coloured = [area for area, rule in rules(loaded, sheet) if rule.colorScale]
    assert len(frames) == (2 if sheet.startswith(("Conv", "Linear")) else 1)
    for area, rule in frames:
        assert area in coloured
        assert rule.dxf.border.left.style == "thin"
        assert rule.formula[0].startswith("AND(ROW()")


@pytest.mark.parametrize("name", ["digit_painted", "digit_pixels", "digit_probabilities", "network_layers"])
def test_names_that_a_reader_can_use(name: str, loaded: Workbook) -> None:
    sheet, _, area = loaded.defined_names[name].attr_text.rpartition("!")
    cells = loaded[sheet.strip("'")][area.replace("$", "")]
    assert len(cells) > 9


def test_every_weight_has_a_name_after_pytorchs(loaded: Workbook) -> None:
    state = Run.open(Path("pretrained")).network().state
    assert {name for name in loaded.defined_names if re.match(r"layer\d", name)} == {
        f"layer{name.replace('.', '_')}" for name in state
    }


def test_what_can_be_entered_is_checked(loaded: Workbook) -> None:
    found = {str(rule.sqref): rule for rule in loaded["Digit"].data_validations.dataValidation}
    assert found["J9"].type == "list"
    grid = found["B11:AC38"]
    assert (grid.type, grid.formula1, grid.formula2) == ("decimal", "0", "255")
    for sheet in LAYERS:
        assert {rule.type for rule in loaded[sheet].data_validations.dataValidation} == {"whole"}


def test_start_leads_to_every_sheet_but_the_layers(loaded: Workbook) -> None:
    cells = [cell for row in loaded["Start"].iter_rows() for cell in row if cell.hyperlink]
    linked = [str(cell.hyperlink.location).partition("!")[0].strip("'") for cell in cells]
    assert set(linked) == set(loaded.sheetnames) - {"Start", "Softmax", *LAYERS}


def test_pages_hold_what_is_to_be_read(loaded: Workbook) -> None:
    """Whole tables of weights, which begin a page; and Digit and Digits on one page each."""
    for name in LAYERS:
        sheet = loaded[name]
        _, last_column, last_row = re.fullmatch(r"'([^']+)'!\$A\$1:\$([A-Z]+)\$(\d+)", sheet.print_area or "").groups()
        titles = {str(cell.value): cell.row for (cell,) in sheet.iter_rows(min_col=2, max_col=2) if cell.value}
        weights = titles.get("Weights, map by map")
        assert [at.id for at in sheet.row_breaks.brk] == ([weights - 1] if weights else [])
        if weights:
            table = [area for area in sheet.merged_cells.ranges if weights < area.min_row <= weights + 9]
            assert max(area.max_col for area in table) <= column_index_from_string(last_column)
            assert titles["What goes in, laid out so that each neuron sees one rectangle"] > int(last_row)
    for name in ("Digit", "Digits"):
        setup = loaded[name].page_setup
        assert (setup.fitToWidth or 1, 1 if setup.fitToHeight is None else setup.fitToHeight) == (1, 1)
        assert loaded[name].sheet_properties.pageSetUpPr.fitToPage


def test_no_text_becomes_a_formula_when_it_is_edited(loaded: Workbook) -> None:
    texts = [cell for sheet in loaded for row in sheet.iter_rows() for cell in row if cell.data_type == "s"]
    assert len(texts) > 1_000
    assert not [cell for cell in texts if str(cell.value)[0] in "=+-@"]


def test_a_line_below_a_title_touches_no_table(loaded: Workbook) -> None:
    for sheet in LAYERS:
        for number, row in enumerate(loaded[sheet].iter_rows(max_col=2), start=1):
            if row[1].border.bottom.style == "medium":
                assert loaded[sheet].cell(number + 1, 2).fill.fill_type is None, sheet
