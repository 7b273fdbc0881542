"""The command line, run in this process."""

from collections.abc import Callable
from typing import NamedTuple


class Done(NamedTuple):
    """What a command has left: its exit status, and what it has printed."""

    returncode: int
    stdout: str
    stderr: str


Command = Callable[..., Done]
