"""The sheets of the layers: their maps are PyTorch's, and the neuron that a reader chooses is worked through."""

import re
from pathlib import Path

import numpy as np
import openpyxl
import pytest
import torch
from numpy.typing import NDArray
from openpyxl.utils import get_column_letter
from openpyxl.workbook import Workbook

from s6xl.backprop.experiment import Experiment
from s6xl.errors import UserError
from s6xl.functions import OVER_IMAGES
from s6xl.mnist import model
from s6xl.mnist.layers import Convolution, Flatten, Linear, LogSoftmax, ReLU
from s6xl.mnist.record import Run
from s6xl.workbook.composition.build import build
from tests.support.networks import NETWORKS, run_of
from tests.support.office import Change, Office, Recalculated

SHEETS = ["Input", *(f"Conv {n}" for n in (1, 2, 3)), "Max pool", *(f"Conv {n}" for n in (4, 5, 6))]
SHEETS += ["Average pool", "Linear"]
# Behind which of the modules each sheet's numbers come out; before the first one stands the image.
BEHIND = dict(zip(SHEETS, (0, 3, 6, 9, 11, 14, 17, 20, 21, 23), strict=True))


@pytest.fixture(scope="module")
def recalculated(digit_book: Path, libreoffice: Office) -> Recalculated:
    return libreoffice.recalculate(digit_book)


@pytest.fixture(scope="module")
def outputs(pretrained: Run) -> dict[str, NDArray[np.float64]]:
    """What PyTorch gives at each sheet for the digit that the workbook opens with, as (maps, rows, columns)."""
    evaluation = pretrained.evaluation()
    assert evaluation
    seven = next(i for i, index in enumerate(evaluation.right) if evaluation.labels[index] == 7)
    value = (torch.from_numpy(evaluation.right_images[seven]).double() / 255 - 0.1307) / 0.3081
    values = [value[None, None]]
    with torch.no_grad():
        for module in model.of(pretrained.network()):
            values.append(module(values[-1].clone()))
    found = {sheet: values[behind][0].numpy() for sheet, behind in BEHIND.items()}
    return {name: value.reshape(value.shape if value.ndim == 3 else (-1, 1, 1)) for name, value in found.items()}


def cell_below(loaded: Workbook, sheet: str, text: str, column: int | None = None) -> tuple[int, int]:
    """Where a text stands on a sheet: row and column from 1."""
    for row in loaded[sheet].iter_rows():
        for cell in row:
            if isinstance(cell.value, str) and cell.value.startswith(text) and column in (None, cell.column):
                return cell.row, cell.column
    raise AssertionError(f"{text} is not on {sheet}")


def address(row: int, column: int) -> str:
    return f"{get_column_letter(column)}{row}"


def map_corners(loaded: Workbook, sheet: str, count: int) -> list[tuple[int, int]]:
    """The first cell of each map: below the label with its number, in the section of the maps."""
    first, _ = cell_below(loaded, sheet, "What comes out")
    last, _ = cell_below(loaded, sheet, "One neuron")
    found = {}
    for row in loaded[sheet].iter_rows(min_row=first + 1, max_row=last):
        for cell in row:
            if isinstance(cell.value, str) and cell.value.isdecimal():
                found[int(cell.value)] = cell.row + 1, cell.column
    assert sorted(found) == [*range(1, count + 1)]
    return [found[number] for number in sorted(found)]


@pytest.mark.parametrize("sheet", SHEETS)
def test_its_maps_are_pytorchs(
    sheet: str, loaded: Workbook, recalculated: Recalculated, outputs: dict[str, NDArray[np.float64]]
) -> None:
    expected = outputs[sheet]
    corners = map_corners(loaded, sheet, len(expected))
    _, height, width = expected.shape
    for (top, left), wanted in zip(corners, expected, strict=True):
        found = [[recalculated.values[sheet][address(top + y, left + x)] for x in range(width)] for y in range(height)]
        assert np.abs(np.array(found, float) - wanted).max() <= 1e-9


def choice_cells(loaded: Workbook, sheet: str) -> dict[str, str]:
    """The yellow cells of a sheet, by what is chosen in them."""
    names = ("Map, 1 to", "Row, 1 to", "Column, 1 to", "Input map, 1 to")
    found = {}
    for name in names:
        try:
            row, column = cell_below(loaded, sheet, name)
        except AssertionError:
            continue
        found[name.split(",")[0]] = address(row + 1, column)
    return found


