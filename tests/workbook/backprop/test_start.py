"""The sheet Start: what it tells of every descent, and where it leads."""

from pathlib import Path

import openpyxl
import pytest

from s6xl.backprop.experiment import Experiment
from s6xl.workbook.composition.build import build
from tests.support import facts
from tests.support.excel_com import call
from tests.support.office import Office

WARNING = "As submitted: ∂E/∂w3 and ∂E/∂w4 use a_h1 where a_h2 is right, as the original does. Check shows it."


def test_first_and_last_errors_are_the_originals(submitted_book: Path) -> None:
    start = openpyxl.load_workbook(submitted_book, data_only=True)["Start"]
    assert [cell.value for cell in start["G6:K6"][0]] == [
        "Sheet",
        "Learning rate η",
        "E_tot, step 1",
        "E_tot, step 68",
        "Change",
    ]
    for row, (sheet, losses) in enumerate(facts.losses().items(), start=7):
        name, rate, first, last, change = (cell.value for cell in start[f"G{row}:K{row}"][0])
        assert name == sheet == f"LR={rate:g}"
        assert (first, last) == pytest.approx((losses[0], losses[-1]), abs=1e-15)
        assert change == pytest.approx(losses[-1] / losses[0] - 1, rel=1e-12)


def test_each_row_leads_to_its_own_sheet(book: Path) -> None:
    start = openpyxl.load_workbook(book)["Start"]
    check = openpyxl.load_workbook(book)["Check"]
    for cells in (start["G7:G12"], check["B22:B27"]):
        for (cell,) in cells:
            assert cell.hyperlink.location == f"'{cell.value}'!A1"


def test_what_every_start_value_is(book: Path) -> None:
    start = openpyxl.load_workbook(book)["Start"]
    table = {name.value: (value.value, meaning.value) for name, value, meaning in start["B7:D18"]}
    weights = dict(zip(facts.CONNECTIONS, (0.15, 0.2, 0.25, 0.3, 0.4, 0.45, 0.5, 0.55), strict=True))
    assert table == {
        "i1": (0.05, "input 1"),
        "i2": (0.1, "input 2"),
        "t1": (0.5, "target of output 1"),
        "t2": (0.5, "target of output 2"),
        **{w: (weights[w], f"weight from {source} to {target}") for w, (source, target) in facts.CONNECTIONS.items()},
    }
    assert start["B3"].value == (
        "A 2-2-2 sigmoid network, 68 steps of gradient descent at 6 learning rates. Every number is a live formula."
    )


def test_the_mistake_is_announced(book: Path, submitted_book: Path) -> None:
    right, wrong = openpyxl.load_workbook(book), openpyxl.load_workbook(submitted_book)
    for sheet, cell in (("Start", "B4"), ("Step", "B3"), ("Check", "B3")):
        assert wrong[sheet][cell].value == WARNING
        assert right[sheet][cell].value is None


def test_why_there_is_no_number(book: Path, libreoffice: Office) -> None:
    """A number too large is told from a mistake in a cell."""
    answer = libreoffice.recalculate(book, {"Start": {"H9": 1e300}, "LR=0.8": {"X100": "=1/0", "X33": "=A32+1"}})
    start = answer.values["Start"]
    assert start["J9"] == "diverged"
    assert (start["I10"], start["J10"], start["K10"]) == ("error", "error", "–")
    assert libreoffice.recalculate(book, {"Start": {"C18": -5500}}).values["Start"]["I7"] == "too large"
    sentence = call("S6_A_H1", -800.0)
    changes = {
        "LR=0.1": {"X33": sentence, "X100": sentence},
        "LR=0.2": {"X100": "S6_H1: w1 is empty: enter a number in its cell."},
    }
    start = libreoffice.recalculate(book, changes).values["Start"]
    assert (start["I7"], start["J7"], start["J8"]) == ("too large", "diverged", "error")
    rules = openpyxl.load_workbook(book)["Start"].conditional_formatting
    words = [
        rule for ranges in rules for rule in ranges.rules if str(ranges.sqref) == "I7:J12" and rule.type == "cellIs"
    ]
    red = {rule.formula[0] for rule in words if rule.dxf.fill.bgColor.rgb == "FFDC2626"}
    assert red == {'"too large"', '"diverged"', '"error"'}


def test_what_was_too_large_from_the_first_step_on(tmp_path: Path) -> None:
    path = tmp_path / "large.xlsx"
    build(Experiment(weights=(0, 0, 0, 0, 0, 0, 0, -5500), steps=2), path)
    start = openpyxl.load_workbook(path, data_only=True)["Start"]
    assert [start[cell].value for cell in ("I7", "J7", "K7")] == ["too large", "diverged", "–"]
