"""Reading files of NumPy arrays."""

import io
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from s6xl.errors import UserError

Made = TypeVar("Made")


def read(path: Path, make: Callable[[Mapping[str, NDArray[Any]]], Made], damaged: str) -> Made:
    """Return what `make` builds from the arrays in an ``.npz`` file.

    Args:
        path: the file.
        make: takes the arrays by name; any error that it raises means that the file is damaged.
        damaged: what to say of a damaged file, after its name.

    Raises:
        UserError: if the file cannot be read or holds something else.
    """
    try:
        stored = io.BytesIO(path.read_bytes())
    except OSError as error:
        raise UserError(f"{path} cannot be read ({error.strerror or error}).") from error
    try:
        with np.load(stored) as content:
            return make(content)
    except MemoryError:
        raise
    except Exception as error:
        # A damaged file fails wherever NumPy happens to notice it, with errors of many kinds.
        raise UserError(f"{path} {damaged}.") from error
