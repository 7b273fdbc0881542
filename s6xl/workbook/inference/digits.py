"""The sheet Digits: the images that can be chosen, as pictures made of cells."""

from collections.abc import Sequence

import numpy as np

from s6xl.mnist.layers import INK, SIDE
from s6xl.palette import INK as INK_COLOUR
from s6xl.palette import NEUTRAL, SERIES
from s6xl.workbook.book import NewBook
from s6xl.workbook.inference.choices import DigitChoice
from s6xl.workbook.inference.maps import CellRectangle
from s6xl.workbook.layout import DIGIT_GALLERY
from s6xl.workbook.styles import colours_up_to

ABOUT = (
    "Test images, which the network was not trained on: first correct predictions, then the most confident mistakes. "
    "Choose one on the sheet Digit."
)
_FIRST_ROW, _FIRST_COLUMN = 5, 1
_ACROSS = 10
_PIXEL, _LABEL_ROW, _TEXT_ROW = 4, 18, 20
_RIGHT, _DOWN = SIDE + 2, SIDE + 2
_WAY_BACK = "IA2"


def area(count: int) -> CellRectangle:
    """Return the cells of that number of images."""
    rows = (count - 1) // _ACROSS + 1
    return CellRectangle(DIGIT_GALLERY, _FIRST_ROW, _FIRST_COLUMN, rows * _DOWN, _ACROSS * _RIGHT)


def corner(index: int) -> tuple[int, int]:
    """Return where the image with this index begins, below its label: row and column within `area`, from 0."""
    below, beside = divmod(index, _ACROSS)
    return below * _DOWN + 1, beside * _RIGHT


def write_digits(book: NewBook, choices: Sequence[DigitChoice]) -> None:
    """Add the sheet to a workbook. Background pixels are empty cells, which count as 0."""
    sheet = book.add_sheet(DIGIT_GALLERY, tab=SERIES[2])
    sheet.fit_to_pages(1, 1)
    sheet.set_default_row(_PIXEL * 0.75)
    book.write_title(sheet, "Digits to choose from")
    book.write_way_back(sheet, _WAY_BACK)
    sheet.set_column_pixels(0, 0, 20)
    sheet.set_column_pixels(1, _ACROSS * _RIGHT, _PIXEL)
    sheet.set_row_pixels(2, _TEXT_ROW)
    sheet.write_string(2, 1, ABOUT, book.styles["text"])
    block, style = area(len(choices)), book.styles["small_cell"]
    for index, choice in enumerate(choices):
        row, column = corner(index)
        top, left = block.row + row, block.column + column
        sheet.set_row_pixels(top - 1, _LABEL_ROW)
        sheet.write_string(top - 1, left, choice.label, book.styles["tiny_left"])
        for y, x in np.argwhere(choice.pixels).tolist():
            sheet.write_number(top + y, left + x, int(choice.pixels[y, x]), style)
    sheet.conditional_format(block.area, colours_up_to(INK, NEUTRAL, INK_COLOUR))
