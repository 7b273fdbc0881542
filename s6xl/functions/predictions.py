"""A function that predicts a digit with a trained network."""

from functools import lru_cache
from pathlib import Path

import numpy as np

from s6xl.errors import UserError
from s6xl.functions.arguments import image, optional_text
from s6xl.functions.definition import PREFIX, ArgumentError, Function, Parameter, Result
from s6xl.mnist.choices import PRETRAINED
from s6xl.mnist.layers import INK, SIDE
from s6xl.mnist.record import NETWORK, Run
from s6xl.mnist.trained import TrainedNetwork

# How many networks are kept in memory, so that many calls read each file once.
_AT_HAND = 8


def prediction_functions() -> tuple[Function, ...]:
    """Return the functions over images."""
    return (
        Function(
            f"{PREFIX}PREDICT",
            "The probability that a trained network gives to each digit from 0 to 9 for an image, in a column",
            (
                Parameter(
                    "pixels",
                    f"An image of {SIDE} by {SIDE} cells from 0 (background) to {INK} (ink), such as digit_pixels",
                    image(SIDE, INK),
                ),
                Parameter(
                    "run",
                    "The folder of a training run; if left out, the network that comes with s6xl",
                    optional_text(PRETRAINED),
                ),
            ),
            _predict,
        ),
    )


def _predict(pixels: list[list[float]], run: str) -> Result:
    try:
        opened = Run.open(Path(run))
        network = _network(opened.folder, _changed(opened.folder / NETWORK))
    except UserError as error:
        raise ArgumentError(str(error)) from error
    probabilities = network.probabilities(np.array(pixels))
    if not np.isfinite(probabilities).all():
        raise ArgumentError("the network's weights are too large: name another run.")
    return [[probability] for probability in probabilities.tolist()]


def _changed(path: Path) -> int:
    """When a file was last changed, 0 if it is not there."""
    return path.stat().st_mtime_ns if path.exists() else 0


@lru_cache(_AT_HAND)
def _network(folder: Path, changed: int) -> TrainedNetwork:
    """Return the network of a run, which is read anew once its file has changed."""
    return Run.open(folder).network()
