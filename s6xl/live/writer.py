"""Brings a run into the sheet of an open workbook, again and again until it is there.

Excel refuses calls while a cell is edited, a dialog is open or it computes, and xlwings then raises errors of several
kinds or silently does nothing. So everything is looked up anew each time, what was written is read back, and a row
counts as written only then. A workbook may also be closed without being saved and opened again, so before more is
written, what was written before has to be there still.
"""

import logging
from collections.abc import Callable, Sequence
from enum import Enum
from typing import TYPE_CHECKING

from s6xl.errors import UserError
from s6xl.live.mnist_sheet import write_cell
from s6xl.live.retrying import NotWrittenError, is_transient, may_be_transient
from s6xl.workbook.cnn.content import HEADERS, STATUS, TABLE, Content, Value

if TYPE_CHECKING:
    import xlwings

_LOG = logging.getLogger(__name__)


class Outcome(Enum):
    """What came of an attempt."""

    SHOWN = "all is there"
    BUSY = "Excel does not answer now"
    DOUBTFUL = "what is written is not there, or something is missing"
    REFUSED = "Excel says no"
    ABSENT = "the workbook is not open, or its sheet shows another run"


class RunWriter:
    """Writes one run's cells and rows, and remembers which are there.

    `locate` finds the sheet anew for each attempt: it returns None where there is none to write to, and may raise
    whatever xlwings does.
    """

    def __init__(self, locate: "Callable[[], xlwings.Sheet | None]") -> None:
        self._locate = locate
        self._forget()
        self._progress: str | None = ""  # what the status bar says, as far as it is this writer's
        self.error = ""  # what was last refused with

    def _forget(self) -> None:
        """Take nothing for written."""
        self._values: dict[str, Value] = {}
        self._rows: list[tuple[float, ...]] = []
        self._is_cleared = False

    def show(self, content: Content, progress: str | None) -> Outcome:
        """Try to bring the sheet to what `content` says, and the status bar to `progress`, None for Excel's own."""
        try:
            sheet = self._locate()
            if sheet is None:
                self._forget()
                return Outcome.ABSENT
            self._write(sheet, content)
            if self._progress != progress:
                sheet.book.app.status_bar = progress if progress is not None else False
                self._progress = progress
        except Exception as error:
            if str(error) != self.error:
                _LOG.info("%s", error, exc_info=True)
            # Not the error itself, which holds on to Excel's objects: an Excel that is closed would not end.
            self.error = str(error)
            if is_transient(error):
                return Outcome.BUSY
            return Outcome.DOUBTFUL if may_be_transient(error) else Outcome.REFUSED
        return Outcome.SHOWN

    def _write(self, sheet: "xlwings.Sheet", content: Content) -> None:
        fresh = {name: value for name, value in content.values.items() if (name, value) not in self._values.items()}
        if self._rows == list(content.rows) and not fresh:
            return
        table = sheet.range(TABLE)
        if table.shape[1] != len(HEADERS) or table.shape[0] < len(content.rows):
            raise UserError(f"the table on the sheet {sheet.name} has too few rows, or other columns than s6xl's")
        # A run may be set back to an earlier checkpoint, too.
        if self._rows != list(content.rows[: len(self._rows)]) or not self._is_as_left(sheet, table):
            self._forget()
            fresh = dict(content.values)
        if not self._is_cleared:
            # An earlier run may have had more epochs.
            table.clear_contents()
            _check_written(all(value is None for values in _rows_of(table) for value in values))
            self._is_cleared = True
        if rows := list(content.rows[len(self._rows) :]):
            first, column = table.row + len(self._rows), table.column
            cells = sheet.range((first, column), (first + len(rows) - 1, column + len(HEADERS) - 1))
            cells.value = rows
            _check_written([values[0] for values in _rows_of(cells)] == [values[0] for values in rows])
            self._rows += rows
        for name, value in fresh.items():
            write_cell(sheet, name, value)
            self._values[name] = value

    def _is_as_left(self, sheet: "xlwings.Sheet", table: "xlwings.Range") -> bool:
        """Whether the epochs and the status that were written are there: not where the workbook is an older one."""
        epochs = [values[0] for values in _rows_of(table)[: len(self._rows)]]
        if epochs != [values[0] for values in self._rows]:
            return False
        return STATUS not in self._values or sheet.range(STATUS).value == self._values[STATUS]


def _check_written(it_is_there: bool) -> None:
    if not it_is_there:
        raise NotWrittenError


def _rows_of(cells: "xlwings.Range") -> Sequence[Sequence[Value]]:
    rows: Sequence[Sequence[Value]] = cells.options(ndim=2).value
    # A busy Excel's cells may come as a single empty one.
    _check_written((len(rows), len(rows[0])) == cells.shape)
    return rows
