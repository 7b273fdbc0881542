"""The sheet Check: green while the formulas are right, red for any that is broken."""

import re
from pathlib import Path

import openpyxl
import pytest

from s6xl.backprop.experiment import Experiment
from s6xl.backprop.verification import TOLERANCE
from s6xl.workbook.backprop.check import AGREES, ALL_AGREE, BROKEN, NO_NUMBER, SOME_BROKEN, SOME_UNKNOWN
from s6xl.workbook.composition.build import build
from tests.support.office import Office, Recalculated

BANNER = "B6"
CHOSEN = [f"H{row}" for row in range(10, 18)]
EVERY = {
    sheet: f"O{row}" for row, sheet in enumerate(("LR=0.1", "LR=0.2", "LR=0.5", "LR=0.8", "LR=1", "LR=2"), start=22)
}


def verdicts(answer: Recalculated) -> list[object]:
    return [answer.values["Check"][cell] for cell in (*CHOSEN, *EVERY.values())]


def test_right_formulas_agree(recalculated: Recalculated) -> None:
    assert recalculated.values["Check"][BANNER] == ALL_AGREE
    assert set(verdicts(recalculated)) == {AGREES}


def test_the_originals_mistake_is_found_on_every_sheet(submitted_book: Path, libreoffice: Office) -> None:
    answer = libreoffice.recalculate(submitted_book)
    check = answer.values["Check"]
    assert check[BANNER] == SOME_BROKEN
    assert [check[cell] for cell in CHOSEN] == [AGREES] * 2 + [BROKEN] * 2 + [AGREES] * 4
    assert {check[cell] for cell in EVERY.values()} == {BROKEN}
    errors = {column: check[f"{column}22"] for column in "DEFGHIJKLMN"}
    assert {column for column, error in errors.items() if float(error) > TOLERANCE} == {"F", "G"}
    cached = openpyxl.load_workbook(submitted_book, data_only=True)["Check"]
    assert cached[BANNER].value == SOME_BROKEN


# A formula of each column, broken in one row of one sheet; the row is not the chosen one.
BREAKS: dict[str, float | str] = {
    "J50": "=F50*D50+G50*D50",
    "K50": "=1/(1+EXP(J50))",
    "L50": "=H50*D50+G50*E50",
    "M50": "=1/(1+EXP(-J50))",
    "R50": "=N50*K50+O50*K50",
    "S50": "=1/(1-EXP(-R50))",
    "T50": "=P50*K50-Q50*M50",
    "U50": "=S50",
    "Y50": "=((S50-B50)*S50*(1-S50)*N50+(U50-C50)*U50*(1-U50)*P50)*K50*(1-K50)*E50",
    "Z50": "=Z49",
    "AA50": "=((S50-B50)*S50*(1-S50)*O50+(U50-C50)*U50*(1-U50)*Q50)*K50*(1-K50)*D50",
    "AB50": "=0",
    "AC50": "=(S50-B50)*S50*(1-S50)*M50",
    "AD50": "=-(S50-B50)*S50*(1-S50)*M50",
    "AE50": "=(U50-C50)*U50*K50",
    "AF50": "=0.01",
    "V50": "=0",
    "W50": "=(C50-U50)^2",
    "X50": "=V50",
    # A value typed over an update, an update uphill, by the wrong gradient, by another rate, twice, not at all.
    "F50": "=5",
    "G50": "=G49+$G$31*Z49",
    "H50": "=H49-$G$31*AB49",
    "I50": "=I49-0.51*AB49",
    "N50": "=N49-2*$G$31*AC49",
    "Q50": "=Q49",
    # Inputs and targets that change on the way.
    "B50": "=0.4",
    "E50": "=0.2",
    # Formulas broken into an error or a text.
    "Y51": "=1/0",
    "AC51": "=1/0",
    "AD51": "abc",
    "K51": "=NA()",
    "X51": "abc",
    "O51": "=1/0",
    "P51": "abc",
    # A first row or a rate that is no longer the one on Start.
    "F33": 0.9,
    "B33": "",
    "N33": "=1/0",
    "C33": "abc",
    "G31": "=Start!H7",
    # Steps that are numbered otherwise.
    "A33": 2,
    "A50": "",
    "A51": 5000,
    "A100": "abc",
}


BROKEN_SHEETS = ("LR=0.2", "LR=0.5", "LR=0.8")
THREES = [tuple(BREAKS)[start : start + len(BROKEN_SHEETS)] for start in range(0, len(BREAKS), len(BROKEN_SHEETS))]


