"""Handwritten digits as pictures: each row of digits is one PNG that covers a cell for each."""

import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from s6xl.workbook.sheet import NewSheet

# The side of a cell with a digit, in pixels on the screen.
CELL = 84
# Pixels of background around a digit, and the factor by which both are enlarged, so that pixels stay squares.
_MARGIN, _ENLARGED = 2, 3


def insert_row(sheet: NewSheet, row: int, column: int, images: NDArray[np.uint8], description: str) -> None:
    """Insert images over cells of a row, which are `CELL` pixels wide and high.

    Args:
        sheet: the sheet.
        row: the row, from 0.
        column: the first cell's column, from 0.
        images: of shape (n, 28, 28), from 0 for background to 255 for ink.
        description: the picture's alternative text.
    """
    tiles = np.pad(images, ((0, 0), (_MARGIN, _MARGIN), (_MARGIN, _MARGIN)))
    strip = Image.fromarray(255 - np.hstack(list(tiles)))
    file = io.BytesIO()
    strip.resize((strip.width * _ENLARGED, strip.height * _ENLARGED), Image.Resampling.NEAREST).save(file, format="png")
    scale = CELL / (strip.height * _ENLARGED)
    options = {
        "image_data": file,
        "x_scale": scale,
        "y_scale": scale,
        "object_position": 1,  # it moves and grows with its cells
        "description": description,
    }
    sheet.insert_image(row, column, f"digits{row}.png", options)
