"""Draw the ribbon's icons, each a 64 by 64 PNG saved beside this script.

Shapes are placed on a 32-unit grid, one unit for each pixel of Excel's large button at 100 %, and drawn at eight times
the saved size, because Pillow's own drawing leaves jagged edges. Every colour is a mid tone, or white inside one, so
the same file serves the light ribbon (#F3F3F3) and the dark one (#292929).
"""

from collections.abc import Callable, Sequence
from itertools import pairwise
from math import cos, radians, sin
from pathlib import Path

from PIL import Image, ImageDraw

SIZE = 64
SUPERSAMPLE = 8
UNIT = SIZE * SUPERSAMPLE / 32

BLUE = "#0072B2"
ORANGE = "#E69F00"
GREEN = "#009E73"
RED = "#B91C1C"
SLATE = "#768293"
WHITE = "#FFFFFF"
CLEAR = "#00000000"

# The clear margin around a mark laid over another shape: cut out, it parts the two on either ribbon.
GAP = 1.5

Point = tuple[float, float]


def arc(centre: Point, radii: Point, start: float, end: float) -> list[Point]:
    """Points along an ellipse; degrees run clockwise from three o'clock, as y grows downwards."""
    angles = [radians(start + (end - start) * step / 64) for step in range(65)]
    return [(centre[0] + radii[0] * cos(angle), centre[1] + radii[1] * sin(angle)) for angle in angles]


class Sketch:
    """A transparent canvas measured in grid units."""

    def __init__(self) -> None:
        self.image = Image.new("RGBA", (SIZE * SUPERSAMPLE, SIZE * SUPERSAMPLE), CLEAR)
        self.pen = ImageDraw.Draw(self.image)

    def disc(self, centre: Point, radius: float, colour: str) -> None:
        x, y = centre
        edges = (x - radius, y - radius, x + radius, y + radius)
        self.pen.ellipse([edge * UNIT for edge in edges], fill=colour)

    def box(self, corners: tuple[float, float, float, float], radius: float, colour: str) -> None:
        left, top, right, bottom = (edge * UNIT for edge in corners)
        # Pillow paints the right and bottom edges too, which would make the box one pixel too large.
        self.pen.rounded_rectangle((left, top, right - 1, bottom - 1), radius * UNIT, fill=colour)

    def stroke(self, points: Sequence[Point], width: float, colour: str) -> None:
        """A line with round ends and joints, which Pillow's own lines lack."""
        for (x0, y0), (x1, y1) in pairwise(points):
            self.pen.line((x0 * UNIT, y0 * UNIT, x1 * UNIT, y1 * UNIT), fill=colour, width=round(width * UNIT))
        for point in points:
            self.disc(point, width / 2, colour)

    def triangle(self, a: Point, b: Point, c: Point, rounding: float, colour: str) -> None:
        self.pen.polygon([(x * UNIT, y * UNIT) for x, y in (a, b, c)], fill=colour)
        self.stroke((a, b, c, a), 2 * rounding, colour)

    def save(self, path: Path) -> None:
        self.image.resize((SIZE, SIZE), Image.Resampling.LANCZOS).save(path, optimize=True)


def train(sketch: Sketch) -> None:
    """A 2-2-2 network and a play triangle."""
    columns, rows = (4.5, 14.5, 26.0), (5.0, 19.0)
    for left, right in pairwise(columns):
        for start in rows:
            for end in rows:
                sketch.stroke(((left, start), (right, end)), 1.5, SLATE)
    for x, colour in zip(columns, (BLUE, ORANGE, BLUE), strict=True):
        for y in rows:
            sketch.disc((x, y), 3.75, colour)
    for margin, colour in ((GAP, CLEAR), (0, GREEN)):
        sketch.triangle((21.5, 20.5), (21.5, 30), (30, 25.25), 1 + margin, colour)


def stop(sketch: Sketch) -> None:
    """A rounded square within a ring."""
    sketch.disc((16, 16), 14.5, RED)
    sketch.disc((16, 16), 11.5, WHITE)
    sketch.box((10, 10, 22, 22), 2, RED)


def import_run(sketch: Sketch) -> None:
    """A sheet with a curve, and an arrow into it."""
    sketch.box((2, 3, 28, 27), 2.5, SLATE)
    sketch.box((4, 5, 26, 25), 1, WHITE)
    sketch.stroke(((7, 8), (9.5, 15.5), (13, 19.5), (23, 21.5)), 2.5, BLUE)
    for margin, colour in ((GAP, CLEAR), (0, GREEN)):
        sketch.stroke(((29.5, 3), (20.5, 12)), 3 + 2 * margin, colour)
        sketch.triangle((15.5, 17), (17, 8.5), (24, 15.5), 0.75 + margin, colour)


