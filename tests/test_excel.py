"""The doctor's checks of a real Excel, one test each; they run on Windows where Excel is."""

import sys
from collections.abc import Callable, Iterator

import pytest

from s6xl.doctor.excel import CHECKS, Session, session

pytestmark = pytest.mark.excel


def excel_is_here() -> bool:
    """Whether Windows knows a program of Excel's name for other programs to start."""
    if sys.platform != "win32":
        return False
    import winreg

    try:
        winreg.CloseKey(winreg.OpenKey(winreg.HKEY_CLASSES_ROOT, "Excel.Application"))
    except OSError:
        return False
    return True


@pytest.fixture(scope="module")
def excel() -> Iterator[Session]:
    """A hidden Excel with the add-in."""
    if not excel_is_here():
        pytest.skip("there is no Excel on this machine")
    with session() as started:
        yield started


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_excel(excel: Session, check: Callable[[Session], str]) -> None:
    assert check(excel)
