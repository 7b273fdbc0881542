"""What each button does, by its id in the ribbon."""

import webbrowser
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import platformdirs

from s6xl.backprop.experiment import Experiment
from s6xl.errors import ImpossibleHereError, UserError
from s6xl.files import unused
from s6xl.live.auditing import audit_workbook
from s6xl.live.excel import Excel
from s6xl.live.help_page import write_help_page
from s6xl.live.retrying import explaining, retry
from s6xl.live.training import import_run, stop, train
from s6xl.workbook.composition.build import build
from s6xl.workbook.layout import CHECK, CHOSEN_RATE, CHOSEN_STEP, FIRST_ROW, RATE_CELL, RATE_SHEET, STEP, STEP_COLUMN

if TYPE_CHECKING:
    import xlwings


def new_workbook(excel: Excel) -> None:
    """Build a workbook in the user's documents and open it."""
    open_book, names = retry(excel.opener)
    documents = platformdirs.user_documents_path()
    documents.mkdir(parents=True, exist_ok=True)
    # Excel opens no two workbooks of one name, wherever they lie.
    path = unused(documents / "s6.xlsx", names)
    build(Experiment(), path)
    retry(lambda: open_book(path))


def step_through(excel: Excel) -> None:
    """Show a step with its numbers."""
    retry(lambda: _show(excel, STEP))


def check_gradients(excel: Excel) -> None:
    """Show the gradients beside their measured slopes."""
    retry(lambda: _show(excel, CHECK))


def show_help(excel: Excel) -> None:
    """Open the documentation in a browser."""
    page = write_help_page()
    if not webbrowser.open(page.as_uri()):
        raise ImpossibleHereError(f"no browser could be opened: the help is {page}.")


def answer(excel: Excel) -> None:
    """Do nothing: that a button's macro has reached Python stands in the log. The doctor presses it."""


ACTIONS: Mapping[str, Callable[[Excel], None]] = {
    "train": train,
    "stop": stop,
    "import_run": import_run,
    "new_workbook": new_workbook,
    "step_through": step_through,
    "check_gradients": check_gradients,
    "audit": audit_workbook,
    "help": show_help,
    "answer": answer,
}


def _show(excel: Excel, name: str) -> None:
    """Show a sheet, with the learning rate and the step chosen that the user has selected on a rate's sheet."""
    book = excel.book
    if name not in [sheet.name for sheet in book.sheets]:
        raise UserError(
            f"the workbook {book.name} has no sheet {name}: press New workbook, or open a workbook that s6xl has built."
        )
    chosen = _selected(book)
    sheet = book.sheets[name]
    if chosen:
        for cell, value in zip((CHOSEN_RATE, CHOSEN_STEP), chosen, strict=True):
            sheet[cell].value = value
    with explaining(lambda: UserError(f"the sheet {name} cannot be shown: unhide it, and press the button again.")):
        # Sheet.activate would bring this Excel before all others first, and fail where it may not.
        sheet.impl.activate()


def _selected(book: "xlwings.Book") -> tuple[float, float] | None:
    """Return the learning rate and the step of the selected row, where that is a row of a rate's sheet."""
    sheet = book.sheets.active
    selection = book.app.selection  # None where it is a chart or a picture
    if selection is None or selection.row < FIRST_ROW or not sheet.name.startswith(RATE_SHEET):
        return None
    rate, step = sheet[RATE_CELL].value, sheet[f"{STEP_COLUMN}{selection.row}"].value
    return (rate, step) if isinstance(rate, float) and isinstance(step, float) else None
