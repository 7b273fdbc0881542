"""The buttons of the CNN: Train MNIST, Stop and Import run."""

import os
import time
from collections.abc import Callable
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import platformdirs
from filelock import FileLock, Timeout

from s6xl.errors import STOPPED, ImpossibleHereError, UserError
from s6xl.live.excel import Excel
from s6xl.live.following import Place, follow
from s6xl.live.mnist_sheet import (
    Settings,
    find_or_add_sheet,
    find_sheet,
    read_run,
    read_settings,
    write_cell,
    write_settings,
)
from s6xl.live.pressing import one_press_at_a_time
from s6xl.live.process import start
from s6xl.live.retrying import TIMEOUT, explaining, retry
from s6xl.mnist.record import CONFIG, Run, new_folder
from s6xl.workbook.cnn.content import RUN, STATUS, content_of
from s6xl.workbook.layout import MNIST

if TYPE_CHECKING:
    import xlwings

STARTING = "Starting; the first time, MNIST is downloaded"
IMPORTING = "Importing"
# How long it takes until something is looked at again; and what is waited for only in passing.
_INTERVAL, _SECONDS = 0.2, 5.0
Result = TypeVar("Result")


def train(excel: Excel) -> None:
    """Begin a training with the settings of the sheet MNIST, or resume a stopped one, and show it as it goes.

    The training that the sheet shows is resumed if it was stopped, or broke off, and the settings are still its.

    Raises:
        UserError: if the settings are not possible, or the workbook's training is running already.
        ImpossibleHereError: if the training ends with an error; it names it.
    """
    with one_press_at_a_time("train"):
        settings, shown = _on_sheet(excel, lambda sheet: (read_settings(sheet), read_run(sheet)))
        earlier = _opened(shown)
        status = earlier.status() if earlier else None
        if status == "training" or (shown is not None and _is_being_shown(shown)):
            raise _running()
        if earlier is not None and status in ("stopped", "interrupted") and _settings_of(earlier) == settings:
            folder, arguments = earlier.folder, ["--resume", str(earlier.folder)]
        else:
            folder = new_folder(_runs(), settings[0].name)
            folder.mkdir()  # so that no other workbook's training takes the same name
            arguments = [*_arguments(settings), "--run", str(folder)]
        lock = _claimed(folder)
        try:
            _stop_mark(folder).unlink(missing_ok=True)
            place = _writing(excel, lambda sheet: _entered(sheet, folder, STARTING))
        except BaseException:
            lock.release()
            with suppress(OSError):  # it is not empty where a training is resumed
                folder.rmdir()
            raise
    try:
        message = _train(folder, arguments, place)
    finally:
        lock.release()
    if message:
        if not (folder / CONFIG).exists():
            with suppress(OSError):
                folder.rmdir()
            # What has happened matters more than where it can be said.
            with suppress(Exception):
                retry(lambda: _take_back(place, shown, f"Not trained: {message}"), seconds=_SECONDS)
        raise ImpossibleHereError(message)


def _train(folder: Path, arguments: list[str], place: Place) -> str:
    """Run the training and show it; returns what it has complained of, if it has failed."""
    log = _beside(folder, "log")
    said_before = log.stat().st_size if log.exists() else 0
    try:
        trainer = start("s6xl", ["train", *arguments], log)
    except OSError as error:
        return f"the training could not be started ({error.strerror or error})."
    while not (folder / CONFIG).exists() and trainer.poll() is None:
        if _stop_mark(folder).exists():
            trainer.terminate()
            trainer.wait()
            return "it was stopped before it began."
        time.sleep(_INTERVAL)
    if (folder / CONFIG).exists():
        follow(Run.open(folder), place, trainer)
    status = trainer.wait()
    if status in (0, STOPPED):
        return ""
    printed = _printed(log, said_before)
    own = [line.removeprefix("s6xl: ") for line in printed if line.startswith("s6xl: ")]
    if own or (folder / CONFIG).exists():
        # One that diverges or is killed says so on the sheet, and complains of nothing.
        return own[-1] if own else ""
    return next((line for line in reversed(printed) if line.strip()), f"Python ended with status {status}.")


def stop(excel: Excel) -> None:
    """End the training that the workbook shows, after its current step.

    Raises:
        UserError: if none is running.
    """
    folder = retry(lambda: _run_of(find_sheet(excel.book)))
    deadline = time.monotonic() + TIMEOUT
    while True:
        run = _opened(folder)
        if run is not None and run.status() == "training":
            run.ask_to_stop()
            return
        if folder is None or not _is_being_shown(folder) or time.monotonic() > deadline:
            raise UserError("no training is running in this workbook.")
        # It is only starting.
        _stop_mark(folder).touch()
        time.sleep(_INTERVAL)


