"""The canvas: what is drawn lies where it is said to lie, read off the picture's pixels."""

import numpy as np

from s6xl.workbook.backprop.canvas import Canvas
from tests.support.pictures import pixels

DPI = 100
WHITE = (255, 255, 255)


def inked(canvas: Canvas) -> tuple[float, float, float, float]:
    """Left, bottom, right and top of all that is not white, in inches from the lower left."""
    picture = pixels(canvas)
    rows, columns = np.nonzero((picture != WHITE).any(axis=2))
    height = picture.shape[0]
    return (
        columns.min() / DPI,
        (height - 1 - rows.max()) / DPI,
        (columns.max() + 1) / DPI,
        (height - rows.min()) / DPI,
    )


def test_a_text_lies_in_its_label() -> None:
    canvas = Canvas(4, 3, DPI)
    canvas.text((3, 2.5), "a_h1 = 0.5", "#000000", 12)
    (label,) = canvas.labels
    left, bottom, right, top = inked(canvas)
    assert label.left - 0.03 <= left < right <= label.right + 0.03
    assert label.bottom - 0.03 <= bottom < top <= label.top + 0.03
    assert right - left > 0.7


def test_a_text_on_paper_hides_what_is_below() -> None:
    canvas = Canvas(2, 1, DPI)
    canvas.rectangle((0, 0), (2, 1), "#FF0000")
    canvas.text((1, 0.5), "w1", "#000000", 12, background="#FFFFFF")
    (label,) = canvas.labels
    picture = pixels(canvas)
    corner = picture[round((1 - label.top) * DPI), round(label.left * DPI)]
    assert tuple(corner) == WHITE
    assert tuple(picture[5, 5]) == (255, 0, 0)


def test_a_circle_has_its_colour() -> None:
    canvas = Canvas(2, 1, DPI)
    canvas.circle((0.5, 0.7), 0.2, "#1D4ED8", "#FFFFFF")
    assert tuple(pixels(canvas)[30, 50]) == (0x1D, 0x4E, 0xD8)
    assert [round(side, 1) for side in inked(canvas)] == [0.3, 0.5, 0.7, 0.9]


def test_an_arrow_is_widest_at_its_end() -> None:
    canvas = Canvas(3, 1, DPI)
    canvas.arrow((0.2, 0.5), (2.8, 0.5), "#000000")
    columns = (pixels(canvas) != WHITE).any(axis=2).sum(axis=0)
    assert 0.18 < np.nonzero(columns)[0].min() / DPI < 0.23
    assert 2.6 < np.argmax(columns) / DPI < 2.8
