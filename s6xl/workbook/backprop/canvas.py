"""A canvas for matplotlib's renderer: circles, arrows and text in inches, without figure and axes.

A figure with axes takes longer to import than the whole workbook takes to build, and nothing here has axes.
"""

import io
import math
import pathlib
from typing import NamedTuple

import numpy as np
from PIL import Image

from s6xl.workbook.backprop.matplotlib_alone import untouched_by_settings

with untouched_by_settings():
    from matplotlib import colors, get_data_path, rc_context, rcParamsDefault
    from matplotlib.backends.backend_agg import RendererAgg
    from matplotlib.font_manager import FontProperties
    from matplotlib.path import Path
    from matplotlib.transforms import Affine2D

# Decorates what draws: the letters are the same whatever a user's matplotlibrc says of them.
plain_letters = rc_context({"text.hinting": rcParamsDefault["text.hinting"]})
# Matplotlib's own, so that the same picture has the same letters on every machine.
_FONTS = pathlib.Path(get_data_path(), "fonts", "ttf")
Point = tuple[float, float]
Colour = tuple[float, float, float, float]


class Label(NamedTuple):
    """A text on the canvas and the rectangle that it takes, in inches from the lower left."""

    text: str
    left: float
    bottom: float
    right: float
    top: float


class Canvas:
    """A white area of `width` by `height` inches; `labels` are the texts on it so far."""

    def __init__(self, width: float, height: float, dpi: int) -> None:
        self._dpi = dpi
        self._height = height
        self._renderer = RendererAgg(round(width * dpi), round(height * dpi), dpi)
        self._to_pixels = Affine2D().scale(dpi)
        self.labels: list[Label] = []
        self.rectangle((0, 0), (width, height), "#FFFFFF")

    def rectangle(self, lower_left: Point, upper_right: Point, colour: str) -> None:
        """Draw a filled rectangle."""
        (left, bottom), (right, top) = lower_left, upper_right
        corners = [(left, bottom), (right, bottom), (right, top), (left, top), (left, bottom)]
        self._fill(Path(np.array(corners)), colour)

    def circle(self, centre: Point, radius: float, colour: str, edge: str) -> None:
        """Draw a filled circle with an edge of another colour."""
        path = Path.unit_circle().transformed(Affine2D().scale(radius).translate(*centre))
        self._fill(path, colour)
        self._stroke(path, edge, 1.5)

    def arrow(self, start: Point, end: Point, colour: str) -> None:
        """Draw a thin line with a head at its end."""
        length, half_width = 0.11, 0.04
        angle = math.atan2(end[1] - start[1], end[0] - start[0])
        neck = (end[0] - length * math.cos(angle), end[1] - length * math.sin(angle))
        self._stroke(Path(np.array([start, neck])), colour, 1)
        head = Affine2D().rotate(angle).translate(*end)
        self._fill(Path(head.transform([(0, 0), (-length, half_width), (-length, -half_width), (0, 0)])), colour)

    def text(
        self, centre: Point, text: str, colour: str, size: float, *, bold: bool = False, background: str = ""
    ) -> None:
        """Write text around a point.

        Args:
            centre: the middle of the text, in inches from the lower left.
            text: the text.
            colour: its colour.
            size: its size in points.
            bold: whether it is bold.
            background: the colour of a rectangle behind it; empty for none.
        """
        font = FontProperties(fname=_FONTS / ("DejaVuSans-Bold.ttf" if bold else "DejaVuSans.ttf"), size=size)
        width, height, descent = (size / self._dpi for size in self._measure(text, font))
        # Centred by the height of a capital, so that names with and without an underscore are on one line.
        baseline = centre[1] - self._measure("E", font)[1] / self._dpi / 2
        left, bottom = centre[0] - width / 2, baseline - descent
        label = Label(text, left, bottom, left + width, bottom + height)
        self.labels.append(label)
        if background:
            self.rectangle((label.left - 0.01, label.bottom - 0.01), (label.right + 0.01, label.top + 0.01), background)
        context = self._renderer.new_gc()
        context.set_foreground(colour)
        # The renderer counts rows from the top down and places the baseline.
        x, y = left * self._dpi, (self._height - baseline) * self._dpi
        self._renderer.draw_text(context, round(x), round(y), text, font, 0)

    def _measure(self, text: str, font: FontProperties) -> tuple[float, float, float]:
        """Width, height and descent in pixels."""
        measured: tuple[float, float, float] = self._renderer.get_text_width_height_descent(text, font, ismath=False)
        return measured

    def png(self) -> bytes:
        """Return the picture as PNG, with its size in inches and without a date: the same drawing gives the same bytes.

        Its colours are a palette's, which makes a third of the file, and no colour is off by more than the eye can see.
        """
        file = io.BytesIO()
        pixels = Image.fromarray(np.asarray(self._renderer.buffer_rgba())[:, :, :3])
        colours = pixels.quantize(method=Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)
        colours.save(file, format="png", dpi=(self._dpi, self._dpi))
        return file.getvalue()

    def _fill(self, path: Path, colour: str) -> None:
        context = self._renderer.new_gc()
        context.set_linewidth(0)
        self._renderer.draw_path(context, path, self._to_pixels, colors.to_rgba(colour))

    def _stroke(self, path: Path, colour: str, points: float) -> None:
        context = self._renderer.new_gc()
        context.set_foreground(colour)
        context.set_linewidth(points)
        self._renderer.draw_path(context, path, self._to_pixels)
