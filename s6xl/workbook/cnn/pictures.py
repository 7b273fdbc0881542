"""Handwritten digits as pictures: rows of them, ink on paper, each row one PNG over as many cells."""

import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from s6xl.workbook.sheet import NewSheet

# A cell with a digit, in pixels on the screen.
CELL = 84
# Pixels of paper around a digit, and by how much both are enlarged, so that pixels stay squares.
_MARGIN, _ENLARGED = 2, 3


def insert_row(sheet: NewSheet, row: int, column: int, images: NDArray[np.uint8], description: str) -> None:
    """Lay images of shape (n, 28, 28) over n cells of a row, which are `CELL` pixels wide and high; from 0."""
    tiles = np.pad(images, ((0, 0), (_MARGIN, _MARGIN), (_MARGIN, _MARGIN)))
    strip = Image.fromarray(255 - np.hstack(list(tiles)))
    file = io.BytesIO()
    strip.resize((strip.width * _ENLARGED, strip.height * _ENLARGED), Image.Resampling.NEAREST).save(file, format="png")
    scale = CELL / (strip.height * _ENLARGED)
    options = {
        "image_data": file,
        "x_scale": scale,
        "y_scale": scale,
        "object_position": 1,  # it goes with its cells and is as large as they are
        "description": description,
    }
    sheet.insert_image(row, column, f"digits{row}.png", options)
