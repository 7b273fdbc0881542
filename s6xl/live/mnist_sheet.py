"""The sheet MNIST of an open workbook: where it is, how it gets there, and what a user has entered on it."""

import secrets
import tempfile
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from s6xl.errors import UserError
from s6xl.live.retrying import NotWrittenError, explaining, retry
from s6xl.mnist.choices import AUTO, FULL, kept_choice
from s6xl.mnist.recipe import RECIPES, Recipe, recipe_named
from s6xl.workbook.cnn.content import (
    BATCH_SIZE,
    DATA,
    DEVICE,
    EPOCHS,
    LEARNING_RATE,
    NAMES,
    RECIPE,
    RUN,
    SEED,
    SETTINGS,
    Content,
    Value,
)
from s6xl.workbook.cnn.template import write_template
from s6xl.workbook.layout import MNIST

if TYPE_CHECKING:
    import xlwings

Settings = tuple[Recipe, str, str]


def find_sheet(book: "xlwings.Book") -> "xlwings.Sheet | None":
    """Return the sheet that has all of the cells' names, one called MNIST before others; None if there is none."""
    found = None
    for sheet in book.sheets:
        # A sheet's own names come as MNIST!run, or 'MNIST (2)'!run.
        names = {name.name.rpartition("!")[2].casefold() for name in sheet.names}
        if names >= set(NAMES) and (found is None or sheet.name == MNIST):
            found = sheet
    return found


def find_or_add_sheet(book: "xlwings.Book") -> "xlwings.Sheet":
    """Return the sheet, which is copied from a template behind the workbook's last one where it is missing.

    Raises:
        UserError: if the workbook takes no further sheet.
    """
    sheet = find_sheet(book)
    if sheet is not None:
        return sheet
    # On a Mac, Excel may open without asking only what is in its own folder.
    own = Path.home() / "Library" / "Containers" / "com.microsoft.Excel" / "Data"
    place = own if own.is_dir() else None
    with tempfile.TemporaryDirectory(prefix="s6xl-", dir=place, ignore_cleanup_errors=True) as folder:
        # Excel opens no two files of one name, and one of an earlier try may still be open.
        path = Path(folder, f"s6xl template {secrets.token_hex(4)}.xlsx")
        write_template(path)
        template = book.app.books.open(str(path), add_to_mru=False)
        try:
            with explaining(lambda: _no_further_sheet(book)):
                template.sheets[MNIST].copy(after=last_visible_sheet(book))
        finally:
            retry(template.close)
    sheet = find_sheet(book)
    if sheet is None:
        raise _no_further_sheet(book)
    return sheet


def _no_further_sheet(book: "xlwings.Book") -> UserError:
    return UserError(
        f"the workbook {book.name} takes no further sheet: unprotect it, or press New workbook and train there."
    )


def last_visible_sheet(book: "xlwings.Book") -> "xlwings.Sheet":
    """Return the sheet to put another one behind; Excel puts none behind a sheet that only a program can show."""
    # On Windows Excel says how visible a sheet is: -1, 0, or 2 for such a one; on a Mac whether it is.
    return [sheet for sheet in book.sheets if sheet.visible in (True, -1)][-1]


def read_run(sheet: "xlwings.Sheet") -> Path | None:
    """Return the run that the sheet shows, or that the user has entered; Windows copies paths in quotation marks."""
    text = str(sheet.range(RUN).value or "").strip().strip('"')
    return Path(text) if text else None


def read_settings(sheet: "xlwings.Sheet") -> Settings:
    """Return the recipe with what the user has chosen, the data, and the device.

    Raises:
        UserError: if an entry is not possible; it names the entry and what is possible.
    """
    # An error such as #N/A is no empty cell, which would mean the recipe's own value.
    entered = {name: sheet.range(name).options(err_to_str=True).value for name in SETTINGS}
    recipe = recipe_named(_text(entered[RECIPE]) or next(iter(RECIPES)))
    numbers = {name: _whole(name, entered[name]) for name in (EPOCHS, BATCH_SIZE, SEED)}
    rate = entered[LEARNING_RATE]
    if rate is not None and not _is_number(rate):
        raise _wrong(LEARNING_RATE, rate, "a number above 0, or nothing")
    changed = recipe.changed(**numbers, learning_rate=None if rate is None else float(rate))
    return changed, kept_choice(_text(entered[DATA]) or FULL), _text(entered[DEVICE]).lower() or AUTO


def write_settings(sheet: "xlwings.Sheet", content: Content) -> None:
    """Let the settings be a run's, so that it can be resumed."""
    for name in SETTINGS:
        write_cell(sheet, name, content.settings[name])


def write_cell(sheet: "xlwings.Sheet", name: str, value: Value) -> None:
    """Write one of the sheet's named cells.

    Raises:
        NotWrittenError: if nothing is there then, or still something.
    """
    cell = sheet.range(name)
    cell.value = value
    if (cell.value is None) != (value is None):
        raise NotWrittenError


def _is_number(value: Any) -> bool:
    """Tell a number; a cell in a currency's format comes as a Decimal, and a Mac may give whole numbers."""
    return isinstance(value, int | float | Decimal) and not isinstance(value, bool)


def _text(value: Any) -> str:
    return str(value if value is not None else "").strip().strip('"')


def _whole(name: str, value: Any) -> int | None:
    if value is None:
        return None
    if not _is_number(value) or value != int(value):
        raise _wrong(name, value, "a whole number, or nothing")
    return int(value)


def _wrong(name: str, value: Any, cure: str) -> UserError:
    return UserError(f"the setting {name.replace('_', ' ')} on the sheet {MNIST} is “{value}”: enter {cure}.")
