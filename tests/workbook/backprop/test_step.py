"""The sheet Step: whatever is chosen, it shows that step's numbers, and formulas that come to them."""

import math
import re
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import openpyxl
import pytest

from s6xl.backprop.descent import descend
from s6xl.backprop.experiment import Experiment
from s6xl.backprop.network import symbol
from s6xl.backprop.worked_example import NETWORK
from s6xl.workbook.composition.build import build
from tests.support import witness
from tests.support.facts import CONNECTIONS
from tests.support.office import Office, Recalculated

RATE, STEP = "D4", "G4"
EXAMPLE = "(0.6065 − 0.5) × 0.6065 × (1 − 0.6065) × 0.5069 = 0.01288"


def texts(answer: Recalculated) -> list[str]:
    return [value for value in answer.values["Step"].values() if isinstance(value, str)]


def looked_up(answer: Recalculated) -> dict[str, float]:
    """The table at the right: names in column Q, values in column R."""
    cells = answer.values["Step"]
    names = {address: text for address, text in cells.items() if re.fullmatch(r"Q\d+", address)}
    return {str(name): cells["R" + address[1:]] for address, name in names.items() if "R" + address[1:] in cells}  # type: ignore[misc]


def evaluated(text: str, values: Mapping[str, float]) -> float:
    """What a formula in the sheet's own spelling comes to: ``½ × (t1 − a_o1)²``, ``0.15 − 0.1 × 3.17E−5``."""
    spelling = {"∂E/∂w": "dE_dw", "σ": "sigmoid", "½": "0.5", "²": "**2", "×": "*", "−": "-", "η": "lr"}
    for shown, python in spelling.items():
        text = text.replace(shown, python)
    functions = {"exp": math.exp, "sigmoid": lambda x: 1 / (1 + math.exp(-x))}
    return float(eval(text, {"__builtins__": {}}, {**values, **functions}))


def check_network(cells: Mapping[str, float | str], values: Mapping[str, float]) -> None:
    """The network in cells: each number stands beside the name that it belongs to."""
    found = []
    for row in range(8, 15):
        for label, number in zip("BGLN", "CHMO", strict=True):
            if (name := str(cells.get(f"{label}{row}", ""))) in values:
                assert cells[f"{number}{row}"] == pytest.approx(values[name], rel=1e-12), name
                found.append(name)
        for label, number, slope in (("D", "E", "F"), ("I", "J", "K")):
            if edge := re.fullmatch(r"(w\d): (\w+) → (\w+)", str(cells.get(f"{label}{row}", ""))):
                weight, source, target = edge.groups()
                assert (source, target) == CONNECTIONS[weight]
                assert cells[f"{number}{row}"] == pytest.approx(values[weight], rel=1e-12)
                assert cells[f"{slope}{row}"] == pytest.approx(values[f"dE_d{weight}"], rel=1e-9)
                found.append(weight)
    forward = {*("i1", "i2", "t1", "t2", "h1", "a_h1", "h2", "a_h2", "o1", "a_o1", "o2", "a_o2", "E1", "E2", "E_tot")}
    assert sorted(found) == sorted(forward | set(CONNECTIONS))


def check_formulas(cells: Mapping[str, float | str], values: Mapping[str, float]) -> None:
    """Every formula in symbols, and every number that it comes to, beside the name that it belongs to."""
    rows = {str(cells[f"B{row}"]): row for row in range(18, 65) if f"B{row}" in cells}
    for name in ("h1", "a_h1", "h2", "a_h2", "o1", "a_o1", "o2", "a_o2", "E1", "E2", "E_tot"):
        assert evaluated(str(cells[f"C{rows[name]}"]), values) == pytest.approx(values[name], rel=1e-9)
        assert last_number(cells[f"H{rows[name]}"]) == pytest.approx(values[name], rel=6e-4)
    for weight, (source, target) in CONNECTIONS.items():
        slope, row = values[f"dE_d{weight}"], rows[f"∂E/∂{weight}"]
        assert evaluated(str(cells[f"C{row + 1}"]), values) == pytest.approx(slope, rel=1e-9)
        assert last_number(cells[f"C{row + 2}"]) == pytest.approx(slope, rel=6e-4)
        activation, flow = values[f"a_{target}"], values[source]
        factors = [slope / (activation * (1 - activation) * flow), activation * (1 - activation), flow]
        chain, numbers = str(cells[f"C{row}"]).split(" = ")
        assert [plain(number) for number in numbers.split(" × ")] == pytest.approx(factors, rel=6e-4)
        error = "E" if source.startswith("i") else target.replace("o", "E")
        assert chain == f"∂{error}/∂a_{target} × ∂a_{target}/∂{target} × ∂{target}/∂{weight}"
        updated, row = values[weight] - values["lr"] * slope, rows[f"{weight}, next"]
        assert evaluated(str(cells[f"C{row}"]), values) == pytest.approx(updated, rel=1e-12)
        assert last_number(cells[f"H{row}"]) == pytest.approx(updated, abs=6e-3 * abs(values["lr"] * slope))


