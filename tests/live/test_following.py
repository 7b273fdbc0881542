"""A run shown in an open workbook, through xlwings' real objects over an Excel that is often busy."""

import gc
import json
import random
import types
from collections.abc import Callable
from dataclasses import astuple
from pathlib import Path
from typing import Any

import pytest

from s6xl.errors import ImpossibleHereError, UserError
from s6xl.live.following import Place, _view, follow
from s6xl.live.leftovers import fail_at_once
from s6xl.live.writer import Outcome, RunWriter
from s6xl.mnist.recipe import recipe_named
from s6xl.mnist.record import Epoch, Run, Status
from tests.support.live.open_excel import PID, SAYINGS, Book, Cells, OpenExcel, Sheet, Store, area, reach, refusal
from tests.support.runs import config

pytestmark = pytest.mark.usefixtures("xlwings_as_it_was")
BOOK, MNIST = "My bööк.xlsx", "MNIST"
FOLDER = Path("/runs/one")
EPOCHS = 7
CONFIG = config(recipe_named("original").changed(epochs=EPOCHS))


def epoch(number: int) -> Epoch:
    return Epoch(number, 1 / number, 1 - 0.1 / number, 2 / number, 1 - 0.2 / number, 1.5)


class GrowingRun(Run):
    """A run that has as many epochs as have passed by now."""

    config = CONFIG

    def __init__(self) -> None:
        super().__init__(FOLDER)
        self.done = 0

    def epochs(self) -> list[Epoch]:
        return [epoch(number) for number in range(1, self.done + 1)]

    def status(self) -> Status:
        return "finished" if self.done == EPOCHS else "training"


class Scene:
    """A run that goes on as time passes, an Excel that refuses at random, and what is written on the way."""

    def __init__(self, template: Path, *, seed: int = 0, refusing: float = 0.0) -> None:
        self.random = random.Random(seed)
        self.run = GrowingRun()
        self.store = Store()
        self.store.open(template, BOOK)
        self.store.enter({"run": str(FOLDER)}, book=BOOK)
        self.time, self.refusing, self.refused = 0.0, refusing, 0
        self.seen: list[int] = []
        self.sleep: Callable[[float], None] = self.pass_time
        reach(OpenExcel(self.store, self.hazard, self.loses))
        fail_at_once()

    def is_refused(self) -> bool:
        refused = self.random.random() < self.refusing
        self.refused += refused
        return refused

    def hazard(self, name: str) -> None:
        if self.is_refused():
            raise self.random.choice(list(SAYINGS.values()))()

    def loses(self) -> bool:
        return self.is_refused()

    def pass_time(self, seconds: float) -> None:
        """Time passes: the training goes on, whatever Excel does, and what keeps it busy ends some day."""
        self.time += seconds
        self.run.done = min(EPOCHS, int(self.time))
        if self.time > 60:
            self.refusing = min(self.refusing, 0.005)
        rows = self.store.rows(book=BOOK) if BOOK in self.store.read()["books"] else []
        assert rows == [astuple(epoch(number)) for number in range(1, len(rows) + 1)], "a row is out of order"
        self.seen.append(len(rows))

    def follow(self) -> Outcome:
        place = Place(FOLDER, PID, BOOK, MNIST)
        return follow(self.run, place, None, clock=lambda: self.time, sleep=lambda seconds: self.sleep(seconds))

    def times_written(self) -> dict[int, int]:
        """How often each row of the table was written with figures, by its number."""
        top = 22
        counts: dict[int, int] = {}
        for _, first, column, last, _ in self.store.read()["writes"]:
            if column == 2 and first >= top and last - first < EPOCHS:
                for row in range(first, last + 1):
                    counts[row - top + 1] = counts.get(row - top + 1, 0) + 1
        return counts


@pytest.mark.parametrize(
    "seeds", [range(20), pytest.param(range(20, 200), marks=pytest.mark.slow)], ids=["some", "the others"]
)
def test_runs_with_an_excel_that_is_often_busy(seeds: range, template: Path) -> None:
    """No row is lost, out of order, or written again once it is there."""
    refused = 0
    for seed in seeds:
        scene = Scene(template, seed=seed, refusing=(0.0, 0.005, 0.02, 0.08)[seed % 4])
        assert scene.follow() is Outcome.SHOWN, seed
        assert scene.store.rows(book=BOOK) == [astuple(epoch(number)) for number in range(1, EPOCHS + 1)], seed
        assert scene.store.value("status", book=BOOK) == f"Finished: {EPOCHS} epochs"
        assert scene.store.value("test_accuracy", book=BOOK) == epoch(EPOCHS).test_accuracy
        assert scene.store.read()["status"] is False
        if not scene.refused:
            assert scene.times_written() == dict.fromkeys(range(1, EPOCHS + 1), 1)
            # Each row came while the training went on, not all at the end.
            assert set(scene.seen) >= set(range(EPOCHS)), scene.seen
        refused += scene.refused
    assert refused > 10 * len(seeds)


