"""Where the parts of the add-in come from: this project's own sources, and the installed xlwings."""

import importlib.util
from importlib.metadata import version
from pathlib import Path

ADD_IN_NAME = "s6.xlam"
# What xlwings' modules name their settings after: the file s6.conf, or a sheet of that name.
PROJECT = "s6"

_PACKAGE = Path(__file__).parent.parent
# A wheel carries the sources in the package; a clone has them beside it.
_OWN = next(folder for folder in (_PACKAGE / "_addin", _PACKAGE.parent / "addin") if folder.is_dir())


def own(name: str) -> bytes:
    """One of this project's sources, by its path in the folder `addin`."""
    return (_OWN / name).read_bytes()


def own_names(pattern: str) -> list[str]:
    """The paths of the sources that match a pattern, in order."""
    return sorted(path.relative_to(_OWN).as_posix() for path in _OWN.glob(pattern))


def xlwings_folder() -> Path:
    """Where xlwings is installed; it is not imported, which takes a second."""
    found = importlib.util.find_spec("xlwings")
    assert found is not None
    assert found.origin is not None
    return Path(found.origin).parent


def xlwings_version() -> str:
    """The installed version of xlwings."""
    return version("xlwings")


def mac_script() -> Path:
    """xlwings' script that lets Excel on a Mac start Python."""
    return xlwings_folder() / f"xlwings-{xlwings_version()}.applescript"
