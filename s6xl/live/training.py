"""The buttons of the CNN: Train MNIST, Stop and Import run."""

import time
from pathlib import Path
from typing import TYPE_CHECKING

import platformdirs
from filelock import FileLock, Timeout

from s6xl.errors import ImpossibleHereError, UserError
from s6xl.live.excel import Excel
from s6xl.live.following import Place, follow
from s6xl.live.mnist_sheet import Settings, find_or_add_sheet, find_sheet, read_run, read_settings
from s6xl.live.patience import NotWrittenError, patiently
from s6xl.live.process import start
from s6xl.live.writer import Outcome
from s6xl.mnist.record import CONFIG, Run, new_folder
from s6xl.workbook.cnn.content import MNIST, RUN, STATUS

if TYPE_CHECKING:
    import xlwings

STARTING = "Starting; the first time, MNIST is downloaded"
_INTERVAL = 0.2


def train(excel: Excel) -> None:
    """Begin a training with the settings of the sheet MNIST, or go on with a stopped one, and show it as it goes.

    A training that the sheet shows is gone on with if it was stopped, or broke off, and the settings are still its.

    Raises:
        UserError: if the settings are no good, or the workbook's training is running already.
        ImpossibleHereError: if the training ends with an error; it names it.
    """
    book, sheet = patiently(lambda: _sheet_of(excel))
    settings, shown = patiently(lambda: (read_settings(sheet), read_run(sheet)))
    earlier = _opened(shown)
    status = earlier.status() if earlier else None
    if status == "training" or (shown is not None and _is_being_shown(shown)):
        raise UserError("a training is running in this workbook: press Stop first, or train in another workbook.")
    if earlier is not None and status in ("stopped", "interrupted") and _settings_of(earlier) == settings:
        folder, arguments = earlier.folder, ["--resume", str(earlier.folder)]
    else:
        folder = new_folder(_runs(), settings[0].name)
        arguments = [*_arguments(settings), "--run", str(folder)]
    with _worker_lock(folder):
        patiently(lambda: _enter(sheet, folder))
        place = patiently(lambda: Place(folder, int(book.app.pid), book.name, sheet.name))
        log = folder.with_name(f"{folder.name}.log")
        said_before = log.stat().st_size if log.exists() else 0
        trainer = start("s6xl", ["train", *arguments], log)
        while not (folder / CONFIG).exists() and trainer.poll() is None:
            time.sleep(_INTERVAL)
        outcome = follow(Run.open(folder), place, trainer) if (folder / CONFIG).exists() else None
    trainer.wait()
    if trainer.returncode and (complaint := _complaint(log, said_before)):
        if outcome is None:
            patiently(lambda: _set(sheet, STATUS, f"Not trained: {complaint}"))
        raise ImpossibleHereError(complaint)
    _check_shown(outcome, folder)


def stop(excel: Excel) -> None:
    """End the training that the workbook shows, after its current step.

    Raises:
        UserError: if none is running.
    """
    book = excel.book
    shown = patiently(lambda: _run_of(find_sheet(book)))
    run = _opened(shown)
    if run is None or run.status() != "training":
        raise UserError("no training is running in this workbook.")
    run.ask_to_stop()


def import_run(excel: Excel) -> None:
    """Show a run: the one that the sheet MNIST names, or the latest that was begun from Excel.

    Raises:
        UserError: if there is none.
        ImpossibleHereError: if Excel does not take it.
    """
    book, sheet = patiently(lambda: _sheet_of(excel))
    folder = patiently(lambda: read_run(sheet)) or _latest()
    run = Run.open(folder)
    patiently(lambda: _enter(sheet, run.folder))
    place = patiently(lambda: Place(run.folder, int(book.app.pid), book.name, sheet.name))
    _check_shown(follow(run, place, None), run.folder)


def _sheet_of(excel: Excel) -> "tuple[xlwings.Book, xlwings.Sheet]":
    book = excel.book
    return book, find_or_add_sheet(book)


def _run_of(sheet: "xlwings.Sheet | None") -> Path | None:
    return read_run(sheet) if sheet is not None else None


def _opened(folder: Path | None) -> Run | None:
    """The run in a folder, if it is one."""
    try:
        return Run.open(folder) if folder else None
    except UserError:
        return None


def _worker_lock(folder: Path) -> FileLock:
    """Held while a worker shows a run, and already while its training is only starting."""
    return FileLock(folder.with_name(f"{folder.name}.lock"))


def _is_being_shown(folder: Path) -> bool:
    lock = _worker_lock(folder)
    if not Path(lock.lock_file).exists():
        return False
    try:
        with lock.acquire(timeout=0):
            return False
    except Timeout:
        return True


def _settings_of(run: Run) -> Settings:
    return run.config.recipe, run.config.data, run.config.device


def _arguments(settings: Settings) -> list[str]:
    """The settings for the command line."""
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
    """Where trainings from Excel keep their runs; made if it is missing."""
    folder = platformdirs.user_data_path("s6xl", appauthor=False) / "runs"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _latest() -> Path:
    """The run that was begun last; its folder's name says when."""
    folders = sorted(path.parent for path in _runs().glob(f"*/{CONFIG}"))
    if not folders:
        raise UserError(
            f"there is no run yet: train one, or enter a run's folder in the cell Run of the sheet {MNIST}."
        )
    return folders[-1]


def _enter(sheet: "xlwings.Sheet", folder: Path) -> None:
    """Let the sheet be this run's, and say that more is to come."""
    _set(sheet, RUN, str(folder))
    _set(sheet, STATUS, STARTING)


def _set(sheet: "xlwings.Sheet", name: str, value: str) -> None:
    cell = sheet.range(name)
    cell.value = value
    if cell.value is None:
        raise NotWrittenError


def _complaint(log: Path, offset: int) -> str:
    """What the command line has complained of, by the log from some byte on."""
    with log.open("rb") as file:
        file.seek(offset)
        lines = file.read().decode(errors="replace").splitlines()
    return next((line.removeprefix("s6xl: ") for line in reversed(lines) if line.startswith("s6xl: ")), "")


def _check_shown(outcome: Outcome | None, folder: Path) -> None:
    if outcome is Outcome.REFUSED:
        raise ImpossibleHereError(
            f"Excel does not take the results: is the sheet {MNIST} protected? The run is kept in {folder}; "
            "Import run brings it in."
        )
