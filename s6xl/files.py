"""Files that appear whole under their name, or not at all."""

import errno
import glob
import os
import secrets
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from itertools import chain, count
from pathlib import Path

from s6xl.errors import UserError

# What cures most of what is wrong with a file to be written.
OTHER_FILE = "choose another file with --out"
# Seconds: a scanner's look at a file; and the longest that anybody writes one.
_PATIENCE, _LONGEST_USE = 2.0, 24 * 3_600.0


@contextmanager
def replacing(path: Path, suffix: str, *, instead: str = OTHER_FILE) -> Iterator[Path]:
    """Yield a path to write to, which takes the place of `path` once the block has ended well.

    The path given stands alone in an empty folder, which is for the block's other temporary files, too. It lies beside
    its target, so that one disk has to hold everything and taking the target's place is one step of the file system.

    Args:
        path: the file to write; a link is followed.
        suffix: how its name has to end, such as ``.xlsx``.
        instead: what the user can do if it cannot be written, as the end of a sentence.

    Raises:
        UserError: if `path` does not end in `suffix`, or cannot be written.
    """
    try:
        target = _resolved(path, instead)
        _check_target(path, target, suffix, instead)
        beginning = f".{path.stem[:50]}-"
        sweep(target.parent, glob.escape(beginning) + "[0-9a-f]" * 8)
        scratch = target.parent / f"{beginning}{secrets.token_hex(4)}"
        # Nobody else is to read a private file meanwhile. On Windows the file would keep the folder's rights for good.
        scratch.mkdir(mode=0o777 if sys.platform == "win32" else 0o700)
        try:
            yield scratch / f"partial{suffix}"
            if target.exists():
                _give_rights(target, scratch / f"partial{suffix}")
            _take_place(scratch / f"partial{suffix}", target)
        finally:
            # On Windows a file that a failed write has left open cannot be removed; that must not hide the failure.
            shutil.rmtree(scratch, ignore_errors=True)
    except OSError as error:
        raise UserError(_cannot_write(path, error, instead)) from error


def sweep(folder: Path, pattern: str) -> None:
    """Remove temporary folders that a killed process has left behind.

    Args:
        folder: where they are.
        pattern: what their names match, as `Path.glob` has it. One that is younger than a day may be in use and stays.
    """
    for path in folder.glob(pattern):
        with suppress(OSError):
            if time.time() - path.stat().st_mtime > _LONGEST_USE:
                shutil.rmtree(path)


def _give_rights(old: Path, new: Path) -> None:
    """Give a file another's permissions, and its group and owner where the system lets this user do so."""
    if sys.platform != "win32":
        found = old.stat()
        for owner, group in ((-1, found.st_gid), (found.st_uid, -1)):
            with suppress(OSError):
                os.chown(new, owner, group)
    # Last, since a change of owner takes some away.
    shutil.copymode(old, new)


def _take_place(source: Path, target: Path) -> None:
    """Replace a file; on Windows whoever only looks at it, such as a virus scanner, is waited for."""
    deadline = time.monotonic() + _PATIENCE
    while True:
        try:
            source.replace(target)
        except PermissionError:
            if sys.platform != "win32" or time.monotonic() > deadline:
                raise
            time.sleep(0.05)
        else:
            return


def check_replaceable(path: Path, suffix: str, *, instead: str = OTHER_FILE) -> None:
    """See beforehand what can be seen of whether `replacing` will work.

    Args:
        path: the file to write, as for `replacing`; so are the others.
        suffix: how its name has to end.
        instead: what the user can do if it cannot be written.

    Raises:
        UserError: as `replacing` does.
    """
    try:
        _check_target(path, _resolved(path, instead), suffix, instead)
    except OSError as error:
        raise UserError(_cannot_write(path, error, instead)) from error


def _resolved(path: Path, instead: str) -> Path:
    """Where the path's links lead; Python raises an error for links in a circle up to 3.12, and stops at one later."""
    try:
        target = path.resolve()
    except RuntimeError:
        target = path
    if target.is_symlink():
        raise UserError(f"{path} is a link that leads nowhere: {instead}.")
    return target


def _check_target(path: Path, target: Path, suffix: str, instead: str) -> None:
    if path.suffix.lower() != suffix:
        raise UserError(f"{path} is not the name of a {suffix} file: give one such as s6{suffix}.")
    if target.is_dir():
        raise UserError(f"{path} is a folder: give the name of a file.")
    if not target.parent.is_dir():
        folder = target.parent if path.parent.is_dir() else path.parent
        if folder.exists():
            raise UserError(f"{folder} is not a folder: {instead}.")
        raise UserError(f"the folder {folder} does not exist: make it first, or {instead}.")
    if not target.exists():
        return
    if not target.is_file():
        raise UserError(f"{path} is not an ordinary file: {instead}.")
    # Excel and LibreOffice each leave such a file beside the one they have open.
    for lock in (target.with_name(f"~${target.name}"), target.with_name(f".~lock.{target.name}#")):
        if os.path.lexists(lock):
            raise UserError(
                f"{path} is open in another program: close it there, or {instead} "
                f"(if nothing has it open, delete {lock})."
            )
    if not os.access(target, os.W_OK):
        raise UserError(f"{path} is write-protected: {instead}.")


def _cannot_write(path: Path, error: OSError, instead: str) -> str:
    match error.errno:
        case errno.ENOSPC | errno.EDQUOT:
            return f"the disk is full, so {path} was not written: make room, or {instead}."
        case errno.EACCES | errno.EPERM:
            return f"no permission to write {path}: close it if it is open in another program, or {instead}."
        case errno.EROFS:
            return f"{path.parent} is read-only: {instead}."
        case errno.ENAMETOOLONG:
            return f"the name of {path} is too long: {instead}."
    return f"{path} could not be written ({error.strerror or error}): {instead}."


def check_name(path: Path) -> None:
    """See that a path can be written down: some systems take any bytes for a name.

    Raises:
        UserError: if not.
    """
    name = str(path.absolute())
    if "\0" in name or name.encode(errors="replace").decode() != name:
        raise UserError(f"the name {str(path)!a} is not text: rename it, or choose another one.")


def unused(path: Path, taken: Collection[str] = ()) -> Path:
    """Return a path that does not exist.

    Args:
        path: the path wished for.
        taken: names in lower case that it must not have, either.

    Returns:
        The path wished for, if it can be had; else with the first number behind its name that can: ``s6 2.xlsx``.
    """
    numbered = (path.with_name(f"{path.stem} {number}{path.suffix}") for number in count(2))
    return next(other for other in chain([path], numbered) if not other.exists() and other.name.casefold() not in taken)


def quoted(path: Path) -> str:
    """Return a path as a command line of this system takes it."""
    return subprocess.list2cmdline([str(path)]) if sys.platform == "win32" else shlex.quote(str(path))


def exists(path: Path) -> bool:
    """Whether there is something at a path, which may be one that no system takes, such as one that is too long."""
    try:
        return path.exists()
    except OSError:
        return False
