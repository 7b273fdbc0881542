"""The network as a picture: every weight with its value, the targets and the errors."""

import io
import math
from collections.abc import Mapping, Sequence

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.patches import Circle, FancyArrowPatch

from s6xl.derivation import Network, long_symbol
from s6xl.experiment import number_text
from s6xl.workbook.styles import INK, MUTED

WIDTH, HEIGHT = 9.4, 3.0  # inches
DPI = 192
_BLUE, _GREEN, _RED, _WHITE = "#1D4ED8", "#15803D", "#B91C1C", "#FFFFFF"
_RADIUS = 0.34
_TOP, _BOTTOM = 2.25, 0.75
Point = tuple[float, float]


def draw_network(network: Network, values: Mapping[str, float]) -> bytes:
    """A PNG of the network; `values` gives every quantity at the first step."""
    figure = Figure(figsize=(WIDTH, HEIGHT), dpi=DPI)
    FigureCanvasAgg(figure)
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set_xlim(0, WIDTH)
    axes.set_ylim(0, HEIGHT)
    axes.axis("off")

    def text(x: float, y: float, content: str, colour: str = INK, size: float = 9.5, **options: object) -> None:
        axes.text(x, y, content, color=colour, fontsize=size, ha="center", va="center", **options)  # type: ignore[arg-type]

    def arrow(start: Point, end: Point, colour: str = MUTED) -> None:
        axes.add_patch(FancyArrowPatch(start, end, arrowstyle="-|>", mutation_scale=9, color=colour, linewidth=1))

    def node(centre: Point, name: str, colour: str) -> None:
        axes.add_patch(Circle(centre, _RADIUS, facecolor=colour, edgecolor=_WHITE, linewidth=1.5, zorder=3))
        x, y = centre
        text(x, y + 0.08, long_symbol(name), _WHITE, 8.5, weight="bold", zorder=4)
        text(x, y - 0.12, short(values[name]), _WHITE, 7, zorder=4)

    # A neuron is two circles side by side: its sum, on which connections end, and its activation, where they begin.
    into: dict[str, Point] = {}
    out_of: dict[str, Point] = {}
    for name, y in zip(network.inputs, _heights(network.inputs), strict=True):
        node((0.5, y), name, _BLUE)
        out_of[name] = (0.5, y)
    for x, layer, colours in zip(
        (2.9, 5.6), network.layers, (("#4D7C0F", "#166534"), ("#0E7490", "#1E3A8A")), strict=True
    ):
        for (total, activation), y in zip(layer, _heights(layer), strict=True):
            node((x, y), total, colours[0])
            node((x + 2 * _RADIUS - 0.04, y), activation, colours[1])
            into[total], out_of[activation] = (x, y), (x + 2 * _RADIUS - 0.04, y)

    for weight, (source, target) in network.connections.items():
        start, end = _between(out_of[source], into[target])
        arrow(start, end)
        # Crossing connections carry their labels near the start, so that none lies on the crossing.
        share = 0.5 if start[1] == end[1] else 0.27
        x, y = start[0] + share * (end[0] - start[0]), start[1] + share * (end[1] - start[1])
        if start[1] == end[1]:
            y += 0.15 if y > HEIGHT / 2 else -0.15
        background = {"facecolor": _WHITE, "edgecolor": "none", "pad": 0.8}
        text(x, y, f"{weight} = {short(values[weight])}", bbox=background, zorder=2)

    sum_of_errors = (WIDTH - 0.6, HEIGHT / 2)
    outputs = [activation for _, activation in network.layers[-1]]
    for output, error, target, y in zip(outputs, network.errors, network.targets, _heights(outputs), strict=True):
        centre = (7.45, y)
        arrow(*_between(out_of[output], centre))
        node(centre, error, "#DB2777")
        arrow(*_between(centre, sum_of_errors))
        beyond = 1 if y > HEIGHT / 2 else -1
        text(centre[0], y + beyond * 0.53, f"{target} = {short(values[target])}", _GREEN, weight="bold")
    node(sum_of_errors, network.loss, _RED)

    png = io.BytesIO()
    # Without the library's version in it, the same picture is the same bytes.
    figure.savefig(png, format="png", metadata={"Software": None})
    return png.getvalue()


def short(value: float) -> str:
    """A number in four significant digits; what has grown too large for a spreadsheet is #NUM!."""
    return number_text(float(f"{value:.4g}")) if math.isfinite(value) else "#NUM!"


def _heights(column: Sequence[object]) -> list[float]:
    gap = (_TOP - _BOTTOM) / (len(column) - 1)
    return [_TOP - gap * i for i in range(len(column))]


def _between(start: Point, end: Point) -> tuple[Point, Point]:
    """The part of the line between two nodes that lies outside both circles."""
    angle = math.atan2(end[1] - start[1], end[0] - start[0])
    dx, dy = _RADIUS * math.cos(angle), _RADIUS * math.sin(angle)
    return (start[0] + dx, start[1] + dy), (end[0] - dx, end[1] - dy)