def import_run(excel: Excel) -> None:
    """Show a run: the one that the sheet MNIST names, or the latest that was begun from Excel.

    Raises:
        UserError: if there is none.
        ImpossibleHereError: if Excel does not take it.
    """
    with one_press_at_a_time("train"):
        folder = _on_sheet(excel, read_run)
        if folder is not None and _opened(folder) is None and _is_being_shown(folder):
            # What is imported now would take the sheet from it.
            raise _running()
        if folder is None or (folder.parent == _runs() and _opened(folder) is None):
            # Nothing was entered, or a training from here that never began.
            folder = _latest()
        run = Run.open(folder)
        shown = content_of(run)
        _writing(excel, lambda sheet: write_settings(sheet, shown))
        place = _writing(excel, lambda sheet: _entered(sheet, Path(run.name), IMPORTING))
    follow(run, place, None)


def _on_sheet(excel: Excel, do: "Callable[[xlwings.Sheet], Result]") -> Result:
    """Do something with the sheet MNIST, which is looked up anew and not held on to.

    An Excel that is closed goes on without a window as long as anybody holds an object of its.
    """
    return retry(lambda: do(find_or_add_sheet(excel.book)))


def _writing(excel: Excel, do: "Callable[[xlwings.Sheet], Result]") -> Result:
    words = f"Excel lets nothing be written on the sheet {MNIST}: unprotect it and press the button again."
    with explaining(lambda: ImpossibleHereError(words)):
        return _on_sheet(excel, do)


def _run_of(sheet: "xlwings.Sheet | None") -> Path | None:
    return read_run(sheet) if sheet is not None else None


def _opened(folder: Path | None) -> Run | None:
    """Return the run in a folder, if it is one."""
    try:
        return Run.open(folder) if folder else None
    except UserError:
        return None


def _beside(folder: Path, suffix: str) -> Path:
    """Return a file of the worker's for a run, which may lie anywhere: of the name of its folder, if that lies here."""
    path = folder.resolve()
    mark = "" if path.parent == _runs().resolve() else f"-{sha256(os.fsencode(path)).hexdigest()[:12]}"
    return _runs() / f"{folder.name}{mark}.{suffix}"


def _worker_lock(folder: Path) -> FileLock:
    """Held while a worker shows a run, and already while its training is only starting."""
    return FileLock(_beside(folder, "lock"))


def _stop_mark(folder: Path) -> Path:
    """Made to stop a training that has no run directory yet."""
    return _beside(folder, "stop")


def _claimed(folder: Path) -> FileLock:
    """Return the worker's lock, taken."""
    lock = _worker_lock(folder)
    try:
        lock.acquire(timeout=_SECONDS)  # somebody may just be looking whether it is taken
    except Timeout:
        raise _running() from None
    return lock


def _is_being_shown(folder: Path) -> bool:
    lock = _worker_lock(folder)
    if not Path(lock.lock_file).exists():
        return False
    try:
        with lock.acquire(timeout=0):
            return False
    except Timeout:
        return True


def _running() -> UserError:
    return UserError("a training is running in this workbook: press Stop first, or use another workbook.")


def _settings_of(run: Run) -> Settings:
    return run.config.recipe, run.config.data, run.config.device


def _arguments(settings: Settings) -> list[str]:
    """Return the settings for the command line."""
    recipe, data, device = settings
    given = {
        "recipe": recipe.name,
        "epochs": recipe.epochs,
        "batch-size": recipe.batch_size,
        "lr": recipe.learning_rate,
        "seed": recipe.seed,
        "data": data,
        "device": device,
    }
    return [f"--{name}={value}" for name, value in given.items()]


def _runs() -> Path:
    """Return the folder of the runs that were begun in Excel; made if it is missing."""
    folder = platformdirs.user_data_path("s6xl", appauthor=False) / "runs"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _latest() -> Path:
    """Return the run that was begun last; its folder's name says when."""
    folders = sorted(path.parent for path in _runs().glob(f"*/{CONFIG}"))
    if not folders:
        raise UserError(
            f"there is no run yet: train one, or enter a run's folder in the cell Run of the sheet {MNIST}."
        )
    return folders[-1]


def _enter(sheet: "xlwings.Sheet", folder: Path | None, status: str) -> None:
    """Let the sheet be a run's, and say how it stands."""
    write_cell(sheet, RUN, str(folder) if folder else None)
    write_cell(sheet, STATUS, status)


def _entered(sheet: "xlwings.Sheet", folder: Path, status: str) -> Place:
    """Let the sheet be a run's; returns where that is."""
    _enter(sheet, folder, status)
    return Place(folder, int(sheet.book.app.pid), sheet.book.name, sheet.name)


def _take_back(place: Place, shown: Path | None, status: str) -> None:
    """Let the sheet show what it has shown before, unless it shows something else by now."""
    sheet = place.locate()
    if sheet is not None:
        _enter(sheet, shown, status)


def _printed(log: Path, offset: int) -> list[str]:
    """Return the lines of a log from some byte on."""
    with log.open("rb") as file:
        file.seek(offset)
        return file.read().decode(errors="replace").splitlines()
