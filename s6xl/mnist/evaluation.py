"""What a trained network makes of the test images, and some of the images it has learned from."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from s6xl.mnist import arrays
from s6xl.mnist.layers import DIGITS, SIDE

# Arrays whose name in the file, which users have, is not their field's.
_NAMES_IN_FILE = {"predictions": "guesses"}


@dataclass(frozen=True)
class Evaluation:
    """Images are uint8 of shape (n, 28, 28), 0 for paper and 255 for ink; everything else has a number an image."""

    sample_images: NDArray[np.uint8]
    sample_labels: NDArray[np.int64]
    labels: NDArray[np.int64]  # of all test images
    predictions: NDArray[np.int64]  # of all test images
    mistakes: NDArray[np.int64]  # which test images it got wrong, counted from 0
    mistaken_images: NDArray[np.uint8]
    probabilities: NDArray[np.float64]  # that it gave its wrong predictions
    # Some that it got right, digit by digit in turn, counted as the mistakes are; earlier versions kept none.
    right: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))
    right_images: NDArray[np.uint8] = field(default_factory=lambda: np.zeros((0, SIDE, SIDE), np.uint8))

    def __post_init__(self) -> None:
        """Hold the arrays against each other, as they may come from a file.

        Raises:
            ValueError: if they do not fit.
        """
        count = len(self.labels)
        for images in (self.sample_images, self.mistaken_images, self.right_images):
            if images.shape[1:] != (SIDE, SIDE):
                raise ValueError("an image of another size")
        for numbers, others in (
            (self.sample_labels, self.sample_images),
            (self.predictions, self.labels),
            (self.mistakes, self.mistaken_images),
            (self.mistakes, self.probabilities),
            (self.right, self.right_images),
        ):
            if len(numbers) != len(others):
                raise ValueError("arrays of other lengths")
        for numbers, most in (
            (self.labels, DIGITS),
            (self.predictions, DIGITS),
            (self.mistakes, count),
            (self.right, count),
        ):
            if len(numbers) and not 0 <= numbers.min() <= numbers.max() < most:
                raise ValueError("a number out of range")
        if not ((self.probabilities >= 0) & (self.probabilities <= 1)).all():
            raise ValueError("probabilities that are none")

    @property
    def confusion(self) -> NDArray[np.int64]:
        """How many test images of each digit (a row) were taken for each digit (a column), of shape (10, 10)."""
        counts = np.zeros((DIGITS, DIGITS), np.int64)
        np.add.at(counts, (self.labels, self.predictions), 1)
        return counts

    @property
    def mistakes_by_confidence(self) -> list[int]:
        """The mistakes, counted from 0, the surest first."""
        order: list[int] = np.argsort(-self.probabilities, kind="stable").tolist()
        return order

    def save(self, path: Path) -> None:
        """Write it to a file."""
        np.savez_compressed(path, **{_NAMES_IN_FILE.get(name, name): array for name, array in vars(self).items()})

    @classmethod
    def load(cls, path: Path, cure: str) -> "Evaluation":
        """What `save` has written; `cure` is what helps if it is damaged.

        Raises:
            UserError: if the file cannot be read or holds something else.
        """
        return arrays.read(path, cls._from_arrays, f"is damaged: {cure}")

    @classmethod
    def _from_arrays(cls, content: Mapping[str, NDArray[Any]]) -> "Evaluation":
        fields = {name_in_file: name for name, name_in_file in _NAMES_IN_FILE.items()}
        return cls(**{fields.get(name, name): array for name, array in content.items()})
