"""The process that a button starts: does one action, and turns any failure into one message."""

import logging
import sys

from s6xl.errors import UserError
from s6xl.live import dialog
from s6xl.live.actions import ACTIONS
from s6xl.live.excel import Excel
from s6xl.logs import log_path, writing_log

_LOG = logging.getLogger("s6xl.live.worker")  # it is run as a program, which is called __main__


def main(arguments: list[str]) -> int:
    """Do what a button stands for, and show one message if that fails.

    Args:
        arguments: the button's id in the ribbon, then which Excel it was pressed in (`Excel.from_arguments`).

    Returns:
        The exit status: 0 for done, 1 for failed.
    """
    name, *caller = arguments
    with writing_log():
        _LOG.info("button pressed: %s", name)
        try:
            ACTIONS[name](Excel.from_arguments(caller))
        except UserError as error:
            _LOG.info("%s: %s", name, error, exc_info=error.__cause__)
            message = str(error)
        except Exception as error:
            _LOG.exception("%s failed", name)
            message = f"{name} failed: {str(error).rstrip('.') or type(error).__name__}."
        else:
            return 0
    dialog.show(f"{message[0].upper()}{message[1:]}\n\nThe log is {log_path()}.")
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
