"""The sheet Step: whatever is chosen, it shows that step's numbers, and formulas that come to them."""

import re
from pathlib import Path

import numpy as np
import openpyxl
import pytest

from office import Office, Recalculated
from s6xl.derivation import NETWORK, symbol
from s6xl.descent import descend
from s6xl.experiment import Experiment
from s6xl.expression import parse, to_numpy
from s6xl.workbook import build

RATE, STEP = "D4", "G4"
EXAMPLE = "(0.6065 − 0.5) × 0.6065 × (1 − 0.6065) × 0.5069 = 0.01288"


def texts(answer: Recalculated) -> list[str]:
    return [value for value in answer.values["Step"].values() if isinstance(value, str)]


def looked_up(answer: Recalculated) -> dict[str, float]:
    """The table at the right: names in column Q, values in column R."""
    cells = answer.values["Step"]
    names = {address: text for address, text in cells.items() if re.fullmatch(r"Q\d+", address)}
    return {str(name): cells["R" + address[1:]] for address, name in names.items() if "R" + address[1:] in cells}  # type: ignore[misc]


def evaluated(text: str) -> float:
    for shown, python in {"½": "0.5", "²": "**2", "×": "*", "−": "-"}.items():
        text = text.replace(shown, python)
    return float(to_numpy(parse(re.sub(r"(\d)E(-?\d)", r"\1e\2", text)))())


def check_choice(answer: Recalculated, rate: float, step: int, experiment: Experiment) -> None:
    assert answer.errors["Step"] == []
    row = descend(NETWORK, experiment.start, rate, step)[-1]
    values = looked_up(answer)
    for name, value in zip(NETWORK.columns, row, strict=True):
        assert values[symbol(name)] == pytest.approx(value, abs=1e-15)
    assert values["η"] == rate
    following = descend(NETWORK, experiment.start, rate, step + 1)[-1]
    for name in NETWORK.weights:
        assert values[f"{name}, next"] == pytest.approx(following[NETWORK.columns.index(name)], abs=1e-15)

    # Every line with numbers put in comes to the number at its end, as near as its digits let it.
    equations = [text for text in texts(answer) if re.fullmatch(r"[-−\d.E½²×+/() exp]+ = [-−\d.E]+", text)]
    assert len(equations) == 11 + 8 + 8
    for equation in equations:
        left, right = equation.split(" = ")
        assert evaluated(left) == pytest.approx(evaluated(right), rel=2e-3), equation


def test_the_example(recalculated: Recalculated) -> None:
    assert EXAMPLE in texts(recalculated)


@pytest.mark.parametrize(("rate", "step"), [(0.1, 1), (2.0, 68), (0.5, 17), (1.0, 2)])
def test_choices(book: Path, libreoffice: Office, rate: float, step: int) -> None:
    answer = libreoffice.recalculate(book, {"Step": {RATE: rate, STEP: step}})
    check_choice(answer, rate, step, Experiment())
    assert f"Shown: η = {rate:g}, step {step}" in texts(answer)


def test_negative_numbers_and_many_rates(tmp_path: Path, libreoffice: Office) -> None:
    rates = tuple(k / 4 for k in range(1, 64))
    weights = (-1.5, 0.2, -0.3, 0.7, 1.1, -0.9, 0.5, -2.0)
    experiment = Experiment(learning_rates=rates, steps=5, weights=weights, targets=(0.9, 0.2))
    path = tmp_path / "many.xlsx"
    build(experiment, path)
    for rate, step in ((rates[0], 5), (rates[29], 2), (rates[30], 3), (rates[62], 4)):
        check_choice(libreoffice.recalculate(path, {"Step": {RATE: rate, STEP: step}}), rate, step, experiment)


def test_a_rate_that_is_gone_is_said(book: Path, libreoffice: Office) -> None:
    answer = libreoffice.recalculate(book, {"Step": {RATE: 0.7}})
    assert answer.error_cells == []
    assert "There is no such rate or step; shown: η = 0.1, step 1" in texts(answer)


@pytest.mark.parametrize(("typed", "step"), [(0, 1), (69, 68), (1.5, 1), ("", 1), ("abc", 1), (-3, 1)])
def test_a_step_that_is_not_there_is_said(book: Path, libreoffice: Office, typed: float | str, step: int) -> None:
    answer = libreoffice.recalculate(book, {"Step": {STEP: typed}})
    assert answer.error_cells == []
    assert f"There is no such rate or step; shown: η = 0.1, step {step}" in texts(answer)


def test_the_mistake_shows_in_the_formula(submitted_book: Path, libreoffice: Office) -> None:
    found = texts(libreoffice.recalculate(submitted_book))
    wrong = "((a_o1 − t1) × a_o1 × (1 − a_o1) × w6 + (a_o2 − t2) × a_o2 × (1 − a_o2) × w8) × a_h1 × (1 − a_h1) × i1"
    assert wrong in found
    assert wrong.replace("a_h1 × (1 − a_h1)", "a_h2 × (1 − a_h2)") not in found


def test_the_drop_downs_list_what_there_is(book: Path) -> None:
    loaded = openpyxl.load_workbook(book)
    for name in ("Step", "Check"):
        rules = loaded[name].data_validations.dataValidation
        lists = {str(rule.sqref): rule.formula1 for rule in rules if rule.type == "list"}
        assert lists == {RATE: "'Start'!$H$7:$H$12", STEP: "'LR=0.1'!$A$33:$A$100"}
    assert [loaded["Start"][f"H{row}"].value for row in range(7, 13)] == list(Experiment().learning_rates)
    assert np.array_equal([cell.value for (cell,) in loaded["LR=0.1"]["A33:A100"]], np.arange(1, 69))


def test_colours_go_by_sign_and_size(book: Path) -> None:
    """Each scale runs from minus to plus the largest of its kind, with white at nought."""
    scales = [
        rule.colorScale
        for ranges in openpyxl.load_workbook(book)["Step"].conditional_formatting
        for rule in ranges.rules
        if rule.colorScale is not None
    ]
    assert len(scales) == 3
    for scale in scales:
        low, middle, high = scale.cfvo
        assert low.val == f"-{high.val}"
        assert float(middle.val) == 0
        assert scale.color[1].rgb == "FFFFFFFF"
