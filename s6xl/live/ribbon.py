"""What a button's macro runs. Excel waits for it, so it starts the worker and returns."""

import subprocess
import sys
from pathlib import Path

from s6xl.live import dialog
from s6xl.live.excel import WINDOW, WORKBOOK
from s6xl.live.leftovers import spare_other_excels
from s6xl.live.log import log_path


def press(action: str, workbook: str) -> None:
    """Start the worker that does what a button stands for.

    Args:
        action: the button's id in the ribbon.
        workbook: the name of the workbook that was active, in hexadecimal digits, four a letter in UTF-16.
    """
    # On the way here xlwings may have been imported.
    spare_other_excels()
    name = bytes.fromhex(workbook).decode("utf-16-be")
    window = [argument for argument in sys.argv if argument.startswith(f"{WINDOW}=")]
    try:
        with log_path().open("ab") as log:
            _start([action, f"{WORKBOOK}={name}", *window], log.fileno())
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