@pytest.mark.parametrize("cells", THREES, ids=" ".join)
def test_one_broken_cell_turns_its_sheet_red(book: Path, libreoffice: Office, cells: tuple[str, ...]) -> None:
    """Several sheets at a time, each broken in one cell, to spare recalculations; the others stay green."""
    broken = dict(zip(BROKEN_SHEETS, cells, strict=False))
    answer = libreoffice.recalculate(book, {sheet: {cell: BREAKS[cell]} for sheet, cell in broken.items()})
    check = answer.values["Check"]
    assert check[BANNER] == SOME_BROKEN
    assert {sheet for sheet, verdict in EVERY.items() if check[verdict] == BROKEN} == set(broken)


@pytest.mark.parametrize("setting", ["L10", "L11", "L12"])
def test_a_setting_that_is_no_number_hides_nothing(book: Path, libreoffice: Office, setting: str) -> None:
    """As where somebody types a decimal comma that his spreadsheet does not read: a text is not below any number."""
    for changes in ({}, {"LR=0.8": {"AA50": -999.0}}):
        answer = libreoffice.recalculate(book, {**changes, "Check": {setting: "0,00001"}})
        assert answer.values["Check"][BANNER] in (SOME_UNKNOWN, SOME_BROKEN)
        assert AGREES not in verdicts(answer)


def test_settings_are_small_numbers(book: Path) -> None:
    rules = openpyxl.load_workbook(book)["Check"].data_validations.dataValidation
    limits = {str(rule.sqref): (rule.type, rule.operator, rule.allowBlank, float(rule.formula2)) for rule in rules[2:]}
    assert limits == {
        cell: ("decimal", None, False, largest) for cell, largest in (("L10", 1), ("L11", 0.01), ("L12", 0.01))
    }


def test_text_for_a_rate_is_no_number_rather_than_broken(book: Path, libreoffice: Office) -> None:
    for cell in ("H9", "C11"):
        answer = libreoffice.recalculate(book, {"Start": {cell: "abc"}})
        assert answer.values["Check"][BANNER] == SOME_UNKNOWN


def test_the_chosen_step_is_the_one_checked(book: Path, libreoffice: Office) -> None:
    changes: dict[str, dict[str, float | str]] = {"LR=0.5": {"AC50": "=0"}, "Check": {"D4": 0.5, "G4": 18}}
    check = libreoffice.recalculate(book, changes).values["Check"]
    assert [check[cell] for cell in CHOSEN] == [AGREES] * 4 + [BROKEN] + [AGREES] * 3


def test_other_start_values_do_not_raise_a_false_alarm(book: Path, libreoffice: Office) -> None:
    for changes in (
        {"C9": 0.01, "C10": 0.99},
        {"C7": 1.0, "C8": -2.0, "C11": 3.0, "C15": -4.0},
        {"C7": 0.0, "C8": 0.0},
        {"C11": 30.0, "C7": 3.0},
        {"C15": 20.0, "C16": 20.0},
        {"C9": 30.0, "C10": 40.0, "C15": 20.0, "C16": 20.0, "C17": 20.0, "C18": 20.0},
        {"C7": 3.0, "C8": 4.0, "C9": 1000.0, "C10": -1000.0},
    ):
        answer = libreoffice.recalculate(book, {"Start": dict(changes)})
        assert answer.values["Check"][BANNER] == ALL_AGREE, changes


def test_the_banners_colour_is_that_of_its_words(book: Path) -> None:
    rules = [
        (re.fullmatch(r'LEFT\(B6,8\)="(.*)"', rule.formula[0]), rule.dxf.fill.bgColor.rgb)
        for ranges in openpyxl.load_workbook(book)["Check"].conditional_formatting
        for rule in ranges.rules
        if str(ranges.sqref) == "B6:K6"
    ]
    colours = {beginning[1]: colour for beginning, colour in rules if beginning}
    assert colours == {
        SOME_BROKEN[:8]: "FFDC2626",
        SOME_UNKNOWN[:8]: "FFFDE7B0",
        ALL_AGREE[:8]: "FFD3F2DD",
    }


def test_each_setting_does_its_own(book: Path, libreoffice: Office) -> None:
    """The width moves the slopes, the floor the relative errors, the tolerance the verdicts."""
    settings = openpyxl.load_workbook(book)["Check"]
    assert [settings[f"K{row}"].value for row in (10, 11, 12)] == ["h, the width", "tolerance", "floor"]

    def check(cell: str, value: float) -> tuple[float, float, object]:
        found = libreoffice.recalculate(book, {"Check": {cell: value}}).values["Check"]
        return float(found["F10"]), float(found["G10"]), found["H10"]

    slope, error, _ = check("L10", 1e-5)
    wider = check("L10", 0.5)
    assert abs(wider[0] - slope) > 1e-9
    assert wider[2] == BROKEN
    assert check("L11", 1e-12) == (slope, error, BROKEN)
    assert check("L12", 0.01)[0] == slope
    assert check("L12", 0.01)[1] == pytest.approx(error * (slope + 1e-5) / (slope + 0.01), rel=0.02)


