"""A training from the command line that is shown in a workbook."""

import shutil
import signal
import subprocess
import sys
import zipfile
from pathlib import Path

import openpyxl
import pytest
import torch

from s6xl.backprop.experiment import Experiment
from s6xl.cli.report import Report
from s6xl.errors import ImpossibleHereError, UserError
from s6xl.mnist import training
from s6xl.mnist.choices import SAMPLE
from s6xl.mnist.data import Data
from s6xl.mnist.recipe import RECIPES
from s6xl.mnist.record import Config, Epoch, Run
from s6xl.workbook.composition.build import build
from tests.support.command_line import Command
from tests.support.waiting import PATIENCE, until

QUICK = ("--data", "sample", "--recipe", "original", "--batch-size", "600", "--device", "cpu")


@pytest.fixture
def quick(few_folder: Path) -> list[str]:
    """Settings of a training that takes a fraction of a second."""
    return ["--data", str(few_folder), "--recipe", "original", "--batch-size", "50", "--device", "cpu"]


def rows(path: Path) -> list[object]:
    column = openpyxl.load_workbook(path)["MNIST"]["B22:B221"]
    return [row[0].value for row in column if row[0].value is not None]


def status(path: Path) -> object:
    return openpyxl.load_workbook(path)["MNIST"]["K6"].value


@pytest.mark.slow
def test_a_new_file_becomes_a_report(tmp_path: Path, quick: list[str], s6xl: Command) -> None:
    done = s6xl("train", *quick, "--epochs", "2", "--workbook", "new.xlsx", "--run", "run")
    assert done.returncode == 0, done.stderr
    assert done.stdout.endswith(" new.xlsx shows it.\n")
    book = openpyxl.load_workbook(tmp_path / "new.xlsx")
    assert book.sheetnames[0] == "Start"
    assert book.sheetnames[book.sheetnames.index("MNIST") :][:4] == ["MNIST", "Digit", "Digits", "Input"]
    assert book.sheetnames[-5:] == ["Softmax", "Model", "Samples", "Confusion", "Mistakes"]
    assert rows(tmp_path / "new.xlsx") == [1, 2]
    build(Experiment(), tmp_path / "built.xlsx", run=Run.open(tmp_path / "run"))
    assert (tmp_path / "built.xlsx").read_bytes() == (tmp_path / "new.xlsx").read_bytes()
    assert s6xl("build", "--run", "run", "--out", "cli.xlsx").returncode == 0
    assert (tmp_path / "cli.xlsx").read_bytes() == (tmp_path / "new.xlsx").read_bytes()


@pytest.mark.process
def test_an_existing_file_is_filled_epoch_by_epoch(book: Path, tmp_path: Path) -> None:
    path = Path(shutil.copy(book, tmp_path / "mine.xlsx"))
    with zipfile.ZipFile(path) as archive:
        before = {name: archive.read(name) for name in archive.namelist()}
    command = [
        sys.executable,
        "-m",
        "s6xl",
        "train",
        *QUICK,
        "--epochs",
        "150",
        "--workbook",
        "mine.xlsx",
        "--run",
        "a run",
    ]
    training = subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    seen: list[list[object]] = []

    def has_grown() -> bool:
        if (now := rows(path)) and now not in seen:
            seen.append(now)
        return len(seen) >= 3

    until(has_grown)
    assert str(status(path)).startswith("Training: ")
    training.send_signal(signal.SIGINT)
    printed, _ = training.communicate(timeout=PATIENCE)
    assert training.returncode == 130
    assert "Go on with: python -m s6xl train --resume 'a run'" in printed
    assert seen[0] == list(range(1, len(seen[0]) + 1))
    count = len(Run.open(tmp_path / "a run").epochs())
    assert rows(path) == list(range(1, count + 1))
    assert status(path) == f"Stopped after {count} of 150 epochs"
    with zipfile.ZipFile(path) as archive:
        assert [name for name, part in before.items() if archive.read(name) != part] == ["xl/worksheets/sheet11.xml"]


