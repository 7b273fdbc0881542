"""The network in cells computes what PyTorch does, from pixels to probabilities, by LibreOffice's recalculation."""

from collections.abc import Sequence
from functools import cache
from pathlib import Path

import numpy as np
import openpyxl
import pytest
from numpy.typing import NDArray
from openpyxl.utils import get_column_letter
from openpyxl.workbook import Workbook
from torch import nn

from s6xl.backprop.experiment import Experiment
from s6xl.mnist import model
from s6xl.mnist.record import Run
from s6xl.workbook.composition.build import build
from tests.support.cached_values import assert_cached_values_hold
from tests.support.networks import NETWORKS, probabilities, run_of
from tests.support.office import Change, Office
from tests.support.sheets import boundaries

CHOICE, EMPTY, PREDICTION = "J9", "empty grid", "AE12"
TOLERANCE = 1e-9
Changes = dict[str, dict[str, Change]]


@cache
def area(path: Path, name: str) -> list[str]:
    """The cells that a name stands for, row by row."""
    book = openpyxl.load_workbook(path, read_only=True)
    sheet, _, reference = book.defined_names[name].attr_text.rpartition("!")
    assert sheet.strip("'") == "Digit"
    (left, top, right, bottom) = boundaries(reference)
    return [f"{get_column_letter(x)}{y}" for y in range(top, bottom + 1) for x in range(left, right + 1)]


def painted(path: Path, image: NDArray[np.generic]) -> Changes:
    """Typed into the grid, every pixel."""
    grid = area(path, "digit_painted")
    return {"Digit": {f"{grid[0]}:{grid[-1]}": image.astype(float).tolist()}}


def chosen(name: str) -> Changes:
    return {"Digit": {CHOICE: name}}


def answers(path: Path, office: Office, series: Sequence[Changes]) -> tuple[NDArray[np.float64], list[float | str]]:
    """The probabilities after each change, of shape (n, 10), and the answers."""
    cells = area(path, "digit_probabilities")
    found = office.recalculate_series(path, series, {"Digit": [*cells, PREDICTION]})
    numbers = np.array([[shown["Digit"][cell] for cell in cells] for shown in found], float)
    return numbers, [shown["Digit"][PREDICTION] for shown in found]


def check(
    path: Path, office: Office, network: nn.Sequential, images: NDArray[np.generic], series: Sequence[Changes]
) -> None:
    expected = probabilities(network, images)
    found, said = answers(path, office, series)
    assert np.abs(found - expected).max() <= TOLERANCE
    assert said == expected.argmax(axis=1).tolist()


def choices(run: Run) -> dict[str, NDArray[np.uint8]]:
    """Every digit that can be chosen by its name in the list, as MNIST has them and not as the sheet does."""
    evaluation = run.evaluation()
    assert evaluation
    labels, predictions = evaluation.labels, evaluation.predictions
    found = {
        f"{labels[index]}, test image {index}": image
        for index, image in zip(evaluation.right, evaluation.right_images, strict=True)
    }
    surest = sorted(range(len(evaluation.mistakes)), key=lambda number: -evaluation.probabilities[number])[:10]
    for number in surest:
        index = evaluation.mistakes[number]
        name = f"{labels[index]} taken for {predictions[index]}, test image {index}"
        found[name] = evaluation.mistaken_images[number]
    return {**found, EMPTY: np.zeros((28, 28), np.uint8)}


def noise(count: int) -> NDArray[np.int64]:
    return np.random.default_rng(3).integers(0, 256, (count, 28, 28))


def test_every_digit_that_can_be_chosen(digit_book: Path, pretrained: Run, libreoffice: Office) -> None:
    digits = choices(pretrained)
    assert len(digits) == 61
    network = model.of(pretrained.network())
    check(digit_book, libreoffice, network, np.array([*digits.values()]), [chosen(name) for name in digits])


def test_the_list_is_the_digits(loaded: Workbook, pretrained: Run) -> None:
    sheet = loaded["Digit"]
    (rule,) = [rule for rule in sheet.data_validations.dataValidation if CHOICE in rule.sqref]
    names = [cell.value for (cell,) in sheet[rule.formula1.replace("$", "")]]
    assert names == list(choices(pretrained))
    assert sum("taken for" in name for name in names) == 10
    assert sheet[CHOICE].value in names


def test_random_images_painted_over_the_whole_grid(digit_book: Path, pretrained: Run, libreoffice: Office) -> None:
    images = noise(50)
    check(digit_book, libreoffice, model.of(pretrained.network()), images, [painted(digit_book, i) for i in images])


