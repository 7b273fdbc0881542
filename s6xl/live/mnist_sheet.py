"""The sheet MNIST of an open workbook: where it is, how it gets there, and what a user has entered on it."""

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from s6xl.errors import UserError
from s6xl.mnist.choices import AUTO, FULL
from s6xl.mnist.recipe import RECIPES, Recipe, recipe_named
from s6xl.workbook.cnn.content import (
    BATCH_SIZE,
    DATA,
    DEVICE,
    EPOCHS,
    LEARNING_RATE,
    MNIST,
    NAMES,
    RECIPE,
    RUN,
    SEED,
)
from s6xl.workbook.cnn.template import write_template

if TYPE_CHECKING:
    import xlwings

Settings = tuple[Recipe, str, str]


def find_sheet(book: "xlwings.Book") -> "xlwings.Sheet | None":
    """The sheet that has all of the cells' names, the one called MNIST before others; None where there is none."""
    found = None
    for sheet in book.sheets:
        # A sheet's own names come as MNIST!run, or 'MNIST (2)'!run.
        names = {name.name.rpartition("!")[2] for name in sheet.names}
        if names >= set(NAMES) and (found is None or sheet.name == MNIST):
            found = sheet
    return found


def find_or_add_sheet(book: "xlwings.Book") -> "xlwings.Sheet":
    """The sheet, which is copied from a template behind the workbook's last one where it is missing.

    Raises:
        UserError: if the workbook takes no further sheet.
    """
    sheet = find_sheet(book)
    if sheet is not None:
        return sheet
    with tempfile.TemporaryDirectory(prefix="s6xl-", ignore_cleanup_errors=True) as folder:
        path = Path(folder, "s6xl template.xlsx")
        write_template(path)
        template = book.app.books.open(str(path))
        try:
            template.sheets[MNIST].copy(after=book.sheets[-1])
        finally:
            template.close()
    sheet = find_sheet(book)
    if sheet is None:
        raise UserError(
            f"the workbook {book.name} takes no further sheet: unprotect it, or press New workbook and train there."
        )
    return sheet


def read_run(sheet: "xlwings.Sheet") -> Path | None:
    """The run that the sheet shows, or that the user has entered; Windows copies paths in quotation marks."""
    text = str(sheet.range(RUN).value or "").strip().strip('"')
    return Path(text) if text else None


def read_settings(sheet: "xlwings.Sheet") -> Settings:
    """The recipe with what the user has chosen, the data, and the device.

    Raises:
        UserError: if an entry is no good; with its name and what is possible.
    """
    entered = {name: sheet.range(name).value for name in (RECIPE, DATA, DEVICE)}
    recipe = recipe_named(_text(entered[RECIPE]) or next(iter(RECIPES)))
    numbers = {name: _whole(name, sheet.range(name).value) for name in (EPOCHS, BATCH_SIZE, SEED)}
    rate = sheet.range(LEARNING_RATE).value
    if rate is not None and not isinstance(rate, float):
        raise _wrong(LEARNING_RATE, rate, "a number above 0, or nothing")
    changed = recipe.changed(**numbers, learning_rate=rate)
    return changed, _text(entered[DATA]) or FULL, _text(entered[DEVICE]).lower() or AUTO


def _text(value: Any) -> str:
    return str(value if value is not None else "").strip().strip('"')


def _whole(name: str, value: Any) -> int | None:
    if value is None:
        return None
    if not isinstance(value, float) or not value.is_integer():
        raise _wrong(name, value, "a whole number, or nothing")
    return int(value)


def _wrong(name: str, value: Any, cure: str) -> UserError:
    return UserError(f"the setting {name.replace('_', ' ')} on the sheet {MNIST} is “{value}”: enter {cure}.")
