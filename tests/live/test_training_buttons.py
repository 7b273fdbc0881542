"""Train MNIST, Stop and Import run as processes: from the button's macro to the open workbook's cells."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from s6xl.mnist.record import Run
from tests.support.live.desk import BOOK, Desk
from tests.support.waiting import PATIENCE

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="elsewhere a message box would wait for a click")
QUICK: dict[str, Any] = {"recipe": "original", "data": "sample", "batch_size": 600, "device": "cpu"}


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    desk = Desk(tmp_path)
    yield desk
    for lock in (tmp_path / "XDG_DATA_HOME").glob("s6xl/runs/*/config.json"):
        Run(lock.parent).ask_to_stop()


def test_a_training_fills_the_open_workbook(desk: Desk, template: Path) -> None:
    desk.open(template, epochs=2, seed=5, **QUICK)
    desk.press("train")
    desk.until(lambda: desk.status() == "Finished: 2 epochs")
    run = desk.run()
    assert run.folder.parent == desk.folder / "XDG_DATA_HOME" / "s6xl" / "runs"
    assert (run.config.recipe.seed, run.config.recipe.batch_size, run.config.data) == (5, 600, "sample")
    desk.check_shown(run)
    assert len(run.epochs()) == 2
    assert desk.store.value("trained_on", book=BOOK) == "sample of MNIST: 6,000 training and 1,000 test images"
    assert desk.store.read()["status"] is False
    assert "Traceback" not in desk.log
    assert "The log is" not in desk.log


def test_stop_then_train_goes_on_and_a_killed_one_too(desk: Desk, template: Path) -> None:
    desk.open(template, epochs=150, **QUICK)
    desk.press("train")
    desk.until(lambda: len(desk.store.rows(book=BOOK)) >= 2)
    desk.press("train")
    desk.until(lambda: "A training is running in this workbook: press Stop first" in desk.log)
    desk.press("stop")
    desk.until(lambda: desk.status().startswith("Stopped after "))
    run = desk.run()
    desk.check_shown(run)
    stopped_after = len(run.epochs())
    assert desk.status() == f"Stopped after {stopped_after} of 150 epochs"

    desk.press("train")
    desk.until(lambda: len(desk.store.rows(book=BOOK)) > stopped_after)
    assert desk.run().folder == run.folder
    assert desk.status().startswith("Training: ")
    trainer = trainer_of(run)
    os.kill(trainer, signal.SIGKILL)
    desk.until(lambda: desk.status().startswith("Interrupted after "))
    killed_after = len(run.epochs())

    desk.press("train")
    desk.until(lambda: len(desk.store.rows(book=BOOK)) > killed_after)
    desk.press("stop")
    desk.until(lambda: desk.status().startswith("Stopped after "))
    desk.check_shown(run)

    # Other settings mean another training.
    desk.store.enter({"seed": 2, "epochs": 1}, book=BOOK)
    desk.press("train")
    desk.until(lambda: desk.status() == "Finished: 1 epoch")
    assert desk.run().folder != run.folder
    assert len(desk.store.rows(book=BOOK)) == 1


def trainer_of(run: Run) -> int:
    """The process that trains a run."""
    for process in Path("/proc").glob("[0-9]*"):
        try:
            words = (process / "cmdline").read_bytes().decode().split("\0")
        except OSError:
            continue
        if "s6xl" in words and "train" in words and str(run.folder) in " ".join(words):
            return int(process.name)
    raise AssertionError("nobody trains it")


def test_excel_closed_loses_nothing_and_import_brings_it_in(desk: Desk, template: Path, tmp_path: Path) -> None:
    desk.open(template, epochs=4, **QUICK)
    desk.press("train")
    desk.until(lambda: len(desk.store.rows(book=BOOK)) >= 1)
    run = desk.run()
    desk.store.change(lambda state: state["books"].clear())
    desk.until(lambda: run.status() == "finished")
    # A workbook of the user's own, without the sheet.
    plain = openpyxl.Workbook()
    plain["Sheet"]["A1"] = "mine"
    plain.save(tmp_path / "plain.xlsx")
    desk.open(tmp_path / "plain.xlsx", "Other.xlsx")
    desk.press("import_run", "Other.xlsx")
    desk.until(lambda: "MNIST" in desk.store.read()["books"]["Other.xlsx"]["sheets"])
    desk.until(lambda: desk.status("Other.xlsx") == "Finished: 4 epochs")
    desk.check_shown(run, "Other.xlsx")
    assert list(desk.store.read()["books"]) == ["Other.xlsx"], "the template is left open"
    assert desk.store.cells("Other.xlsx", "Sheet") == {(1, 1): "mine"}


def test_a_run_from_elsewhere_is_imported_by_its_folder(desk: Desk, template: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "a run of mine"
    arguments = ["train", "--data=sample", "--recipe=original", "--epochs=1", "--batch-size=600", f"--run={elsewhere}"]
    subprocess.run([sys.executable, "-m", "s6xl", *arguments], check=True, capture_output=True, timeout=PATIENCE)
    # As Windows copies a path.
    desk.open(template, run=f'"{elsewhere}"')
    desk.press("import_run")
    desk.until(lambda: desk.status() == "Finished: 1 epoch")
    desk.check_shown(Run.open(elsewhere))


@pytest.mark.parametrize(
    ("action", "entered", "message"),
    [
        (
            "train",
            {"epochs": "many"},
            "The setting epochs on the sheet MNIST is “many”: enter a whole number, or nothing",
        ),
        ("train", {"epochs": 0}, "0 epochs: give 1 to 200."),
        ("train", {"learning_rate": "fast"}, "The setting learning rate on the sheet MNIST is “fast”"),
        ("train", {"recipe": "worst"}, "There is no recipe worst: use best or original."),
        ("stop", {}, "No training is running in this workbook."),
        (
            "import_run",
            {},
            "There is no run yet: train one, or enter a run's folder in the cell Run of ",
        ),
        (
            "import_run",
            {"run": "/nowhere"},
            "/nowhere does not hold a run: give a folder that `python -m s6xl train` has",
        ),
    ],
)
def test_what_cannot_be_done_is_one_message(
    action: str, entered: dict[str, object], message: str, desk: Desk, template: Path
) -> None:
    desk.open(template, **{**QUICK, **entered})
    desk.press(action)
    desk.until(lambda: "The log is " in desk.log)
    assert f"S6: {message}" in desk.log
    assert "Traceback" not in desk.log
    assert desk.status() == "No training yet"


def test_a_training_that_cannot_begin_says_why_on_the_sheet(desk: Desk, template: Path) -> None:
    (desk.folder / "file").touch()
    desk.open(template, **{**QUICK, "data": str(desk.folder / "file")})
    desk.press("train")
    desk.until(lambda: "The log is " in desk.log)
    assert desk.status().startswith("Not trained: MNIST cannot be stored in ")
    assert not [path for path in (desk.folder / "XDG_DATA_HOME" / "s6xl" / "runs").iterdir() if path.is_dir()]
    assert "NotADirectoryError" in desk.log
