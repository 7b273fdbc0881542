"""The sheets of a training: what stands on them, by openpyxl, LibreOffice and the pictures' pixels."""

import io
import re
import subprocess
import sys
import zipfile
from collections.abc import Callable
from dataclasses import astuple
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import openpyxl
import pytest
from openpyxl.workbook import Workbook
from PIL import Image

from s6xl.backprop.experiment import Experiment
from s6xl.mnist.evaluation import Evaluation
from s6xl.mnist.layers import shapes
from s6xl.mnist.recipe import RECIPES
from s6xl.mnist.record import EVALUATION, Run
from s6xl.workbook.backprop.engine import Engine
from s6xl.workbook.cnn.content import NAMES
from s6xl.workbook.composition.build import build
from tests.support import office
from tests.support.sheets import charts as charts_of

SHEETS = ["MNIST", "Model", "Samples", "Confusion", "Mistakes"]


@pytest.fixture(scope="module")
def formulas(report: Path) -> Workbook:
    return openpyxl.load_workbook(report)


@pytest.fixture(scope="module")
def cached(report: Path) -> Workbook:
    return openpyxl.load_workbook(report, data_only=True)


@pytest.fixture(scope="module")
def evaluation(run: Run) -> Evaluation:
    found = run.evaluation()
    assert found
    return found


def named(book: Workbook, name: str) -> str:
    return book["MNIST"].defined_names[name].attr_text.rpartition("!")[2].replace("$", "")


def value(book: Workbook, name: str) -> object:
    return book["MNIST"][named(book, name)].value


def test_the_sheets_stand_behind_the_others(formulas: Workbook, book: Path) -> None:
    assert formulas.sheetnames[-5:] == SHEETS
    assert openpyxl.load_workbook(book).sheetnames[-1] == "MNIST"


def test_the_run_fills_its_sheet(cached: Workbook, run: Run) -> None:
    rows = cached["MNIST"].iter_rows(min_row=22, min_col=2, max_col=7, values_only=True)
    assert [row for row in rows if row[0] is not None] == [astuple(epoch) for epoch in run.epochs()]
    last = run.epochs()[-1]
    seconds = sum(epoch.seconds for epoch in run.epochs())
    expected = {
        "status": "Finished: 5 epochs",
        "test_accuracy": last.test_accuracy,
        "test_loss": last.test_loss,
        "train_accuracy": last.train_accuracy,
        "train_loss": last.train_loss,
        "seconds": seconds,
        "images_per_second": round(5 * 6_000 / seconds),
        "parameters": 19_242,
        "trained_by": "original: 5 epochs, batches of 128, learning rate 0.01, seed 3",
        "trained_on": "sample of MNIST: 6,000 training and 1,000 test images",
        "used_device": "CPU: 2 threads",
        "started": "2026-11-25 10:00:00+01:00",
        "recipe": "original",
        "epochs": 5,
        "batch_size": None,
        "learning_rate": None,
        "seed": 3,
        "device": "cpu",
        "data": "sample",
        "run": str(run.folder),
    }
    assert {name: value(cached, name) for name in expected} == expected
    assert {*expected, "table"} == set(NAMES)


def test_without_a_run_there_are_settings_and_charts_only(book: Path) -> None:
    empty = openpyxl.load_workbook(book)
    assert value(empty, "status") == "No training yet"
    settings = {
        name: value(empty, name) for name in ("recipe", "epochs", "batch_size", "seed", "device", "data", "run")
    }
    assert settings == {
        "recipe": "best",
        "epochs": None,
        "batch_size": None,
        "seed": 1,
        "device": "auto",
        "data": "mnist",
        "run": None,
    }
    assert value(empty, "test_accuracy") is None
    table = empty["MNIST"][named(empty, "table")]
    assert (len(table), len(table[0])) == (200, 6)
    assert {cell.value for row in table for cell in row} == {None}
    assert len(charts_of(empty["MNIST"])) == 4