@pytest.mark.slow
def test_an_excel_that_is_busy_once_costs_no_row_whenever_that_is(template: Path) -> None:
    """Every 13th of a run's calls is refused in one of the runs, each time in another way."""
    calls = count_calls(template, None)
    assert calls > 2_000
    for number, call in enumerate(range(0, calls, 13)):
        count_calls(template, call, list(SAYINGS.values())[number % len(SAYINGS)])


def count_calls(template: Path, refused: int | None, saying: Callable[[], Exception] = refusal) -> int:
    """Follow a run with one call refused, look at what is there then, and return how many calls there were."""
    scene, calls = Scene(template), 0

    def hazard(name: str) -> None:
        nonlocal calls
        calls += 1
        if calls - 1 == refused:
            raise saying()

    reach(OpenExcel(scene.store, hazard))
    assert scene.follow() is Outcome.SHOWN, refused
    assert scene.store.rows(book=BOOK) == [astuple(epoch(number)) for number in range(1, EPOCHS + 1)], refused
    assert scene.store.value("status", book=BOOK) == f"Finished: {EPOCHS} epochs"
    assert scene.store.read()["status"] is False
    return calls


def test_a_workbook_that_is_closed_and_opened_again_gets_every_row(template: Path) -> None:
    scene = Scene(template)
    state: dict[str, object] = {}
    passing = scene.sleep

    def sleep(seconds: float) -> None:
        books = scene.store.read()["books"]
        if 2 < scene.time < 4 and BOOK in books:
            state[BOOK] = books.pop(BOOK)
        if scene.time > 9 and BOOK not in books:
            books[BOOK] = state[BOOK]
        passing(seconds)

    scene.sleep = sleep
    assert scene.follow() is Outcome.SHOWN
    assert len(scene.store.rows(book=BOOK)) == EPOCHS


@pytest.mark.parametrize("closed_for", [0.0, 5.0])
def test_a_workbook_closed_without_being_saved_gets_the_rows_that_it_had_lost(
    template: Path, closed_for: float
) -> None:
    """Also where that is so quick that nobody has seen it closed."""
    scene = Scene(template)
    scene.store.enter({"started": "long ago"}, book=BOOK)
    saved: list[str] = []
    passing = scene.sleep

    def sleep(seconds: float) -> None:
        books = scene.store.read()["books"]
        if scene.time > 2 and not saved:
            saved.append(json.dumps(books[BOOK]))
        if 4 < scene.time < 4 + closed_for:
            books.pop(BOOK, None)
        elif scene.time > 4 and len(saved) == 1:
            saved.append("opened")
            books[BOOK] = json.loads(saved[0])
        passing(seconds)

    scene.sleep = sleep
    assert scene.follow() is Outcome.SHOWN
    assert scene.store.rows(book=BOOK) == [astuple(epoch(number)) for number in range(1, EPOCHS + 1)]
    assert scene.store.value("started", book=BOOK) != "long ago"


def test_a_workbook_seen_closed_is_filled_as_soon_as_it_is_open_again(template: Path) -> None:
    """Not only when there is another epoch."""
    scene = Scene(template)
    books = scene.store.read()["books"]
    saved = json.dumps(books[BOOK])
    writer = RunWriter(Place(FOLDER, PID, BOOK, MNIST).locate)
    scene.run.done = 3
    content = _view(scene.run, is_at_work=True)[1]
    assert writer.show(content, None) is Outcome.SHOWN
    del books[BOOK]
    assert writer.show(content, None) is Outcome.ABSENT
    books[BOOK] = json.loads(saved)
    assert writer.show(content, None) is Outcome.SHOWN
    assert len(scene.store.rows(book=BOOK)) == 3