def results(loaded: Workbook, sheet: str) -> tuple[list[str], str]:
    """The cells of the steps' results, and of the same number among the maps."""
    row, _ = cell_below(loaded, sheet, "The same number in the maps above")
    first = row
    while loaded[sheet].cell(first - 1, 36).value is not None:
        first -= 1
    return [address(number, 36) for number in range(first, row)], address(row, 36)


@pytest.mark.parametrize("sheet", SHEETS)
def test_the_neuron_that_is_chosen(
    sheet: str,
    loaded: Workbook,
    digit_book: Path,
    libreoffice: Office,
    outputs: dict[str, NDArray[np.float64]],
) -> None:
    expected = outputs[sheet]
    cells = choice_cells(loaded, sheet)
    sizes = dict(zip(("Map", "Row", "Column"), expected.shape, strict=True))
    assert {name for name, size in sizes.items() if size > 1} == set(cells) - {"Input map"}
    draw = np.random.default_rng(len(sheet))
    picked = [{name: int(draw.integers(1, sizes.get(name, 1) + 1)) for name in cells} for _ in range(4)]
    series = [{sheet: {cells[name]: float(number) for name, number in one.items()}} for one in picked]
    steps, same = results(loaded, sheet)
    for one, found in zip(
        picked, libreoffice.recalculate_series(digit_book, series, {sheet: [*steps, same]}), strict=True
    ):
        wanted = expected[one.get("Map", 1) - 1, one.get("Row", 1) - 1, one.get("Column", 1) - 1]
        assert found[sheet][same] == pytest.approx(wanted, abs=1e-9)
        assert found[sheet][steps[-1]] == pytest.approx(wanted, abs=1e-9)


@pytest.mark.parametrize(
    ("entered", "shown"), [(0.0, 1), (-3.0, 1), (99.0, 8), (2.9, 2), ("what?", 1), (None, 1), (8.0, 8)]
)
def test_whatever_is_chosen_there_is_a_neuron(
    entered: Change, shown: int, loaded: Workbook, digit_book: Path, libreoffice: Office
) -> None:
    chosen = choice_cells(loaded, "Conv 1")["Map"]
    beside = openpyxl.utils.cell.coordinate_from_string(chosen)
    used = f"{get_column_letter(openpyxl.utils.column_index_from_string(beside[0]) + 5)}{beside[1]}"
    (found,) = libreoffice.recalculate_series(digit_book, [{"Conv 1": {chosen: entered}}], {"Conv 1": [used]})
    assert found["Conv 1"][used] == shown


def test_the_products_of_an_input_map(loaded: Workbook, digit_book: Path, libreoffice: Office, pretrained: Run) -> None:
    """Three by three numbers of what is seen, of the kernel, and their products, for an input map that is chosen."""
    sheet, cells = "Conv 2", choice_cells(loaded, "Conv 2")
    formulas = {
        cell.coordinate: cell.value for line in loaded[sheet].iter_rows() for cell in line if cell.value is not None
    }
    (title,) = [cell for cell, value in formulas.items() if str(value).startswith('="Of input map')]
    row = int(re.sub(r"\D", "", title))
    blocks = [[address(row + 1 + y, 2 + 18 * block + 5 * x) for y in range(3) for x in range(3)] for block in range(3)]
    change = {cells["Map"]: 4.0, cells["Row"]: 7.0, cells["Column"]: 6.0, cells["Input map"]: 5.0}
    (found,) = libreoffice.recalculate_series(
        digit_book, [{sheet: change}], {sheet: [*blocks[0], *blocks[1], *blocks[2], title]}
    )
    seen, kernel, products = ([float(found[sheet][cell]) for cell in block] for block in blocks)
    assert kernel == pytest.approx(pretrained.network().state["3.weight"][3, 4].ravel().tolist(), abs=1e-11)
    assert products == pytest.approx([a * b for a, b in zip(seen, kernel, strict=True)], abs=1e-12)
    assert found[sheet][title] == "Of input map 5: what it sees × kernel → products"
    # The neuron in row 7 of a stride of 2 with a border of 1 sees rows 12 to 14 of the map before, columns 10 to 12.
    before = map_corners(loaded, "Conv 1", 8)[4]
    (there,) = libreoffice.recalculate_series(
        digit_book,
        [{}],
        {"Conv 1": [address(before[0] + y, before[1] + x) for y in (11, 12, 13) for x in (9, 10, 11)]},
    )
    assert seen == pytest.approx([*there["Conv 1"].values()], abs=1e-12)