@pytest.mark.parametrize("name", [name for name in NETWORKS if name != "best"])
def test_other_networks_of_the_family(name: str, tmp_path: Path, libreoffice: Office) -> None:
    run, network = run_of(tmp_path / "run", NETWORKS[name])
    path = tmp_path / "other.xlsx"
    build(Experiment(), path, run=run)
    digits = dict(list(choices(run).items())[::7])
    images = np.array([*digits.values(), *noise(5)])
    series = [*(chosen(digit) for digit in digits), *(painted(path, image) for image in noise(5))]
    check(path, libreoffice, network, images, series)
    answer = libreoffice.recalculate(path)
    assert answer.error_cells == []
    assert_cached_values_hold(path, answer)


def test_every_formula_has_its_value_cached(digit_book: Path, libreoffice: Office) -> None:
    answer = libreoffice.recalculate(digit_book)
    assert answer.error_cells == []
    assert_cached_values_hold(digit_book, answer)


def test_typed_pixels_win_and_emptied_ones_bring_the_digit_back(
    digit_book: Path, pretrained: Run, libreoffice: Office
) -> None:
    name, image = list(choices(pretrained).items())[4]
    grid = area(digit_book, "digit_painted")
    stroke = {grid[28 * row + column]: 255.0 for row in range(8, 20) for column in (13, 14)}
    erased = {grid[28 * row + column]: 0.0 for row in range(4) for column in range(28)}
    outside = {grid[0]: 300.0, grid[1]: -5.0}
    with_stroke = image.copy()
    with_stroke[8:20, 13:15] = 255
    with_erased = with_stroke.copy()
    with_erased[:4] = 0
    with_outside = with_erased.copy()
    with_outside[0, :2] = 255, 0
    series: list[Changes] = [
        chosen(name),
        {"Digit": {**stroke}},
        {"Digit": {**erased}},
        {"Digit": {**outside}},
        {"Digit": dict.fromkeys([*stroke, *erased, *outside])},
    ]
    images = np.array([image, with_stroke, with_erased, with_outside, image])
    check(digit_book, libreoffice, model.of(pretrained.network()), images, series)


def test_what_is_not_in_the_list_is_an_empty_grid(digit_book: Path, pretrained: Run, libreoffice: Office) -> None:
    network, empty = model.of(pretrained.network()), np.zeros((3, 28, 28))
    check(digit_book, libreoffice, network, empty, [chosen("no such digit"), {"Digit": {CHOICE: None}}, chosen(EMPTY)])


def test_it_says_what_it_sees(digit_book: Path, pretrained: Run, libreoffice: Office) -> None:
    """The sentences beside the prediction, for a digit read right, one read wrong, a painted one and the empty grid."""
    names = list(choices(pretrained))
    grid = area(digit_book, "digit_painted")
    series: list[Changes] = [
        chosen(names[3]),
        chosen(names[50]),
        {"Digit": {grid[400]: 255.0}},
        chosen(EMPTY),
        {"Digit": {grid[400]: None}},
    ]
    lines = ["AO14", "AO15", "AO16"]
    found = [
        [shown["Digit"][cell] for cell in lines]
        for shown in libreoffice.recalculate_series(digit_book, series, {"Digit": lines})
    ]
    truth = names[50][0]
    assert found[0][1:] == ["The chosen digit is 3: right.", "Nothing is painted."]
    assert found[1][1:] == [f"The chosen digit is {truth}: wrong.", "Nothing is painted."]
    assert found[2][1:] == [f"The chosen digit is {truth}.", "Painted cells: 1 of 784"]
    assert found[3][1:] == ["A painted digit has no label.", "Painted cells: 1 of 784"]
    assert found[4][1:] == ["The grid is empty.", "Nothing is painted."]
    likeliest = probabilities(model.of(pretrained.network()), choices(pretrained)[names[3]][None]).max()
    assert found[0][0] == f"Confidence: {min(99.9, round(100 * likeliest, 1)):g} %"


@pytest.mark.parametrize(
    ("probability", "sentence", "bar"),
    [
        (1.0, "Confidence: 100 %", "100.0%"),
        (1 - 1e-9, "Confidence: 99.9 %", "99.9%"),
        (0.9995, "Confidence: 99.9 %", "99.9%"),
        (0.99949, "Confidence: 99.9 %", "99.9%"),
        (0.99851, "Confidence: 99.9 %", "99.9%"),
        (0.8766, "Confidence: 87.7 %", "87.7%"),
        (0.5, "Confidence: 50 %", "50.0%"),
    ],
)
def test_the_confidence(probability: float, sentence: str, bar: str, digit_book: Path, libreoffice: Office) -> None:
    """The sentence and the number beside the bar agree, and nothing but certainty is 100 %."""
    answer = libreoffice.recalculate(digit_book, {"Softmax": {"F17": probability}}, shown={"Digit": ["AO14", "BE29"]})
    assert answer.shown["Digit"] == {"AO14": sentence, "BE29": bar}
