"""``python -m s6xl predict``: a workbook's network, and a picture, by PyTorch."""

import re
import shutil
import zipfile
from pathlib import Path

import numpy as np
import openpyxl
import pytest
from click.testing import CliRunner, Result
from PIL import Image

from s6xl.backprop.experiment import Experiment
from s6xl.cli import s6xl
from s6xl.errors import ImpossibleHereError, UserError
from s6xl.mnist import data, model
from s6xl.mnist.layers import Convolution, Flatten, Linear, LogSoftmax
from s6xl.mnist.record import Run
from s6xl.workbook.composition.build import build
from s6xl.workbook.inference.reading import read_shown
from tests.support.networks import NETWORKS, made, probabilities, run_of
from tests.support.office import Office


def predict(*arguments: object) -> Result:
    return CliRunner().invoke(s6xl, ["predict", *map(str, arguments)], standalone_mode=False)


def shown(text: str) -> dict[int, float]:
    """The printed probabilities, by digit."""
    return {int(digit): float(number) / 100 for digit, number in re.findall(r"^(\d)\s+([\d.]+)%", text, re.MULTILINE)}


@pytest.fixture
def mine(digit_book: Path, tmp_path: Path) -> Path:
    return Path(shutil.copy(digit_book, tmp_path / "mine.xlsx"))


def edited(path: Path, part: str, pattern: str, replacement: str) -> None:
    """Change a part of a workbook."""
    with zipfile.ZipFile(path) as archive:
        content = {name: archive.read(name) for name in archive.namelist()}
    text = content[part].decode()
    changed, count = re.subn(pattern, replacement, text, count=1)
    assert count == 1
    content[part] = changed.encode()
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data_ in content.items():
            archive.writestr(name, data_)


def sheet_part(path: Path, title: str) -> str:
    with zipfile.ZipFile(path) as archive:
        titles = re.findall(r'<sheet name="([^"]+)"', archive.read("xl/workbook.xml").decode())
    return f"xl/worksheets/sheet{titles.index(title) + 1}.xml"


def test_a_workbook_agrees_with_pytorch(digit_book: Path) -> None:
    done = predict("--workbook", digit_book)
    assert done.return_value == 0
    assert done.output.startswith("Prediction: 7\n0    0.0000%\n")
    assert "The workbook agrees: it predicts 7, and its probabilities differ by at most " in done.output
    evaluation = Run.open(Path("pretrained")).evaluation()
    assert evaluation
    seven = evaluation.right_images[7][None]
    expected = probabilities(model.of(Run.open(Path("pretrained")).network()), seven)[0]
    assert [*shown(done.output).values()] == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize(
    "layers",
    [
        pytest.param(layers, id=name, marks=[] if name == "one linear layer" else pytest.mark.slow)
        for name, layers in NETWORKS.items()
    ],
)
def test_a_network_comes_back_from_its_cells(layers: tuple[object, ...], tmp_path: Path) -> None:
    run, _ = run_of(tmp_path / "run", layers)  # type: ignore[arg-type]
    build(Experiment(), tmp_path / "book.xlsx", run=run)
    found, wanted = read_shown(tmp_path / "book.xlsx").network, run.network()
    assert found.layers == wanted.layers
    assert found.state.keys() == wanted.state.keys()
    for name, weights in wanted.state.items():
        # Eleven digits tell any two float32 apart.
        assert np.array_equal(found.state[name].astype(np.float32), weights), name
    assert predict("--workbook", tmp_path / "book.xlsx").return_value == 0


def test_a_workbook_that_has_not_calculated_is_told(mine: Path) -> None:
    """Another answer is cached than the formulas give."""
    edited(mine, sheet_part(mine, "Digit"), r"(<f>'Softmax'!F12</f><v>)[^<]+", r"\g<1>0.75")
    done = predict("--workbook", mine)
    assert done.return_value == 1
    assert "The workbook differs: it predicts 7, and its probabilities differ by up to 0.75. Let a" in done.output


@pytest.mark.slow
def test_a_weight_that_was_changed_counts(mine: Path) -> None:
    """PyTorch computes with the weights that stand in the cells."""
    before = shown(predict("--workbook", mine).output)
    edited(mine, sheet_part(mine, "Linear"), r'(<c r="K\d+" s="\d+"><v>)-?\d\.\d{6,}', r"\g<1>30")
    done = predict("--workbook", mine)
    assert done.return_value == 1
    assert shown(done.output) != before


def without_values(path: Path) -> None:
    part = sheet_part(path, "Digit")
    edited(path, part, r"(<f>'Softmax'!F12</f>)<v>[^<]+</v>", r"\g<1>")


