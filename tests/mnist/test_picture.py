"""A picture of a digit becomes an image as MNIST has them, whatever its size, colours and kind."""

import io
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from s6xl.errors import UserError
from s6xl.mnist import data, model
from s6xl.mnist.picture import read_picture
from s6xl.mnist.record import Run
from tests.support.networks import probabilities

DIGITS = data.load("sample").test
IMAGES, LABELS = DIGITS.images.numpy()[::10], DIGITS.labels.numpy()[::10]
Draw = Callable[[NDArray[np.uint8]], Image.Image]


def large(image: NDArray[np.uint8], side: int = 300) -> Image.Image:
    return Image.fromarray(image).resize((side, side), Image.Resampling.BICUBIC)


def dark_on_light(image: NDArray[np.uint8]) -> Image.Image:
    return Image.fromarray(255 - np.asarray(large(image)))


def on_grey_paper_with_noise(image: NDArray[np.uint8]) -> Image.Image:
    noise = np.random.default_rng(1).normal(0, 5, (300, 300))
    grey = 190 - np.asarray(large(image)) * (150 / 255) + noise
    return Image.fromarray(np.clip(grey, 0, 255).astype(np.uint8))


def blue_on_yellow(image: NDArray[np.uint8]) -> Image.Image:
    ink = np.asarray(large(image))[:, :, None] / 255
    return Image.fromarray((ink * [20, 30, 140] + (1 - ink) * [255, 243, 191]).astype(np.uint8))


def transparent(image: NDArray[np.uint8]) -> Image.Image:
    ink = large(image)
    return Image.merge("RGBA", [Image.new("L", ink.size, 0)] * 3 + [ink])


def sixteen_bits(image: NDArray[np.uint8]) -> Image.Image:
    return Image.fromarray((255 - np.asarray(large(image))).astype(np.uint16) * 257)


def one_bit(image: NDArray[np.uint8]) -> Image.Image:
    return dark_on_light(image).convert("1", dither=Image.Dither.NONE)


def with_a_palette(image: NDArray[np.uint8]) -> Image.Image:
    return blue_on_yellow(image).quantize(16)


def small_in_a_corner(image: NDArray[np.uint8]) -> Image.Image:
    paper = Image.new("L", (900, 500), 255)
    paper.paste(dark_on_light(image).resize((120, 120)), (760, 20))
    return paper


def very_large(image: NDArray[np.uint8]) -> Image.Image:
    return dark_on_light(image).resize((1_600, 1_600))


def of_few_pixels(image: NDArray[np.uint8]) -> Image.Image:
    return Image.fromarray(np.pad(image, 3))


@pytest.mark.parametrize(
    "draw",
    [
        large,
        dark_on_light,
        pytest.param(on_grey_paper_with_noise, marks=pytest.mark.slow),
        pytest.param(blue_on_yellow, marks=pytest.mark.slow),
        transparent,
        sixteen_bits,
        one_bit,
        pytest.param(with_a_palette, marks=pytest.mark.slow),
        pytest.param(small_in_a_corner, marks=pytest.mark.slow),
        pytest.param(very_large, marks=pytest.mark.slow),
        of_few_pixels,
    ],
)
def test_digits_in_pictures_are_read_right(draw: Draw, tmp_path: Path) -> None:
    found = []
    for image in IMAGES:
        draw(image).save(tmp_path / "digit.png")
        found.append(read_picture(tmp_path / "digit.png"))
    assert {image.shape for image in found} == {(28, 28)}
    assert all(image.min() >= 0 and image.max() <= 255 for image in found)
    network = model.of(Run.open(Path("pretrained")).network())
    right = probabilities(network, np.array(found)).argmax(axis=1) == LABELS
    assert right.sum() >= 97  # of 100


@pytest.mark.parametrize("inverted", [False, True])
def test_a_picture_of_its_own_size_is_taken_as_it_is(inverted: bool, tmp_path: Path) -> None:
    image = IMAGES[4]
    Image.fromarray(255 - image if inverted else image).save(tmp_path / "digit.png")
    assert np.array_equal(read_picture(tmp_path / "digit.png"), image)


def test_the_digit_is_as_large_as_mnists_and_in_the_middle(tmp_path: Path) -> None:
    paper = Image.new("L", (400, 300), 255)
    paper.paste(0, (300, 20, 340, 140))
    paper.save(tmp_path / "bar.png")
    found = read_picture(tmp_path / "bar.png")
    rows, columns = np.flatnonzero(found.any(axis=1)), np.flatnonzero(found.any(axis=0))
    assert (rows[0], rows[-1]) == (4, 23)
    assert columns[-1] - columns[0] + 1 == 7
    assert columns[0] in (10, 11)
    assert found.max() == 255


def test_a_photograph_that_lies_on_its_side_is_turned(tmp_path: Path) -> None:
    upright = dark_on_light(IMAGES[20])
    upright.save(tmp_path / "upright.png")
    exif = Image.Exif()
    exif[0x0112] = 6
    upright.transpose(Image.Transpose.ROTATE_90).save(tmp_path / "turned.png", exif=exif)
    assert np.array_equal(read_picture(tmp_path / "upright.png"), read_picture(tmp_path / "turned.png"))


def bytes_of(picture: Image.Image) -> bytes:
    file = io.BytesIO()
    picture.save(file, format="png")
    return file.getvalue()


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "is not a picture that can be read: give a PNG file"),
        (b"not a picture", "is not a picture that can be read: give a PNG file"),
        (bytes_of(large(IMAGES[0]))[:400], "cannot be read (image file is truncated): give a PNG file"),
        (bytes_of(Image.new("L", (100, 100), 255)), "shows nothing: give a picture of one digit"),
        (bytes_of(Image.new("L", (100, 100), 0)), "shows nothing: give a picture of one digit"),
        (bytes_of(Image.new("RGBA", (100, 100))), "shows nothing: give a picture of one digit"),
        (bytes_of(Image.new("L", (28, 28), 255)), "shows nothing: give a picture of one digit"),
        (bytes_of(Image.new("1", (4_001, 10))), "is too large: give a picture of at most 4,000 pixels a side"),
        (bytes_of(Image.new("1", (20_000, 20_000))), "is too large: give a picture of at most 4,000 pixels a side"),
    ],
)
def test_what_is_no_picture_of_a_digit(content: bytes, sentence: str, tmp_path: Path) -> None:
    path = tmp_path / "digit.png"
    path.write_bytes(content)
    with pytest.raises(UserError) as raised:
        read_picture(path)
    assert sentence in str(raised.value)
    assert "\n" not in str(raised.value)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_a_pipe_that_nobody_writes_to(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.png")
    with pytest.raises(UserError, match=r"pipe\.png is not a file: give a picture of a digit"):
        read_picture(tmp_path / "pipe.png")


def test_no_file_and_a_folder(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"nowhere\.png does not exist: give a picture of a digit"):
        read_picture(tmp_path / "nowhere.png")
    with pytest.raises(UserError, match="is not a file: give a picture of a digit"):
        read_picture(tmp_path)
