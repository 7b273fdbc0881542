"""Excel refuses calls while a cell is edited, a dialog is open or it computes: that is waited for, but not for ever."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from s6xl.errors import ImpossibleHereError, UserError

Result = TypeVar("Result")
# What Excel, or Windows on its behalf, says while it is busy; and when it is gone or just going, which is found out by
# looking for it again.
_REJECTED, _RETRY_LATER, _EDITING = 0x80010001, 0x8001010A, 0x800AC472
_DISCONNECTED, _UNAVAILABLE, _FAILED = 0x80010108, 0x800706BA, 0x800706BE
# As signed numbers of 32 bits, which COM's errors come as.
_UNSPECIFIED, _EXCEPTION, _NO_WINDOW = 0x80004005, 0x80020009 - 2**32, 1400
_PASSING = {
    *(code - 2**32 for code in (_REJECTED, _RETRY_LATER, _EDITING, _DISCONNECTED, _UNAVAILABLE, _FAILED, _UNSPECIFIED)),
    _NO_WINDOW,
}
PATIENCE, PAUSE = 60.0, 0.3  # seconds


class NotWrittenError(Exception):
    """What was written is not there: xlwings has silently done nothing."""


def is_passing(error: Exception) -> bool:
    """Whether an error says that Excel is busy, or that it or a window of it is just being closed."""
    if type(error).__name__ == "ExcelBusyError":  # xlwings' own
        return True
    details = error.args[2] if len(error.args) > 2 else None
    if getattr(error, "hresult", None) == _EXCEPTION and details is None:
        # While cells are clicked into; an error that lasts comes with Excel's words.
        return True
    inner = details[5] if isinstance(details, tuple) and len(details) > 5 else None
    codes = (getattr(error, "hresult", None), getattr(error, "winerror", None), inner)
    # On a Mac, AppleScript's numbers: no answer in time, no connection.
    return any(code in _PASSING for code in codes) or getattr(error, "errornumber", None) in (-1712, -609)


def is_doubtful(error: Exception) -> bool:
    """Whether a busy Excel may be behind an error that can have other reasons, too, and then lasts."""
    # pywin32 takes a refused look-up for a missing attribute or for something that is no collection.
    return isinstance(error, AttributeError | NotWrittenError) or (
        isinstance(error, TypeError) and "enumeration" in str(error)
    )


@contextmanager
def if_it_lasts(say: Callable[[], UserError]) -> Iterator[None]:
    """Say what an error of Excel's means; one that may pass goes on to `patiently` as it is, and one that says it, too.

    Raises:
        UserError: what `say` returns.
    """
    try:
        yield
    except UserError:
        raise
    except Exception as error:
        if is_passing(error) or is_doubtful(error):
            raise
        raise say() from error


def patiently(do: Callable[[], Result], *, patience: float = PATIENCE) -> Result:
    """What `do` returns, as soon as Excel lets it.

    Raises:
        ImpossibleHereError: if Excel is busy all the time.
    """
    deadline = time.monotonic() + patience
    while True:
        try:
            return do()
        except Exception as error:
            if not is_passing(error) and not is_doubtful(error):
                raise
            if time.monotonic() > deadline:
                raise ImpossibleHereError(
                    "Excel is busy: finish what you are typing, close its dialogs, and press the button again."
                ) from error
        time.sleep(PAUSE)
