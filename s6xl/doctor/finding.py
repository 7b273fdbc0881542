"""What a check found: a state and a sentence."""

from dataclasses import dataclass
from enum import StrEnum


class State(StrEnum):
    """How a check ended; only a fault has to be fixed."""

    OK = "ok"
    OPTIONAL = "missing"
    SKIPPED = "not here"
    FAULT = "FAULT"


@dataclass(frozen=True)
class Diagnosis:
    """The end of one check."""

    state: State
    text: str

    def __str__(self) -> str:
        return f"{self.state:8}  {self.text}"


def ok(text: str) -> Diagnosis:
    """Return that something is as it should be."""
    return Diagnosis(State.OK, text)


def optional(text: str) -> Diagnosis:
    """Return that something is missing that not everybody needs; the text says how to get it."""
    return Diagnosis(State.OPTIONAL, text)


def skipped(text: str) -> Diagnosis:
    """Return that something cannot be checked on this machine."""
    return Diagnosis(State.SKIPPED, text)


def fault(text: str) -> Diagnosis:
    """Return that something is wrong; the text says what to do."""
    return Diagnosis(State.FAULT, text)
