"""Makes of a picture file an image as MNIST has them: 28 by 28 pixels, ink of 255 on paper of 0."""

import warnings
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

from s6xl.errors import UserError
from s6xl.files import exists
from s6xl.mnist.layers import INK, SIDE

# MNIST's digits fill a square of 20 pixels, and their centre of mass is the image's middle.
_DIGIT_SIDE = 20
_LARGEST, _ENOUGH = 4_000, 500  # pixels, of a side
# A grey level of white; black is 0.
_WHITE = 255
# Of the range from paper to ink: less is noise, and a fainter picture shows nothing.
_NOISE, _FAINTEST = 0.25, 10
_TRANSPARENT_ON = "white"


def read_picture(path: Path) -> NDArray[np.float64]:
    """The digit in a picture, as the network takes it: of shape (28, 28), 0 for paper and 255 for ink.

    Ink may be dark on light or light on dark. A picture of 28 by 28 pixels is taken as it is; in any other the digit is
    cut out, made as large as MNIST's are, and centred.

    Raises:
        UserError: if the file cannot be read, is no picture, or shows nothing.
    """
    grey = _grey(path)
    edge = np.concatenate([grey[0], grey[-1], grey[:, 0], grey[:, -1]])
    paper = float(np.median(edge))
    is_light = paper > _WHITE / 2
    ink = paper - grey if is_light else grey - paper
    if ink.max() < _FAINTEST:
        raise UserError(f"{path} shows nothing: give a picture of one digit, dark on light or light on dark.")
    if ink.shape == (SIDE, SIDE):
        return _WHITE - grey if is_light else grey
    ink = np.clip(ink / ink.max(), 0, 1)
    return _centred(_cut_out(np.where(ink < _NOISE, 0, ink)))


def _grey(path: Path) -> NDArray[np.float64]:
    """Grey levels from 0 for black to 255 for white."""
    if exists(path) and not path.is_file():
        raise UserError(f"{path} is no file: give a picture of a digit.")
    too_large = UserError(f"{path} is too large: give a picture of at most {_LARGEST:,} pixels a side.")
    try:
        with warnings.catch_warnings():
            # What is too large is said here.
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            with Image.open(path) as file:
                if max(file.size) > _LARGEST:
                    raise too_large
                picture = ImageOps.exif_transpose(file)
                if picture.mode.startswith("I"):
                    # 16 bits a pixel, which Pillow would cut off.
                    picture = Image.fromarray((np.asarray(picture) // 257).astype(np.uint8))
                coloured = picture.convert("RGBA")
    except (UserError, MemoryError):
        raise
    except FileNotFoundError:
        raise UserError(f"{path} does not exist: give a picture of a digit.") from None
    except Image.DecompressionBombError:
        raise too_large from None
    except UnidentifiedImageError:
        raise UserError(f"{path} is no picture that can be read: give a PNG file.") from None
    except OSError as error:
        reason = error.strerror or str(error).rstrip(".")
        raise UserError(f"{path} cannot be read ({reason}): give a PNG file.") from None
    except Exception as error:
        # A damaged file fails wherever the decoder happens to notice it.
        raise UserError(f"{path} is damaged: give a PNG file.") from error
    paper = Image.new("RGBA", coloured.size, _TRANSPARENT_ON)
    grey = Image.alpha_composite(paper, coloured).convert("L")
    # More pixels than these tell nothing more of a digit.
    return np.asarray(grey.reduce(max(1, max(grey.size) // _ENOUGH)), np.float64)


def _cut_out(ink: NDArray[np.float64]) -> NDArray[np.float64]:
    """The digit alone, its longer side as long as MNIST's digits are; ink from 0 to 1."""
    rows, columns = np.flatnonzero(ink.any(axis=1)), np.flatnonzero(ink.any(axis=0))
    digit = ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    scale = _DIGIT_SIDE / max(digit.shape)
    size = tuple(max(1, round(side * scale)) for side in reversed(digit.shape))
    made = Image.fromarray(digit.astype(np.float32)).resize(
        size, Image.Resampling.BOX if scale < 1 else Image.Resampling.BICUBIC
    )
    return np.clip(np.asarray(made, np.float64), 0, 1)


def _centred(digit: NDArray[np.float64]) -> NDArray[np.float64]:
    """The digit on paper, its centre of mass as near to the middle as it fits."""
    image = np.zeros((SIDE, SIDE))
    place = []
    for axis, length in enumerate(digit.shape):
        mass = digit.sum(axis=1 - axis)
        centre = float((np.arange(length) + 0.5) @ mass / mass.sum())
        place.append(min(max(0, round(SIDE / 2 - centre)), SIDE - length))
    top, left = place
    image[top : top + digit.shape[0], left : left + digit.shape[1]] = digit / digit.max() * INK
    return image
