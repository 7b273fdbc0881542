"""The running Excel that a button was pressed in."""

import os
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from s6xl.errors import ImpossibleHereError, UserError
from s6xl.live.leftovers import fail_at_once, spare_other_excels

if TYPE_CHECKING:
    import xlwings

WORKBOOK, WINDOW = "--wb", "--hwnd"
NO_WORKBOOK = "there is no workbook open to work on: open one and press the button again."


@dataclass(frozen=True)
class Excel:
    """Which Excel, by its window's handle on Windows, and which workbook, by name; looked up anew each time."""

    workbook: str = ""
    window: int | None = None

    @classmethod
    def from_arguments(cls, arguments: Iterable[str]) -> "Excel":
        """As the worker is told: ``--wb=NAME``, ``--hwnd=HANDLE``."""
        given = dict(argument.split("=", 1) for argument in arguments)
        window = given.get(WINDOW, "")
        return cls(given.get(WORKBOOK, ""), int(window) if window.isdigit() else None)

    @property
    def app(self) -> "xlwings.App":
        """The xlwings App.

        Raises:
            ImpossibleHereError: if there is no Excel on this machine, or none is running.
        """
        import xlwings

        spare_other_excels()
        fail_at_once()
        if "excel" not in [engine.name for engine in xlwings.engines]:
            raise ImpossibleHereError("there is no Excel that Python could reach on this machine.")
        if self.window is not None and sys.platform == "win32":
            from xlwings import _xlwindows

            return xlwings.App(impl=_xlwindows.App(xl=self.window))
        if xlwings.apps.active is None:
            raise ImpossibleHereError("Excel is not running: start it and press the button again.")
        return xlwings.apps.active

    def opener(self) -> tuple[Callable[[Path], object], set[str]]:
        """Return what opens a file in this Excel, and how the workbooks are called that are open in it, in lower case.

        Excel is looked up now: its window may be closed before there is a file.
        """
        if sys.platform == "win32" and not self.workbook:
            # Python cannot reach an Excel that has no workbook open; Windows can.
            return os.startfile, set()
        books = self.app.books
        return lambda path: books.open(str(path)), {book.name.casefold() for book in books}

    @property
    def book(self) -> "xlwings.Book":
        """The xlwings Book that was active when the button was pressed.

        Raises:
            UserError: if there was none, or it has been closed since.
        """
        if not self.workbook:
            raise UserError(NO_WORKBOOK)
        books = {book.name.casefold(): book for book in self.app.books}
        try:
            return books[self.workbook.casefold()]
        except KeyError:
            raise UserError(NO_WORKBOOK) from None


def app_of(pid: int) -> "xlwings.App | None":
    """Return the Excel that is a process; None where it has ended or has no workbook open."""
    import xlwings

    return xlwings.apps[pid] if pid in xlwings.apps.keys() else None  # noqa: SIM118  (it is no dictionary)
