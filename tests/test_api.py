"""The names for Python: what each is, that it is described and typed, and that it does what its command does."""

import ast
import inspect
import re
import subprocess
import sys
import typing
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import openpyxl
import pytest
from PIL import Image

import s6xl
from s6xl import Experiment, Run, UserError
from s6xl.backprop.worked_example import NETWORK_AS_SUBMITTED
from tests.support.places import ROOT

FUNCTIONS = [name for name in s6xl.__all__ if inspect.isfunction(getattr(s6xl, name))]
TYPES = [name for name in s6xl.__all__ if inspect.isclass(getattr(s6xl, name))]


def test_the_names() -> None:
    assert FUNCTIONS == ["audit_workbook", "build_workbook", "descend", "predict", "train"]
    assert sorted([*FUNCTIONS, *TYPES, "__version__"]) == s6xl.__all__
    assert set(s6xl.__all__) <= set(dir(s6xl))


def test_what_is_not_there_is_not_there() -> None:
    with pytest.raises(AttributeError, match="module 's6xl' has no attribute 'bild'"):
        _ = s6xl.bild  # type: ignore[attr-defined]


@pytest.mark.process
def test_an_import_loads_no_library() -> None:
    source = "import s6xl, sys; dir(s6xl); print(*sys.modules); assert s6xl.Experiment().steps == 68"
    done = subprocess.run([sys.executable, "-c", source], capture_output=True, text=True, check=True)
    loaded = {name.partition(".")[0] for name in done.stdout.split()}
    assert not loaded & {"PIL", "click", "filelock", "matplotlib", "numpy", "platformdirs", "rich", "torch"}
    assert not loaded & {"pyopenvba", "torchvision", "xlsxwriter", "xlwings"}


@pytest.mark.process
@pytest.mark.parametrize("call", ["build_workbook(Experiment(steps=2), 's6.xlsx')", "predict(np.zeros((28, 28)))"])
def test_only_training_loads_pytorch(call: str, tmp_path: Path) -> None:
    source = f"import sys, numpy as np; from s6xl import *; {call}; sys.exit('torch' in sys.modules)"
    subprocess.run([sys.executable, "-c", source], cwd=tmp_path, check=True)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_is_described_and_typed(name: str) -> None:
    function = getattr(s6xl, name)
    parameters, types = inspect.signature(function).parameters, typing.get_type_hints(function)
    assert set(types) == {*parameters, "return"}
    sections = re.split(r"^(Args|Returns|Raises):$", inspect.getdoc(function) or "", flags=re.MULTILINE)
    described = dict(zip(sections[1::2], sections[2::2], strict=True))
    assert re.findall(r"^    (\w+): .", described["Args"], re.MULTILINE) == list(parameters)
    assert ("Returns" in described) == (types["return"] is not type(None))


@pytest.mark.parametrize("name", TYPES)
def test_a_type_and_what_it_offers_is_described(name: str) -> None:
    kind = getattr(s6xl, name)
    assert inspect.getdoc(kind)
    for member, value in vars(kind).items():
        if not member.startswith("_") and (inspect.isroutine(value) or isinstance(value, property)):
            assert value.__doc__, member


def test_the_readmes_example_uses_these_names_alone() -> None:
    (example,) = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL)
    imports = [node for node in ast.walk(ast.parse(example)) if isinstance(node, ast.Import | ast.ImportFrom)]
    names = [alias.name for node in imports if isinstance(node, ast.ImportFrom) for alias in node.names]
    assert {node.module for node in imports if isinstance(node, ast.ImportFrom)} == {"s6xl"}
    assert set(names) <= set(s6xl.__all__)


@pytest.mark.parametrize(
    ("engine", "name", "formula"),
    [
        ("formulas", "a.xlsx", r"=\(S33-B33\).*"),
        ("lambda", "a.xlsx", r"=S6_DELTA_W5\(.*\)"),
        ("udf", "a.xlsm", r"=S6_DELTA_W5\(.*\)"),
    ],
)
def test_building(engine: str, name: str, formula: str, tmp_path: Path) -> None:
    rows: list[int] = []
    experiment = Experiment(learning_rates=(0.5,), steps=3)
    s6xl.build_workbook(experiment, str(tmp_path / name), engine=engine, progress=rows.append)
    found = openpyxl.load_workbook(tmp_path / name)["LR=0.5"]["AC33"].value
    assert re.fullmatch(formula, getattr(found, "text", found))
    assert sum(rows) == 6


