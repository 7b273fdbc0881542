"""The command line in this process, as `tests.cli.test_process` has it in one of its own."""

import contextlib
import gc
import io
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from s6xl import cli
from s6xl.cli.exits import STOP_SIGNALS
from tests.support.command_line import Command, Done


@pytest.fixture
def s6xl(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Command]:
    """Run a command in the folder of the test."""
    monkeypatch.chdir(tmp_path)
    handlers = {number: signal.getsignal(number) for number in STOP_SIGNALS}

    def run(*arguments: str) -> Done:
        monkeypatch.setattr(sys, "argv", ["s6xl", *arguments])
        out, err = (io.TextIOWrapper(io.BytesIO(), encoding="utf-8", write_through=True) for _ in range(2))
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err), pytest.raises(SystemExit) as ended:
            cli.main()
        texts = (stream.buffer.getvalue().decode() for stream in (out, err))
        return Done(int(ended.value.code or 0), *(text.replace("\r\n", "\n") for text in texts))

    yield run
    gc.enable()
    for number, handler in handlers.items():
        signal.signal(number, handler)
