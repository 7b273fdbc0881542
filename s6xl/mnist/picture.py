"""Turns a picture file into an image like MNIST's: 28 by 28 pixels, from 0 for background to 255 for ink.

MNIST's digits were scaled to fit a box of 20 by 20 pixels and centred by their centre of mass in 28 by 28 (LeCun,
Bottou, Bengio and Haffner, "Gradient-Based Learning Applied to Document Recognition", 1998, section III-A).
"""

import warnings
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

from s6xl.errors import UserError
from s6xl.files import exists
from s6xl.mnist.layers import INK, SIDE

_DIGIT_SIDE = 20
# Pixels a side: a larger picture is refused, and one that is larger than enough is reduced.
_LARGEST, _ENOUGH = 4_000, 500
# The grey level of white; black is 0.
_WHITE = 255
# Fainter ink is noise, as a part of the darkest; a picture whose darkest ink is fainter, in grey levels, is empty.
_NOISE, _FAINTEST = 0.25, 10
# The colour behind transparent pixels.
_BEHIND = "white"


def read_picture(path: Path) -> NDArray[np.float64]:
    """Return the digit in a picture, dark on light or light on dark, as the network takes it.

    The longer side of the digit becomes 20 pixels, and its centre of mass the middle of the image, as in MNIST. A
    picture of 28 by 28 pixels is taken as it is.

    Returns:
        An image of shape (28, 28), from 0 for background to 255 for ink.

    Raises:
        UserError: if the file cannot be read, is not a picture, or shows nothing.
    """
    grey = _grey(path)
    edge = np.concatenate([grey[0], grey[-1], grey[:, 0], grey[:, -1]])
    background = float(np.median(edge))
    is_light = background > _WHITE / 2
    ink = background - grey if is_light else grey - background
    if ink.max() < _FAINTEST:
        raise UserError(f"{path} shows nothing: give a picture of one digit, dark on light or light on dark.")
    if ink.shape == (SIDE, SIDE):
        return _WHITE - grey if is_light else grey
    ink = np.clip(ink / ink.max(), 0, 1)
    return _centred(_cut_out(np.where(ink < _NOISE, 0, ink)))


def _grey(path: Path) -> NDArray[np.float64]:
    """Return grey levels from 0 for black to 255 for white."""
    if exists(path) and not path.is_file():
        raise UserError(f"{path} is not a file: give a picture of a digit.")
    too_large = UserError(f"{path} is too large: give a picture of at most {_LARGEST:,} pixels a side.")
    try:
        with warnings.catch_warnings():
            # Its size is checked below.
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            with Image.open(path) as file:
                if max(file.size) > _LARGEST:
                    raise too_large
                picture = ImageOps.exif_transpose(file)
                if picture.mode.startswith("I"):
                    # Pillow would clip pixels of 16 bits.
                    picture = Image.fromarray((np.asarray(picture) // 257).astype(np.uint8))
                coloured = picture.convert("RGBA")
    except (UserError, MemoryError):
        raise
    except FileNotFoundError:
        raise UserError(f"{path} does not exist: give a picture of a digit.") from None
    except Image.DecompressionBombError:
        raise too_large from None
    except UnidentifiedImageError:
        raise UserError(f"{path} is not a picture that can be read: give a PNG file.") from None
    except OSError as error:
        reason = error.strerror or str(error).rstrip(".")
        raise UserError(f"{path} cannot be read ({reason}): give a PNG file.") from error
    except Exception as error:
        # A damaged file fails wherever the decoder happens to notice it, with errors of many kinds.
        raise UserError(f"{path} is damaged: give a PNG file.") from error
    behind = Image.new("RGBA", coloured.size, _BEHIND)
    grey = Image.alpha_composite(behind, coloured).convert("L")
    return np.asarray(grey.reduce(max(1, max(grey.size) // _ENOUGH)), np.float64)


def _cut_out(ink: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the digit alone, its longer side 20 pixels long; ink is from 0 to 1."""
    rows, columns = np.flatnonzero(ink.any(axis=1)), np.flatnonzero(ink.any(axis=0))
    digit = ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    scale = _DIGIT_SIDE / max(digit.shape)
    size = tuple(max(1, round(side * scale)) for side in reversed(digit.shape))
    made = Image.fromarray(digit.astype(np.float32)).resize(
        size, Image.Resampling.BOX if scale < 1 else Image.Resampling.BICUBIC
    )
    return np.clip(np.asarray(made, np.float64), 0, 1)


def _centred(digit: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return an image of the digit, its centre of mass as close to the middle as possible."""
    image = np.zeros((SIDE, SIDE))
    place = []
    for axis, length in enumerate(digit.shape):
        mass = digit.sum(axis=1 - axis)
        centre = float((np.arange(length) + 0.5) @ mass / mass.sum())
        place.append(min(max(0, round(SIDE / 2 - centre)), SIDE - length))
    top, left = place
    image[top : top + digit.shape[0], left : left + digit.shape[1]] = digit / digit.max() * INK
    return image