def test_a_broken_gradient_of_the_chosen_step(book: Path, libreoffice: Office) -> None:
    found = libreoffice.recalculate(book, {"LR=0.1": {"AC33": "=1/0"}}).values["Check"]
    assert [found[cell] for cell in CHOSEN] == [AGREES] * 4 + [BROKEN] + [AGREES] * 3
    found = libreoffice.recalculate(book, {"Start": {"C11": "abc"}}).values["Check"]
    assert [found[cell] for cell in CHOSEN] == [NO_NUMBER] * 8


def test_the_forward_passes_move_what_they_say(recalculated: Recalculated, book: Path) -> None:
    cells = recalculated.values["Check"]
    headings = {str(cells[f"{column}31"]): column for column in "CDEFGHIJKLMNOPQRSTUVWXY"}
    sheet = openpyxl.load_workbook(book)["Check"]
    for row in range(33, 49):
        weight, sign, _ = str(cells[f"B{row}"]).split()
        for name in ("w1", "w2", "w3", "w4", "w5", "w6", "w7", "w8"):
            change = float(cells[f"{headings[name]}{row}"]) - float(cells[f"{headings[name]}32"])
            expected = {"+": 1e-5, "−": -1e-5}[sign] if name == weight else 0
            assert change == pytest.approx(expected, abs=1e-15)
            marked = sheet[f"{headings[name]}{row}"].fill.fgColor.rgb == "FFFFF3BF"
            assert marked == (name == weight)
    assert [cells[f"{column}9"] for column in "DE"] == ["E_tot(w + h)", "E_tot(w − h)"]
    up, down = ([cells[f"{headings['E_tot']}{row}"] for row in range(first, 49, 2)] for first in (33, 34))
    assert [cells[f"D{row}"] for row in range(10, 18)] == up
    assert [cells[f"E{row}"] for row in range(10, 18)] == down
    names = [f"∂E/∂w{k}" for k in range(1, 9)]
    assert [cells[f"{column}21"] for column in "DEFGHIJKLMN"] == [*names, "E_tot", "updates", "start, steps"]


def test_verdicts_are_coloured(book: Path) -> None:
    """Red for broken, amber for no number, green for agreeing, by rules that compare with those words."""
    rules = {
        (str(ranges.sqref), rule.formula[0]): rule.dxf.fill.bgColor.rgb
        for ranges in openpyxl.load_workbook(book)["Check"].conditional_formatting
        for rule in ranges.rules
        if rule.type == "cellIs"
    }
    for cells in ("G10:H17", "D22:O27"):
        assert rules[cells, f'"{BROKEN}"'] == rules[cells, "$L$11"] == "FFDC2626"
        assert rules[cells, f'"{NO_NUMBER}"'] == "FFFDE7B0"
        assert rules[cells, f'"{AGREES}"'] == "FFD3F2DD"
    assert CHOSEN[0] == "H10"
    assert list(EVERY.values())[-1] == "O27"


def test_a_divergent_descent_hides_no_other(tmp_path: Path, libreoffice: Office) -> None:
    """Its steps are checked up to where it diverges; beyond there is nothing to check."""
    path = tmp_path / "far.xlsx"
    build(Experiment(learning_rates=(0.5, 1e300), steps=20), path)
    check = libreoffice.recalculate(path).values["Check"]
    assert check[BANNER] == ALL_AGREE
    assert [check["C22"], check["C23"]] == [20, 1]
    for sheet, cell in (("LR=0.5", "AC40"), ("LR=1E+300", "AC33")):
        assert libreoffice.recalculate(path, {sheet: {cell: "=0"}}).values["Check"][BANNER] == SOME_BROKEN


def test_what_cannot_be_checked_is_said(book: Path, libreoffice: Office) -> None:
    """A rate changed in the workbook makes one descent diverge within the steps that are checked."""
    check = libreoffice.recalculate(book, {"Start": {"H9": 1e300}}).values["Check"]
    assert check[BANNER] == SOME_UNKNOWN
    assert check[EVERY["LR=0.5"]] == NO_NUMBER
    assert {check[cell] for sheet, cell in EVERY.items() if sheet != "LR=0.5"} == {AGREES}


def test_large_workbooks_check_their_first_steps(tmp_path: Path, libreoffice: Office) -> None:
    path = tmp_path / "long.xlsx"
    build(Experiment(learning_rates=(0.5,), steps=1200), path)
    answer = libreoffice.recalculate(path, {"LR=0.5": {"AC1031": "=0"}})
    assert answer.values["Check"]["C22"] == 1000
    assert answer.values["Check"][BANNER] == SOME_BROKEN
