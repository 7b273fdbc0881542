"""Where the parts of the add-in come from: this project's own sources, and the installed xlwings."""

import importlib.util
from importlib.metadata import version
from pathlib import Path

from s6xl.errors import UserError
from s6xl.shipped import shipped

ADD_IN_NAME = "s6.xlam"
# What xlwings' modules name their settings after: a file, or a sheet of a workbook.
PROJECT = "s6"
SETTINGS_NAME = f"{PROJECT}.conf"

_OWN = shipped("addin")


def own(name: str) -> bytes:
    """Return one of this project's sources, by its path in the folder `addin`."""
    return (_OWN / name).read_bytes()


def own_names(pattern: str) -> list[str]:
    """Return the paths of the sources that match a pattern, in order."""
    return sorted(path.relative_to(_OWN).as_posix() for path in _OWN.glob(pattern))


def xlwings_version() -> str:
    """Return the installed version of xlwings."""
    return version("xlwings")


def xlwings_source(name: str) -> bytes:
    """Return a file that xlwings brings along, by its path in xlwings' folder; xlwings itself is not imported.

    Raises:
        UserError: if this xlwings has no such file.
    """
    folder = _xlwings_folder()
    try:
        return (folder / name).read_bytes()
    except OSError as error:
        raise UserError(
            f"xlwings {xlwings_version()} lacks its file {name}: "
            "install it again with `python -m pip install --force-reinstall xlwings`."
        ) from error


def mac_script_name() -> str:
    """Return the name of xlwings' script that lets Excel on a Mac start Python."""
    return f"xlwings-{xlwings_version()}.applescript"


def _xlwings_folder() -> Path:
    found = importlib.util.find_spec("xlwings")
    if found is None or found.origin is None:
        raise UserError("xlwings is missing: install it with `python -m pip install xlwings`.")
    return Path(found.origin).parent