def new_workbook(sketch: Sketch) -> None:
    """A sheet with its header row and grid, and a plus badge."""
    sketch.box((2, 3, 28, 27), 2.5, SLATE)
    sketch.box((4, 5, 26, 25), 1, WHITE)
    sketch.box((4, 5, 26, 10), 1, BLUE)
    for y in (14.5, 19.5):
        sketch.stroke(((4, y), (26, y)), 1, SLATE)
    for x in (11.5, 18.5):
        sketch.stroke(((x, 10), (x, 25)), 1, SLATE)
    sketch.disc((24, 24), 7 + GAP, CLEAR)
    sketch.disc((24, 24), 7, GREEN)
    for bar in (((20, 24), (28, 24)), ((24, 20), (24, 28))):
        sketch.stroke(bar, 2, WHITE)


def step_through(sketch: Sketch) -> None:
    """A descending staircase, a dot on its first step and the arrow to its next."""
    sketch.stroke(((2.5, 13.5), (10.5, 13.5), (10.5, 21.5), (20, 21.5), (20, 29.5), (29.5, 29.5)), 3, BLUE)
    sketch.disc((5.5, 7), 4.25, ORANGE)
    sketch.stroke(arc((11, 12.5), (8, 9), -90, 0), 2.5, GREEN)
    sketch.triangle((15.5, 13), (22.5, 13), (19, 17), 0.75, GREEN)


def check_gradients(sketch: Sketch) -> None:
    """A tangent touching a curve, and a check mark."""
    (centre_x, centre_y), (radius_x, radius_y) = centre, radii = (14.5, 22.5), (11.5, 14)
    angle = radians(245)
    touch_x, touch_y = centre_x + radius_x * cos(angle), centre_y + radius_y * sin(angle)
    slope = -radius_y * cos(angle) / (radius_x * sin(angle))
    sketch.stroke(arc(centre, radii, 152, 330), 3, BLUE)
    sketch.stroke([(touch_x + run, touch_y + slope * run) for run in (-7.5, 13)], 2.5, ORANGE)
    sketch.disc((touch_x, touch_y), 3.25, ORANGE)
    for margin, colour in ((2 * GAP, CLEAR), (0, GREEN)):
        sketch.stroke(((15, 24), (20, 29), (29, 18.5)), 4 + margin, colour)


def audit(sketch: Sketch) -> None:
    """A sheet with a wrong cell, and a magnifying glass over it."""
    sketch.box((2, 3, 28, 27), 2.5, SLATE)
    sketch.box((4, 5, 26, 25), 1, WHITE)
    for y in (11.5, 18.5):
        sketch.stroke(((4, y), (26, y)), 1, SLATE)
    sketch.stroke(((11, 5), (11, 25)), 1, SLATE)
    centre, radius, end = (18, 15), 7, (28.5, 28)
    grip = (centre[0] + radius * cos(radians(50)), centre[1] + radius * sin(radians(50)))
    sketch.disc(centre, radius + GAP + 1.25, CLEAR)
    sketch.stroke((grip, end), 3.5 + 2 * GAP, CLEAR)
    sketch.stroke((grip, end), 3.5, BLUE)
    sketch.disc(centre, radius + 1.25, BLUE)
    sketch.disc(centre, radius - 1.25, WHITE)
    sketch.box((14.5, 12.5, 21.5, 17.5), 1, RED)


def help_mark(sketch: Sketch) -> None:
    """A question mark on a disc, drawn as shapes so that no font is needed."""
    sketch.disc((16, 16), 14.5, BLUE)
    hook = arc((16, 12), (4.5, 4.5), 180, 400)
    sketch.stroke([*hook, (16, 18), (16, 19)], 3, WHITE)
    sketch.disc((16, 24), 2, WHITE)


ICONS: dict[str, Callable[[Sketch], None]] = {
    "train": train,
    "stop": stop,
    "import_run": import_run,
    "new_workbook": new_workbook,
    "step_through": step_through,
    "check_gradients": check_gradients,
    "audit": audit,
    "help": help_mark,
}


def main() -> None:
    for name, draw in ICONS.items():
        sketch = Sketch()
        draw(sketch)
        sketch.save(Path(__file__).with_name(f"{name}.png"))


if __name__ == "__main__":
    main()
