"""One message to the person at the screen, from a process that has no window of its own."""

import subprocess
import sys

TITLE = "S6"
_MB_ICONINFORMATION, _MB_SETFOREGROUND, _MB_TOPMOST = 0x40, 0x10000, 0x40000
_APPLESCRIPT = (
    "on run arguments",
    'display dialog (item 1 of arguments) with title (item 2 of arguments) buttons {"OK"} default button "OK"',
    "end run",
)


def show(message: str) -> None:
    """Show a message and wait until it is read; where there is no Excel, it goes to standard error."""
    if sys.platform == "win32":
        import ctypes

        style = _MB_ICONINFORMATION | _MB_SETFOREGROUND | _MB_TOPMOST
        ctypes.windll.user32.MessageBoxW(None, message, TITLE, style)
    elif sys.platform == "darwin":
        script = [part for line in _APPLESCRIPT for part in ("-e", line)]
        subprocess.run(["osascript", *script, message, TITLE], check=False, capture_output=True)
    else:
        print(f"{TITLE}: {message}", file=sys.stderr, flush=True)
