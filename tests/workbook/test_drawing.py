"""The network's picture: every weight labelled with its value, nothing on top of anything else."""

import itertools
import math
import struct

import pytest

from s6xl.derivation import NETWORK
from s6xl.descent import descend
from s6xl.experiment import Experiment
from s6xl.workbook.drawing import DPI, HEIGHT, WIDTH, draw_network

VALUES = dict(zip(NETWORK.columns, descend(NETWORK, Experiment().start, 1.0, 1)[0].tolist(), strict=True))
LONG = {name: -123456.789e-9 * (k + 1) for k, name in enumerate(NETWORK.columns)}


def test_everything_is_labelled() -> None:
    texts = [label.text for label in draw_network(NETWORK, VALUES).labels]
    weights = dict(zip(NETWORK.weights, ("0.15", "0.2", "0.25", "0.3", "0.4", "0.45", "0.5", "0.55"), strict=True))
    for weight, value in weights.items():
        assert texts.count(f"{weight} = {value}") == 1
    assert {"t1 = 0.5", "t2 = 0.5", "E1", "E2", "E_total", "i1", "i2", "h1", "a_h1", "o2", "a_o2"} <= set(texts)
    assert {"0.005669", "0.008513", "0.01418", "0.6065"} <= set(texts)


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
