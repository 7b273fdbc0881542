"""Checks everything that s6xl needs on a machine, and says how to get what is missing."""

from collections.abc import Callable, Iterable, Iterator

from s6xl.doctor import basics
from s6xl.doctor.finding import Diagnosis, State

Check = Callable[[], Iterator[Diagnosis]]


def examine(say: Callable[[str], object]) -> int:
    """Run every check and say a line for each finding.

    Args:
        say: is called with each line.

    Returns:
        The exit status: 1 if there was a fault, else 0.
    """
    faults = _run(basics.CHECKS, say)
    if not faults:
        # These need the libraries that the first ones look for.
        from s6xl.doctor import excel, machine

        faults = _run((*machine.CHECKS, excel.check_excel), say)
    say(f"{faults or 'no'} fault{'' if faults == 1 else 's'}")
    return 1 if faults else 0


def _run(checks: Iterable[Check], say: Callable[[str], object]) -> int:
    """Say what some checks find, and return the number of faults."""
    faults = 0
    for check in checks:
        for finding in check():
            say(str(finding))
            faults += finding.state is State.FAULT
    return faults
