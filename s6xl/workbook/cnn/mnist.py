"""The sheet MNIST: settings, results, a row for each epoch, and the four charts of the original notebook."""

from dataclasses import dataclass
from typing import Any

from xlsxwriter.chart import Chart

from s6xl.mnist.choices import DEVICES, FULL, SAMPLE
from s6xl.mnist.recipe import LARGEST_BATCH, LARGEST_RATE, LARGEST_SEED, MOST_EPOCHS, RECIPES
from s6xl.palette import INK, LINE, MUTED, SERIES
from s6xl.workbook.book import NewBook
from s6xl.workbook.charts import nice_interval
from s6xl.workbook.cnn.content import (
    BATCH_SIZE,
    DATA,
    DEVICE,
    EPOCHS,
    HEADERS,
    LEARNING_RATE,
    NO_RUN,
    RECIPE,
    RUN,
    SEED,
    STARTED,
    STATUS,
    TABLE,
    TEST_ACCURACY,
    Content,
    Value,
    defaults,
)
from s6xl.workbook.layout import MNIST, absolute, on_sheet
from s6xl.workbook.sheet import NewSheet

TITLE = "A CNN learns to read digits"
ABOUT = (
    "With the add-in, press Train MNIST on the ribbon tab S6. Without it, run python -m s6xl train --workbook with "
    "this file's name."
)
NOTES = (
    "Recipe: best has batch norm before ReLU, shifted images and a one-cycle schedule; original is the course's.",
    "Run: the folder of the training run. The add-in's Import run shows the one named here, or the latest.",
)
SETTINGS_ROW = RESULTS_ROW = 6
HEADER_ROW = 21
FIRST_ROW, LAST_ROW = HEADER_ROW + 1, HEADER_ROW + MOST_EPOCHS
COLUMNS = "BCDEFG"
ROW_HEIGHT = 16.5  # points
_LABEL, _VALUE = "I", "K"
_FORMATS = ("epoch", "small_loss", "accuracy", "small_loss", "accuracy", "seconds")


@dataclass(frozen=True)
class _Setting:
    """A yellow cell: its name, its label, its first value, the note beside it, and the rule for what is entered."""

    name: str
    label: str
    value: Value
    note: str
    rule: dict[str, Any]


def _whole(least: int, most: int) -> dict[str, Any]:
    message = f"Enter a whole number from {least:,} to {most:,}, or leave the cell empty."
    return {"validate": "integer", "criteria": "between", "minimum": least, "maximum": most, "error_message": message}


def _one_of(names: tuple[str, ...]) -> dict[str, Any]:
    return {"validate": "list", "source": list(names), "error_message": f"Enter one of these: {', '.join(names)}."}


_SETTINGS = (
    _Setting(RECIPE, "Recipe", next(iter(RECIPES)), "best or original, see below", _one_of((*RECIPES,))),
    _Setting(EPOCHS, "Epochs", None, defaults("epochs"), _whole(1, MOST_EPOCHS)),
    _Setting(BATCH_SIZE, "Batch size", None, defaults("batch_size"), _whole(1, LARGEST_BATCH)),
    _Setting(
        LEARNING_RATE,
        "Learning rate",
        None,
        defaults("learning_rate"),
        {
            "validate": "decimal",
            "criteria": "between",
            "minimum": "0.000000001",
            "maximum": LARGEST_RATE,
            "error_message": "Enter a number above 0, or leave the cell empty.",
        },
    ),
    _Setting(SEED, "Seed", 1, "sets the random numbers", _whole(0, LARGEST_SEED)),
    _Setting(DEVICE, "Device", DEVICES[0], "auto: CUDA, else MPS, else CPU", _one_of(DEVICES)),
    _Setting(DATA, "Data", FULL, f"{FULL}, {SAMPLE} (7,000 images, no download), or a folder", {}),
    _Setting(RUN, "Run", None, "", {}),
)
_RESULTS = {
    STATUS: ("Status", "result_text"),
    TEST_ACCURACY: ("Test accuracy", "result_accuracy"),
    "test_loss": ("Test loss", "result_loss"),
    "train_accuracy": ("Train accuracy", "result_accuracy"),
    "train_loss": ("Train loss", "result_loss"),
    "seconds": ("Seconds of training", "result_seconds"),
    "images_per_second": ("Images per second", "result_count"),
    "parameters": ("Parameters", "result_count"),
    "trained_by": ("Recipe", "result_text"),
    "trained_on": ("Data", "result_text"),
    "used_device": ("Device", "result_text"),
    STARTED: ("Started", "result_text"),
}


def write_mnist(book: NewBook, content: Content | None, *, alone: bool = False) -> None:
    """Add the sheet to a workbook.

    Args:
        book: the workbook.
        content: the settings and results of a run, if there is one.
        alone: whether the workbook has no other sheet, and so no Start to link to.
    """
    sheet = book.add_sheet(MNIST, tab=SERIES[0])
    sheet.set_column_pixels("A:A", 20)
    sheet.set_column_pixels("B:G", 104)
    sheet.set_column_pixels("H:H", 24)
    sheet.set_column_pixels("I:R", 90)
    sheet.set_default_row(ROW_HEIGHT)
    book.write_title(sheet, TITLE)
    sheet.write_string("B3", ABOUT, book.styles["muted"])
    if not alone:
        book.write_way_back(sheet, "K2")
    _write_settings(book, sheet, content)
    _write_results(book, sheet, content)
    _write_table(book, sheet, content)
    _insert_charts(book, sheet, content)
    sheet.freeze_panes(2, 0)


