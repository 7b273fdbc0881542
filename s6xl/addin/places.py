"""Where Excel and xlwings look: the folder Excel loads add-ins from, and the file of settings."""

import locale
import platform
import sys
from dataclasses import dataclass
from pathlib import Path, PurePath

import platformdirs

from s6xl.addin import sources
from s6xl.addin.sources import ADD_IN_NAME, PROJECT, SETTINGS_NAME
from s6xl.errors import ImpossibleHereError

WINDOWS, MACOS = "win32", "darwin"
INTERPRETER_ON_WINDOWS, INTERPRETER_ON_MACOS = "INTERPRETER_WIN", "INTERPRETER_MAC"


@dataclass(frozen=True)
class Places:
    """Where the parts of an installation are.

    Attributes:
        add_in: the file that Excel loads.
        settings: xlwings' settings for it.
        interpreter: the name there of the setting for the Python to run.
        encoding: the encoding of the settings.
        receipt: where an installation notes what it did.
        script: what lets Excel on a Mac start Python; None on Windows.
    """

    add_in: Path
    settings: Path
    interpreter: str
    encoding: str
    receipt: Path
    script: Path | None = None


def places(system: str = sys.platform, home: Path | None = None, roaming: Path | None = None) -> Places:
    """Return the places on this machine.

    Args:
        system: the operating system, as `sys.platform` names it.
        home: the user's folder; by default that of the user who runs this.
        roaming: the folder that Windows calls APPDATA; by default the user's.

    Raises:
        ImpossibleHereError: where Excel does not run.
    """
    home = home or Path.home()
    receipt = platformdirs.user_data_path("s6xl", appauthor=False) / "installed.json"
    if system == WINDOWS:
        roaming = roaming or platformdirs.user_config_path(appauthor=False, roaming=True)
        return Places(
            add_in=roaming / "Microsoft" / "Excel" / "XLSTART" / ADD_IN_NAME,
            settings=home / f".{PROJECT}" / SETTINGS_NAME,
            interpreter=INTERPRETER_ON_WINDOWS,
            encoding=locale.getencoding(),
            receipt=receipt,
        )
    if system == MACOS:
        library = home / "Library"
        startup = PurePath("User Content.localized", "Startup.localized", "Excel", ADD_IN_NAME)
        return Places(
            add_in=library / "Group Containers" / "UBF8T346G9.Office" / startup,
            settings=library / "Containers" / "com.microsoft.Excel" / "Data" / SETTINGS_NAME,
            interpreter=INTERPRETER_ON_MACOS,
            encoding="ascii",  # VBA misreads other letters there
            receipt=receipt,
            script=library / "Application Scripts" / "com.microsoft.Excel" / sources.mac_script_name(),
        )
    raise ImpossibleHereError(
        f"Excel runs on Windows and macOS, not on {platform.system()}: build the add-in with "
        "`python -m s6xl addin build` and install it where Excel is."
    )
