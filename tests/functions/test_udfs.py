"""The functions through xlwings' own code: its generator of macros, and its server that the macros call."""

import re
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from s6xl.functions import FUNCTIONS, OF_NUMBERS, OVER_RANGES
from s6xl.functions.definition import Function
from tests.support import excel_com, witness
from tests.support.excel_com import ERRORS, LEFT_OUT, Workbook, call, cells
from tests.support.places import ROOT
from tests.support.witness import QUANTITIES, random_step

FUNCTION = {function.name: function for function in FUNCTIONS}
WEIGHTS = [0.15, 0.2, 0.25, 0.3, 0.4, 0.45, 0.5, 0.55]


def by_name(function: Function) -> str:
    return function.name


def generated(name: str) -> Workbook:
    """A workbook into which xlwings has imported the functions."""
    book = Workbook(name)
    excel_com.load().import_udfs("s6xl.udfs", book)
    return book


def test_the_macros_are_those_that_xlwings_generates() -> None:
    committed = (ROOT / "addin" / "vba" / "xlwings_udfs.bas").read_text(encoding="ascii")
    assert generated("s6.xlsm").macros == committed


def test_the_add_ins_macros_are_those_that_xlwings_generates() -> None:
    from s6xl.addin.vba import modules

    (macros,) = [module.source for module in modules(add_in=True) if module.name == "xlwings_udfs"]
    assert macros.replace("\r\n", "\n") == generated("s6.xlam").macros


def test_excels_function_wizard_shows_every_function_and_argument() -> None:
    options = generated("s6.xlsm").options
    assert set(options) == {f"'s6.xlsm'!{function.name}" for function in FUNCTIONS}
    for function in FUNCTIONS:
        shown = options[f"'s6.xlsm'!{function.name}"]
        assert shown["Category"] == "S6"
        assert shown["Description"] == function.help
        assert shown["ArgumentDescriptions"] == [parameter.help for parameter in function.parameters]


def test_the_functions_are_those_of_the_quantities_over_ranges_and_over_images() -> None:
    names = {function.name for function in FUNCTIONS}
    ranges = {"S6_FORWARD", "S6_BACKWARD", "S6_DESCENT", "S6_LOSS_CURVE"}
    assert names == {*QUANTITIES, "S6_SIGMOID", "S6_UPDATE", *ranges, "S6_PREDICT"}


def test_arguments_stand_in_the_order_of_the_sheets_columns() -> None:
    macros = (ROOT / "addin" / "vba" / "xlwings_udfs.bas").read_text(encoding="ascii")
    signatures = dict(re.findall(r"^Function (\w+)\((.*)\)$", macros, re.MULTILINE))
    found = {name: signature.replace("Optional ", "").split(", ") for name, signature in signatures.items()}
    assert found["S6_DELTA_W5"] == ["t1", "a_h1", "a_o1"]
    assert found["S6_DELTA_W1"] == ["t1", "t2", "i1", "a_h1", "w5", "w7", "a_o1", "a_o2"]
    assert found["S6_H2"] == ["i1", "i2", "w3", "w4"]
    assert found["S6_O1"] == ["a_h1", "a_h2", "w5", "w6"]
    assert found["S6_E2"] == ["t2", "a_o2"]
    assert found["S6_E_TOTAL"] == ["E1", "E2"]
    assert found["S6_UPDATE"] == ["w", "lr", "delta"]
    assert found["S6_DESCENT"] == ["inputs", "targets", "weights", "lr", "steps"]
    assert found["S6_PREDICT"] == ["pixels", "run"]


@pytest.mark.parametrize("function", [f for f in OF_NUMBERS if f.name in QUANTITIES], ids=by_name)
@pytest.mark.parametrize("as_cells", [False, True], ids=["numbers", "cells"])
def test_each_quantity_is_what_automatic_differentiation_finds(function: Function, as_cells: bool) -> None:
    for seed in range(20):
        step = random_step(seed)
        numbers = [step[parameter.name] for parameter in function.parameters]
        found = call(function.name, *([cells([number]) for number in numbers] if as_cells else numbers))
        assert found == pytest.approx(step[QUANTITIES[function.name]], rel=1e-12, abs=1e-14)