def cell_of(name: str) -> str:
    """Return the address of a setting or a result on the sheet as it is built."""
    settings = {setting.name: f"C{SETTINGS_ROW + index}" for index, setting in enumerate(_SETTINGS)}
    results = {result: f"{_VALUE}{RESULTS_ROW + index}" for index, result in enumerate(_RESULTS)}
    return {**settings, **results}[name]


def _name(book: NewBook, name: str, cells: str) -> None:
    book.workbook.define_name(f"{MNIST}!{name}", f"={on_sheet(MNIST, absolute(cells))}")


def _write_settings(book: NewBook, sheet: NewSheet, content: Content | None) -> None:
    styles = book.styles
    book.write_section(sheet, SETTINGS_ROW - 1, "B:G", "Settings")
    for row, setting in enumerate(_SETTINGS, start=SETTINGS_ROW):
        cell = cell_of(setting.name)
        value = content.settings[setting.name] if content else setting.value
        sheet.write_string(f"B{row}", setting.label, styles["box_bold"])
        style = styles["input_left" if setting.name == RUN else "input_shrunk" if setting.name == DATA else "input"]
        sheet.write(cell, value, style)
        if setting.note:
            sheet.write_string(f"D{row}", setting.note, styles["note"])
        if setting.rule:
            sheet.data_validation(cell, {"error_title": setting.label, **setting.rule})
        _name(book, setting.name, cell)
    for row, note in enumerate(NOTES, start=SETTINGS_ROW + len(_SETTINGS)):
        sheet.write_string(f"B{row}", note, styles["muted"])


def _write_results(book: NewBook, sheet: NewSheet, content: Content | None) -> None:
    styles = book.styles
    book.write_section(sheet, RESULTS_ROW - 1, "I:R", "Result")
    for row, (name, (label, role)) in enumerate(_RESULTS.items(), start=RESULTS_ROW):
        sheet.write_string(f"{_LABEL}{row}", label, styles["text_bold"])
        value = content.values[name] if content else NO_RUN if name == STATUS else None
        cell = cell_of(name)
        sheet.write(cell, value, styles[role])
        _name(book, name, cell)


def _write_table(book: NewBook, sheet: NewSheet, content: Content | None) -> None:
    styles = book.styles
    book.write_section(sheet, HEADER_ROW - 1, "B:G", "Epoch by epoch")
    for column, header in zip(COLUMNS, HEADERS, strict=True):
        sheet.write_string(f"{column}{HEADER_ROW}", header, styles["header"])
    rows = content.filled_rows() if content else [(None,) * len(COLUMNS)] * MOST_EPOCHS
    for row, values in enumerate(rows, start=FIRST_ROW):
        for column, value, role in zip(COLUMNS, values, _FORMATS, strict=True):
            sheet.write(f"{column}{row}", value, styles[role])
    body = f"{COLUMNS[0]}{FIRST_ROW}:{COLUMNS[-1]}{LAST_ROW}"
    _name(book, TABLE, body)
    # Only filled rows have lines.
    filled = {"type": "formula", "criteria": f'=$B{FIRST_ROW}<>""', "format": styles["lined"]}
    sheet.conditional_format(body, filled)


def _insert_charts(book: NewBook, sheet: NewSheet, content: Content | None) -> None:
    # With few epochs a spreadsheet would label halves. Before there is a run, their number is not known.
    whole = {"major_unit": nice_interval(content.epochs)} if content else {}
    for index, (header, values) in enumerate(zip(HEADERS[1:5], COLUMNS[1:5], strict=True)):
        column, row = "IN"[index % 2], HEADER_ROW - 1 + index // 2 * 14
        options = {"description": f"Line chart of the {header.lower()} over the epochs.", "object_position": 2}
        sheet.insert_chart(f"{column}{row}", _chart(book, header, values, whole), options)


def _chart(book: NewBook, header: str, values: str, whole: dict[str, Any]) -> Chart:
    """One column of the table over the epochs; `whole` keeps the axis to whole epochs."""
    colour = SERIES[0] if header.startswith("Train") else SERIES[5]
    chart = book.workbook.add_chart({"type": "scatter", "subtype": "straight_with_markers"})
    chart.add_series(
        {
            "name": header,
            "categories": _column(COLUMNS[0]),
            "values": _column(values),
            "line": {"color": colour, "width": 2.25},
            "marker": {"type": "circle", "size": 5, "fill": {"color": colour}, "border": {"color": colour}},
        }
    )
    chart.set_title({"name": header, "name_font": {"size": 12, "color": INK}, "overlay": False})
    chart.set_legend({"none": True})
    small = {"name_font": {"size": 9, "color": INK}, "num_font": {"size": 9, "color": MUTED}}
    no_grid, grid = {"visible": False}, {"visible": True, "line": {"color": LINE, "width": 0.75}}
    epochs = {"name": "Epoch", **small, **whole, "min": 0, "num_format": "General"}
    chart.set_x_axis({**epochs, "major_gridlines": no_grid})
    percent = {"max": 1, "num_format": "0.0%"} if "accuracy" in header else {"num_format": "General"}
    chart.set_y_axis({"name": header, **small, **percent, "major_gridlines": grid})
    chart.set_size({"width": 440, "height": 290})
    chart.set_chartarea({"border": {"color": LINE}})
    return chart


def _column(column: str) -> str:
    return f"={on_sheet(MNIST, absolute(f'{column}{FIRST_ROW}:{column}{LAST_ROW}'))}"
