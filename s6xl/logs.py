"""The log: one file of everything that goes wrong, with whole tracebacks, which messages name."""

import logging
import sys
from contextlib import suppress
from io import TextIOWrapper
from pathlib import Path

import platformdirs

_PACKAGE = logging.getLogger("s6xl")
_LARGEST = 1_000_000  # bytes; then it becomes s6xl.log.1, and a new one begins


def log_path() -> Path:
    """Return where the log is. Its folder is made with it, when something is written."""
    return platformdirs.user_log_path("s6xl", appauthor=False) / "s6xl.log"


def open_log() -> None:
    """Let what this process logs go into the file. It is made when something is written, and may be unwritable."""
    path = log_path()
    with suppress(OSError):  # another process may have it open
        if path.stat().st_size > _LARGEST:
            path.replace(path.with_name(f"{path.name}.1"))
    handler = _LogFile(path, encoding="utf-8", delay=True)
    handler.setLevel(logging.INFO)
    handler.setFormatter(logging.Formatter("%(asctime)s %(process)d %(levelname)s %(name)s: %(message)s"))
    _PACKAGE.addHandler(handler)
    _PACKAGE.setLevel(logging.DEBUG)


def show_log() -> None:
    """Let what this process logs appear on standard error, too, tracebacks of mistaken input included."""
    _PACKAGE.addHandler(logging.StreamHandler(sys.stderr))


def where_the_traceback_is() -> str:
    """Return where the error that was logged last can be read."""
    files = [handler for handler in _PACKAGE.handlers if isinstance(handler, _LogFile)]
    if any(file.complete for file in files):
        return f"the traceback at the end of {log_path()}"
    return "what it prints with --debug"


class _LogFile(logging.FileHandler):
    """A log that cannot be written must not hide what is to be said."""

    complete = False

    def emit(self, record: logging.LogRecord) -> None:
        self.complete = True
        try:
            super().emit(record)
        except OSError:
            self.complete = False

    def _open(self) -> TextIOWrapper:
        Path(self.baseFilename).parent.mkdir(parents=True, exist_ok=True)
        return super()._open()

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802  # its name in logging
        self.complete = False
