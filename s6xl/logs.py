"""The log: one file with the whole traceback of every failure, which messages name.

Only the programs write it, the command line and the buttons' worker; in a program that imports s6xl, what it logs goes
where that program wants it.
"""

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from io import TextIOWrapper
from pathlib import Path

_PACKAGE = logging.getLogger("s6xl")
_LARGEST = 1_000_000  # bytes; then it becomes s6xl.log.1, and a new one begins


def log_path() -> Path:
    """Return where the log is. Its folder is made with it, when something is written."""
    import platformdirs

    return platformdirs.user_log_path("s6xl", appauthor=False) / "s6xl.log"


@contextmanager
def writing_log() -> Iterator[None]:
    """Let what the package logs go into the file, which is made when something is written, and may be unwritable."""
    before = _PACKAGE.handlers[:], _PACKAGE.level
    try:
        path = log_path()
    except ImportError:  # platformdirs is missing, as the doctor says
        yield
        return
    with suppress(OSError):  # another process may have it open
        if path.stat().st_size > _LARGEST:
            path.replace(path.with_name(f"{path.name}.1"))
    handler = _LogFile(path, encoding="utf-8", delay=True)
    handler.setLevel(logging.INFO)
    handler.setFormatter(logging.Formatter("%(asctime)s %(process)d %(levelname)s %(name)s: %(message)s"))
    _PACKAGE.addHandler(handler)
    _PACKAGE.setLevel(logging.DEBUG)
    try:
        yield
    finally:
        handler.close()
        _PACKAGE.handlers[:], _PACKAGE.level = before


def show_log() -> None:
    """Let what the package logs appear on standard error, too, tracebacks of mistaken input included."""
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
