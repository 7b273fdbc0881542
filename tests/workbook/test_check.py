"""The sheet Check: green while the formulas are right, red for any that is broken."""

import re
from pathlib import Path

import openpyxl
import pytest

from office import Office, Recalculated
from s6xl.central_difference import TOLERANCE
from s6xl.workbook.check import AGREES, ALL_AGREE, BROKEN, SOME_BROKEN

BANNER = "B6"
CHOSEN = [f"H{row}" for row in range(10, 18)]
EVERY = {
    sheet: f"K{row}" for row, sheet in enumerate(("LR=0.1", "LR=0.2", "LR=0.5", "LR=0.8", "LR=1", "LR=2"), start=22)
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
    errors = {column: check[f"{column}22"] for column in "CDEFGHIJ"}
    assert {column for column, error in errors.items() if float(error) > TOLERANCE} == {"E", "F"}
    cached = openpyxl.load_workbook(submitted_book, data_only=True)["Check"]
    assert cached[BANNER].value == SOME_BROKEN


# A formula of each column, broken in one row of one sheet; the row is not the chosen one.
BREAKS = {
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
}


@pytest.mark.parametrize("cell", BREAKS)
def test_one_broken_cell_turns_its_sheet_red(book: Path, libreoffice: Office, cell: str) -> None:
    answer = libreoffice.recalculate(book, {"LR=0.5": {cell: BREAKS[cell]}})
    check = answer.values["Check"]
    assert check[BANNER] == SOME_BROKEN
    assert {sheet for sheet, verdict in EVERY.items() if check[verdict] == BROKEN} == {"LR=0.5"}


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
    ):
        answer = libreoffice.recalculate(book, {"Start": dict(changes)})
        assert answer.values["Check"][BANNER] == ALL_AGREE, changes


def test_verdicts_are_coloured(book: Path) -> None:
    """Red for broken and green for agreeing, by rules that compare with those words."""
    rules = {
        (str(ranges.sqref), rule.formula[0]): rule.dxf.fill.bgColor.rgb
        for ranges in openpyxl.load_workbook(book)["Check"].conditional_formatting
        for rule in ranges.rules
        if rule.dxf is not None and rule.type == "cellIs" and rule.formula[0].startswith('"')
    }
    for cell in (*CHOSEN, *EVERY.values()):
        red, green = rules[cell, f'"{BROKEN}"'], rules[cell, f'"{AGREES}"']
        assert re.fullmatch("FFDC2626", red)
        assert re.fullmatch("FFD3F2DD", green)