def with_an_error(path: Path) -> None:
    edited(path, sheet_part(path, "Conv 3"), r'(<c r="E\d+" s="\d+")><v>-?\d\.\d{6,}</v>', r'\g<1> t="e"><v>#REF!</v>')


def without_a_name(path: Path) -> None:
    edited(path, "xl/workbook.xml", r'name="layer0_weight"', 'name="other"')


def with_a_layer_renamed(path: Path) -> None:
    edited(path, "xl/sharedStrings.xml", r"<t>Flatten</t>", "<t>Flat</t>")


def with_a_weight_missing(path: Path) -> None:
    edited(path, sheet_part(path, "Conv 3"), r'(<c r="E\d+" s="\d+")><v>-?\d\.\d{6,}</v></c>', r"\g<1>/>")


def with_a_pixel_missing(path: Path) -> None:
    edited(path, sheet_part(path, "Digit"), r'(<c r="CA20" s="\d+")><f>[^<]*</f><v>\d+</v></c>', r"\g<1>/>")


def with_a_name_for_a_whole_sheet(path: Path) -> None:
    edited(path, "xl/workbook.xml", r"'Linear'!\$K\$\d+:\$\w+\$\d+", "'Linear'!$A$1:$XFD$1048576")


def with_a_place_that_no_sheet_has(path: Path) -> None:
    edited(path, "xl/workbook.xml", r"'Digit'!\$B\$11|'Digit'!\$BG\$11", "'Digit'!$ABCD$11")
    edited(path, "xl/workbook.xml", r"'Digit'!\$BG\$11", "'Digit'!$ABCD$11")


def with_a_row_that_no_sheet_has(path: Path) -> None:
    edited(path, "xl/workbook.xml", r"'Linear'!\$K\$\d+:\$\w+\$\d+", "'Linear'!$A$1:$B$9999999")


def with_a_dropout_of_all(path: Path) -> None:
    edited(path, "xl/sharedStrings.xml", r"<t>Dropout 0\.05</t>", "<t>Dropout 5</t>")


def with_a_variance_below_0(path: Path) -> None:
    name = openpyxl.load_workbook(path).defined_names["layer1_running_var"].attr_text
    first = name.rpartition("!")[2].replace("$", "").partition(":")[0]
    edited(path, sheet_part(path, "Conv 1"), rf'(<c r="{first}" s="\d+"><v>)[^<]+', r"\g<1>-5")


def with_another_size(path: Path) -> None:
    edited(path, sheet_part(path, "Model"), r'(<c r="E9" s="\d+"><v>)8<', r"\g<1>999999999<")


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (
            without_values,
            "where the network's probabilities should be: open it in a spreadsheet program, let it calculate",
        ),
        pytest.param(
            with_an_error,
            "where the network's weights should be: open it in a spreadsheet program",
            marks=pytest.mark.slow,
        ),
        (without_a_name, "has no network in its cells: give a workbook that"),
        pytest.param(
            with_a_layer_renamed,
            "has been changed where the network's layers should be: build the workbook again",
            marks=pytest.mark.slow,
        ),
        pytest.param(
            with_a_weight_missing, "has been changed where the network's weights should be", marks=pytest.mark.slow
        ),
        pytest.param(
            with_a_pixel_missing, "has been changed where the network's image should be", marks=pytest.mark.slow
        ),
        pytest.param(with_a_name_for_a_whole_sheet, "has no number in", marks=pytest.mark.slow),
        pytest.param(with_a_place_that_no_sheet_has, "has no network in its cells", marks=pytest.mark.slow),
        pytest.param(with_a_row_that_no_sheet_has, "has no number in", marks=pytest.mark.slow),
        pytest.param(
            with_a_dropout_of_all, "has been changed where the network's layers should be", marks=pytest.mark.slow
        ),
        pytest.param(with_a_variance_below_0, "the network gives no probabilities", marks=pytest.mark.slow),
        (with_another_size, "has been changed where the network's"),
    ],
)
def test_a_workbook_that_is_no_good(spoil: object, sentence: str, mine: Path) -> None:
    spoil(mine)  # type: ignore[operator]
    before = mine.read_bytes()
    done = predict("--workbook", mine)
    assert isinstance(done.exception, UserError)
    assert sentence in str(done.exception)
    assert mine.read_bytes() == before


def test_a_workbook_without_a_network(book: Path) -> None:
    done = predict("--workbook", book)
    assert isinstance(done.exception, UserError)
    assert "has no network in its cells: give a workbook that `python -m s6xl build --run DIR` has made" in str(
        done.exception
    )


