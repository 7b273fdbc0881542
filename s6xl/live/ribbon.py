"""What a button's macro runs. Excel waits for it, so it starts the worker and returns."""

import subprocess
import sys
from pathlib import Path

from s6xl.live import dialog
from s6xl.live.excel import WINDOW, WORKBOOK
from s6xl.live.log import log_path


def press(action: str) -> None:
    """Start the worker that does what a button stands for; `action` is the button's id in the ribbon."""
    caller = [argument for argument in sys.argv if argument.partition("=")[0] in (WORKBOOK, WINDOW)]
    try:
        with log_path().open("ab") as log:
            _start([action, *caller], log.fileno())
    except OSError as error:
        dialog.show(f"The button {action} could not start its worker: {error}.")


def _start(arguments: list[str], log: int) -> None:
    """Start the worker so that it lives on when this process and Excel have ended."""
    # -P: a file in the current folder must not be taken for a module of that name.
    command = [sys.executable, "-P", "-X", "utf8", "-m", "s6xl.live.worker", *arguments]
    flags = 0
    if sys.platform == "win32":
        flags = subprocess.CREATE_NO_WINDOW | subprocess.CREATE_NEW_PROCESS_GROUP
    subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=log,
        cwd=Path.home(),
        creationflags=flags,
        start_new_session=True,  # on Windows this says nothing
    )
