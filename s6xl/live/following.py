"""Follows a run, whatever process trains it, and keeps an open workbook's sheet up with it."""

import math
import random
import subprocess
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from s6xl.errors import ImpossibleHereError, UserError
from s6xl.live.excel import app_of
from s6xl.live.mnist_sheet import find_sheet, read_run
from s6xl.live.writer import Outcome, RunWriter
from s6xl.mnist.record import Run, Status
from s6xl.workbook.cnn.content import STATUS, TEST_ACCURACY, Content, content

if TYPE_CHECKING:
    import xlwings

# Seconds: how often the run is looked at, and how long a busy Excel is left alone at most.
INTERVAL, LONGEST_PAUSE = 0.25, 2.0
# For how many seconds, once the run has ended, it is tried again; an Excel that says that it is busy is never given up.
PATIENCE = {Outcome.ABSENT: 20.0, Outcome.REFUSED: 20.0, Outcome.DOUBTFUL: 600.0, Outcome.BUSY: math.inf}


@dataclass
class Place:
    """Where a run is shown: in which Excel, by its process, in which workbook and on which sheet, by their names."""

    folder: Path
    pid: int
    book: str
    sheet: str

    def locate(self) -> "xlwings.Sheet | None":
        """Return the sheet, even if the workbook was saved under another name; None where no open one shows the run."""
        app = app_of(self.pid)
        if app is None:
            return None
        books = {book.name: book for book in app.books}
        if self.book in books and self.sheet in [sheet.name for sheet in books[self.book].sheets]:
            sheet = books[self.book].sheets[self.sheet]
            if self._shows_the_run(sheet):
                return sheet
        for name, book in books.items():
            found = find_sheet(book)
            if found is not None and self._shows_the_run(found):
                self.book, self.sheet = name, found.name
                return found
        return None

    def _shows_the_run(self, sheet: "xlwings.Sheet") -> bool:
        folder = read_run(sheet)
        return folder is not None and folder.resolve() == self.folder.resolve()


def follow(
    run: Run,
    place: Place,
    trainer: "subprocess.Popen[bytes] | None",
    *,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> Outcome:
    """Show a run until it has ended and all is there, or until the workbook stays away.

    `trainer` is the process that trains, where this one has started it: it may not have begun yet.

    Raises:
        ImpossibleHereError: if Excel does not take it once the run has ended.
    """
    writer = RunWriter(place.locate)
    pause, since, last = 0.0, clock(), Outcome.SHOWN
    readable = clock()
    while True:
        # First whether it is at work, then what there is: so nothing comes in between.
        is_at_work = trainer is not None and trainer.poll() is None
        try:
            status, shown = _view(run, is_at_work=is_at_work)
        except UserError:
            # On Windows a file that is just being replaced cannot be read.
            if clock() - readable > PATIENCE[Outcome.REFUSED]:
                raise
            sleep(INTERVAL)
            continue
        readable = clock()
        has_ended = status != "training"
        outcome = writer.show(shown, None if has_ended else _progress(shown))
        if outcome is not last:
            last, since = outcome, clock()
            if outcome is Outcome.ABSENT:
                _free_status_bar(place.pid)
        if outcome is Outcome.SHOWN:
            if has_ended:
                return outcome
            pause = 0.0
        else:
            if has_ended and clock() - since > PATIENCE[outcome]:
                _free_status_bar(place.pid)
                if outcome is Outcome.ABSENT:
                    return outcome
                raise ImpossibleHereError(
                    f"Excel does not take the results ({writer.error or outcome.value}): is the sheet protected? "
                    f"The run is kept in {run.folder}; Import run brings it in."
                )
            pause = min(LONGEST_PAUSE, max(INTERVAL, 2 * pause))
        # Not in step with whatever keeps Excel busy.
        sleep(max(INTERVAL, pause * random.uniform(0.5, 1)))


def _free_status_bar(pid: int) -> None:
    """Let Excel have its status bar back, if it can be reached: nobody else would."""
    with suppress(Exception):
        app = app_of(pid)
        if app is not None:
            app.status_bar = False


def _view(run: Run, *, is_at_work: bool) -> tuple[Status, Content]:
    """How a run stands, and what the sheet is to show of it."""
    # As long as its process lives it is at work: what the folder says before may be how an earlier one has ended.
    status: Status = "training" if is_at_work else run.status()
    return status, content(run.name, run.config, run.epochs(), status)


def _progress(shown: Content) -> str:
    """Return what the status bar says during a training."""
    accuracy = shown.values[TEST_ACCURACY]
    figure = f", test accuracy {accuracy:.2%}" if isinstance(accuracy, float) else ""
    return f"S6 {shown.values[STATUS]}{figure}"
