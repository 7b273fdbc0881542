"""A workbook's file as a package of XML parts, read within limits whatever the file holds.

Nothing that the file says of itself is trusted: sizes are counted as they are unpacked, and XML is read in pieces, so
that no part is ever in memory as a whole.
"""

import io
import mmap
import zipfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from posixpath import dirname, join, normpath, split
from typing import NamedTuple
from urllib.parse import unquote

from s6xl.errors import UserError
from s6xl.ooxml.archive import METHODS, ZIP_ERRORS, replace_parts
from s6xl.ooxml.scanning import Attributes, Scanner, XmlError, local_name

SUFFIXES = (".xlsx", ".xlsm", ".xltx", ".xltm")
MOST_ENTRIES = 100_000  # of what a part lists: sheets and names, other parts
_CHUNK = 1 << 16
_MOST_BYTES = 128 << 20  # unpacked, of all parts read together: as much as ten seconds of reading
_MOST_SMALL_BYTES = 32 << 20  # of one part that is no sheet
_LARGEST_DIRECTORY = 4 << 20  # of a ZIP archive: some 40,000 parts
_ZIP, _COMPOUND_FILE = b"PK", bytes.fromhex("D0CF11E0A1B11AE1")
_COPY = "copy it to this computer's disk"
_ENCRYPTED = "EncryptedPackage".encode("utf-16-le")  # how a compound file names a workbook that has a password


class DamagedPartError(Exception):
    """Why a part cannot be read, as the middle of a sentence."""


class Relationship(NamedTuple):
    """What a part refers to: another part, and as what, such as ``worksheet``."""

    kind: str
    part: str


class Element(NamedTuple):
    """An element that has ended: the names from the root down to its own, its attributes, and its last text."""

    path: tuple[str, ...]
    attributes: Attributes
    text: str


class _ElementScanner(Scanner):
    """Keeps the elements that have ended, until they are taken."""

    def __init__(self) -> None:
        super().__init__()
        self.ended: list[Element] = []
        self._path: list[str] = []
        self._attributes: list[Attributes] = []

    def begin(self, name: str, attributes: Attributes) -> None:
        self._path.append(local_name(name))
        self._attributes.append({local_name(key): value for key, value in attributes.items()})

    def close(self, name: str) -> None:
        self.ended.append(Element(tuple(self._path), self._attributes.pop(), self.text))
        self._path.pop()


class _SmallReads(io.BufferedReader):
    """A file of which nothing large is read at once, as zipfile does with the whole directory of an archive."""

    def read(self, size: int | None = -1, /) -> bytes:
        if size is not None and size > _LARGEST_DIRECTORY:
            raise zipfile.BadZipFile
        return super().read(size)


