"""The sheet LossPlot: the learning rates compared, and the derivation in six blocks."""

import numpy as np

from s6xl.backprop.derivation import DerivationBlock, written_derivation
from s6xl.backprop.network import symbol
from s6xl.ooxml.addresses import address
from s6xl.palette import LOSS
from s6xl.wording import counted
from s6xl.workbook import charts
from s6xl.workbook.backprop.blueprint import Blueprint
from s6xl.workbook.book import NewBook
from s6xl.workbook.layout import LOSS_PLOT
from s6xl.workbook.sheet import NewSheet

# Where the original has each block, by its number: the row and column of its title, and its width in columns.
U, X = 21, 24
BLOCKS = {1: (7, U, 3), 2: (7, X, 6), 3: (14, X, 6), 4: (19, U, 9), 5: (26, U, 6), 6: (31, U, 13)}
COLUMN_PIXELS = 80
LOGARITHMIC_ROW = 37
CHARTS_PIXELS = (U - 1) * 64  # the width of all columns left of the derivation


def write_loss_plot(book: NewBook, blueprint: Blueprint) -> None:
    """Add the sheet. Its derivation is the right one, whatever the experiment's network computes."""
    sheet = book.add_sheet(LOSS_PLOT, tab=LOSS)
    layout, styles = blueprint.layout, book.styles
    sheet.set_row_pixels(0, 34)
    sheet.write_string("B1", "LossPlot: the total error at each learning rate", styles["title"])
    steps = counted(layout.steps, "step")
    about = f"{symbol(layout.loss)} over {steps} of gradient descent, one line for each learning rate."
    sheet.write_string("B3", about, styles["muted"])
    book.write_way_back(sheet, "B4")
    sheet.write_string("U5", "The derivation", styles["table_title"])
    sheet.set_column_pixels(U - 1, U + 11, COLUMN_PIXELS)

    logarithmic = charts.logarithmic_scale(np.concatenate([*map(blueprint.losses, blueprint.rates)]))
    charts.insert_comparison(book, sheet, "B6", layout, scale=charts.LINEAR)
    charts.insert_comparison(book, sheet, f"B{LOGARITHMIC_ROW}", layout, scale=logarithmic)
    for block in written_derivation(blueprint.network):
        _write_block(book, sheet, block)
    # A page for each chart, and one for the derivation.
    book.break_pages(sheet, CHARTS_PIXELS, rows=[LOGARITHMIC_ROW - 1], columns=[U - 1])


def _write_block(book: NewBook, sheet: NewSheet, block: DerivationBlock) -> None:
    row, column, width = BLOCKS[block.number]

    def span(line: int) -> str:
        return f"{address(row + line, column)}:{address(row + line, column + width - 1)}"

    # The cell holds the number, as in the original; the format adds the title.
    title = book.styles.varied("block_title", num_format=f'0".  {block.title}"')
    sheet.merge_range(span(0), block.number, title)
    for line, content in enumerate(block.lines, start=1):
        sheet.merge_range(span(line), content, book.styles["block_last" if line == len(block.lines) else "block_line"])