def test_a_picture_by_the_network_that_comes_along(tmp_path: Path) -> None:
    digits = data.load("sample").test
    image, label = digits.images.numpy()[555], int(digits.labels[555])
    Image.fromarray(255 - image).save(tmp_path / "digit.png")
    done = predict("--image", tmp_path / "digit.png")
    assert done.return_value == 0
    assert done.output.startswith(f"Prediction: {label}\n")
    expected = probabilities(model.of(Run.open(Path("pretrained")).network()), image[None])[0]
    assert [*shown(done.output).values()] == pytest.approx(expected, abs=1e-6)


def test_a_picture_by_ones_own_network(tmp_path: Path) -> None:
    _, network = run_of(tmp_path / "run", NETWORKS["one linear layer"])
    image = data.load("sample").test.images.numpy()[3]
    Image.fromarray(image).save(tmp_path / "digit.png")
    done = predict("--image", tmp_path / "digit.png", "--run", tmp_path / "run")
    assert [*shown(done.output).values()] == pytest.approx(probabilities(network, image[None])[0], abs=1e-6)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ((), "give either --workbook FILE or --image FILE.png"),
        (("--workbook", "a.xlsx", "--image", "a.png"), "give either --workbook FILE or --image FILE.png"),
        (("--workbook", "a.xlsx", "--run", "run"), "--run is for --image: a workbook has a network of its own"),
        (("--workbook", "nowhere.xlsx"), "nowhere.xlsx does not exist"),
        (("--image", "nowhere.png"), "nowhere.png does not exist"),
        (("--image", "nowhere.png", "--run", "nowhere"), "nowhere does not hold a run"),
    ],
)
def test_arguments_that_are_no_good(arguments: tuple[str, ...], sentence: str) -> None:
    done = predict(*arguments)
    assert isinstance(done.exception, UserError)
    assert sentence in str(done.exception)


def test_a_run_without_a_network(tmp_path: Path) -> None:
    run, _ = run_of(tmp_path / "run", NETWORKS["one linear layer"])
    (run.folder / "network.npz").unlink()
    Image.fromarray(data.load("sample").test.images.numpy()[3]).save(tmp_path / "digit.png")
    done = predict("--image", tmp_path / "digit.png", "--run", run.folder)
    assert isinstance(done.exception, UserError)
    assert f"the run in {run.folder} has no network yet: wait until it ends, or resume it with --resume" in str(
        done.exception
    )


def test_a_run_whose_network_is_anothers(tmp_path: Path) -> None:
    run, _ = run_of(tmp_path / "run", NETWORKS["one linear layer"])
    layers = NETWORKS["scores by a convolution"]
    model.trained(layers, made(layers)).save(run.folder / "network.npz")
    Image.fromarray(data.load("sample").test.images.numpy()[3]).save(tmp_path / "digit.png")
    for arguments in (("predict", "--image", tmp_path / "digit.png"), ("build", "--out", tmp_path / "book.xlsx")):
        given = [*map(str, arguments), "--run", str(run.folder)]
        done = CliRunner().invoke(s6xl, given, standalone_mode=False)
        assert isinstance(done.exception, UserError)
        assert "network.npz is damaged: train again" in str(done.exception)


@pytest.mark.slow
def test_weights_that_outgrow_float64(tmp_path: Path) -> None:
    layers = (*[Convolution(1, 1, kernel=1)] * 10, Flatten(), Linear(784, 10), LogSoftmax())
    run, network = run_of(tmp_path / "run", layers)
    for parameter in network.parameters():
        parameter.data.fill_(1e38)
    model.trained(layers, network.float()).save(run.folder / "network.npz")
    Image.fromarray(data.load("sample").test.images.numpy()[3]).save(tmp_path / "digit.png")
    done = predict("--image", tmp_path / "digit.png", "--run", run.folder)
    assert isinstance(done.exception, UserError)
    assert "the network gives no probabilities, because its weights are too large: use another run" in str(
        done.exception
    )


def test_a_weight_that_was_typed_in_a_spreadsheet_program(mine: Path, libreoffice: Office) -> None:
    """LibreOffice calculates with it, and saves; PyTorch computes with the same number, which is no float32."""
    before = shown(predict("--workbook", mine).output)
    saved = mine.with_name("saved.xlsx")
    linear = openpyxl.load_workbook(mine).defined_names["layer22_weight"].attr_text.rpartition("!")[2]
    first = linear.replace("$", "").partition(":")[0]
    libreoffice.recalculate_series(mine, [{"Linear": {first: 0.1}, "Digit": {"P20": 200.0}}], {}, save=saved)
    done = predict("--workbook", saved)
    assert done.return_value == 0, done.output
    assert shown(done.output) != before
    assert float(read_shown(saved).network.state["22.weight"][0, 0]) == 0.1


def test_without_pytorch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "torch", None)
    done = predict("--image", "digit.png")
    assert isinstance(done.exception, ImpossibleHereError)
    assert "predicting a digit needs PyTorch, which cannot be loaded" in str(done.exception)
