"""What a button's macro runs. Excel waits for it, so it starts the worker and returns."""

import sys

from s6xl.live import dialog
from s6xl.live.excel import WINDOW, WORKBOOK
from s6xl.live.leftovers import spare_other_excels
from s6xl.live.process import start
from s6xl.logs import log_path


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
        start("s6xl.live.worker", [action, f"{WORKBOOK}={name}", *window], log_path())
    except OSError as error:
        dialog.show(f"The button {action} could not start its worker: {error}.")