def test_a_workbook_opened_anew_before_the_first_epoch_is_filled_too(template: Path) -> None:
    scene = Scene(template)
    saved = json.dumps(scene.store.read()["books"][BOOK])
    writer = RunWriter(Place(FOLDER, PID, BOOK, MNIST).locate)
    assert writer.show(_view(scene.run, is_at_work=True)[1], None) is Outcome.SHOWN
    scene.store.read()["books"][BOOK] = json.loads(saved)
    scene.run.done = 1
    assert writer.show(_view(scene.run, is_at_work=True)[1], None) is Outcome.SHOWN
    assert scene.store.value("parameters", book=BOOK) == CONFIG.recipe.parameters


def test_a_row_inserted_within_the_table_costs_no_epoch(template: Path) -> None:
    scene = Scene(template)
    writer = RunWriter(Place(FOLDER, PID, BOOK, MNIST).locate)
    scene.run.done = 4
    assert writer.show(_view(scene.run, is_at_work=True)[1], None) is Outcome.SHOWN
    sheet = scene.store.read()["books"][BOOK]["sheets"][MNIST]
    last = area(sheet["names"]["table"])[2]
    moved = {f"{row + 1},{column}": sheet["cells"].pop(f"{row},{column}") for row in (25, 24) for column in range(2, 8)}
    sheet["cells"] |= moved
    sheet["names"]["table"] = f"$B$22:$G${last + 1}"
    scene.run.done = EPOCHS
    assert writer.show(_view(scene.run, is_at_work=False)[1], None) is Outcome.SHOWN
    assert scene.store.rows(book=BOOK) == [astuple(epoch(number)) for number in range(1, EPOCHS + 1)]


def test_a_run_whose_folder_goes_away_leaves_what_is_shown(template: Path, tmp_path: Path) -> None:
    """A drive that was pulled out has no epochs, and is not a training that has none yet."""
    scene = Scene(template)
    run = Run.begin(tmp_path / "run", CONFIG)
    for number in (1, 2, 3):
        run.add(epoch(number))
    scene.store.enter({"run": str(run.folder)}, book=BOOK)
    place = Place(run.folder, PID, BOOK, MNIST)
    pulled_out_for, away = 10.0, tmp_path / "away"

    def sleep(seconds: float) -> None:
        scene.time += seconds
        if 1 < scene.time < 1 + pulled_out_for and run.folder.exists():
            run.folder.rename(away)
        if scene.time > 1 + pulled_out_for and away.exists():
            away.rename(run.folder)
            run.end("stopped", run.epochs())

    with run.claimed():
        pass
    trainer: Any = types.SimpleNamespace(poll=lambda: None if scene.time < 15 else 0)
    assert follow(run, place, trainer, clock=lambda: scene.time, sleep=sleep) is Outcome.SHOWN
    assert len(scene.store.rows(book=BOOK)) == 3
    assert scene.time > 11
    pulled_out_for = 100.0
    scene.time = 0.0
    with pytest.raises(UserError, match="does not hold a run"):
        follow(run, place, trainer, clock=lambda: scene.time, sleep=sleep)
    assert len(scene.store.rows(book=BOOK)) == 3


def test_no_object_of_excels_is_held_between_attempts(template: Path) -> None:
    """Excel would live on without a window after it was closed."""
    gc.freeze()  # what there is already is passed over, which is much
    scene = Scene(template, refusing=1.0)
    writer = RunWriter(Place(FOLDER, PID, BOOK, MNIST).locate)
    for refusing, outcome in ((0.02, None), (0.0, Outcome.SHOWN)):
        scene.refusing = refusing
        for _ in range(20):
            found = writer.show(_view(scene.run, is_at_work=True)[1], None)
            gc.collect()
            assert not [one for one in gc.get_objects() if type(one) in (Book, Sheet, Cells)]
        assert outcome in (None, found)
    gc.unfreeze()
    assert scene.refused


def test_a_workbook_that_stays_closed_is_given_up_once_the_training_has_ended(template: Path) -> None:
    scene = Scene(template)
    scene.store.read()["books"].clear()
    assert scene.follow() is Outcome.ABSENT
    assert EPOCHS < scene.time < EPOCHS + 30