def last_number(text: float | str) -> float:
    return plain(str(text).split(" = ")[1])


def plain(number: str) -> float:
    return float(number.strip("()").replace("−", "-"))


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

    cells = answer.values["Step"]
    givens = {name: float(row[NETWORK.columns.index(name)]) for name in NETWORK.givens}
    expected = {**givens, **witness.quantities(givens), "lr": rate}
    check_network(cells, expected)
    check_formulas(cells, expected)

    # Every line with numbers put in comes to the number at its end, as near as its digits let it.
    equations = [text for text in texts(answer) if re.fullmatch(r"[-−\d.E½²×+/() exp]+ = [-−\d.E]+", text)]
    assert len(equations) == 11 + 8 + 8
    for equation in equations:
        left, right = equation.split(" = ")
        assert evaluated(left, {}) == pytest.approx(evaluated(right, {}), rel=2e-3), equation


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
    scales = {
        str(ranges.sqref): rule.colorScale
        for ranges in openpyxl.load_workbook(book)["Step"].conditional_formatting
        for rule in ranges.rules
        if rule.colorScale is not None
    }
    assert set(scales) == {"E8:E13 J8:J13", "F8:F13 K8:K13", "C8:C13 H8:H13 M8:M13"}
    cached = openpyxl.load_workbook(book, data_only=True)["Step"]
    limits = {cells: scale.cfvo[2].val.replace("$", "") for cells, scale in scales.items()}
    assert cached[limits["E8:E13 J8:J13"]].value == 0.55
    assert cached[limits["F8:F13 K8:K13"]].value == pytest.approx(0.0155223, abs=1e-7)
    assert limits["C8:C13 H8:H13 M8:M13"] == "1"
    for scale in scales.values():
        low, middle, high = scale.cfvo
        assert low.val == f"-{high.val}"
        assert float(middle.val) == 0
        assert scale.color[1].rgb == "FFFFFFFF"
        red, blue = (tuple(bytes.fromhex(scale.color[end].rgb[2:])) for end in (0, 2))
        assert red[0] > red[2]
        assert blue[2] > blue[0]


def test_what_stands_above_the_network(book: Path) -> None:
    sheet = openpyxl.load_workbook(book)["Step"]
    headings = {cell.coordinate: cell.value for cell in sheet[7][:15] if cell.value}
    assert headings == {
        "B7": "Inputs",
        "D7": "Weight, value, ∂E/∂w",
        "G7": "Hidden layer",
        "I7": "Weight, value, ∂E/∂w",
        "L7": "Output layer",
        "N7": "Target, error",
    }
    assert sheet.print_area == "'Step'!$A$1:$O$64"
    assert sheet["C4"].value == "Learning rate η"
    assert sheet["F4"].value == "Step"


def test_a_step_without_numbers_is_said(tmp_path: Path, libreoffice: Office) -> None:
    path = tmp_path / "far.xlsx"
    build(Experiment(learning_rates=(1e300, 0.5), steps=20), path)
    for sheet in ("Step", "Check"):
        answer = libreoffice.recalculate(path, {sheet: {STEP: 9}})
        assert "Shown: η = 1E+300, step 9 has no numbers: diverged, or an error" in answer.values[sheet].values()
        answer = libreoffice.recalculate(path, {sheet: {RATE: 0.5, STEP: 9}})
        assert "Shown: η = 0.5, step 9" in answer.values[sheet].values()
