"""The process that a button starts: does one action, and turns any failure into one message."""

import datetime
import sys
import traceback
from contextlib import suppress

from s6xl.errors import UserError
from s6xl.live import dialog
from s6xl.live.actions import ACTIONS
from s6xl.live.excel import Excel
from s6xl.live.log import log_path


def main(arguments: list[str]) -> int:
    """Run the action named first; the others say which Excel it came from. The exit status is 0 for done."""
    name, *caller = arguments
    with suppress(OSError):  # a log that cannot be written must not hide what is shown
        print(f"{datetime.datetime.now():%Y-%m-%d %H:%M:%S} {name}", flush=True)
    try:
        ACTIONS[name](Excel.from_arguments(caller))
    except UserError as error:
        message = str(error)
    except Exception as error:
        with suppress(OSError):
            traceback.print_exc()
        message = f"{name} failed: {str(error).rstrip('.') or type(error).__name__}."
    else:
        return 0
    dialog.show(f"{message[0].upper()}{message[1:]}\n\nThe log is {log_path()}.")
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
