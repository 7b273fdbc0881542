"""Installs the add-in where Excel loads it, and takes back exactly what an installation did."""

import os
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from s6xl.addin import sources
from s6xl.addin.package import build_add_in, is_add_in
from s6xl.addin.places import INTERPRETER_ON_MACOS, INTERPRETER_ON_WINDOWS, Places
from s6xl.addin.receipt import AGAIN, Receipt, Setting, make_folder, write
from s6xl.addin.settings import Settings, setting_line
from s6xl.errors import ImpossibleHereError, UserError


def install(places: Places, interpreter: str = sys.executable) -> None:
    """Put the add-in where Excel loads it and note which Python it is to run; a second time brings both up to date.

    Everything is noted before it is done, so that `uninstall` can take it back after any failure.

    Args:
        places: where everything is.
        interpreter: the path of the Python to run.

    Raises:
        UserError: if something cannot be written, or would take the place of what is not s6xl's.
    """
    _check_interpreter(interpreter, places)
    receipt = Receipt.read(places.receipt)
    noted_before = str(places.add_in) in receipt.files
    if os.path.lexists(places.add_in) and not noted_before and not is_add_in(places.add_in):
        raise UserError(f"{places.add_in} already exists and is not s6xl's: move it elsewhere first.")
    settings = Settings.read(places.settings, places.encoding)
    was, line = settings.line(places.interpreter), setting_line(places.interpreter, interpreter)
    settings.put(places.interpreter, line)
    content = settings.content()
    noted = receipt.settings.get(places.interpreter)
    if noted is None or was not in (noted.before, *noted.written):
        noted = receipt.settings[places.interpreter] = Setting(was, [])
    if line not in noted.written:
        noted.written.append(line)
    receipt.announce_folders(receipt.path.parent)
    receipt.announce(places.add_in)
    receipt.announce_folders(places.settings.parent)
    _write_add_in(places.add_in)
    receipt.note(places.add_in)
    write(places.settings, content)
    # The script bears xlwings' name: it may be there already, and not be ours.
    if places.script and not places.script.exists():
        receipt.announce(places.script)
        write(places.script, sources.xlwings_source(sources.mac_script_name()))
        receipt.note(places.script)


def uninstall(places: Places) -> Iterator[str]:
    """Take back what the installation did.

    Args:
        places: where Excel and xlwings look for things on this machine.

    Yields:
        A sentence for each thing that was removed, or left because it has changed.

    Raises:
        ImpossibleHereError: if nothing is installed.
        UserError: if a file cannot be removed; what is left can be removed later.
    """
    if not places.receipt.exists():
        if places.add_in.exists():
            raise ImpossibleHereError(
                f"the record of the installation, {places.receipt}, is missing: delete {places.add_in} by hand."
            )
        raise ImpossibleHereError("the add-in is not installed: there is nothing to remove.")
    receipt = Receipt.read(places.receipt)
    for file in map(Path, receipt.files):
        if not file.exists():
            continue
        if receipt.is_of(file):
            _remove(file)
            yield f"removed {file}"
        else:
            yield f"left {file}: it has changed since it was installed; delete it if you do not need it"
    yield from _restore_settings(places, receipt)
    _remove(places.receipt)
    for folder in map(Path, reversed(receipt.folders)):
        # One that is not empty stays.
        with suppress(OSError):
            folder.rmdir()


def note_interpreter(places: Places, interpreter: str = sys.executable) -> bool:
    """Note which Python macros are to run, unless one is noted already.

    Args:
        places: where Excel and xlwings look for things on this machine.
        interpreter: the path of that Python.

    Returns:
        Whether it was noted now.

    Raises:
        UserError: if it cannot be noted.
    """
    settings = Settings.read(places.settings, places.encoding)
    if settings.value(places.interpreter):
        return False
    settings.put(places.interpreter, setting_line(places.interpreter, interpreter))
    make_folder(places.settings.parent)
    write(places.settings, settings.content())
    return True


def _check_interpreter(interpreter: str, places: Places) -> None:
    if places.interpreter == INTERPRETER_ON_MACOS and " " in interpreter:
        raise UserError(
            f"Excel on a Mac cannot start {interpreter}, whose path contains a space: "
            "install s6xl in a folder without spaces."
        )
    if places.interpreter == INTERPRETER_ON_WINDOWS and (
        "WindowsApps" in interpreter or "WindowsApps" in sys.base_prefix
    ):
        raise UserError(
            f"Excel cannot run {interpreter}, a Python from the Microsoft Store: "
            "install Python from python.org, and s6xl in it."
        )


def _write_add_in(path: Path) -> None:
    try:
        build_add_in(path, instead=AGAIN)
    except UserError as error:
        if isinstance(error.__cause__, PermissionError):
            raise UserError(
                f"no permission to write {path}: close Excel if it is running, and install again."
            ) from error
        raise


def _restore_settings(places: Places, receipt: Receipt) -> Iterator[str]:
    settings = Settings.read(places.settings, places.encoding)
    before = settings.content()
    for name, setting in receipt.settings.items():
        line = settings.line(name)
        if line in setting.written:
            settings.put(name, setting.before)
        elif line != setting.before:
            yield f"left {name} in {places.settings}: it has changed since the installation"
    content = settings.content()
    if content == before:
        return
    if content:
        write(places.settings, content)
        yield f"restored {places.settings}"
    else:
        _remove(places.settings)
        yield f"removed {places.settings}"


def _remove(path: Path) -> None:
    try:
        path.unlink()
    except OSError as error:
        raise UserError(f"cannot remove {path} ({error.strerror}): close Excel and try again.") from error
