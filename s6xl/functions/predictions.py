"""A function that lets a trained network read a digit."""

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

# Networks that are kept at hand, so that many calls do not read a network as often.
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
        opened = Run.open(Path(run))
        network = _network(opened.folder, _changed(opened.folder / NETWORK))
    except UserError as error:
        raise ArgumentError(str(error)) from None
    probabilities = network.probabilities(np.array(pixels))
    if not np.isfinite(probabilities).all():
        raise ArgumentError("the network's weights are too large: name another run.")
    return [[probability] for probability in probabilities.tolist()]


def _changed(path: Path) -> int:
    """When a file was last changed, 0 if it is not there."""
    return path.stat().st_mtime_ns if path.exists() else 0


@lru_cache(_AT_HAND)
def _network(folder: Path, changed: int) -> TrainedNetwork:
    """The network of a run, which is read anew once its file has changed."""
    return Run.open(folder).network()
