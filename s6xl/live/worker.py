"""The process that a button starts: does one action, and turns any failure into one message."""

import logging
import sys

from s6xl.errors import UserError
from s6xl.live import dialog
from s6xl.live.actions import ACTIONS
from s6xl.live.excel import Excel
from s6xl.logs import log_path, open_log

_LOG = logging.getLogger(__name__)


def main(arguments: list[str]) -> int:
    """Run the action named first; the others say which Excel it came from. The exit status is 0 for done."""
    name, *caller = arguments
    open_log()
    _LOG.info("the button %s was pressed", name)
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