@pytest.mark.parametrize("x", [-30.0, -1.0, 0.0, 0.5, 40.0])
def test_the_sigmoid(x: float) -> None:
    import torch

    assert call("S6_SIGMOID", x) == pytest.approx(float(torch.sigmoid(torch.tensor(x, dtype=torch.float64))), rel=1e-14)


def test_an_update() -> None:
    assert call("S6_UPDATE", cells([0.4]), 0.5, cells([0.1])) == pytest.approx(0.35, abs=1e-16)


def shaped(numbers: list[float], upright: bool) -> Any:
    return cells(*[[number] for number in numbers]) if upright else cells(numbers)


@pytest.mark.parametrize("upright", [False, True], ids=["row", "column"])
def test_a_forward_and_a_backward_pass(upright: bool) -> None:
    step = random_step(1)
    start = [[step[name] for name in names] for names in (("i1", "i2"), ("t1", "t2"), witness.WEIGHTS)]
    arguments = [shaped(numbers, upright) for numbers in start]
    forward = ("h1", "a_h1", "h2", "a_h2", "o1", "a_o1", "o2", "a_o2", "E1", "E2", "E_tot")
    backward = [f"dE_d{weight}" for weight in witness.WEIGHTS]
    for name, expected in (("S6_FORWARD", forward), ("S6_BACKWARD", backward)):
        found = call(name, *arguments)
        assert [isinstance(row, list) and len(row) == 1 for row in found] == [upright] * len(expected)
        values = [row[0] for row in found] if upright else found
        assert values == pytest.approx([step[quantity] for quantity in expected], rel=1e-12, abs=1e-14)


def test_ranges_may_be_constants_and_stand_and_lie_mixed() -> None:
    found = call("S6_FORWARD", ((0.05, 0.1),), cells([0.5], [0.5]), (tuple(WEIGHTS),))
    assert found[10] == pytest.approx(0.014181377937891659, abs=1e-15)


def test_a_descent_is_that_of_automatic_differentiation() -> None:
    step = random_step(2)
    givens = {name: step[name] for name in ("i1", "i2", "t1", "t2", *witness.WEIGHTS)}
    start = [[givens[name] for name in names] for names in (("i1", "i2"), ("t1", "t2"), witness.WEIGHTS)]
    header, *rows = call("S6_DESCENT", *map(cells, start), 0.7, 25.0)
    assert header[:6] == ["step", "t1", "t2", "i1", "i2", "w1"]
    assert header[-1] == "∂E/∂w8"
    for number, row in enumerate(rows, start=1):
        expected = {**givens, **witness.quantities(givens)}
        found = dict(zip((name.replace("∂E/∂", "dE_d") for name in header), row, strict=True))
        assert found.pop("step") == number
        assert found == pytest.approx(expected, rel=1e-10, abs=1e-12)
        givens |= {weight: givens[weight] - 0.7 * expected[f"dE_d{weight}"] for weight in witness.WEIGHTS}
    assert len(rows) == 25


def test_a_loss_curve() -> None:
    found = call("S6_LOSS_CURVE", cells([0.05, 0.1]), cells([0.5, 0.5]), cells(WEIGHTS), 1.0, 68.0)
    assert len(found) == 68
    assert found[0][0] == pytest.approx(0.014181377937891659, abs=1e-16)
    assert found[-1][0] == pytest.approx(0.00019683752612, abs=1e-14)


def test_a_descent_that_diverges_says_so_in_its_cells() -> None:
    found = call("S6_LOSS_CURVE", cells([5.0, -1.0]), cells([3.0, 1e200]), cells(WEIGHTS), 1.0, 5.0)
    assert found[-1] == ["too large"]