def test_it_says_what_each_layer_does(loaded: Workbook) -> None:
    for sheet in SHEETS:
        sentences = [loaded[sheet].cell(row, 2).value for row in range(4, 8)]
        assert sentences[0].endswith(".")
        assert any(" numbers go in, " in str(sentence) for sentence in sentences), sheet
    conv2 = [loaded["Conv 2"].cell(row, 2).value for row in range(4, 8)]
    assert conv2[2] == "ReLU sets negative numbers to 0."
    assert conv2[3] == (
        "8 × 28 × 28 numbers go in, 16 × 14 × 14 come out (maps × rows × columns); each neuron sees 3 × 3, stride 2, "
        "padding 1 (zeros around the image); 1,200 trained parameters."
    )


def linked(loaded: Workbook, sheet: str) -> set[str]:
    """The sheets that a sheet's links lead to."""
    links = [cell.hyperlink for row in loaded[sheet].iter_rows() for cell in row if cell.hyperlink]
    return {str(link.location).partition("!")[0].strip("'") for link in links}


def test_one_can_go_from_layer_to_layer(loaded: Workbook) -> None:
    order = ["Digit", *SHEETS, "Softmax"]
    for before, sheet, after in zip(order, order[1:], order[2:], strict=False):
        assert {before, after, "Digit", "Start"} == linked(loaded, sheet)
    assert linked(loaded, "Digit") == {*order[1:], "Start"}


def test_the_probability_that_is_worked_through(loaded: Workbook, digit_book: Path, libreoffice: Office) -> None:
    row, column = cell_below(loaded, "Softmax", "gives its probability")
    cells = [address(row, column + 1), *(address(10 + digit, 6) for digit in range(10))]
    series = [{"Softmax": {address(row - 3, column + 1): float(digit)}} for digit in (0, 4, 9)]
    for digit, found in zip(
        (0, 4, 9), libreoffice.recalculate_series(digit_book, series, {"Softmax": cells}), strict=True
    ):
        worked, *all_of_them = found["Softmax"].values()
        assert worked == all_of_them[digit]
        assert sum(map(float, all_of_them)) == pytest.approx(1, abs=1e-14)


@pytest.mark.slow
def test_a_network_that_is_too_wide_for_a_sheet(tmp_path: Path) -> None:
    layers = (Flatten(), Linear(784, 5_000), ReLU(), Linear(5_000, 10), LogSoftmax())
    run, _ = run_of(tmp_path / "run", layers)
    with pytest.raises(
        UserError, match=r"the layer Linear 1 of this network needs 25,009 columns, but a sheet has 16,384"
    ):
        build(Experiment(), tmp_path / "wide.xlsx", run=run)
    assert not (tmp_path / "wide.xlsx").exists()


def test_a_network_whose_numbers_are_too_large_for_a_cell(tmp_path: Path) -> None:
    layers = (*[Convolution(1, 1, kernel=1)] * 10, Flatten(), Linear(784, 10), LogSoftmax())
    run, network = run_of(tmp_path / "run", layers)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.fill_(1e38)
    model.trained(layers, network.float()).save(run.folder / "network.npz")
    with pytest.raises(UserError, match="too large for a spreadsheet: train one at a lower learning rate"):
        build(Experiment(), tmp_path / "large.xlsx", run=run)
    assert not (tmp_path / "large.xlsx").exists()
    (predict,) = OVER_IMAGES
    ((said,),) = predict([[255.0] * 28] * 28, [[str(run.folder)]])
    assert said == "S6_PREDICT: the network's weights are too large: name another run."


def test_names_of_sheets_of_other_networks(tmp_path: Path) -> None:
    run, _ = run_of(tmp_path / "run", NETWORKS["batch norm before and after, large strides, two linear layers"])
    build(Experiment(), tmp_path / "other.xlsx", run=run)
    names = openpyxl.load_workbook(tmp_path / "other.xlsx", read_only=True).sheetnames
    first = names.index("Digit")
    assert names[first:-4] == [
        *("Digit", "Digits", "Input", "Conv 1", "Max pool", "Conv 2", "Linear 1", "Linear 2", "Softmax")
    ]
