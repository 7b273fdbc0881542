"""The digits that can be chosen on the sheet Digit: test images, some of which the network gets wrong."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from s6xl.mnist.evaluation import Evaluation
from s6xl.mnist.layers import SIDE

MOST_MISTAKES = 10
EMPTY = "empty paper"
_FIRST_SHOWN = 7


@dataclass(frozen=True)
class DigitChoice:
    """An image in the list, uint8 of shape (28, 28): `label` is short, `name` tells it from all others.

    `truth` is what it shows, if anything.
    """

    label: str
    name: str
    truth: int | None
    pixels: NDArray[np.uint8]


def digit_choices(evaluation: Evaluation) -> list[DigitChoice]:
    """Images that the network got right, digit by digit in turn, then its surest mistakes, and an empty one."""
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
    """The one that the workbook opens with: a 7 that is read right, as MNIST's test images begin with one."""
    shown = str(_FIRST_SHOWN)
    return next((index for index, choice in enumerate(choices) if choice.label == shown), 0)
