"""Tries again what Excel refuses while a cell is edited, a dialog is open or it computes; but not for ever."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from s6xl.errors import ImpossibleHereError, UserError

Result = TypeVar("Result")
# What Excel, or Windows on its behalf, says while it is busy; and when it has ended or is ending, which looking for it
# again tells apart.
_REJECTED, _RETRY_LATER, _EDITING = 0x80010001, 0x8001010A, 0x800AC472
_DISCONNECTED, _UNAVAILABLE, _FAILED = 0x80010108, 0x800706BA, 0x800706BE
# As signed numbers of 32 bits: so COM reports errors.
_UNSPECIFIED, _EXCEPTION, _NO_WINDOW = 0x80004005, 0x80020009 - 2**32, 1400
_TRANSIENT = {
    *(code - 2**32 for code in (_REJECTED, _RETRY_LATER, _EDITING, _DISCONNECTED, _UNAVAILABLE, _FAILED, _UNSPECIFIED)),
    _NO_WINDOW,
}
TIMEOUT, PAUSE = 60.0, 0.3  # seconds


class NotWrittenError(Exception):
    """xlwings has silently written nothing."""


def is_transient(error: Exception) -> bool:
    """Return whether an error says that Excel is busy, or that Excel or one of its windows is being closed."""
    if type(error).__name__ == "ExcelBusyError":  # xlwings' own
        return True
    details = error.args[2] if len(error.args) > 2 else None
    if getattr(error, "hresult", None) == _EXCEPTION and details is None:
        # So while cells are clicked into; a lasting error comes with Excel's words.
        return True
    inner = details[5] if isinstance(details, tuple) and len(details) > 5 else None
    codes = (getattr(error, "hresult", None), getattr(error, "winerror", None), inner)
    # On a Mac, AppleScript's numbers: no answer in time, no connection.
    return any(code in _TRANSIENT for code in codes) or getattr(error, "errornumber", None) in (-1712, -609)


def may_be_transient(error: Exception) -> bool:
    """Return whether a busy Excel may be behind an error; it may have other reasons, and then it lasts."""
    # pywin32 takes a refused look-up for a missing attribute, or for an object that is not a collection.
    return isinstance(error, AttributeError | NotWrittenError) or (
        isinstance(error, TypeError) and "enumeration" in str(error)
    )


@contextmanager
def explaining(say: Callable[[], UserError]) -> Iterator[None]:
    """Say what a lasting error of Excel's means; one that may be transient is left to `retry`, a `UserError` as it is.

    Args:
        say: returns the error to raise instead.
    """
    try:
        yield
    except UserError:
        raise
    except Exception as error:
        if is_transient(error) or may_be_transient(error):
            raise
        raise say() from error


def retry(do: Callable[[], Result], *, seconds: float = TIMEOUT) -> Result:
    """Return what `do` returns, as soon as Excel lets it.

    Args:
        do: what is tried again while its error is or may be transient.
        seconds: for how long.

    Raises:
        ImpossibleHereError: if Excel is busy all the time.
    """
    deadline = time.monotonic() + seconds
    while True:
        try:
            return do()
        except Exception as error:
            if not is_transient(error) and not may_be_transient(error):
                raise
            if time.monotonic() > deadline:
                raise ImpossibleHereError(
                    "Excel is busy: finish what you are typing, close its dialogs, and press the button again."
                ) from error
        time.sleep(PAUSE)
