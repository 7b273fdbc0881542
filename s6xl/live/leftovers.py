"""Keeps xlwings from ending Excels that it did not start, and from waiting for them for ever."""

import atexit
import sys


def spare_other_excels() -> None:
    """Take back what xlwings has Python do when it ends, if xlwings is loaded.

    It would end by force every Excel without a workbook's window, which it takes for one that a program has left
    behind: the user's own among them.
    """
    windows = sys.modules.get("xlwings._xlwindows")
    if windows is not None:
        atexit.unregister(windows.cleanup)


def fail_at_once() -> None:
    """Let xlwings report a busy Excel, if it is loaded; it would ask again for ever, or answer with nothing."""
    windows = sys.modules.get("xlwings._xlwindows")
    if windows is not None:
        windows.N_COM_ATTEMPTS = 1  # type: ignore[attr-defined]
