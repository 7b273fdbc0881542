"""Draw the sample from the full MNIST: ``python s6xl/mnist/sample/make.py DIR``, DIR as torchvision keeps it.

Of each digit it takes the first 600 training images and the first 100 test images, in the order of the full set, so
that the sample is the same wherever it is drawn.
"""

import sys
from pathlib import Path

import numpy as np
from torchvision.datasets import MNIST

PER_DIGIT = {"train": 600, "test": 100}


def main(root: str) -> None:
    """Take the first images of each digit from the MNIST in a folder."""
    content = {}
    for part, count in PER_DIGIT.items():
        full = MNIST(root, train=part == "train")
        labels = full.targets.numpy().astype(np.uint8)
        chosen = np.sort(np.concatenate([np.flatnonzero(labels == digit)[:count] for digit in range(10)]))
        content[f"{part}_images"], content[f"{part}_labels"] = full.data.numpy()[chosen], labels[chosen]
    np.savez_compressed(Path(__file__).with_name("digits.npz"), **content)


if __name__ == "__main__":
    main(sys.argv[1])
