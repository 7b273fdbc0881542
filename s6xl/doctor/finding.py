"""What a check found: a state and a sentence."""

from dataclasses import dataclass
from enum import StrEnum


class State(StrEnum):
    """How a check ended; only a fault is a reason to mend something."""

    OK = "ok"
    OPTIONAL = "missing"
    SKIPPED = "not here"
    FAULT = "FAULT"


@dataclass(frozen=True)
class Finding:
    """The end of one check."""

    state: State
    text: str

    def __str__(self) -> str:
        return f"{self.state:8}  {self.text}"


def ok(text: str) -> Finding:
    """Something is as it should be."""
    return Finding(State.OK, text)


def optional(text: str) -> Finding:
    """Something is missing that not everybody needs; the text says how to get it."""
    return Finding(State.OPTIONAL, text)


def skipped(text: str) -> Finding:
    """Something cannot be checked on this machine."""
    return Finding(State.SKIPPED, text)


def fault(text: str) -> Finding:
    """Something is wrong; the text says what to do."""
    return Finding(State.FAULT, text)