GOOD = {
    "inputs": cells([0.05, 0.1]),
    "targets": cells([0.5, 0.5]),
    "weights": cells(WEIGHTS),
    "lr": cells([0.5]),
    "steps": cells([3.0]),
}
BAD: dict[str, Any] = {
    "an empty cell": cells([None]),
    "an empty text": cells([""]),
    "text": cells(["abc"]),
    "a truth value": cells([True]),
    "a date": cells([excel_com.Time(2026, 1, 1)]),
    "a typed text": "abc",
    "a typed truth value": False,
    "left out": LEFT_OUT,
    "not a number": float("nan"),
    "infinite": float("inf"),
    "too large a whole number": 10**400,
    "a number of currency that is none": cells([Decimal("sNaN")]),
    "a row of three": cells([1.0, 2.0, 3.0]),
    "a column of nine": cells(*[[float(number)] for number in range(9)]),
    "a block": cells([1.0, 2.0], [3.0, 4.0]),
    **{f"the cell {name}": cells([code]) for name, code in ERRORS.items()},
    **{f"a typed {name}": code for name, code in ERRORS.items()},
}


# A parameter of each kind: a number, a number above 0, a whole number, and rows or columns of two and of eight numbers.
KINDS = [("S6_SIGMOID", "x"), *(("S6_DESCENT", name) for name in ("lr", "steps", "inputs", "targets", "weights"))]
# For every parameter: what is empty, no number, an error, of another shape, or not there.
HANDFUL = ["an empty cell", "text", "the cell #N/A", "a row of three", "left out"]


def check_named_in_the_cell(function: str, parameter: str, bad: str) -> None:
    """A function that is called with one bad argument names the argument and a cure."""
    names = [p.name for p in FUNCTION[function].parameters]
    arguments = [BAD[bad] if name == parameter else GOOD.get(name, cells([0.5])) for name in names]
    found = call(function, *arguments)
    assert isinstance(found, str)
    assert len(found) <= 120
    assert re.fullmatch(rf"{function}: {parameter} (is|has) [^:]+: [a-z][^:]+\.", found)


@pytest.mark.parametrize(("function", "parameter"), KINDS, ids=lambda name: name)
@pytest.mark.parametrize("bad", BAD)
def test_a_bad_argument_is_named_in_the_cell(function: str, parameter: str, bad: str) -> None:
    check_named_in_the_cell(function, parameter, bad)


@pytest.mark.parametrize("function", [*OF_NUMBERS, *OVER_RANGES], ids=by_name)
def test_every_parameter_is_named_in_the_cell(function: Function) -> None:
    for parameter in function.parameters:
        for bad in HANDFUL:
            check_named_in_the_cell(function.name, parameter.name, bad)


@pytest.mark.parametrize("bad", [kind for kind in BAD if kind.startswith(("an ", "text", "a truth", "a date", "the "))])
def test_one_bad_cell_of_a_range_is_named(bad: str) -> None:
    weights = [*WEIGHTS[:6], BAD[bad].Value, WEIGHTS[7]]
    for function in OVER_RANGES:
        arguments = [{**GOOD, "weights": cells(weights)}[parameter.name] for parameter in function.parameters]
        found = call(function.name, *arguments)
        assert found.startswith(f"{function.name}: w7 in weights is ")


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("lr", 0.0, "lr is 0: give a number above 0."),
        ("lr", -1.0, "lr is -1: give a number above 0."),
        ("steps", 2.5, "steps is 2.5: give a whole number from 1 to 100,000."),
        ("steps", 0.0, "steps is 0: give a whole number from 1 to 100,000."),
        ("steps", 100001.0, "steps is 100001: give a whole number from 1 to 100,000."),
    ],
)
def test_rates_and_steps_that_make_no_descent(name: str, value: float, sentence: str) -> None:
    arguments = {**GOOD, name: cells([value])}
    for function in ("S6_DESCENT", "S6_LOSS_CURVE"):
        assert call(function, *arguments.values()) == f"{function}: {sentence}"


def test_a_result_that_no_cell_holds() -> None:
    too_large = "an intermediate result is too large for a spreadsheet: use numbers closer to 0."
    assert call("S6_A_H1", -800.0) == f"S6_A_H1: {too_large}"
    assert call("S6_H1", 1e200, 1e200, 1e200, 1e200) == f"S6_H1: {too_large}"


def test_a_sentence_is_passed_on() -> None:
    sentence = call("S6_A_H1", -800.0)
    assert call("S6_O1", cells([sentence]), 0.5, 0.4, 0.45) == sentence
    assert call("S6_FORWARD", cells([0.05, sentence]), cells([0.5, 0.5]), cells(WEIGHTS)) == sentence


