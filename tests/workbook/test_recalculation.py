"""LibreOffice recalculates the workbook from scratch: it finds what is cached, and follows a change."""

from pathlib import Path

import numpy as np
import openpyxl
import pytest

from s6xl.backprop.descent import descend
from s6xl.backprop.experiment import Experiment
from s6xl.backprop.worked_example import NETWORK
from s6xl.workbook.composition.build import build
from tests.support.cached_values import assert_cached_values_hold, cells
from tests.support.office import Office, Recalculated

RATE_SHEETS = ["LR=0.1", "LR=0.2", "LR=0.5", "LR=0.8", "LR=1", "LR=2"]


def test_the_default_workbook(book: Path, recalculated: Recalculated) -> None:
    assert recalculated.error_cells == []
    assert_cached_values_hold(book, recalculated)


def test_no_cached_value_is_missing(book: Path) -> None:
    formulas, cached = cells(book, data_only=False), cells(book, data_only=True)
    missing = [
        f"{sheet}!{address}"
        for sheet, addresses in formulas.items()
        for address, formula in addresses.items()
        if formula is not None and cached[sheet][address] is None
    ]
    assert missing == []


def test_the_workbook_as_submitted(submitted_book: Path, libreoffice: Office) -> None:
    answer = libreoffice.recalculate(submitted_book)
    assert answer.error_cells == []
    assert_cached_values_hold(submitted_book, answer)


@pytest.mark.parametrize(
    "experiment",
    [
        Experiment(learning_rates=(0.5,), steps=1),
        Experiment(learning_rates=(0.05, 3.0), steps=200, targets=(0.01, 0.99), weights=(-1, 2, -3, 4, -5, 6, -7, 8)),
        Experiment(learning_rates=tuple(k / 10 for k in range(1, 35)), steps=2),
        Experiment(learning_rates=(1e300, 50.0, 1e6), steps=20),
        Experiment(learning_rates=(1.0,), steps=3, weights=(0.1, 0.2, 100, 0, 1e-9, -2e8, 0.5, 0.3)),
        Experiment(learning_rates=(1.0,), steps=3, targets=(3.0, 1e200), inputs=(5.0, -10.0)),
        Experiment(learning_rates=(0.12345678901234566, 2.3e-308), steps=3),
        Experiment(learning_rates=(1.0,), steps=1, inputs=(0, 1e10), weights=(0,) * 6 + (1e308, -1e308)),
        Experiment(learning_rates=(1.0,), steps=3, inputs=(0.0, 0.0), targets=(0.0, 0.0), weights=(0.0,) * 8),
    ],
    ids=lambda experiment: f"{len(experiment.learning_rates)} rates, {experiment.steps} steps",
)
def test_other_workbooks(experiment: Experiment, tmp_path: Path, libreoffice: Office) -> None:
    path = tmp_path / "other.xlsx"
    build(experiment, path)
    answer = libreoffice.recalculate(path)
    expected_errors = {
        f"{sheet}!{address}"
        for sheet, addresses in cells(path, data_only=True).items()
        for address, value in addresses.items()
        if value == "#NUM!"
    }
    assert set(answer.error_cells) == expected_errors
    assert_cached_values_hold(path, answer)


def test_one_change_re_runs_all_sheets(book: Path, libreoffice: Office) -> None:
    start = dict(Experiment().start)
    changed = {"t1": 0.01, "t2": 0.99, "i2": -0.4, "w1": 0.35, "w8": -1.5}
    places = {openpyxl.load_workbook(book)["Start"][f"B{row}"].value: f"C{row}" for row in range(7, 19)}
    answer = libreoffice.recalculate(book, {"Start": {places[name]: value for name, value in changed.items()}})
    for name in RATE_SHEETS:
        table = descend(NETWORK, {**start, **changed}, float(name.removeprefix("LR=")), 68)
        found = [[answer.values[name][f"{column}{row}"] for column in COLUMNS] for row in range(33, 101)]
        assert np.abs(np.array(found, dtype=float) - table).max() <= 1e-15


def test_a_changed_rate_re_runs_its_sheet(book: Path, libreoffice: Office) -> None:
    answer = libreoffice.recalculate(book, {"Start": {"H12": 3.5}})
    table = descend(NETWORK, Experiment().start, 3.5, 68)
    assert answer.values["LR=2"]["X100"] == pytest.approx(table[-1, 22], abs=1e-15)
    assert answer.values["LR=2"]["B1"] == "η = 3.5"
    assert answer.values["LR=1"]["X100"] == pytest.approx(0.00019683752612, abs=1e-14)


COLUMNS = [*"BCDEFGHIJKLMNOPQRSTUVWXYZ", *(f"A{letter}" for letter in "ABCDEF")]