def test_the_four_charts_cover_the_table_and_name_their_axes(formulas: Workbook) -> None:
    charts = charts_of(formulas["MNIST"])
    headings = ["Train loss", "Train accuracy", "Test loss", "Test accuracy"]
    for chart, heading, column in zip(charts, headings, "CDEF", strict=True):
        (series,) = chart.series
        assert series.xVal.numRef.f == "'MNIST'!$B$22:$B$221"
        assert series.yVal.numRef.f == f"'MNIST'!${column}$22:${column}$221"
        titles = [axis.title.tx.rich.p[0].r[0].t for axis in (chart.x_axis, chart.y_axis)]
        assert titles == ["Epoch", heading]
        assert chart.title.tx.rich.p[0].r[0].t == heading


@pytest.mark.parametrize(
    ("epochs", "unit"), [(1, 1), (200, 20), *(pytest.param(*few, marks=pytest.mark.slow) for few in ((3, 1), (19, 2)))]
)
def test_the_charts_count_whole_epochs(epochs: int, unit: int, make_run: Callable[..., Run], tmp_path: Path) -> None:
    build(Experiment(steps=1), tmp_path / "report.xlsx", run=make_run(tmp_path / "run", epochs))
    charts = charts_of(openpyxl.load_workbook(tmp_path / "report.xlsx")["MNIST"])
    assert [chart.x_axis.majorUnit for chart in charts] == [unit] * 4


def test_settings_are_guarded(formulas: Workbook) -> None:
    rules = {str(rule.sqref): rule for rule in formulas["MNIST"].data_validations.dataValidation}
    assert rules[named(formulas, "recipe")].formula1 == '"best,original"'
    assert rules[named(formulas, "device")].formula1 == '"auto,cpu,cuda,mps"'
    assert (rules[named(formulas, "epochs")].formula1, rules[named(formulas, "epochs")].formula2) == ("1", "200")


@pytest.mark.parametrize("recipe", RECIPES.values(), ids=RECIPES)
def test_the_model_is_counted_by_formulas(
    recipe: object, make_run: Callable[..., Run], libreoffice: office.Office, tmp_path: Path
) -> None:
    run = make_run(tmp_path / "run", recipe=recipe)
    path = tmp_path / "model.xlsx"
    build(Experiment(), path, run=run)
    sheet = openpyxl.load_workbook(path)["Model"]
    layers = run.config.recipe.layers
    first, last = 9, 8 + len(layers)
    assert [sheet[f"I{row}"].value for row in range(first, last + 1)] == [
        " × ".join(map(str, shape)) for shape in shapes(layers)
    ]
    assert sheet[f"J{last + 1}"].value == f"=SUM(J8:J{last})"
    values = libreoffice.recalculate(path).values["Model"]
    assert values[f"J{last + 1}"] == run.config.recipe.parameters
    # A fourth row and column for the first kernel, in a workbook that recalculates.
    changed = libreoffice.recalculate(path, {"Model": {"F9": 4}}).values["Model"]
    assert float(changed[f"J{last + 1}"]) == run.config.recipe.parameters + (16 - 9) * layers[0].outputs  # type: ignore[attr-defined]


def texts(path: Path, sheet: str) -> list[object]:
    return [cell.value for row in openpyxl.load_workbook(path)[sheet].iter_rows() for cell in row]


@pytest.mark.process
def test_no_text_of_a_workbook_is_a_docstring(digit_book: Path, tmp_path: Path) -> None:
    """Python drops docstrings with ``-OO``; the workbook stays the same."""
    path = tmp_path / "digits.xlsx"
    command: list[str | Path] = [sys.executable, "-OO", "-m", "s6xl", "build", "--run", "pretrained", "--out", path]
    subprocess.run(command, check=True, capture_output=True)
    assert texts(path, "Model") == texts(digit_book, "Model")
    assert path.read_bytes() == digit_book.read_bytes()


def test_the_original_has_its_parameters(cached: Workbook) -> None:
    column = [row[0] for row in cached["Model"].iter_rows(min_col=10, max_col=10, min_row=8, values_only=True)]
    assert column[-1] == 19_242
    assert [number for number in column[:-1] if number] == [160, 32, 2320, 32, 2320, 32, 4640, 64, 9248, 64, 330]