def test_a_workbook_that_is_open_meanwhile_is_filled_later(
    book: Path, tmp_path: Path, quick: list[str], s6xl: Command
) -> None:
    path = Path(shutil.copy(book, tmp_path / "mine.xlsx"))
    s6xl("train", *quick, "--epochs", "1", "--run", "run")
    run = Run.open(tmp_path / "run")
    report = Report(path)
    lock = path.with_name("~$mine.xlsx")
    lock.touch()
    before = path.read_bytes()
    report.update(run)
    with pytest.raises(ImpossibleHereError) as raised:
        report.end(run)
    later = f"python -m s6xl train --resume {run.folder} --workbook {path}"
    assert str(raised.value).startswith(f"the run is kept in {run.folder}, but {path} is open in another program")
    assert later in str(raised.value)
    assert path.read_bytes() == before
    lock.unlink()
    done = s6xl("train", "--resume", "run", "--workbook", "mine.xlsx")
    assert done.returncode == 0
    assert rows(path) == [1]


@pytest.mark.slow
def test_a_training_goes_on_when_its_workbook_turns_to_rubbish(
    book: Path, few: Data, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cpu = torch.device("cpu")
    recipe = RECIPES["original"].changed(epochs=2, batch_size=50)
    run = Run.begin(tmp_path / "run", training.configured(recipe, few, SAMPLE, "cpu", cpu))
    path = Path(shutil.copy(book, tmp_path / "mine.xlsx"))
    with zipfile.ZipFile(path) as archive:
        behind_a_header = archive.getinfo("xl/theme/theme1.xml").header_offset + 80
    report = Report(path)
    report.begin(run)
    rubbish = bytearray(path.read_bytes())
    rubbish[behind_a_header] ^= 0xFF

    def spoil(epoch: Epoch) -> None:
        path.write_bytes(rubbish)
        report.update(run)

    assert training.train(run, few, cpu, training.Watcher(on_epoch=spoil)) == "finished"
    said = capsys.readouterr().err
    assert said.count("is damaged (it cannot be unpacked)") == 1
    assert said.endswith("The training goes on.\n")
    with pytest.raises(ImpossibleHereError, match=r"the run is kept in .*, but .* is damaged"):
        report.end(run)
    assert len(run.epochs()) == 2
    assert path.read_bytes() == rubbish


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("new.xlsm", None, "is not the name of a .xlsx file"),
        ("no/folder.xlsx", None, "does not exist: make it first, or give another file with --workbook"),
        ("text.xlsx", b"text", "is not a workbook, although its name ends in .xlsx"),
        ("text.docx", b"text", "is not a workbook that can be filled: give an .xlsx or .xlsm file"),
    ],
)
def test_a_file_that_cannot_be_used_is_refused_before_anything_is_trained(
    name: str, content: bytes | None, sentence: str, tmp_path: Path, s6xl: Command
) -> None:
    if content:
        (tmp_path / name).write_bytes(content)
    done = s6xl("train", *QUICK, "--workbook", name)
    assert done.returncode == 2
    assert sentence in done.stderr
    assert done.stderr.count("\n") == 1
    assert not (tmp_path / "runs").exists()
    assert content is None or (tmp_path / name).read_bytes() == content


def test_a_workbook_without_the_sheet_names_the_two_ways_on(tmp_path: Path, s6xl: Command) -> None:
    openpyxl.Workbook().save(tmp_path / "mine.xlsx")
    before = (tmp_path / "mine.xlsx").read_bytes()
    done = s6xl("train", *QUICK, "--workbook", "mine.xlsx")
    assert done.returncode == 2
    assert "has no sheet MNIST as s6xl makes it: give the name of a new file" in done.stderr
    assert "press Import run on the tab S6" in done.stderr
    assert (tmp_path / "mine.xlsx").read_bytes() == before


# The command line, stopped as by Ctrl-C when it begins to load a module.
STOPPED_AT = """
import signal, sys

class Stopping:
    def find_spec(name, path, target=None):
        if name == {module!r}:
            signal.raise_signal(signal.SIGINT)

sys.meta_path.insert(0, Stopping)
from s6xl import cli
cli.main()
"""


