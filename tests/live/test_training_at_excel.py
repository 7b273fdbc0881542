"""Train MNIST, Stop and Import run in one process, where each of Excel's answers can be chosen."""

import gc
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from s6xl.errors import ImpossibleHereError, UserError
from s6xl.live import retrying, training
from s6xl.live.excel import Excel
from s6xl.live.following import Place
from s6xl.live.leftovers import fail_at_once
from s6xl.mnist.choices import kept_choice
from s6xl.mnist.recipe import recipe_named
from s6xl.mnist.record import Run
from tests.support.excel_com import ERRORS
from tests.support.live.open_excel import SAYINGS, Book, Cells, Hazard, OpenExcel, Sheet, Store, reach, refusal
from tests.support.runs import config

pytestmark = pytest.mark.usefixtures("xlwings_as_it_was")
BOOK = "My bööк.xlsx"
EXCEL = Excel(BOOK, 1)


class Seat:
    """An open workbook, a folder for runs, and a training that does what a test says."""

    def __init__(self, template: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.store, self.runs = Store(), folder / "s6xl" / "runs"
        self.store.open(template, BOOK)
        self.begun: list[tuple[Path, list[str]]] = []
        self.message = ""
        self.during: Callable[[Path], object] = lambda folder: None
        monkeypatch.setenv("XDG_DATA_HOME", str(folder))
        monkeypatch.setattr(retrying, "PAUSE", 0.01)
        monkeypatch.setattr(training, "_train", self._train)
        monkeypatch.setattr(training, "follow", lambda run, place, trainer: None)
        self.reach()

    def reach(self, hazard: Hazard = lambda name: None) -> None:
        reach(OpenExcel(self.store, hazard))
        fail_at_once()

    def _train(self, folder: Path, arguments: list[str], place: Place) -> str:
        self.begun.append((folder, arguments))
        self.during(folder)
        return self.message

    def value(self, name: str) -> object:
        return self.store.value(name, book=BOOK)


@pytest.fixture
def seat(template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Seat:
    return Seat(template, tmp_path, monkeypatch)


def begun(folder: Path, data: str = "sample") -> Run:
    """A run as a training's first moments leave it."""
    return Run.begin(folder, config(recipe_named("best"), data=kept_choice(data)))


@pytest.mark.parametrize("saying", SAYINGS)
@pytest.mark.parametrize("refused", [1, 2, *(pytest.param(call, marks=pytest.mark.slow) for call in range(3, 12))])
def test_stop_waits_for_a_busy_excel(seat: Seat, tmp_path: Path, saying: str, refused: int) -> None:
    run = begun(tmp_path / "run")
    seat.store.enter({"run": str(run.folder)}, book=BOOK)
    calls = 0

    def hazard(name: str) -> None:
        nonlocal calls
        calls += 1
        if calls == refused:
            raise SAYINGS[saying]()

    seat.reach(hazard)
    with run.claimed():
        training.stop(EXCEL)
        assert run.is_asked_to_stop()


def test_an_import_leaves_the_sheet_to_a_training_that_is_starting(seat: Seat) -> None:
    begun(seat.runs / "2026-11-01_10.00.00_best")
    seat.store.enter({"data": "sample"}, book=BOOK)

    def press(folder: Path) -> None:
        with pytest.raises(UserError, match="a training is running in this workbook: press Stop first"):
            training.import_run(EXCEL)
        assert seat.value("run") == str(folder)
        assert seat.value("status") == training.STARTING

    seat.during = press
    training.train(EXCEL)
    assert len(seat.begun) == 1
    training.import_run(EXCEL)
    assert seat.value("status") == training.IMPORTING


@pytest.mark.parametrize("spelt", ["{}/", "{}/../data", "{}/."])
def test_a_folder_of_data_spelt_in_another_way_is_the_same(seat: Seat, tmp_path: Path, spelt: str) -> None:
    data = tmp_path / "data"
    data.mkdir()
    run = begun(tmp_path / "run", str(data))
    seat.store.enter({"run": str(run.folder), "data": spelt.format(data)}, book=BOOK)
    training.train(EXCEL)
    assert seat.begun == [(run.folder, ["--resume", str(run.folder)])]


@pytest.mark.parametrize("action", [training.train, training.import_run])
def test_a_protected_sheet_is_one_sentence_and_leaves_no_folder(
    seat: Seat, action: Callable[[Excel], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    seat.runs.mkdir(parents=True)
    run = begun(seat.runs.parent / "run")
    seat.store.enter({"run": str(run.folder), "seed": 2}, book=BOOK)

    def write(change: Callable[[dict[str, object]], None]) -> None:
        raise refusal()

    monkeypatch.setattr(seat.store, "change", write)
    with pytest.raises(ImpossibleHereError, match="nothing be written on the sheet MNIST: unprotect it and press the"):
        action(EXCEL)
    assert not [path for path in seat.runs.iterdir() if path.is_dir()]
    assert not seat.begun


def test_why_it_could_not_begin_is_said_on_the_sheet(seat: Seat) -> None:
    seat.message = "MNIST cannot be downloaded."
    with pytest.raises(ImpossibleHereError, match=r"MNIST cannot be downloaded\."):
        training.train(EXCEL)
    assert seat.value("status") == "Not trained: MNIST cannot be downloaded."
    assert not seat.value("run")


@pytest.mark.parametrize("excel_is_gone", [False, True])
def test_why_it_could_not_begin_is_said_where_the_workbook_is_closed_by_then(
    seat: Seat, excel_is_gone: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone(name: str) -> None:
        raise SAYINGS["disconnected"]()

    def close(folder: Path) -> None:
        if excel_is_gone:
            seat.reach(gone)
        else:
            seat.store.change(lambda state: state["books"].clear())

    monkeypatch.setattr(training, "_SECONDS", 0.1)
    seat.message, seat.during = "MNIST cannot be downloaded.", close
    with pytest.raises(ImpossibleHereError, match=r"MNIST cannot be downloaded\."):
        training.train(EXCEL)


def test_a_training_that_could_not_begin_leaves_another_run_that_is_shown_by_now(seat: Seat) -> None:
    seat.message = "MNIST cannot be downloaded."
    seat.during = lambda folder: seat.store.enter({"run": "/another", "status": "Finished"}, book=BOOK)
    with pytest.raises(ImpossibleHereError):
        training.train(EXCEL)
    assert (seat.value("run"), seat.value("status")) == ("/another", "Finished")


def test_an_error_in_a_settings_cell_is_no_empty_cell(seat: Seat) -> None:
    seat.store.enter({"epochs": ERRORS["#N/A"]}, book=BOOK)
    with pytest.raises(UserError, match="the setting epochs on the sheet MNIST is “#N/A”: enter a whole number"):
        training.train(EXCEL)


def test_no_object_of_excels_is_held_while_it_trains(seat: Seat) -> None:
    gc.freeze()  # what there is already is passed over, which is much

    def look(folder: Path) -> None:
        gc.collect()
        assert not [one for one in gc.get_objects() if type(one) in (Book, Sheet, Cells)]

    seat.during = look
    training.train(EXCEL)
    gc.unfreeze()
    assert seat.begun


def test_runs_of_one_name_in_two_folders_are_two(seat: Seat, tmp_path: Path) -> None:
    """To stop one that is only starting is not to stop the other."""
    (tmp_path / "one").mkdir()
    (tmp_path / "two").mkdir()
    seat.runs.mkdir(parents=True)
    marks = {training._stop_mark(path / "run") for path in (tmp_path / "one", tmp_path / "two", seat.runs)}
    assert len(marks) == 3
    assert training._stop_mark(tmp_path / "one" / ".." / "two" / "run") == training._stop_mark(tmp_path / "two" / "run")


@pytest.mark.process
def test_a_process_that_cannot_be_started_is_said(
    template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = Store()
    store.open(template, BOOK)
    reach(OpenExcel(store))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    monkeypatch.setattr(sys, "executable", str(tmp_path / "gone"))
    with pytest.raises(ImpossibleHereError, match=r"the training could not be started \(No such file or directory\)"):
        training.train(EXCEL)
    assert str(store.value("status", book=BOOK)).startswith("Not trained: the training could not be started")