def test_libreoffice_computes_what_is_cached(report: Path, cached: Workbook, libreoffice: office.Office) -> None:
    recalculated = libreoffice.recalculate(report)
    assert recalculated.error_cells == []
    for name in SHEETS:
        for row in openpyxl.load_workbook(report)[name].iter_rows():
            for cell in row:
                if isinstance(cell.value, str) and cell.value.startswith("="):
                    assert recalculated.values[name].get(cell.coordinate, "") == (
                        cached[name][cell.coordinate].value or ""
                    ), cell


def test_the_confusion_matrix(cached: Workbook, formulas: Workbook, evaluation: Evaluation) -> None:
    sheet = cached["Confusion"]
    counts = np.zeros((10, 10), int)
    for label, prediction in zip(evaluation.labels, evaluation.predictions, strict=True):
        counts[label, prediction] += 1
    assert [[cell.value for cell in row] for row in sheet["C9:L18"]] == counts.tolist()
    assert [sheet[f"N{9 + digit}"].value for digit in range(10)] == (np.diag(counts) / counts.sum(axis=1)).tolist()
    assert [cell.value for cell in sheet["C19:L19"][0]] == counts.sum(axis=0).tolist()
    assert sheet["N19"].value == (evaluation.labels == evaluation.predictions).mean()
    assert all(str(formulas["Confusion"][f"N{row}"].value).startswith("=") for row in range(9, 20))
    (rules,) = (rules for rules in sheet.conditional_formatting if str(rules.sqref) == "C9:L18")
    assert rules.rules[0].colorScale is not None


def pictures(path: Path, sheet: str) -> list[np.ndarray]:
    """The pictures on a sheet, from the top down: grey levels."""
    number = openpyxl.load_workbook(path).sheetnames.index(sheet) + 1
    with zipfile.ZipFile(path) as archive:

        def targets(part: str) -> dict[str, str]:
            folder, name = part.rsplit("/", 1)
            root = ElementTree.fromstring(archive.read(f"{folder}/_rels/{name}.rels"))
            return {element.get("Id", ""): element.get("Target", "").replace("..", "xl") for element in root}

        drawing = next(t for t in targets(f"xl/worksheets/sheet{number}.xml").values() if "drawing" in t)
        images = targets(drawing)
        anchors = ElementTree.fromstring(archive.read(drawing))
        found = []
        for anchor in anchors:
            row = int(anchor.findtext("{*}from/{*}row") or 0)
            blip = next(element for element in anchor.iter() if element.tag.endswith("}blip"))
            key = next(text for name, text in blip.items() if name.endswith("}embed"))
            found.append((row, np.array(Image.open(io.BytesIO(archive.read(images[key]))))))
    return [pixels for _, pixels in sorted(found, key=lambda pair: pair[0])]


def digits(strip: np.ndarray) -> list[np.ndarray]:
    """The digits of a picture: each 28 by 28 in two pixels of paper, dark on white, and three times as large."""
    small = strip[1::3, 1::3]
    return [255 - small[2:30, start + 2 : start + 30] for start in range(0, small.shape[1], 32)]


def test_the_samples_are_drawn_as_they_are(report: Path, cached: Workbook, evaluation: Evaluation) -> None:
    drawn = [digit for strip in pictures(report, "Samples") for digit in digits(strip)]
    assert np.array_equal(drawn, evaluation.sample_images)
    labels = [cell.value for row in (8, 11) for cell in cached["Samples"][f"B{row}:G{row}"][0]]
    assert labels == evaluation.sample_labels.tolist()


