"""How far long work has come: a bar on a terminal, plain lines elsewhere."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

LINES = 10


@contextmanager
def reporting(what: str, total: int) -> Iterator[Callable[[int], None]]:
    """Report on standard error how far long work has come.

    Args:
        what: the work, such as ``training``.
        total: of how many parts it consists.

    Yields:
        A function to call with the number of further parts that are done.
    """
    if sys.stderr is None:  # closed, as a program without a console has it
        yield lambda done: None
        return
    if not sys.stderr.isatty():
        yield _lines(what, total)
        return
    from rich.console import Console

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task(what, total=total)
        yield lambda done: bar.advance(task, done)


def _lines(what: str, total: int) -> Callable[[int], None]:
    done = reported = 0

    def advance(more: int) -> None:
        nonlocal done, reported
        done += more
        if (tenth := done * LINES // total) > reported:
            reported = tenth
            # Nobody being there to read it is no reason to stop the work.
            with suppress(OSError):
                print(f"{what}: {done:,} of {total:,}", file=sys.stderr, flush=True)

    return advance
