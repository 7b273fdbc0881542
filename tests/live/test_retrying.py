"""Which errors are transient, because Excel is busy or ending, and which last."""

import itertools
from typing import Any

import pytest

from s6xl.errors import ImpossibleHereError
from s6xl.live import retrying
from s6xl.live.retrying import NotWrittenError, is_transient, may_be_transient, retry
from tests.support.live.open_excel import SAYINGS, refusal


class NumberedError(Exception):
    """Of some system's, with its number."""

    def __init__(self, **numbers: Any) -> None:
        super().__init__()
        vars(self).update(numbers)


# By the names that Windows' own headers have for them.
PASSING = {
    "RPC_E_CALL_REJECTED": NumberedError(hresult=-2147418111),
    "RPC_E_SERVERCALL_RETRYLATER": NumberedError(hresult=-2147417846),
    "VBA_E_IGNORE": NumberedError(hresult=-2146777998),
    "RPC_E_DISCONNECTED": NumberedError(hresult=-2147417848),
    "RPC_S_SERVER_UNAVAILABLE": NumberedError(hresult=-2147023174),
    "RPC_S_CALL_FAILED": NumberedError(hresult=-2147023170),
    "E_FAIL": NumberedError(hresult=-2147467259),
    "ERROR_INVALID_WINDOW_HANDLE": NumberedError(winerror=1400),
    "AppleScript: no answer in time": NumberedError(errornumber=-1712),
    "AppleScript: no connection": NumberedError(errornumber=-609),
    "VBA_E_IGNORE within DISP_E_EXCEPTION": refusal(-2146777998),
    "DISP_E_EXCEPTION without details": NumberedError(hresult=-2147352567),
}
LASTING = {
    "an exception of Excel's": refusal(),
    "a wrong type": NumberedError(hresult=-2147352571),
    "AppleScript: not there": NumberedError(errornumber=-1728),
    "of Python's": ValueError("no"),
}


@pytest.mark.parametrize("error", PASSING.values(), ids=PASSING)
def test_what_passes_is_waited_for(error: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retrying, "PAUSE", 0.0)
    assert is_transient(error)
    tries = itertools.count()

    def do() -> str:
        if next(tries) < 3:
            raise error
        return "done"

    assert retry(do) == "done"
    with pytest.raises(ImpossibleHereError, match="Excel is busy: finish what you are typing"):
        retry(lambda: (_ for _ in ()).throw(error), seconds=0.0)


@pytest.mark.parametrize("error", LASTING.values(), ids=LASTING)
def test_what_lasts_is_said_at_once(error: Exception) -> None:
    assert not is_transient(error)
    assert not may_be_transient(error)
    with pytest.raises(type(error)):
        retry(lambda: (_ for _ in ()).throw(error), seconds=60.0)


def test_what_may_be_either_is_waited_for() -> None:
    assert may_be_transient(NotWrittenError())
    assert may_be_transient(TypeError("This object does not support enumeration"))
    assert all(is_transient(saying()) or may_be_transient(saying()) for saying in SAYINGS.values())