def test_building_with_a_run(tmp_path: Path) -> None:
    s6xl.build_workbook(Experiment(learning_rates=(0.5,), steps=3), tmp_path / "a.xlsx", run="pretrained")
    assert "Digit" in openpyxl.load_workbook(tmp_path / "a.xlsx", read_only=True).sheetnames


def test_no_such_engine(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="steam"):
        s6xl.build_workbook(Experiment(), tmp_path / "a.xlsx", engine="steam")
    assert not list(tmp_path.iterdir())


def test_predicting() -> None:
    """The images that come with the run as right are predicted right, as pixels and as a picture."""
    evaluation = Run.open(Path("pretrained")).evaluation()
    assert evaluation is not None
    image, label = evaluation.right_images[7], evaluation.labels[evaluation.right[7]]
    probabilities = s6xl.predict(image)
    assert probabilities.shape == (10,)
    assert probabilities.sum() == pytest.approx(1)
    assert probabilities.argmax() == label
    assert s6xl.predict(image.tolist(), Run.open(Path("pretrained"))) == pytest.approx(probabilities, abs=0)


def test_predicting_a_picture(tmp_path: Path) -> None:
    evaluation = Run.open(Path("pretrained")).evaluation()
    assert evaluation is not None
    image = evaluation.right_images[3]
    Image.fromarray(image).save(tmp_path / "digit.png")
    assert s6xl.predict(str(tmp_path / "digit.png"), "pretrained") == pytest.approx(s6xl.predict(image), abs=0)


@pytest.mark.parametrize(
    "image", [np.zeros((28, 27)), np.zeros((1, 28, 28)), np.full((28, 28), np.nan), np.full((28, 28), 256), 0]
)
def test_what_is_not_an_image(image: Any) -> None:
    with pytest.raises(UserError, match="give 28 by 28 numbers from 0 to 255"):
        s6xl.predict(image)


def test_auditing(tmp_path: Path) -> None:
    small, right, wrong = Experiment(learning_rates=(0.5,), steps=3), tmp_path / "right.xlsx", tmp_path / "wrong.xlsx"
    s6xl.build_workbook(small, right)
    s6xl.build_workbook(replace(small, network=NETWORK_AS_SUBMITTED), wrong)
    assert s6xl.audit_workbook(str(right)).status == "right"
    report = s6xl.audit_workbook(wrong, annotated=tmp_path / "annotated.xlsx")
    assert report.status == "findings"
    assert {finding.quantity for finding in report.findings} == {"∂E/∂w3", "∂E/∂w4"}
    assert "Audit" in openpyxl.load_workbook(tmp_path / "annotated.xlsx", read_only=True).sheetnames


def test_auditing_what_is_not_a_workbook(tmp_path: Path) -> None:
    report = s6xl.audit_workbook(tmp_path / "none.xlsx", annotated=tmp_path / "annotated.xlsx")
    assert (report.status, list(tmp_path.iterdir())) == ("unreadable", [])


@pytest.mark.usefixtures("one_thread", "alone")
def test_training(few_folder: Path, tmp_path: Path) -> None:
    accuracies: list[float] = []

    def train(folder: Path, **other: Any) -> Run:
        settings = {"epochs": 2, "batch_size": 20, "seed": 3, "data": few_folder, "device": "cpu", **other}
        return s6xl.train("original", run=folder, **settings)

    run = train(tmp_path / "run", on_epoch=lambda epoch: accuracies.append(epoch.test_accuracy))
    assert (run.status(), run.folder) == ("finished", tmp_path / "run")
    assert [epoch.test_accuracy for epoch in run.epochs()] == accuracies
    assert (run.config.recipe.name, run.config.recipe.seed, len(accuracies)) == ("original", 3, 2)
    image = np.zeros((28, 28))
    assert s6xl.predict(image, train(tmp_path / "other")) == pytest.approx(s6xl.predict(image, run.folder), abs=0)


def refused(call: Callable[[], object], words: str) -> None:
    with pytest.raises(UserError, match=words):
        call()


def test_training_that_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    refused(lambda: s6xl.train("better", data="sample"), "there is no recipe better")
    refused(lambda: s6xl.train(epochs=0, data="sample"), "0 epochs")
    refused(lambda: s6xl.train(data=Path("nowhere")), "there is no folder nowhere")
    assert not list(tmp_path.iterdir())
