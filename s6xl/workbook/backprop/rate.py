"""A learning rate's sheet, `LR=0.1` and its like: the drawing, the loss chart, and the table of every step."""

import io

from xlsxwriter.format import Format

from s6xl.backprop.network import Network, symbol
from s6xl.palette import INK
from s6xl.wording import counted, shown_number
from s6xl.workbook import charts
from s6xl.workbook.backprop.blueprint import Blueprint, Rate
from s6xl.workbook.backprop.drawing import HEIGHT
from s6xl.workbook.book import NewBook
from s6xl.workbook.layout import (
    HEADER_ROW,
    RATE_CELL,
    RATE_LABEL,
    START,
    STEP_COLUMN,
    TITLE_CELL,
    absolute,
    on_sheet,
    rate_cell,
)
from s6xl.workbook.sheet import ABOVE, ROW, FormulaTable, NewSheet

# The rows above the table are low, so that drawing, chart and header can stay frozen on the screen above its steps.
TITLE_PIXELS, LOW_PIXELS, MIDDLE_PIXELS, HEADER_PIXELS = 28, 6, 11, 24
DRAWING_CELL, CHART_CELL, CHART_ROW = "B3", "S11", 11
# Errors and gradients are shown with nine decimals, the others with seven.
STEP_PIXELS, COLUMN_PIXELS, WIDE_COLUMN_PIXELS = 52, 80, 98


def write_rate_sheet(book: NewBook, blueprint: Blueprint, rate: Rate, drawing: bytes) -> None:
    """Add the sheet of one learning rate; `drawing` is the network's picture, as PNG."""
    network, layout, styles = blueprint.network, blueprint.layout, book.styles
    sheet = book.add_sheet(rate.sheet, tab=INK)
    _set_heights(sheet)
    sheet.set_column_pixels(0, 0, STEP_PIXELS)
    for position, name in enumerate(network.columns, start=1):
        sheet.set_column_pixels(position, position, _column_pixels(network, name))

    number = shown_number(rate.value)
    sheet.write_formula(TITLE_CELL, f'="η = "&{RATE_CELL}', styles["title"], f"η = {number}")
    # The title is as long as a learning rate may be.
    about = f"{counted(layout.steps, 'step')} of gradient descent. The drawing shows step 1 as built."
    sheet.write_string("G1", about, styles["muted"])
    book.write_way_back(sheet, "L1")
    sheet.write_string(RATE_LABEL, "η =", styles["label"])
    sheet.write_formula(RATE_CELL, f"={on_sheet(START, absolute(rate_cell(rate.index)))}", styles["rate"], rate.value)
    sheet.write_string(f"{STEP_COLUMN}{HEADER_ROW}", "step", styles["header"])
    for name, column in layout.columns.items():
        role = "header_loss" if name == network.loss else "header"
        sheet.write_string(f"{column}{HEADER_ROW}", symbol(name), styles[role])
    sheet.write_table(rate_table(book, blueprint, rate))

    # Inputs and targets are shown as they were given.
    first, last = layout.columns[network.weights[0]], layout.columns[network.columns[-1]]
    styles.keep_readable(sheet, f"{first}{layout.first_row}:{last}{layout.last_row}", largest=100, smallest=1e-5)
    _insert_drawing(sheet, network.title, drawing)
    charts.insert_loss_chart(book, sheet, CHART_CELL, layout, rate.sheet)
    sheet.freeze_panes(HEADER_ROW, 1)
    _set_pages(book, sheet, network)
    sheet.set_selection(HEADER_ROW, 1, HEADER_ROW, 1)


def _set_heights(sheet: NewSheet) -> None:
    sheet.set_row_pixels(0, TITLE_PIXELS)
    for row in range(1, HEADER_ROW - 2):
        sheet.set_row_pixels(row, LOW_PIXELS if row < CHART_ROW - 1 else MIDDLE_PIXELS)
    sheet.set_row_pixels(HEADER_ROW - 2, HEADER_PIXELS)
    sheet.set_row_pixels(HEADER_ROW - 1, HEADER_PIXELS)


def _column_pixels(network: Network, name: str) -> int:
    return WIDE_COLUMN_PIXELS if name in (network.loss, *network.errors, *network.gradients) else COLUMN_PIXELS


def _set_pages(book: NewBook, sheet: NewSheet, network: Network) -> None:
    """Two pages side by side: up to the hidden layer, and from the output layer on, each with the steps' numbers."""
    first = network.columns.index(network.layers[-1][0][0])
    halves = network.columns[:first], network.columns[first:]
    width = STEP_PIXELS + max(sum(_column_pixels(network, name) for name in half) for half in halves)
    book.break_pages(sheet, width, columns=[1 + first])
    sheet.repeat_rows(HEADER_ROW - 1)
    sheet.repeat_columns(0)
    sheet.print_across()


def _insert_drawing(sheet: NewSheet, title: str, drawing: bytes) -> None:
    low, middle = CHART_ROW - 3, HEADER_ROW - 2 - CHART_ROW
    scale = (low * LOW_PIXELS + middle * MIDDLE_PIXELS) / (HEIGHT * 96)
    sheet.insert_image(
        DRAWING_CELL,
        "network.png",
        {
            "image_data": io.BytesIO(drawing),
            "x_scale": scale,
            "y_scale": scale,
            "object_position": 3,
            "description": f"{title} at step 1: every neuron and weight with its value, the targets and the errors.",
        },
    )


def rate_table(book: NewBook, blueprint: Blueprint, rate: Rate) -> FormulaTable:
    """Return the table: givens from Start and from the row above, everything else computed along the row."""
    network, engine, layout = blueprint.network, blueprint.engine, blueprint.layout

    def here(name: str) -> str:
        return f"{layout.columns[name]}{ROW}"

    def above(name: str) -> str:
        return absolute(RATE_CELL) if name == "lr" else f"{layout.columns[name]}{ABOVE}"

    computed = {quantity.name: engine.formula(quantity, network, here) for quantity in network.quantities}
    moved = {weight: engine.update(weight, above) for weight in network.weights}
    first = {name: on_sheet(START, absolute(layout.start_cells[name])) for name in network.givens}
    later = {name: moved.get(name, above(name)) for name in network.givens}
    return FormulaTable(
        first_row=layout.first_row,
        first_formulas=[{**first, **computed}[name] for name in network.columns],
        formulas=[{**later, **computed}[name] for name in network.columns],
        formats=[_format(book, network, name) for name in network.columns],
        numbers_format=book.styles["given"],
        values=rate.table,
    )


def _format(book: NewBook, network: Network, name: str) -> Format:
    if name == network.loss:
        return book.styles["loss"]
    if name in (*network.inputs, *network.targets):
        return book.styles["given"]
    return book.styles["slope" if name in (*network.errors, *network.gradients) else "value"]
