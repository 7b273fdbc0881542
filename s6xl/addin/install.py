"""Installs the add-in where Excel loads it, and takes back exactly what an installation did."""

import hashlib
import json
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from s6xl.addin import sources
from s6xl.addin.package import build_add_in
from s6xl.addin.places import Places
from s6xl.addin.settings import read_settings, settings_bytes
from s6xl.errors import ImpossibleHereError, UserError
from s6xl.files import replacing

CLOSE_EXCEL = "close Excel and try again"


@dataclass
class Receipt:
    """What an installation did: files with their fingerprints, folders made, and what settings were before.

    A file that is yet to be written has the empty fingerprint.
    """

    files: dict[str, str] = field(default_factory=dict)
    folders: list[str] = field(default_factory=list)
    settings: dict[str, str | None] = field(default_factory=dict)


def install(places: Places, interpreter: str = sys.executable) -> None:
    """Put the add-in where Excel loads it and note which Python it is to run; a second time brings both up to date.

    What was written is noted before it is written, so that `uninstall` finds it after any failure.

    Raises:
        UserError: if something cannot be written.
    """
    receipt = _read_receipt(places)
    settings = read_settings(places.settings, places.encoding)
    if settings.get(places.interpreter) != interpreter:
        receipt.settings.setdefault(places.interpreter, settings.get(places.interpreter))
    content = settings_bytes({**settings, places.interpreter: interpreter}, places.encoding)
    for file in (places.add_in, places.script):
        if file and not file.exists():
            receipt.files[str(file)] = ""
    for file in (places.add_in, places.settings, places.script):
        if file:
            _make_folder(file.parent, receipt, places)
    build_add_in(places.add_in, instead=CLOSE_EXCEL)
    _note(places.add_in, receipt, places)
    _write(places.settings, content)
    if places.script:
        _write(places.script, sources.mac_script().read_bytes())
        _note(places.script, receipt, places)


def uninstall(places: Places) -> Iterator[str]:
    """Take back what the installation did; yields a sentence for each thing done, or left because it has changed.

    Raises:
        ImpossibleHereError: if nothing is installed.
        UserError: if a file cannot be removed; what is left can be removed later.
    """
    if not places.receipt.exists():
        raise ImpossibleHereError("the add-in is not installed: there is nothing to take back.")
    receipt = _read_receipt(places)
    for name, fingerprint in receipt.files.items():
        file = Path(name)
        if not file.exists():
            continue
        if fingerprint not in ("", _fingerprint(file)):
            yield f"left {file}: it has changed since it was installed; delete it if you do not need it."
            continue
        _removing(file)
        yield f"removed {file}"
    yield from _restore_settings(places, receipt)
    for folder in reversed(receipt.folders):
        if Path(folder).is_dir() and not any(Path(folder).iterdir()):
            Path(folder).rmdir()
    _removing(places.receipt)


def note_interpreter(places: Places, interpreter: str = sys.executable) -> bool:
    """Note which Python macros are to run, unless one is noted already; whether it was noted now."""
    settings = read_settings(places.settings, places.encoding)
    if places.interpreter in settings:
        return False
    content = settings_bytes({**settings, places.interpreter: interpreter}, places.encoding)
    places.settings.parent.mkdir(parents=True, exist_ok=True)
    _write(places.settings, content)
    return True


def status(places: Places, interpreter: str = sys.executable) -> tuple[bool, list[str]]:
    """Whether the add-in is installed and up to date, and what is where, a line each."""
    noted = read_settings(places.settings, places.encoding).get(places.interpreter)
    lines, good = [], True

    def say(fine: bool, text: str) -> None:
        nonlocal good
        good = good and fine
        lines.append(text)

    if not places.add_in.exists():
        say(False, f"add-in: not installed; `python -m s6xl addin install` puts it at {places.add_in}")
    elif _read_receipt(places).files.get(str(places.add_in)) != _fingerprint(places.add_in):
        say(False, f"add-in: {places.add_in}, but not as it was installed; `python -m s6xl addin install` renews it")
    else:
        say(True, f"add-in: {places.add_in}")
    if noted is None:
        say(False, f"Python: none named in {places.settings}; `python -m s6xl addin install` names {interpreter}")
    elif not Path(noted).exists():
        say(
            False, f"Python: {noted} (named in {places.settings}) is gone; `python -m s6xl addin install` names another"
        )
    else:
        other = "" if noted == interpreter else f", not this one, {interpreter}"
        say(True, f"Python: {noted} (named in {places.settings}){other}")
    if places.script:
        installed = places.script.exists()
        say(installed, f"script: {places.script}{'' if installed else ' is missing; `python -m s6xl addin install`'}")
    lines.append(f"xlwings: {sources.xlwings_version()}")
    return good, lines


def _restore_settings(places: Places, receipt: Receipt) -> Iterator[str]:
    settings = read_settings(places.settings, places.encoding)
    for name, before in receipt.settings.items():
        if before is None:
            settings.pop(name, None)
        else:
            settings[name] = before
    if not receipt.settings or not places.settings.exists():
        return
    if settings:
        _write(places.settings, settings_bytes(settings, places.encoding))
        yield f"restored {places.settings}"
    else:
        _removing(places.settings)
        yield f"removed {places.settings}"


def _make_folder(folder: Path, receipt: Receipt, places: Places) -> None:
    missing = [parent for parent in (folder, *folder.parents) if not parent.exists()]
    receipt.folders += [str(parent) for parent in reversed(missing)]
    _write_receipt(receipt, places)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(f"cannot make the folder {folder} ({error.strerror}): is Excel installed here?") from None


def _note(file: Path, receipt: Receipt, places: Places) -> None:
    receipt.files[str(file)] = _fingerprint(file)
    _write_receipt(receipt, places)


def _read_receipt(places: Places) -> Receipt:
    try:
        noted: dict[str, Any] = json.loads(places.receipt.read_text(encoding="utf-8"))
        return Receipt(**noted)
    except FileNotFoundError:
        return Receipt()
    except (OSError, ValueError, TypeError) as error:
        raise UserError(f"cannot read {places.receipt} ({error}): delete it, then install again.") from None


def _write_receipt(receipt: Receipt, places: Places) -> None:
    places.receipt.parent.mkdir(parents=True, exist_ok=True)
    _write(places.receipt, json.dumps(asdict(receipt), indent=1, ensure_ascii=False).encode())


def _write(path: Path, content: bytes) -> None:
    with replacing(path, path.suffix, instead=CLOSE_EXCEL) as partial:
        partial.write_bytes(content)


def _removing(path: Path) -> None:
    try:
        path.unlink()
    except OSError as error:
        raise UserError(f"cannot remove {path} ({error.strerror}): {CLOSE_EXCEL}.") from None


def _fingerprint(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
