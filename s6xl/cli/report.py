"""The workbook that a training from the command line is shown in."""

from pathlib import Path

import click

from s6xl.errors import ImpossibleHereError, UserError
from s6xl.experiment import Experiment
from s6xl.files import check_replaceable, exists, quoted
from s6xl.mnist.record import Run
from s6xl.workbook import build
from s6xl.workbook.cnn.content import content_of
from s6xl.workbook.cnn.filling import check_fillable, fill

_OTHER = "give another file with --workbook"


class Report:
    """A new workbook, which at the end gets the network's sheets, too, or one of the user's with a sheet MNIST."""

    def __init__(self, path: Path | None) -> None:
        """See whether the file can be used, before a training begins.

        Raises:
            UserError: if it cannot, with what to do.
        """
        self._path = path
        self._is_new = path is not None and not exists(path)
        self._complained = False
        if path is not None and self._is_new:
            check_replaceable(path, ".xlsx", instead=_OTHER)
        elif path is not None:
            check_fillable(path)

    def begin(self, run: Run) -> None:
        """Show a run that begins or goes on."""
        if self._path is not None and self._is_new:
            build(Experiment(), self._path, run=run)
        self.update(run)

    def update(self, run: Run) -> None:
        """Show what there is by now; if that fails, say so once, for the next time it may not."""
        if self._path is None:
            return
        try:
            self._fill(self._path, run)
        except UserError as error:
            if not self._complained:
                click.echo(f"s6xl: {error} The training goes on.", err=True)
            self._complained = True
        else:
            self._complained = False

    def end(self, run: Run) -> None:
        """Show how it ended.

        Raises:
            ImpossibleHereError: if the workbook cannot be written now; the run is kept.
        """
        if self._path is None:
            return
        try:
            if self._is_new:
                build(Experiment(), self._path, run=run)
            else:
                self._fill(self._path, run)
        except UserError as error:
            raise ImpossibleHereError(f"the run is kept in {run.folder}, but {error}") from None

    def _fill(self, path: Path, run: Run) -> None:
        command = f"python -m s6xl train --resume {quoted(run.folder)} --workbook {quoted(path)}"
        fill(path, content_of(run), instead=f"bring the run in later, by {command}")