def test_numbers_in_currency_and_whole_ones_are_numbers() -> None:
    assert call("S6_UPDATE", cells([Decimal("0.5")]), 1, 0.25) == 0.25


def image_cells(seed: int) -> tuple[list[list[Any]], Any]:
    """An image as cells, paper being empty, 0 or an empty text, and as an array."""
    import numpy as np

    draw = np.random.default_rng(seed)
    image = draw.integers(0, 256, (28, 28)) * (draw.random((28, 28)) < 0.3)
    paper = (None, 0.0, "")
    rows = [[float(p) if p else paper[(x + y) % 3] for x, p in enumerate(row)] for y, row in enumerate(image.tolist())]
    return rows, image


def column(found: Any) -> list[Any]:
    return [row[0] for row in found]


def test_a_prediction_is_pytorchs() -> None:
    from s6xl.mnist import model
    from s6xl.mnist.record import Run
    from tests.support.networks import probabilities

    network = model.of(Run.open(Path("pretrained")).network())
    for seed in range(5):
        rows, image = image_cells(seed)
        expected = probabilities(network, image[None])[0]
        for run in ((), ("pretrained",), (cells([None]),), (cells(["pretrained"]),)):
            assert column(call("S6_PREDICT", cells(*rows), *(run or (LEFT_OUT,)))) == pytest.approx(expected, abs=1e-12)


def test_a_prediction_by_a_run_of_ones_own(tmp_path: Path) -> None:
    from s6xl.mnist import model
    from tests.support.networks import NETWORKS, made, probabilities, run_of

    layers = NETWORKS["one linear layer"]
    _, network = run_of(tmp_path / "run", layers)
    rows, image = image_cells(7)
    name = str(tmp_path / "run")
    assert column(call("S6_PREDICT", cells(*rows), name)) == pytest.approx(probabilities(network, image[None])[0])
    # A run that has changed is read anew; and Windows copies paths in quotation marks.
    other = made(layers, seed=2)
    model.trained(layers, other).save(tmp_path / "run" / "network.npz")
    expected = probabilities(other, image[None])[0]
    assert column(call("S6_PREDICT", cells(*rows), f'"{name}"')) == pytest.approx(expected)
    (tmp_path / "run" / "network.npz").unlink()
    assert call("S6_PREDICT", cells(*rows), f'"{name}"').startswith("S6_PREDICT: ")


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (lambda rows: rows[:-1], "pixels is a block of 27 by 28 cells: give a block of 28 by 28 cells."),
        (lambda rows: [[1.0]], "pixels is a block of 1 by 1 cells: give a block of 28 by 28 cells."),
        (
            lambda rows: [*rows[:-1], [*rows[-1][:-1], "x"]],
            "row 28, column 28 of pixels is the text “x”: give a number.",
        ),
        (
            lambda rows: [[256.0, *rows[0][1:]], *rows[1:]],
            "row 1, column 1 of pixels is 256: give a number from 0 to 255.",
        ),
        (
            lambda rows: [[-1.0, *rows[0][1:]], *rows[1:]],
            "row 1, column 1 of pixels is -1: give a number from 0 to 255.",
        ),
        (lambda rows: [[True, *rows[0][1:]], *rows[1:]], "row 1, column 1 of pixels is TRUE: give a number."),
    ],
)
def test_pixels_that_are_no_good(spoil: Any, sentence: str) -> None:
    rows, _ = image_cells(1)
    assert call("S6_PREDICT", cells(*spoil(rows)), LEFT_OUT) == f"S6_PREDICT: {sentence}"


def test_a_run_that_is_no_good(tmp_path: Path) -> None:
    rows, _ = image_cells(1)
    cases = {
        str(tmp_path / "nowhere"): "does not hold a run: give a folder that `python -m s6xl train` has made.",
        5.0: "run is not text: give a text in quotation marks.",
    }
    for run, sentence in cases.items():
        assert sentence in call("S6_PREDICT", cells(*rows), run)
    assert "run has 2 cells: give one cell." in call("S6_PREDICT", cells(*rows), cells(["a", "b"]))
    assert "pixels is missing: give a block of 28 by 28 cells." in call("S6_PREDICT", LEFT_OUT, LEFT_OUT)
