"""Reads files of NumPy arrays."""

import io
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from s6xl.errors import UserError

What = TypeVar("What")


def read(path: Path, make: Callable[[Mapping[str, NDArray[Any]]], What], damaged: str) -> What:
    """What `make` makes of the arrays in a file, by their names; `damaged` says what is wrong if it cannot.

    Raises:
        UserError: if the file cannot be read or holds something else.
    """
    try:
        stored = io.BytesIO(path.read_bytes())
    except OSError as error:
        raise UserError(f"{path} cannot be read ({error.strerror or error}).") from None
    try:
        with np.load(stored) as content:
            return make(content)
    except MemoryError:
        raise
    except Exception as error:
        # A file that has been cut off or changed fails wherever NumPy happens to notice it.
        raise UserError(f"{path} {damaged}.") from error