class Package:
    """The parts of an opened workbook."""

    def __init__(
        self, path: Path, archive: zipfile.ZipFile, deadline: Callable[[], None], most_bytes: int, instead: str
    ) -> None:
        self.path = path
        self.deadline = deadline
        self._instead = instead
        self._archive = archive
        # The names of parts do not differ in case, and some programs write Windows' separators.
        self._entries = {_key(entry.filename): entry for entry in archive.infolist()}
        self._most_bytes = self._left = most_bytes

    @property
    def entries(self) -> list[zipfile.ZipInfo]:
        """What the archive says it holds, in its order."""
        return self._archive.infolist()

    def entry_name(self, part: str) -> str | None:
        """Return a part's name as the archive has it; None where there is no such part."""
        entry = self._entry(part)
        return entry.filename if entry else None

    def check_entries(self) -> None:
        """See that a copy can be made in which some parts are others.

        Raises:
            DamagedPartError: if two parts have one name, or one is packed in a way that no spreadsheet uses.
        """
        names = {entry.filename.casefold() for entry in self.entries}
        # Of two such parts, each program would show another.
        if len(names) < len(self.entries):
            raise DamagedPartError("two of its parts have the same name")
        for entry in self.entries:
            self._check_packing(entry)

    def check_contents(self) -> None:
        """See that each part can be unpacked.

        Raises:
            DamagedPartError: if one cannot.
        """
        for entry in self.entries:
            with self._naming(entry.filename):
                for _ in self._unpacked(entry):
                    pass

    def copy(self, target: Path, parts: Mapping[str, bytes]) -> None:
        """Write a copy in which some parts are replaced or added; all others stay byte for byte as they are.

        Raises:
            DamagedPartError: if a part cannot be unpacked.
            OSError: if the copy cannot be written.
        """
        try:
            replace_parts(
                self._archive, target, {self.entry_name(part) or part: content for part, content in parts.items()}
            )
        except ZIP_ERRORS as error:
            raise DamagedPartError("it cannot be unpacked") from error

    def content(self, part: str) -> bytes:
        """Return a part as a whole.

        Raises:
            DamagedPartError: if there is none of that name, or it cannot be read.
        """
        self.deadline()
        with self._naming(part):
            return b"".join(self._chunks(part))

    def relationships(self, part: str) -> dict[str, Relationship]:
        """Return what a part refers to within the package, by the ids it uses; nothing if it has no relationships.

        Raises:
            DamagedPartError: if they cannot be read.
        """
        relations = relationships_part(part)
        if self._entry(relations) is None:
            return {}
        found: dict[str, Relationship] = {}
        for path, attributes, _ in self.elements(relations):
            if path == ("Relationships", "Relationship") and attributes.get("TargetMode", "").lower() != "external":
                kind, target = attributes.get("Type", "").rpartition("/")[2], attributes.get("Target", "")
                found[attributes.get("Id", "")] = Relationship(kind, _absolute(part, target))
                if len(found) > MOST_ENTRIES:
                    raise DamagedPartError(f"{_printable(relations)}: it has too many entries")
        return found

    def targets(self, part: str, kind: str) -> list[str]:
        """Return the parts that a part refers to as a kind, each once.

        Raises:
            DamagedPartError: if its relationships cannot be read.
        """
        return list(dict.fromkeys(target for relation, target in self.relationships(part).values() if relation == kind))

    def elements(self, part: str) -> Iterator[Element]:
        """Yield the elements of a small part in the order in which they end, their names without namespaces.

        Raises:
            DamagedPartError: if there is none of that name, or it cannot be read.
        """
        scanner = _ElementScanner()
        for _ in self._scanning(part, scanner, _MOST_SMALL_BYTES):
            yield from scanner.ended
            scanner.ended.clear()

    def scan(self, part: str, scanner: Scanner) -> None:
        """Let a scanner go through a part.

        Raises:
            DamagedPartError: if there is none of that name, or it cannot be read.
        """
        for _ in self._scanning(part, scanner, self._most_bytes):
            pass

    def _scanning(self, part: str, scanner: Scanner, most: int) -> Iterator[None]:
        """Scan a part piece by piece."""
        self.deadline()
        with self._naming(part):
            for _ in scanner.scan(self._chunks(part), most):
                self.deadline()
                yield

    @contextmanager
    def _naming(self, part: str) -> Iterator[None]:
        """Tell which part it is that is damaged."""
        try:
            yield
        except (DamagedPartError, XmlError) as error:
            raise DamagedPartError(f"{_printable(part)}: {_printable(str(error))}") from error

    def _chunks(self, part: str) -> Iterator[bytes]:
        entry = self._entry(part)
        if entry is None:
            raise DamagedPartError("it is missing")
        for chunk in self._unpacked(entry):
            self._left -= len(chunk)
            if self._left < 0:
                raise UserError(
                    f"{self.path} unpacks to more than {self._most_bytes >> 20} MB, which no backpropagation workbook "
                    "needs: delete what it does not need, or copy its tables into a new workbook."
                )
            yield chunk

    def _unpacked(self, entry: zipfile.ZipInfo) -> Iterator[bytes]:
        self._check_packing(entry)
        with self._unpacking():
            stream = self._archive.open(entry)
        with stream:
            while True:
                with self._unpacking():
                    chunk = stream.read(_CHUNK)
                if not chunk:
                    return
                yield chunk

    def _check_packing(self, entry: zipfile.ZipInfo) -> None:
        if entry.flag_bits & 1:
            raise _protected(self.path)
        if entry.compress_type not in METHODS:
            raise DamagedPartError("it is packed in a way that no spreadsheet uses")

    @contextmanager
    def _unpacking(self) -> Iterator[None]:
        try:
            yield
        except ZIP_ERRORS as error:
            raise DamagedPartError("it cannot be unpacked") from error
        except OSError as error:
            raise _unreadable(self.path, error, self._instead) from error

    def _entry(self, part: str) -> zipfile.ZipInfo | None:
        return self._entries.get(_key(part)) or self._entries.get(_key(unquote(part)))


