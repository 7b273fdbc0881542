"""The workbook that shows a training run from the command line."""

from contextlib import suppress
from pathlib import Path

import click

from s6xl.backprop.experiment import Experiment
from s6xl.errors import ImpossibleHereError, UserError
from s6xl.files import check_replaceable, exists, quoted
from s6xl.mnist.record import Run
from s6xl.workbook.cnn.content import content_of
from s6xl.workbook.cnn.filling import check_fillable, fill
from s6xl.workbook.composition.build import build

_OTHER = "give another file with --workbook"


class Report:
    """A new workbook, which gets the network's sheets at the end, or a user's workbook with the sheet MNIST."""

    def __init__(self, path: Path | None) -> None:
        """Check that the file can be used, before training begins.

        Raises:
            UserError: if it cannot.
        """
        self._path = path
        self._is_new = path is not None and not exists(path)
        self._left: tuple[int, int] | None = None  # the mark of a new file when it was last written here
        self._complained = False
        if path is not None and self._is_new:
            check_replaceable(path, ".xlsx", instead=_OTHER)
        elif path is not None:
            check_fillable(path)

    def begin(self, run: Run) -> None:
        """Show a run that starts or resumes."""
        if self._path is None:
            return
        if self._is_new:
            build(Experiment(), self._path, run=run, instead=_OTHER)
            self._left = _mark(self._path)
        else:
            self.update(run)

    def update(self, run: Run) -> None:
        """Show the run so far; if that fails, say so once, because it may work the next time."""
        if self._path is None:
            return
        self._see_whose_it_is(self._path)
        try:
            self._fill(self._path, run)
        except UserError as error:
            if not self._complained:
                with suppress(OSError):
                    click.echo(f"s6xl: {error} The training goes on.", err=True)
            self._complained = True
        else:
            self._complained = False

    def end(self, run: Run) -> Path | None:
        """Show how the run ended, and return the workbook, if there is one.

        Raises:
            ImpossibleHereError: if the workbook cannot be written now; the run is kept.
        """
        if self._path is None:
            return None
        self._see_whose_it_is(self._path)
        try:
            if self._is_new:
                build(Experiment(), self._path, run=run, instead=self._later(self._path, run))
                return self._path
            self._fill(self._path, run)
        except UserError as error:
            raise ImpossibleHereError(f"the run is kept in {run.folder}, but {error}") from error
        if self._left:
            with suppress(OSError):
                click.echo(
                    f"{self._path} has been changed meanwhile, so only its sheet MNIST is filled. For a whole report: "
                    f"python -m s6xl build --run {quoted(run.folder)} --out FILE"
                )
        return self._path

    def _see_whose_it_is(self, path: Path) -> None:
        """Treat a new file that somebody has changed since as theirs: from then on it is only filled."""
        if self._is_new and exists(path) and _mark(path) != self._left:
            self._is_new = False

    def _later(self, path: Path, run: Run) -> str:
        command = f"python -m s6xl train --resume {quoted(run.folder)} --workbook {quoted(path)}"
        return f"bring the run in later, by {command}"

    def _fill(self, path: Path, run: Run) -> None:
        fill(path, content_of(run), instead=self._later(path, run))
        if self._is_new:
            self._left = _mark(path)


def _mark(path: Path) -> tuple[int, int]:
    """Return what changes when somebody writes the file: its time and size."""
    found = path.stat()
    return found.st_mtime_ns, found.st_size
