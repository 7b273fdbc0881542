"""Waiting for what other processes and threads do: for an event, however slow the machine is."""

import time
from collections.abc import Callable

# After so many seconds what is waited for counts as something that never comes. No test passes or fails by them.
PATIENCE = 900.0


def until(happened: Callable[[], object], say: Callable[[], object] = lambda: "it never came") -> None:
    """Wait until something has happened; `say` tells what there was instead."""
    end = time.monotonic() + PATIENCE
    while not happened():
        assert time.monotonic() < end, say()
        time.sleep(0.02)
