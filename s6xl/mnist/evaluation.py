"""A trained network's predictions for the test images, and some of the images that it learned from."""

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
    """Labels and predictions of all test images, and images to show.

    Images are uint8 of shape (n, 28, 28), from 0 for background to 255 for ink.

    Attributes:
        sample_images: some of the training images.
        sample_labels: their digits.
        labels: the digits of all test images.
        predictions: the predicted digits of all test images.
        mistakes: indices of the test images that were predicted wrong.
        mistaken_images: those images.
        probabilities: the network's confidence in each of these wrong predictions, from 0 to 1.
        right: indices of some test images that were predicted right, one digit after the other in turn; empty in the
            files of earlier versions.
        right_images: those images.
    """

    sample_images: NDArray[np.uint8]
    sample_labels: NDArray[np.int64]
    labels: NDArray[np.int64]
    predictions: NDArray[np.int64]
    mistakes: NDArray[np.int64]
    mistaken_images: NDArray[np.uint8]
    probabilities: NDArray[np.float64]
    right: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))
    right_images: NDArray[np.uint8] = field(default_factory=lambda: np.zeros((0, SIDE, SIDE), np.uint8))

    def __post_init__(self) -> None:
        """Check that the arrays, which may come from a file, fit together.

        Raises:
            ValueError: if they do not.
        """
        count = len(self.labels)
        for images in (self.sample_images, self.mistaken_images, self.right_images):
            if images.shape[1:] != (SIDE, SIDE):
                raise ValueError("an image has the wrong size")
        for numbers, others in (
            (self.sample_labels, self.sample_images),
            (self.predictions, self.labels),
            (self.mistakes, self.mistaken_images),
            (self.mistakes, self.probabilities),
            (self.right, self.right_images),
        ):
            if len(numbers) != len(others):
                raise ValueError("two arrays differ in length")
        for numbers, most in (
            (self.labels, DIGITS),
            (self.predictions, DIGITS),
            (self.mistakes, count),
            (self.right, count),
        ):
            if len(numbers) and not 0 <= numbers.min() <= numbers.max() < most:
                raise ValueError("a number is out of range")
        if not ((self.probabilities >= 0) & (self.probabilities <= 1)).all():
            raise ValueError("a probability is out of range")

    @property
    def confusion(self) -> NDArray[np.int64]:
        """The confusion matrix, of shape (10, 10): test images by their digit (row) and their prediction (column)."""
        counts = np.zeros((DIGITS, DIGITS), np.int64)
        np.add.at(counts, (self.labels, self.predictions), 1)
        return counts

    @property
    def mistakes_by_confidence(self) -> list[int]:
        """Positions in `mistakes`, the most confident prediction first."""
        order: list[int] = np.argsort(-self.probabilities, kind="stable").tolist()
        return order

    def save(self, path: Path) -> None:
        """Write the arrays to an ``.npz`` file."""
        np.savez_compressed(path, **{_NAMES_IN_FILE.get(name, name): array for name, array in vars(self).items()})

    @classmethod
    def load(cls, path: Path, cure: str) -> "Evaluation":
        """Read what `save` wrote; `cure` says what helps if the file is damaged.

        Raises:
            UserError: if the file cannot be read or holds something else.
        """
        return arrays.read(path, cls._from_arrays, f"is damaged: {cure}")

    @classmethod
    def _from_arrays(cls, content: Mapping[str, NDArray[Any]]) -> "Evaluation":
        fields = {name_in_file: name for name, name_in_file in _NAMES_IN_FILE.items()}
        return cls(**{fields.get(name, name): array for name, array in content.items()})