@pytest.mark.process
@pytest.mark.parametrize("module", ["s6xl.cli.report", "torch", "torchvision", "s6xl.mnist.starting"])
def test_stopped_while_it_loads_leaves_nothing(module: str, quick: list[str], tmp_path: Path) -> None:
    (tmp_path / "here").mkdir()
    command = [sys.executable, "-c", STOPPED_AT.format(module=module), "train", *quick, "--epochs", "1"]
    done = subprocess.run(command, cwd=tmp_path / "here", capture_output=True, text=True, timeout=PATIENCE)
    assert (done.returncode, done.stdout) == (130, "")
    assert done.stderr.strip() == "s6xl: stopped; the files that were there before are unchanged."
    assert not list((tmp_path / "here").iterdir())


@pytest.mark.slow
def test_what_somebody_adds_to_a_new_report_meanwhile_stays(tmp_path: Path, quick: list[str], s6xl: Command) -> None:
    s6xl("train", *quick, "--epochs", "2", "--run", "run")
    run = Run.open(tmp_path / "run")
    path = tmp_path / "new.xlsx"
    report = Report(path)
    report.begin(run)
    book = openpyxl.load_workbook(path)
    book.create_sheet("My notes")["A1"] = "mine"
    book.save(path)
    report.update(run)
    report.end(run)
    kept = openpyxl.load_workbook(path)
    assert kept["My notes"]["A1"].value == "mine"
    assert rows(path) == [1, 2]


@pytest.mark.slow
def test_a_finished_run_is_shown_without_its_data(tmp_path: Path, quick: list[str], s6xl: Command) -> None:
    s6xl("train", *quick, "--epochs", "1", "--run", "run")
    digits = Path(quick[1]).resolve()
    config = tmp_path / "run" / "config.json"
    config.write_text(config.read_text("utf-8").replace(f'"data": "{digits}"', '"data": "/gone"'), encoding="utf-8")
    done = s6xl("train", "--resume", "run", "--workbook", "late.xlsx")
    assert (done.returncode, done.stderr) == (0, "")
    assert rows(tmp_path / "late.xlsx") == [1]
    assert openpyxl.load_workbook(tmp_path / "late.xlsx").sheetnames[-1] == "Mistakes"


def test_without_its_checkpoint_a_run_keeps_its_epochs(tmp_path: Path, quick: list[str], s6xl: Command) -> None:
    s6xl("train", *quick, "--epochs", "2", "--run", "run")
    (tmp_path / "run" / "checkpoint.pt").unlink()
    (tmp_path / "run" / "summary.json").unlink()
    done = s6xl("train", "--resume", "run")
    assert done.returncode == 2
    assert "checkpoint.pt is missing, so the run cannot go on: train again in another folder" in done.stderr
    assert len(Run.open(tmp_path / "run").epochs()) == 2


@pytest.mark.skipif(sys.platform == "win32", reason="a reader that leaves is POSIX's")
@pytest.mark.process
def test_nobody_reading_ends_no_training(quick: list[str], tmp_path: Path) -> None:
    command = f"{sys.executable} -m s6xl train {' '.join(quick)} --epochs 1 --run run"
    for sink in ("| true", "> /dev/full"):
        done = subprocess.run(
            f"set -o pipefail; {command} {sink}", shell=True, executable="/bin/bash", cwd=tmp_path, capture_output=True
        )
        assert done.returncode == 0, done.stderr
        assert Run.open(tmp_path / "run").status() == "finished"
        command = command.replace("--run run", "--run other")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"device": "cpu"', '"device": "foo"'),
        ('"data": "sample"', '"data": 5'),
        ('"started": "', '"started": null, "x": "'),
        ('"epochs": 1', '"epochs": 1.5'),
        ('"momentum": 0.9', '"momentum": "x"'),
        ('"train_images": 6000', '"train_images": null'),
    ],
)
def test_a_config_with_other_values_is_named(old: str, new: str, tmp_path: Path) -> None:
    config = Config(RECIPES["original"].changed(epochs=1), SAMPLE, "sample", "", 6_000, "cpu", "CPU", "now", {})
    Run.begin(tmp_path / "run", config)
    path = tmp_path / "run" / "config.json"
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(UserError, match=r"config\.json is damaged"):
        Run.open(tmp_path / "run")
