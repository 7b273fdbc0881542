"""The workbook against the original: the same formulas at the same addresses, the same values, its mistakes mended."""

from pathlib import Path

import numpy as np
import openpyxl
import pytest
from openpyxl.workbook import Workbook
from openpyxl.worksheet.worksheet import Worksheet

from s6xl.backprop.descent import descend
from s6xl.backprop.experiment import Experiment
from s6xl.backprop.worked_example import NETWORK, TARGETS
from tests.support import facts
from tests.support.sheets import charts, images

RATE_SHEETS = ["LR=0.1", "LR=0.2", "LR=0.5", "LR=0.8", "LR=1", "LR=2"]
FIRST_ROW, LAST_ROW = 33, 100
TABLE = f"B{FIRST_ROW}:AF{LAST_ROW}"
WRONG_COLUMNS = ("AA", "AB")
WEIGHT_COLUMNS = ("F", "G", "H", "I", "N", "O", "P", "Q")
# Constants in the original, repeated in each row; here they come from the sheet Start.
GIVEN_COLUMNS = ("B", "C", "D", "E")


@pytest.fixture(scope="module")
def ours(book: Path) -> Workbook:
    return openpyxl.load_workbook(book)


@pytest.fixture(scope="module")
def ours_submitted(submitted_book: Path) -> Workbook:
    return openpyxl.load_workbook(submitted_book)


@pytest.fixture(scope="module")
def original(reference: Path) -> Workbook:
    return openpyxl.load_workbook(reference / "original_workbook.xlsx")


def values(sheet: Worksheet) -> np.ndarray:
    return np.array([[cell.value for cell in row] for row in sheet[TABLE]], dtype=float)


def squeezed(text: object) -> str:
    return "".join(str(text).split())


def is_formula(value: object) -> bool:
    return isinstance(value, str) and value.startswith("=")


def test_sheets(ours: Workbook) -> None:
    assert ours.sheetnames == ["Start", "LossPlot", *RATE_SHEETS, "Step", "Check", "MNIST"]


@pytest.mark.parametrize("name", RATE_SHEETS)
def test_every_formula_is_the_originals(
    original: Workbook, ours: Workbook, ours_submitted: Workbook, name: str
) -> None:
    compared = 0
    for row in original[name][TABLE]:
        for cell in row:
            if not is_formula(cell.value):
                continue
            compared += 1
            text = squeezed(cell.value)
            assert squeezed(ours_submitted[name][cell.coordinate].value) == text
            if cell.column_letter in WRONG_COLUMNS:
                # Right is the slope of the sigmoid at h2: column M in place of K, twice.
                before, after = text.split(")*K", 1)
                text = f"{before})*M{after.replace('-K', '-M')}"
            assert squeezed(ours[name][cell.coordinate].value) == text
    assert compared == 10_968 / 6


@pytest.mark.parametrize("name", RATE_SHEETS)
def test_every_formula_is_the_one_read_off_the_original(ours_submitted: Workbook, name: str) -> None:
    sheet = ours_submitted[name]
    for fact in facts.columns():
        column = fact["column"]
        assert sheet[f"{column}32"].value == fact["header"]
        for row in range(FIRST_ROW, LAST_ROW + 1):
            pattern = fact["row 33"] if row == FIRST_ROW else fact["row 34"]
            if is_formula(pattern):
                # Row 34's formula, shifted down: first what it takes from the row above, then from its own.
                shifted = pattern if row == FIRST_ROW else shift(pattern, row)
                assert sheet[f"{column}{row}"].value == shifted


def shift(formula: str, row: int) -> str:
    anchored = formula.replace("$31", "$#")
    return anchored.replace("33", "<").replace("34", str(row)).replace("<", str(row - 1)).replace("$#", "$31")


def test_headers_and_rate(ours: Workbook, book: Path) -> None:
    cached = openpyxl.load_workbook(book, data_only=True)
    for name in RATE_SHEETS:
        assert ours[name]["F31"].value == "η ="
        assert is_formula(ours[name]["G31"].value)
        assert f"LR={cached[name]['G31'].value:g}" == name


