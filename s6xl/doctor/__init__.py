"""Checks everything that s6xl needs on a machine, and says how to get what is missing."""

from collections.abc import Callable

from s6xl.doctor.excel import check_excel
from s6xl.doctor.finding import State
from s6xl.doctor.machine import CHECKS


def examine(say: Callable[[str], object]) -> int:
    """Run every check and say a line for each finding; returns 1 if there was a fault, else 0."""
    faults = 0
    for check in (*CHECKS, check_excel):
        for finding in check():
            say(str(finding))
            faults += finding.state is State.FAULT
    say(f"{faults or 'no'} fault{'' if faults == 1 else 's'}")
    return 1 if faults else 0