def test_every_mistake_is_shown_by_confidence(report: Path, cached: Workbook, evaluation: Evaluation) -> None:
    order = np.argsort(-evaluation.probabilities)
    drawn = [digit for strip in pictures(report, "Mistakes") for digit in digits(strip)]
    assert np.array_equal(drawn, evaluation.mistaken_images[order])
    sheet = cached["Mistakes"]
    words, shown = [], []
    for row in range(8, 8 + 3 * 4, 4):
        words += [cell.value for cell in sheet[f"B{row}:M{row}"][0] if cell.value]
        shown += [cell.value for cell in sheet[f"B{row + 1}:M{row + 1}"][0] if cell.value is not None]
    which = evaluation.mistakes[order]
    pairs = zip(evaluation.labels[which], evaluation.predictions[which], strict=True)
    assert words == [f"{truth} → {prediction}" for truth, prediction in pairs]
    assert shown == evaluation.probabilities[order].tolist()
    assert "30 test images of 1,000" in str(sheet["B4"].value)


def test_a_network_that_makes_no_mistake(run: Run, make_run: Callable[..., Run], tmp_path: Path) -> None:
    perfect = make_run(tmp_path / "perfect", mistakes=0)
    build(Experiment(), tmp_path / "perfect.xlsx", run=perfect)
    assert "0 test images of 1,000" in str(openpyxl.load_workbook(tmp_path / "perfect.xlsx")["Mistakes"]["B4"].value)


def test_sheets_say_when_another_run_is_shown(report: Path, libreoffice: office.Office, formulas: Workbook) -> None:
    sheets = SHEETS[1:]
    assert {libreoffice.recalculate(report).values[name].get("B5", "") for name in sheets} == {""}
    another = {named(formulas, "started"): "2026-11-26 10:00:00+01:00"}
    other = libreoffice.recalculate(report, {"MNIST": another}).values
    assert {other[name]["B5"] for name in sheets} == {"MNIST shows another run: build a workbook of that one."}


def test_only_mnist_tells_where_the_run_is(formulas: Workbook, run: Run) -> None:
    """Which folder of that name it is concerns nobody that a report is handed to."""
    for name in SHEETS[1:]:
        texts = [str(cell.value) for row in formulas[name].iter_rows() for cell in row if cell.value is not None]
        assert run.folder.name in texts
        assert not [text for text in texts if str(run.folder.parent) in text]


def test_a_run_that_has_not_ended_gets_what_there_is(make_run: Callable[..., Run], tmp_path: Path) -> None:
    run = make_run(tmp_path / "run")
    (run.folder / EVALUATION).unlink()
    (run.folder / "summary.json").unlink()
    build(Experiment(), tmp_path / "early.xlsx", run=run)
    book = openpyxl.load_workbook(tmp_path / "early.xlsx")
    assert book.sheetnames[-2:] == ["MNIST", "Model"]
    assert value(book, "status") == "Interrupted after 5 of 5 epochs"
    assert linked_from_start(book) & {"Digit", *SHEETS} == {"MNIST", "Model"}


def linked_from_start(book: Workbook) -> set[str]:
    links = [cell.hyperlink for row in book["Start"].iter_rows() for cell in row if cell.hyperlink]
    return {str(link.location).partition("!")[0].strip("'") for link in links}


def test_start_leads_to_the_sheets(formulas: Workbook) -> None:
    assert linked_from_start(formulas) & {"Digit", *SHEETS} == {*SHEETS}


@pytest.mark.parametrize("engine", [Engine.FORMULAS, Engine.LAMBDA])
def test_same_run_same_bytes(engine: Engine, run: Run, tmp_path: Path) -> None:
    for name in ("a.xlsx", "b.xlsx"):
        build(Experiment(steps=3), tmp_path / name, engine=engine, run=run)
    assert (tmp_path / "a.xlsx").read_bytes() == (tmp_path / "b.xlsx").read_bytes()


def test_only_functions_that_all_spreadsheets_share(formulas: Workbook) -> None:
    text = " ".join(
        str(cell.value)
        for name in SHEETS
        for row in formulas[name].iter_rows()
        for cell in row
        if str(cell.value).startswith("=")
    )
    assert set(re.findall(r"([A-Z][A-Z0-9.]*)\(", text)) == {"SUM", "IF"}
