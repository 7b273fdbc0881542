"""Brings a run into the sheet of an open workbook, again and again until it is there.

Excel refuses calls while a cell is edited, a dialog is open or it computes, and xlwings then raises errors of several
kinds or silently does nothing. So everything is looked up anew each time, what was written is read back, and a row
counts as written only then.
"""

from collections.abc import Callable, Sequence
from enum import Enum
from typing import TYPE_CHECKING

from s6xl.errors import UserError
from s6xl.live.patience import NotWrittenError, is_doubtful, is_passing
from s6xl.workbook.cnn.content import HEADINGS, TABLE, Content, Value

if TYPE_CHECKING:
    import xlwings


class Outcome(Enum):
    """What came of an attempt."""

    SHOWN = "all is there"
    BUSY = "Excel does not answer now"
    DOUBTFUL = "what is written is not there, or something is missing"
    REFUSED = "Excel says no"
    ABSENT = "the workbook is not open, or its sheet shows another run"


class Writer:
    """Writes one run's cells and rows, and remembers which are there.

    `locate` finds the sheet anew for each attempt: it returns None where there is none to write to, and may raise
    whatever xlwings does.
    """

    def __init__(self, locate: "Callable[[], xlwings.Sheet | None]") -> None:
        self._locate = locate
        self._values: dict[str, Value] = {}
        self._rows: list[tuple[float, ...]] = []
        self._is_cleared = False
        self._progress: str | None = ""  # what the status bar says, as far as it is this writer's
        self.error: Exception | None = None  # what was last refused with

    def show(self, content: Content, progress: str | None) -> Outcome:
        """Try to bring the sheet to what `content` says, and the status bar to `progress`, None for Excel's own."""
        try:
            sheet = self._locate()
            if sheet is None:
                return Outcome.ABSENT
            self._write(sheet, content)
            if self._progress != progress:
                sheet.book.app.status_bar = progress if progress is not None else False
                self._progress = progress
        except Exception as error:
            self.error = error
            if is_passing(error):
                return Outcome.BUSY
            return Outcome.DOUBTFUL if is_doubtful(error) else Outcome.REFUSED
        return Outcome.SHOWN

    def _write(self, sheet: "xlwings.Sheet", content: Content) -> None:
        table = sheet.range(TABLE)
        row, column = table.row, table.column
        if table.shape[1] != len(HEADINGS) or table.shape[0] < len(content.rows):
            raise UserError(f"the table on the sheet {sheet.name} has too few rows, or other columns than s6xl's")
        if list(content.rows[: len(self._rows)]) != self._rows:
            # The run has been set back to an earlier checkpoint.
            self._rows, self._is_cleared = [], False
        if not self._is_cleared:
            # An earlier run may have had more epochs.
            table.clear_contents()
            _check_written(all(value is None for values in _rows_of(table) for value in values))
            self._is_cleared = True
        if fresh := list(content.rows[len(self._rows) :]):
            first = row + len(self._rows)
            cells = sheet.range((first, column), (first + len(fresh) - 1, column + len(HEADINGS) - 1))
            cells.value = fresh
            _check_written([values[0] for values in _rows_of(cells)] == [values[0] for values in fresh])
            self._rows += fresh
        for name, value in content.values.items():
            if name not in self._values or self._values[name] != value:
                cell = sheet.range(name)
                cell.value = value
                _check_written((cell.value is None) == (value is None))
                self._values[name] = value


def _check_written(it_is_there: bool) -> None:
    if not it_is_there:
        raise NotWrittenError


def _rows_of(cells: "xlwings.Range") -> Sequence[Sequence[Value]]:
    rows: Sequence[Sequence[Value]] = cells.options(ndim=2).value
    return rows
