"""Training images moved at random, against NumPy's shifts and trigonometry."""

import math

import numpy as np
import pytest
import torch

from s6xl.mnist.data import Data
from s6xl.mnist.distortion import distorted
from s6xl.mnist.model import scaled
from s6xl.mnist.recipe import Distortion

NOTHING = {"degrees": 0.0, "scale": 0.0, "shear": 0.0, "shift": 0.0}
CENTRE = 13.5


def turn_the_dice(monkeypatch: pytest.MonkeyPatch, *amounts: float) -> None:
    """Let each image get these parts, from -1 to 1, of the most: rotation, scale, shear, right, down."""

    def rand(rows: int, count: int, *, device: torch.device) -> torch.Tensor:
        assert rows == len(amounts)
        return ((torch.tensor(amounts, device=device) + 1) / 2).repeat(count, 1).T

    monkeypatch.setattr(torch, "rand", rand)


def dot(x: float, y: float) -> torch.Tensor:
    """An image with a round blot around a place, counted in pixels from the image's centre, right and down."""
    rows, columns = np.mgrid[:28, :28]
    ink = np.exp(-((columns - CENTRE - x) ** 2 + (rows - CENTRE - y) ** 2) / 2)
    return torch.from_numpy(ink.astype(np.float32)).view(1, 1, 28, 28)


def place(image: torch.Tensor) -> tuple[float, float]:
    """The centre of gravity of an image's ink, counted as `dot` does."""
    ink = image[0, 0].double().numpy()
    rows, columns = np.mgrid[:28, :28]
    return float((ink * (columns - CENTRE)).sum() / ink.sum()), float((ink * (rows - CENTRE)).sum() / ink.sum())


def test_no_distortion_changes_nothing(few: Data) -> None:
    images = scaled(few.train.images)
    assert torch.allclose(distorted(images, Distortion(**NOTHING)), images, atol=1e-5)


@pytest.mark.parametrize(("right", "down"), [(1, 0), (-1, 0), (0, 1), (0, -1), (1, -1)])
def test_a_shift_moves_each_pixel_by_so_many_and_paper_comes_in(
    right: int, down: int, few: Data, monkeypatch: pytest.MonkeyPatch
) -> None:
    turn_the_dice(monkeypatch, 0, 0, 0, right, down)
    ink = torch.rand_like(scaled(few.train.images[:5])) + 0.1
    found = distorted(ink, Distortion(**{**NOTHING, "shift": 3.0}))
    # What is looked for 3 pixels to the right moves 3 to the left.
    wide = np.pad(ink.numpy(), ((0, 0), (0, 0), (3, 3), (3, 3)))
    wanted = wide[:, :, 3 + 3 * down :, 3 + 3 * right :][:, :, :28, :28]
    assert np.allclose(found, wanted, atol=1e-4)
    assert (wanted == 0).any()


@pytest.mark.parametrize("part", [1.0, -1.0, 0.5])
@pytest.mark.parametrize(("x", "y"), [(8, 0), (0, 8), (-6, 5)])
def test_a_rotation_moves_a_dot_where_trigonometry_says(
    part: float, x: float, y: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    turn_the_dice(monkeypatch, part, 0, 0, 0, 0)
    found = place(distorted(dot(x, y), Distortion(**{**NOTHING, "degrees": 30.0})))
    distance, angle = math.hypot(x, y), math.atan2(y, x) - part * math.pi / 6
    assert found == pytest.approx((distance * math.cos(angle), distance * math.sin(angle)), abs=0.05)


@pytest.mark.parametrize("part", [1.0, -1.0])
def test_a_scale_moves_a_dot_away_from_the_centre_or_towards_it(part: float, monkeypatch: pytest.MonkeyPatch) -> None:
    turn_the_dice(monkeypatch, 0, part, 0, 0, 0)
    found = place(distorted(dot(7, -5), Distortion(**{**NOTHING, "scale": 0.2})))
    assert found == pytest.approx((7 * (1 + 0.2 * part), -5 * (1 + 0.2 * part)), abs=0.05)


@pytest.mark.parametrize("part", [1.0, -1.0])
def test_a_shear_moves_a_dot_sideways_by_its_height(part: float, monkeypatch: pytest.MonkeyPatch) -> None:
    turn_the_dice(monkeypatch, 0, 0, part, 0, 0)
    found = place(distorted(dot(2, 6), Distortion(**{**NOTHING, "shear": 0.5})))
    assert found == pytest.approx((2 - 0.5 * part * 6, 6), abs=0.05)


def test_all_at_once_move_a_dot_where_the_inverse_matrix_says(monkeypatch: pytest.MonkeyPatch) -> None:
    turn_the_dice(monkeypatch, 0.7, -0.8, 0.9, 1, -0.5)
    found = place(distorted(dot(5, -4), Distortion(degrees=20, scale=0.15, shear=0.2, shift=2)))
    angle, scale, shear = math.radians(14), 1 - 0.12, 0.18
    turned = np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
    looked_up = turned @ np.array([[1, shear], [0, 1]]) / scale
    assert found == pytest.approx(tuple(np.linalg.solve(looked_up, np.array([5 - 2, -4 + 1]))), abs=0.05)


def test_paper_stays_paper_and_ink_is_never_more_than_full(few: Data) -> None:
    torch.manual_seed(1)
    for images in (scaled(few.train.images), torch.ones(50, 1, 28, 28), torch.zeros(50, 1, 28, 28)):
        found = distorted(images, Distortion(degrees=180, scale=0.5, shear=1, shift=10))
        assert found.shape == images.shape
        assert float(found.min()) >= 0
        # Rounding in the weights of four neighbours.
        assert float(found.max()) <= float(images.max()) * (1 + 1e-6)


def test_the_border_that_a_full_image_leaves_is_exactly_0(monkeypatch: pytest.MonkeyPatch) -> None:
    turn_the_dice(monkeypatch, 0, 0, 0, -1, 0)
    found = distorted(torch.ones(1, 1, 28, 28), Distortion(**{**NOTHING, "shift": 2.5}))[0, 0]
    assert not found[:, :2].any()
    assert torch.allclose(found[:, 2], torch.full((28,), 0.5), atol=1e-5)
    assert torch.allclose(found[:, 3:], torch.ones(28, 25), atol=1e-5)


def test_each_image_gets_amounts_of_its_own_both_ways_up_to_the_most() -> None:
    torch.manual_seed(1)
    found = distorted(dot(0, 0).repeat(400, 1, 1, 1), Distortion(**{**NOTHING, "shift": 2.0}))
    places = np.array([place(image.unsqueeze(0)) for image in found])
    assert np.abs(places).max() <= 2.01
    assert (places.max(axis=0) > 1.8).all()
    assert (places.min(axis=0) < -1.8).all()
    assert np.abs(places.mean(axis=0)).max() < 0.25
    assert abs(np.corrcoef(places.T)[0, 1]) < 0.2


def test_the_same_random_numbers_give_the_same_images(few: Data) -> None:
    images, amounts = scaled(few.train.images), Distortion(degrees=12, scale=0.1, shear=0.1, shift=2)
    torch.manual_seed(1)
    first, second = distorted(images, amounts), distorted(images, amounts)
    torch.manual_seed(1)
    assert torch.equal(distorted(images, amounts), first)
    assert not torch.allclose(first, second)