def test_a_workbook_saved_under_another_name_goes_on_being_filled(template: Path) -> None:
    scene = Scene(template)

    def sleep(seconds: float) -> None:
        books = scene.store.read()["books"]
        if scene.time > 3 and BOOK in books:
            books["Copy.xlsm"] = books.pop(BOOK)
            books["Copy.xlsm"]["sheets"]["Digits"] = books["Copy.xlsm"]["sheets"].pop(MNIST)
        scene.time += seconds
        scene.run.done = min(EPOCHS, int(scene.time))

    scene.sleep = sleep
    assert scene.follow() is Outcome.SHOWN
    assert len(scene.store.rows(book="Copy.xlsm", sheet="Digits")) == EPOCHS


def test_a_sheet_that_shows_another_run_by_now_is_left_alone(template: Path) -> None:
    scene = Scene(template)
    scene.store.enter({"run": "/runs/two", "status": "Training: 1 of 3 epochs"}, book=BOOK)
    assert scene.follow() is Outcome.ABSENT
    assert scene.store.rows(book=BOOK) == []
    assert scene.store.value("status", book=BOOK) == "Training: 1 of 3 epochs"


def test_a_protected_sheet_is_given_up_with_what_excel_says(template: Path) -> None:
    scene = Scene(template)

    def hazard(name: str) -> None:
        if name == "ClearContents":
            raise refusal(0x800A03EC - 2**32)

    reach(OpenExcel(scene.store, hazard))
    with pytest.raises(ImpossibleHereError, match=r"Excel does not take the results .*is the sheet protected"):
        scene.follow()
    assert scene.time < EPOCHS + 30


def test_while_a_cell_is_edited_nothing_is_given_up(template: Path) -> None:
    """Somebody leaves for lunch in the middle of a word."""
    scene = Scene(template)

    def hazard(name: str) -> None:
        if scene.time < 3_600:
            raise refusal(0x800AC472 - 2**32)

    reach(OpenExcel(scene.store, hazard))
    assert scene.follow() is Outcome.SHOWN
    assert len(scene.store.rows(book=BOOK)) == EPOCHS
    assert scene.time < 3_605


def test_an_earlier_run_with_more_epochs_leaves_no_rows(template: Path) -> None:
    scene = Scene(template)
    cells = scene.store.read()["books"][BOOK]["sheets"][MNIST]["cells"]
    cells |= {f"{row},{column}": 0.5 for row in range(22, 60) for column in range(2, 8)}
    scene.run.done = EPOCHS
    RunWriter(Place(FOLDER, PID, BOOK, MNIST).locate).show(_view(scene.run, is_at_work=False)[1], None)
    assert scene.store.rows(book=BOOK) == [astuple(epoch(number)) for number in range(1, EPOCHS + 1)]


def test_rows_inserted_above_the_table_move_where_it_is_written(template: Path) -> None:
    """The names follow the cells, as Excel lets them."""
    scene = Scene(template)
    sheet = scene.store.read()["books"][BOOK]["sheets"][MNIST]
    sheet["names"] |= {"table": "$D$32:$I$231", "status": "$M$16"}
    sheet["cells"]["22,2"] = "a note of mine"
    scene.run.done = EPOCHS
    RunWriter(Place(FOLDER, PID, BOOK, MNIST).locate).show(_view(scene.run, is_at_work=False)[1], None)
    cells = scene.store.cells(BOOK, MNIST)
    assert [cells[row, 4] for row in range(32, 39)] == [1, 2, 3, 4, 5, 6, 7]
    assert cells[16, 13] == f"Finished: {EPOCHS} epochs"
    assert cells[22, 2] == "a note of mine"


def test_a_run_set_back_to_an_earlier_checkpoint_is_written_anew(template: Path) -> None:
    scene = Scene(template)
    writer = RunWriter(Place(FOLDER, PID, BOOK, MNIST).locate)
    scene.run.done = 3
    assert writer.show(_view(scene.run, is_at_work=True)[1], None) is Outcome.SHOWN
    scene.run.done = 2
    assert writer.show(_view(scene.run, is_at_work=True)[1], None) is Outcome.SHOWN
    assert len(scene.store.rows(book=BOOK)) == 2


def test_the_status_bar_tells_how_far_it_is(template: Path) -> None:
    scene = Scene(template)
    said = set()
    passing = scene.sleep

    def sleep(seconds: float) -> None:
        said.add(scene.store.read()["status"])
        passing(seconds)

    scene.sleep = sleep
    scene.follow()
    assert "S6 Training: 0 of 7 epochs" in said
    assert "S6 Training: 3 of 7 epochs, test accuracy 93.33%" in said
    assert scene.store.read()["status"] is False
