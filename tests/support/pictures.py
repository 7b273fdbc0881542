"""Pictures as numbers."""

import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from s6xl.workbook.backprop.canvas import Canvas


def pixels(canvas: Canvas, mode: str = "RGB") -> NDArray[np.uint8]:
    """A canvas's picture, rows from the top down: shape (height, width, 3), or (height, width) in grey, mode ``L``."""
    return np.asarray(Image.open(io.BytesIO(canvas.png())).convert(mode))
