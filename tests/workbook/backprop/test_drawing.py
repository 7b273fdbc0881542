"""The network's picture: every weight labelled with its value, nothing on top of anything else."""

import itertools
import math
import struct

import numpy as np
import pytest
from numpy.typing import NDArray

from s6xl.backprop.descent import descend
from s6xl.backprop.experiment import Experiment
from s6xl.backprop.worked_example import NETWORK
from s6xl.workbook.backprop.canvas import Canvas
from s6xl.workbook.backprop.drawing import DPI, HEIGHT, WIDTH, draw_network
from tests.support.facts import CONNECTIONS
from tests.support.pictures import pixels

VALUES = dict(zip(NETWORK.columns, descend(NETWORK, Experiment().start, 1.0, 1)[0].tolist(), strict=True))
LONG = {name: -123456.789e-9 * (k + 1) for k, name in enumerate(NETWORK.columns)}


def test_everything_is_labelled() -> None:
    texts = [label.text for label in draw_network(NETWORK, VALUES).labels]
    weights = dict(zip(NETWORK.weights, ("0.15", "0.2", "0.25", "0.3", "0.4", "0.45", "0.5", "0.55"), strict=True))
    for weight, value in weights.items():
        assert texts.count(f"{weight} = {value}") == 1
    assert {"t1 = 0.5", "t2 = 0.5", "E1", "E2", "E_tot", "i1", "i2", "h1", "a_h1", "o2", "a_o2"} <= set(texts)
    assert {"0.005669", "0.008513", "0.01418", "0.6065"} <= set(texts)


def centres(canvas: Canvas) -> dict[str, NDArray[np.float64]]:
    """The middle of each label, by the name at its beginning."""
    labels = {label.text.split(" = ")[0]: label for label in canvas.labels}
    return {
        name: np.array([(label.left + label.right) / 2, (label.bottom + label.top) / 2])
        for name, label in labels.items()
    }


def distance(point: NDArray[np.float64], start: NDArray[np.float64], end: NDArray[np.float64]) -> float:
    """From a point to a line through two others."""
    (x, y), (away_x, away_y) = (end - start) / np.linalg.norm(end - start), point - start
    return float(abs(x * away_y - y * away_x))


def test_the_network_runs_from_left_to_right() -> None:
    """The first of two neurons above the second, each sum left of its activation; targets beside their errors."""
    place = centres(draw_network(NETWORK, {**VALUES, "t1": 0.1, "t2": 0.9}))
    for k in "12":
        order = [f"i{k}", f"h{k}", f"a_h{k}", f"o{k}", f"a_o{k}", f"E{k}", "E_tot"]
        assert sorted(order, key=lambda name: place[name][0]) == order
        assert abs(place[f"t{k}"][0] - place[f"E{k}"][0]) < 0.1
        assert abs(place[f"t{k}"][1] - place[f"E{k}"][1]) < 1
    for kind in ("i", "h", "a_h", "o", "a_o", "E", "t"):
        assert place[f"{kind}1"][1] > place[f"{kind}2"][1] + 1


def test_each_weight_stands_at_its_own_connection() -> None:
    """The original's drawing had w5 at two connections and w7 at none."""
    place = centres(draw_network(NETWORK, VALUES))
    for layer in (("w1", "w2", "w3", "w4"), ("w5", "w6", "w7", "w8")):
        for weight in layer:
            nearest = min(layer, key=lambda other: distance(place[weight], *(place[end] for end in CONNECTIONS[other])))
            assert nearest == weight


def test_every_connection_is_drawn() -> None:
    canvas = draw_network(NETWORK, VALUES)
    place = centres(canvas)
    picture = pixels(canvas, "L")
    for source, target in [*CONNECTIONS.values(), ("a_o1", "E1"), ("a_o2", "E2"), ("E1", "E_tot"), ("E2", "E_tot")]:
        # Nearly everywhere on the middle of the way something dark lies near the straight line.
        steps = np.linspace(0.35, 0.65, 60)[:, None]
        dark = []
        for x, y in place[source] + steps * (place[target] - place[source]):
            row, column = round((HEIGHT - y) * DPI), round(x * DPI)
            dark.append(picture[row - 25 : row + 25, column].min() < 200)
        assert np.mean(dark) > 0.9


def test_arrows_point_to_the_right() -> None:
    """Seen on the connections between two neurons of one height: an arrow is widest at its head."""
    canvas = draw_network(NETWORK, VALUES)
    place = centres(canvas)
    picture = pixels(canvas, "L")
    for source, target in (CONNECTIONS[weight] for weight in ("w1", "w4", "w5", "w8")):
        (left, y), (right, _) = place[source], place[target]
        # Names stand above the middle of their circles; 0.4 inches are more than a circle's radius.
        row = round((HEIGHT - y + 0.08) * DPI)
        way = picture[row - 10 : row + 10, round((left + 0.4) * DPI) : round((right - 0.35) * DPI)]
        widths = (way < 200).sum(axis=0)
        assert np.argmax(widths) > 0.7 * len(widths)


@pytest.mark.parametrize("values", [VALUES, LONG], ids=["default", "long numbers"])
def test_no_label_lies_on_another_or_outside(values: dict[str, float]) -> None:
    labels = draw_network(NETWORK, values).labels
    for one, other in itertools.combinations(labels, 2):
        beside = one.right <= other.left or other.right <= one.left
        assert beside or one.top <= other.bottom or other.top <= one.bottom, (one, other)
    for label in labels:
        assert min(label.left, label.bottom) >= 0
        assert label.right <= WIDTH
        assert label.top <= HEIGHT


def test_the_file_is_a_picture_of_that_size() -> None:
    png = draw_network(NETWORK, VALUES).png()
    assert png.startswith(b"\x89PNG")
    assert struct.unpack(">II", png[16:24]) == (round(WIDTH * DPI), round(HEIGHT * DPI))
    assert png == draw_network(NETWORK, VALUES).png()


def test_what_overflowed_is_drawn_as_an_error() -> None:
    texts = [label.text for label in draw_network(NETWORK, {**VALUES, "E_tot": math.nan}).labels]
    assert "#NUM!" in texts
