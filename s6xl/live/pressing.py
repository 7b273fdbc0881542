"""Takes turns: what two presses of a button must not do at the same time."""

from collections.abc import Iterator
from contextlib import contextmanager

import platformdirs
from filelock import FileLock


@contextmanager
def one_press_at_a_time(what: str) -> Iterator[None]:
    """Wait until no other process is in such a block for `what`, such as ``audit``."""
    folder = platformdirs.user_cache_path("s6xl", appauthor=False, ensure_exists=True)
    with FileLock(folder / f"{what}.lock"):
        yield
