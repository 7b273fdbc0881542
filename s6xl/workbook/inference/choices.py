"""The digits that can be chosen on the sheet Digit: test images, some of which the network predicts wrong."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from s6xl.mnist.evaluation import Evaluation
from s6xl.mnist.layers import SIDE

MOST_MISTAKES = 10
EMPTY = "empty grid"
_FIRST_SHOWN = 7


@dataclass(frozen=True)
class DigitChoice:
    """An image in the list.

    Attributes:
        label: a short name.
        name: a name that no other image has.
        truth: the digit that it shows, if any.
        pixels: uint8 of shape (28, 28), from 0 for background to 255 for ink.
    """

    label: str
    name: str
    truth: int | None
    pixels: NDArray[np.uint8]


def digit_choices(evaluation: Evaluation) -> list[DigitChoice]:
    """Return test images that the network predicted right, then its most confident mistakes, and an empty image."""
    labels, predictions = evaluation.labels.tolist(), evaluation.predictions.tolist()
    found = [
        _choice(str(labels[index]), index, labels[index], pixels)
        for index, pixels in zip(evaluation.right.tolist(), evaluation.right_images, strict=True)
    ]
    for mistake in evaluation.mistakes_by_confidence[:MOST_MISTAKES]:
        index = int(evaluation.mistakes[mistake])
        label = f"{labels[index]} taken for {predictions[index]}"
        found.append(_choice(label, index, labels[index], evaluation.mistaken_images[mistake]))
    return [*found, DigitChoice(EMPTY, EMPTY, None, np.zeros((SIDE, SIDE), np.uint8))]


def _choice(label: str, index: int, truth: int, pixels: NDArray[np.uint8]) -> DigitChoice:
    return DigitChoice(label, f"{label}, test image {index}", truth, pixels)


def first_choice(choices: Sequence[DigitChoice]) -> int:
    """Return the index of the image that the workbook opens with: a 7, with which MNIST's test images begin."""
    shown = str(_FIRST_SHOWN)
    return next((index for index, choice in enumerate(choices) if choice.label == shown), 0)
