"""Processes that live on when this one and Excel have ended."""

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path


def start(module: str, arguments: Sequence[str], log: Path) -> "subprocess.Popen[bytes]":
    """Run a module of this Python's, with what it prints added to a file.

    Raises:
        OSError: if the file cannot be written, or the process not be started.
    """
    # -P: a file in the current folder must not be taken for a module of that name.
    command = [sys.executable, "-P", "-X", "utf8", "-m", module, *arguments]
    flags = 0
    if sys.platform == "win32":
        flags = subprocess.CREATE_NO_WINDOW | subprocess.CREATE_NEW_PROCESS_GROUP
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as printed:
        return subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=printed,
            stderr=printed,
            cwd=Path.home(),
            creationflags=flags,
            start_new_session=True,  # on Windows this says nothing
        )
