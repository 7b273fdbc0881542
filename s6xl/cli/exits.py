"""How a command ends: its exit status, and the signals that stop it."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

_ASKING = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]
# What whoever has started this has it ignore, as nohup does a closed terminal, stays ignored.
STOP_SIGNALS = [number for number in _ASKING if signal.getsignal(number) is not signal.SIG_IGN]


@contextmanager
def stopping_later() -> Iterator[None]:
    """Let a signal to stop wait for the end of the block: PyTorch, for one, swallows it while it is being loaded."""
    noted = False

    def note(number: int, frame: FrameType | None) -> None:
        nonlocal noted
        noted = True

    before = {number: signal.signal(number, note) for number in STOP_SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    if noted:
        raise KeyboardInterrupt
