"""The network as a picture: every weight with its value, the targets and the errors."""

import math
from collections.abc import Mapping, Sequence

from s6xl.backprop.network import Network, symbol
from s6xl.palette import INK, MUTED
from s6xl.wording import number_text
from s6xl.workbook.backprop.canvas import Canvas, Point, plain_letters

WIDTH, HEIGHT = 9.375, 3.0  # inches
DPI = 192
_BLUE, _PINK, _RED, _GREEN, _WHITE = "#1D4ED8", "#DB2777", "#B91C1C", "#15803D", "#FFFFFF"
# The colours of each layer's sums and activations.
_LAYERS = (("#4D7C0F", "#166534"), ("#0E7490", "#1E3A8A"))
_RADIUS = 0.34
_TOP, _BOTTOM = 2.25, 0.75
_INPUT_X, _LAYER_X, _ERROR_X, _TOTAL_X = 0.5, (2.9, 5.6), 7.45, 8.8


@plain_letters
def draw_network(network: Network, values: Mapping[str, float]) -> Canvas:
    """Draw the network, from the inputs at the left to the total error at the right.

    Args:
        network: the network.
        values: every quantity's value at the first step, by name.

    Returns:
        The drawing, `WIDTH` by `HEIGHT` inches.
    """
    canvas = Canvas(WIDTH, HEIGHT, DPI)
    places = _places(network)
    for source, target in network.connections.values():
        canvas.arrow(*_between(places[source], places[target]), MUTED)
    for weight, (source, target) in network.connections.items():
        place = _label_place(*_between(places[source], places[target]))
        canvas.text(place, f"{weight} = {short(values[weight])}", INK, 9.5, background=_WHITE)
    for (_, output), error, target in zip(network.layers[-1], network.errors, network.targets, strict=True):
        canvas.arrow(*_between(places[output], places[error]), MUTED)
        canvas.arrow(*_between(places[error], places[network.loss]), MUTED)
        x, y = places[error]
        beyond = 0.53 if y > HEIGHT / 2 else -0.53
        canvas.text((x, y + beyond), f"{target} = {short(values[target])}", _GREEN, 9.5, bold=True)
    for name, colour in _colours(network).items():
        _draw_node(canvas, places[name], name, values[name], colour)
    return canvas


def _places(network: Network) -> dict[str, Point]:
    """Return the centre of each circle. A neuron is two side by side: its sum, and to the right its activation."""
    places = dict(zip(network.inputs, _column(_INPUT_X, network.inputs), strict=True))
    for x, layer in zip(_LAYER_X, network.layers, strict=True):
        for (total, activation), (_, y) in zip(layer, _column(x, layer), strict=True):
            places[total], places[activation] = (x, y), (x + 2 * _RADIUS - 0.04, y)
    places |= zip(network.errors, _column(_ERROR_X, network.errors), strict=True)
    return places | {network.loss: (_TOTAL_X, HEIGHT / 2)}


def _colours(network: Network) -> dict[str, str]:
    """Return the colour of each circle, in the order in which they are drawn."""
    colours = dict.fromkeys(network.inputs, _BLUE)
    for layer, (sum_colour, activation_colour) in zip(network.layers, _LAYERS, strict=True):
        for total, activation in layer:
            colours |= {total: sum_colour, activation: activation_colour}
    return colours | dict.fromkeys(network.errors, _PINK) | {network.loss: _RED}


def _draw_node(canvas: Canvas, centre: Point, name: str, value: float, colour: str) -> None:
    x, y = centre
    canvas.circle(centre, _RADIUS, colour, _WHITE)
    canvas.text((x, y + 0.08), symbol(name), _WHITE, 8.5, bold=True)
    canvas.text((x, y - 0.12), short(value), _WHITE, 7)


def short(value: float) -> str:
    """Return a number in four significant digits, or #NUM! if it is too large for a spreadsheet."""
    return number_text(float(f"{value:.4g}")) if math.isfinite(value) else "#NUM!"


def _column(x: float, members: Sequence[object]) -> list[Point]:
    gap = (_TOP - _BOTTOM) / (len(members) - 1)
    return [(x, _TOP - gap * i) for i in range(len(members))]


def _between(start: Point, end: Point) -> tuple[Point, Point]:
    """Return the part of the line between two nodes that lies outside both circles."""
    angle = math.atan2(end[1] - start[1], end[0] - start[0])
    dx, dy = _RADIUS * math.cos(angle), _RADIUS * math.sin(angle)
    return (start[0] + dx, start[1] + dy), (end[0] - dx, end[1] - dy)


def _label_place(start: Point, end: Point) -> Point:
    """Above or below a level connection; on a crossing one near its start, away from the crossing."""
    level = start[1] == end[1]
    share = 0.5 if level else 0.27
    x, y = start[0] + share * (end[0] - start[0]), start[1] + share * (end[1] - start[1])
    away = 0.15 if y > HEIGHT / 2 else -0.15
    return x, y + (away if level else 0)
