"""The signals that stop a command, and how it takes them."""

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

_STOPPING = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]
# A signal that is ignored from the start stays ignored: nohup has a closed terminal's ignored.
STOP_SIGNALS = [number for number in _STOPPING if signal.getsignal(number) is not signal.SIG_IGN]


@contextmanager
def handling_stop_signals(handle: Callable[[int, FrameType | None], None]) -> Iterator[None]:
    """Let `handle` take the signals that stop a command until the block ends."""
    before = {number: signal.signal(number, handle) for number in STOP_SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def stopping_later() -> Iterator[None]:
    """Put a signal to stop off until the block ends: PyTorch, for one, swallows it while it is being loaded."""
    noted = False

    def note(number: int, frame: FrameType | None) -> None:
        nonlocal noted
        noted = True

    with handling_stop_signals(note):
        yield
    if noted:
        raise KeyboardInterrupt