def test_all_values_of_the_original(reference: Path, submitted_book: Path) -> None:
    original = openpyxl.load_workbook(reference / "original_workbook.xlsx", data_only=True)
    ours = openpyxl.load_workbook(submitted_book, data_only=True)
    differences = [np.abs(values(original[name]) - values(ours[name])) for name in RATE_SHEETS]
    assert sum(difference.size for difference in differences) == 12_648
    assert max(difference.max() for difference in differences) <= 1e-15


def test_losses_read_off_the_original(submitted_book: Path) -> None:
    ours = openpyxl.load_workbook(submitted_book, data_only=True)
    for name, losses in facts.losses().items():
        found = [ours[name][f"X{row}"].value for row in range(FIRST_ROW, LAST_ROW + 1)]
        assert np.abs(np.array(found, dtype=float) - losses).max() <= 1e-15


def test_the_default_is_the_corrected_descent(book: Path) -> None:
    ours = openpyxl.load_workbook(book, data_only=True)
    experiment = Experiment()
    for name, rate in zip(RATE_SHEETS, experiment.learning_rates, strict=True):
        assert (values(ours[name]) == descend(NETWORK, experiment.start, rate, experiment.steps)).all()
    assert ours["LR=1"]["X100"].value == pytest.approx(0.00019683752612, abs=1e-14)


def test_first_row_comes_from_start_and_later_rows_from_the_first(ours: Workbook) -> None:
    start = ours["Start"]
    cells = {start[f"B{row}"].value: f"=Start!$C${row}" for row in range(7, 19)}
    for name in RATE_SHEETS:
        sheet = ours[name]
        for column in (*GIVEN_COLUMNS, *WEIGHT_COLUMNS):
            header = sheet[f"{column}32"].value
            assert sheet[f"{column}33"].value.replace("'", "") == cells[header]
        for column in GIVEN_COLUMNS:
            for row in range(FIRST_ROW + 1, LAST_ROW + 1):
                assert sheet[f"{column}{row}"].value == f"={column}{row - 1}"


def test_no_value_stands_where_a_formula_belongs(ours: Workbook) -> None:
    for name in RATE_SHEETS:
        assert all(is_formula(cell.value) for row in ours[name][TABLE] for cell in row)


def test_derivation_is_the_originals_corrected(original: Workbook, ours: Workbook) -> None:
    theirs, sheet = original["LossPlot"], ours["LossPlot"]
    for row in theirs["U7:AG35"]:
        for cell in row:
            if cell.value is not None:
                corrected = squeezed(cell.value).replace("a_01", "a_o1").replace("a_02", "a_o2")
                # One name for the total error, the one that the original's own headers have.
                corrected = corrected.replace("∂E_total", "∂E").replace("E_total", "E_tot")
                assert squeezed(sheet[cell.coordinate].value) == corrected
    missing = "∂E/∂w4 = ∂E/∂a_h2 * ∂a_h2/∂h2 * ∂h2/∂w4"
    assert theirs["U30"].value is None
    assert sheet["U30"].value == missing
    texts = [cell.value for row in sheet["U7:AG35"] for cell in row if cell.value is not None]
    assert len(texts) == 1 + sum(cell.value is not None for row in theirs["U7:AG35"] for cell in row)


def test_charts_and_drawings_stand_where_the_originals_do(original: Workbook, ours: Workbook) -> None:
    def anchors(sheet: Worksheet) -> list[tuple[int, int]]:
        return [(chart.anchor._from.row, chart.anchor._from.col) for chart in charts(sheet)]

    assert anchors(ours["LossPlot"])[0] == anchors(original["LossPlot"])[0]
    for name in RATE_SHEETS:
        assert anchors(ours[name]) == anchors(original[name])
        (image,) = images(ours[name])
        assert (image.anchor._from.row, image.anchor._from.col) == (2, 1)


def test_targets_are_the_originals() -> None:
    assert [fact["row 33"] for fact in facts.columns()][:2] == [str(target) for target in TARGETS]
