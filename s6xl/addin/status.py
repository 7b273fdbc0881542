"""Says what of the add-in is where."""

import os
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from s6xl.addin.places import Places
from s6xl.addin.receipt import Receipt
from s6xl.addin.settings import Settings

_INSTALL = "`python -m s6xl addin install`"


@dataclass(frozen=True)
class StatusLine:
    """What is where, and whether it is as it should be."""

    good: bool
    text: str


def status(places: Places, interpreter: str = sys.executable) -> Iterator[StatusLine]:
    """Yield a line each for the add-in, the Python that it runs, and on a Mac the script that starts it.

    Args:
        places: where everything is.
        interpreter: the Python that an installation would note.

    Raises:
        UserError: if the settings or the record of the installation cannot be read.
    """
    if not places.add_in.exists():
        yield StatusLine(False, f"add-in: not installed; {_INSTALL} installs it at {places.add_in}")
    elif Receipt.read(places.receipt).is_of(places.add_in):
        yield StatusLine(True, f"add-in: {places.add_in}")
    else:
        yield StatusLine(False, f"add-in: {places.add_in} has changed since it was installed; {_INSTALL} renews it")
    settings = Settings.read(places.settings, places.encoding)
    if number := settings.fault():
        yield StatusLine(
            False,
            f"settings: line {number} of {places.settings} is not a setting, so Excel misreads those after it: "
            "delete it",
        )
    noted = settings.value(places.interpreter)
    if not noted:
        yield StatusLine(False, f"Python: not set in {places.settings}; {_INSTALL} sets {interpreter}")
    elif not _is_there(noted):
        yield StatusLine(False, f"Python: {noted}, set in {places.settings}, is missing; {_INSTALL} sets {interpreter}")
    else:
        other = "" if noted == interpreter else f"; this command runs in {interpreter}"
        yield StatusLine(True, f"Python: {noted}, set in {places.settings}{other}")
    if places.script and places.script.exists():
        yield StatusLine(True, f"script: {places.script}")
    elif places.script:
        yield StatusLine(False, f"script: {places.script} is missing; {_INSTALL} installs it")


def _is_there(program: str) -> bool:
    """Whether a program is where it is said to be, or on the PATH; xlwings looks variables up, too."""
    expanded = os.path.expandvars(program)
    return Path(expanded).exists() or shutil.which(expanded) is not None
