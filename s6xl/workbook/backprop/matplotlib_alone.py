"""Matplotlib as a renderer and nothing else: what a user has set for plots of his own must not disturb a workbook."""

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager

from s6xl.errors import UserError


@contextmanager
def untouched_by_settings() -> Iterator[None]:
    """Import matplotlib in this block, without a notebook's backend and without its advice on standard error.

    Raises:
        UserError: if there is no folder for its cache.
    """
    backend = os.environ.pop("MPLBACKEND", None)
    logger = logging.getLogger("matplotlib")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    except OSError as error:
        raise UserError(
            f"matplotlib has no folder to write to ({error}): name one in the environment variable MPLCONFIGDIR."
        ) from error
    finally:
        logger.setLevel(level)
        if backend is not None:
            os.environ["MPLBACKEND"] = backend
