"""A function that lets a trained network read a digit."""

from functools import lru_cache
from pathlib import Path

import numpy as np

from s6xl.errors import UserError
from s6xl.functions.arguments import image, optional_text
from s6xl.functions.definition import PREFIX, ArgumentError, Function, Parameter, Result, TooLargeError
from s6xl.mnist.choices import PRETRAINED
from s6xl.mnist.layers import INK, SIDE
from s6xl.mnist.record import NETWORK, Run
from s6xl.mnist.trained import TrainedNetwork

# Networks that are kept at hand, so that a sheet of many calls reads each file once.
_AT_HAND = 8


def prediction_functions() -> tuple[Function, ...]:
    """The functions over images."""
    return (
        Function(
            f"{PREFIX}PREDICT",
            "The probability of each digit from 0 to 9, in a column, as a trained network reads an image",
            (
                Parameter(
                    "pixels",
                    f"An image, {SIDE} by {SIDE} cells from 0, paper, to {INK}, ink, such as digit_pixels in a report",
                    image(SIDE, INK),
                ),
                Parameter(
                    "run",
                    "The folder of a training; if left out, the one that comes with s6xl",
                    optional_text(PRETRAINED),
                ),
            ),
            _predict,
        ),
    )


def _predict(pixels: list[list[float]], run: str) -> Result:
    try:
        folder = Run.open(Path(run)).folder
        path = folder / NETWORK
        network = _network(path, path.stat().st_mtime_ns if path.exists() else 0)
    except UserError as error:
        raise ArgumentError(str(error)) from None
    probabilities = network.probabilities(np.array(pixels))
    if not np.isfinite(probabilities).all():
        raise TooLargeError
    return [[probability] for probability in probabilities.tolist()]


@lru_cache(_AT_HAND)
def _network(path: Path, changed: int) -> TrainedNetwork:
    """The network in a file, which is read anew once it has changed."""
    return TrainedNetwork.load(path)
