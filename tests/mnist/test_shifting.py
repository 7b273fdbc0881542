"""Training images moved at random, against NumPy's padding and slices."""

from itertools import product

import numpy as np
import pytest
import torch

from s6xl.mnist.data import Data
from s6xl.mnist.model import normalised
from s6xl.mnist.shifting import shifted

BACKGROUND = -0.25


def moved(image: np.ndarray, down: int, right: int) -> np.ndarray:
    """An image moved down and right, or up and left where negative; background comes in."""
    result = np.full_like(image, BACKGROUND)
    height, width = image.shape
    for row, column in product(range(height), range(width)):
        if 0 <= row - down < height and 0 <= column - right < width:
            result[row, column] = image[row - down, column - right]
    return result


def test_no_shift_changes_nothing(few: Data) -> None:
    images = normalised(few.train.images)
    assert torch.equal(shifted(images, 0, background=BACKGROUND), images)


@pytest.mark.parametrize("pixels", [1, 2, 5])
def test_each_image_is_moved_by_a_whole_number_of_pixels_of_its_own(pixels: int) -> None:
    """The image has ink up to its border, so that each shift gives another image and loses other ink."""
    torch.manual_seed(1)
    image = torch.rand(28, 28) + 0.5
    amounts = list(product(range(-pixels, pixels + 1), repeat=2))
    wanted = {moved(image.numpy(), *amount).tobytes(): amount for amount in amounts}
    assert len(wanted) == len(amounts)
    found = [
        wanted[one.numpy().tobytes()] for one in shifted(image.repeat(4_000, 1, 1, 1), pixels, background=BACKGROUND)
    ]
    # All of them are as likely: in 4,000 images, 33 times each at the least on average.
    counts = np.array([found.count(amount) for amount in amounts])
    each = 4_000 / len(amounts)
    assert (np.abs(counts - each) < 5 * np.sqrt(each)).all()


def test_different_images_stay_apart(few: Data) -> None:
    images = normalised(few.train.images)
    torch.manual_seed(1)
    for image, result in zip(images, shifted(images, 2, background=BACKGROUND), strict=True):
        candidates = {moved(image[0].numpy(), *amount).tobytes() for amount in product(range(-2, 3), repeat=2)}
        assert result.numpy().tobytes() in candidates


@pytest.mark.parametrize(("down", "right"), [(0, 0), (4, 4), (0, 4), (3, 1)])
def test_what_is_drawn_says_where_to(down: int, right: int, few: Data, monkeypatch: pytest.MonkeyPatch) -> None:
    """Drawn are the first row and column of the padded image that stay: 2 of each leave it where it is."""

    def randint(low: int, high: int, shape: tuple[int, ...], *, device: torch.device) -> torch.Tensor:
        assert (low, high) == (0, 5)
        return torch.stack([torch.full(shape[1:], amount, device=device) for amount in (down, right)])

    monkeypatch.setattr(torch, "randint", randint)
    images = normalised(few.train.images[:4])
    padded = np.pad(images.numpy(), ((0, 0), (0, 0), (2, 2), (2, 2)), constant_values=BACKGROUND)
    assert np.array_equal(shifted(images, 2, background=BACKGROUND), padded[:, :, down : down + 28, right : right + 28])


def test_nothing_is_darker_than_paper_or_brighter_than_ink() -> None:
    torch.manual_seed(1)
    ink = torch.rand(50, 1, 28, 28)
    found = shifted(ink, 5, background=0.0)
    assert (found.shape, found.dtype) == (ink.shape, ink.dtype)
    assert float(found.min()) == 0
    assert float(found.max()) == float(ink.max())


def test_the_same_random_numbers_give_the_same_images(few: Data) -> None:
    images = normalised(few.train.images)
    torch.manual_seed(1)
    first, second = shifted(images, 2, background=BACKGROUND), shifted(images, 2, background=BACKGROUND)
    torch.manual_seed(1)
    assert torch.equal(shifted(images, 2, background=BACKGROUND), first)
    assert not torch.equal(first, second)


def test_the_images_given_are_left_as_they_are(few: Data) -> None:
    images = normalised(few.train.images)
    before = images.clone()
    shifted(images, 2, background=BACKGROUND)
    assert torch.equal(images, before)