@contextmanager
def opened(
    path: Path, deadline: Callable[[], None], *, most_bytes: int = _MOST_BYTES, instead: str = _COPY
) -> Iterator[Package]:
    """Open a workbook's file as a package; whatever damage is met within the block is told to the user.

    Args:
        path: the file.
        deadline: is called again and again, and ends the reading by what it raises.
        most_bytes: as much may be unpacked, of all parts read together.
        instead: what can be done where the system does not let the file be read.

    Raises:
        UserError: if the file cannot be read or is not a workbook; with the cure.
    """
    with _archive(path, instead) as archive:
        try:
            yield Package(path, archive, deadline, most_bytes, instead)
        except DamagedPartError as error:
            raise UserError(f"{path} is damaged ({error}): {save_as(path)}.") from error


def save_as(path: Path) -> str:
    """Return what cures most of what is wrong with a workbook's file; one with macros keeps them."""
    suffix = ".xlsm" if path.suffix.lower() in (".xlsm", ".xltm") else ".xlsx"
    return f"open it in Excel or LibreOffice and save it as {suffix}"


def relationships_part(part: str) -> str:
    """Return the part that holds the relationships of a part."""
    folder, name = split(part)
    return join(folder, "_rels", f"{name}.rels")


@contextmanager
def _archive(path: Path, instead: str) -> Iterator[zipfile.ZipFile]:
    try:
        _check_name(path)
        file = _SmallReads(path.open("rb", buffering=0))
    except OSError as error:
        raise _unreadable(path, error, instead) from error
    with file:
        try:
            _check_beginning(path, file)
            archive = zipfile.ZipFile(file)
        except ZIP_ERRORS as error:
            raise UserError(f"{path} is cut short or damaged: copy or download it once more.") from error
        except OSError as error:
            raise _unreadable(path, error, instead) from error
        with archive:
            yield archive


def _check_name(path: Path) -> None:
    if not path.exists():
        raise FileNotFoundError
    if path.is_dir():
        raise UserError(f"{path} is a folder: give the name of a workbook.")
    if path.suffix.lower() not in SUFFIXES:
        raise UserError(f"{path} is not an {', '.join(SUFFIXES[:-1])} or {SUFFIXES[-1]} file: {save_as(path)}.")
    # Whoever opens a pipe waits for what never comes.
    if not path.is_file():
        raise UserError(f"{path} is not an ordinary file: give the name of a workbook.")


def _check_beginning(path: Path, file: io.BufferedReader) -> None:
    beginning = file.read(len(_COMPOUND_FILE))
    if not beginning:
        raise UserError(f"{path} is empty: copy or download it once more.")
    if beginning == _COMPOUND_FILE:
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
            encrypted = content.find(_ENCRYPTED, 0, _MOST_BYTES) >= 0
        if encrypted:
            raise _protected(path)
        raise UserError(f"{path} is a workbook of the old kind (.xls): {save_as(path)}.")
    if not beginning.startswith(_ZIP):
        raise UserError(f"{path} is not a workbook, although its name ends in {path.suffix}: {save_as(path)}.")


def _protected(path: Path) -> UserError:
    return UserError(f"{path} is protected by a password: {save_as(path)} without one.")


def _unreadable(path: Path, error: OSError, instead: str) -> UserError:
    match error:
        case FileNotFoundError() | NotADirectoryError():
            return UserError(f"{path} does not exist: check the name.")
        case PermissionError():
            return UserError(f"no permission to read {path}: close it if it is open in another program, or {instead}.")
    return UserError(f"{path} could not be read ({error.strerror or error}): {instead}.")


def _absolute(part: str, target: str) -> str:
    """Return a relationship's target as the archive names it."""
    target = target.replace("\\", "/")
    return normpath(target.lstrip("/") if target.startswith("/") else join(dirname(part), target))


def _key(name: str) -> str:
    return name.replace("\\", "/").lstrip("/").casefold()


def _printable(text: str) -> str:
    return "".join(character if character.isprintable() else "?" for character in text)[:100]
