"""A workbook's file as a package of XML parts, read within limits whatever the file holds.

Nothing that the file says of itself is trusted: sizes are counted as they are unpacked, and XML is read in pieces, so
that no part is ever in memory as a whole.
"""

import io
import mmap
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from posixpath import dirname, join, normpath, split
from typing import NamedTuple
from urllib.parse import unquote
from xml.parsers import expat

from s6xl.errors import UserError
from s6xl.ooxml.archive import METHODS, ZIP_ERRORS

SUFFIXES = (".xlsx", ".xlsm", ".xltx", ".xltm")
DEEPEST = 200  # elements within one another; Excel's own parts stay below 40
LONGEST_TEXT = 1 << 18  # characters; Excel's cells hold 32,767, of which each can be written as seven
MOST_ENTRIES = 100_000  # of what a part lists: sheets and names, other parts
_CHUNK = 1 << 16
_MOST_BYTES = 128 << 20  # unpacked, of all parts together: as much as ten seconds of reading
_MOST_SMALL_BYTES = 32 << 20  # of one part that is no sheet
_LONGEST_TAG = 8 << 20
_LARGEST_DIRECTORY = 4 << 20  # of a ZIP archive: some 40,000 parts
_ZIP, _COMPOUND_FILE = b"PK", bytes.fromhex("D0CF11E0A1B11AE1")
_ENCRYPTED = "EncryptedPackage".encode("utf-16-le")  # how a compound file names a workbook that has a password
SAVE_AS = "open it in Excel or LibreOffice and save it as .xlsx"

Attributes = dict[str, str]
StartHandler = Callable[[str, Attributes], None]
EndHandler = Callable[[str], None]
TextHandler = Callable[[str], None]


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


class _SmallReads(io.BufferedReader):
    """A file of which nothing large is read at once, as zipfile does with the whole directory of an archive."""

    def read(self, size: int | None = -1, /) -> bytes:
        if size is not None and size > _LARGEST_DIRECTORY:
            raise zipfile.BadZipFile
        return super().read(size)


class Package:
    """The parts of an opened workbook; they are read as long as `deadline` raises nothing."""

    def __init__(self, path: Path, archive: zipfile.ZipFile, deadline: Callable[[], None]) -> None:
        self.path = path
        self.deadline = deadline
        self._archive = archive
        # The names of parts do not differ in case, and some programs write Windows' separators.
        self._entries = {_key(entry.filename): entry for entry in archive.infolist()}
        self._left = _MOST_BYTES

    @property
    def entries(self) -> list[zipfile.ZipInfo]:
        """What the archive says it holds, in its order."""
        return self._archive.infolist()

    def entry_name(self, part: str) -> str | None:
        """A part's name as the archive has it; None where there is no such part."""
        entry = self._entry(part)
        return entry.filename if entry else None

    def content(self, part: str) -> bytes:
        """A part as a whole.

        Raises:
            DamagedPartError: if there is none of that name, or it cannot be read.
        """
        self.deadline()
        try:
            return b"".join(self._chunks(part))
        except DamagedPartError as error:
            raise DamagedPartError(f"{_printable(part)}: {error}") from None

    def relationships(self, part: str) -> dict[str, Relationship]:
        """What a part refers to within the package, by the ids it uses; nothing where it has no relationships.

        Raises:
            DamagedPartError: if they cannot be read.
        """
        folder, name = split(part)
        relations = join(folder, "_rels", f"{name}.rels")
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
        """The parts that a part refers to as a kind, each once.

        Raises:
            DamagedPartError: if its relationships cannot be read.
        """
        return list(dict.fromkeys(target for relation, target in self.relationships(part).values() if relation == kind))

    def elements(self, part: str) -> Iterator[Element]:
        """The elements of a small part in the order in which they end, their names without namespaces.

        Raises:
            DamagedPartError: if there is none of that name, or it cannot be read.
        """
        path: list[str] = []
        opened: list[Attributes] = []
        ended: list[Element] = []
        last_text = ""

        def start(name: str, attributes: Attributes) -> None:
            nonlocal last_text
            path.append(local_name(name))
            opened.append({local_name(key): value for key, value in attributes.items()})
            last_text = ""
            if len(path) > DEEPEST:
                raise DamagedPartError("its XML is nested too deeply")

        def end(name: str) -> None:
            nonlocal last_text
            ended.append(Element(tuple(path), opened.pop(), last_text))
            path.pop()
            last_text = ""

        def text(data: str) -> None:
            nonlocal last_text
            last_text += data
            if len(last_text) > LONGEST_TEXT:
                raise DamagedPartError("it holds too long a text")

        for _ in self._parsing(part, start, end, text, _MOST_SMALL_BYTES):
            yield from ended
            ended.clear()

    def parse(self, part: str, start: StartHandler, end: EndHandler, text: TextHandler) -> None:
        """Call the handlers for each start and end of an element and each text of a part; names are ``namespace}name``.

        Raises:
            DamagedPartError: if there is none of that name, or it cannot be read.
        """
        for _ in self._parsing(part, start, end, text, _MOST_BYTES):
            pass

    def _parsing(self, part: str, start: StartHandler, end: EndHandler, text: TextHandler, most: int) -> Iterator[None]:
        """Parse a part piece by piece."""
        parser = expat.ParserCreate(namespace_separator="}")
        parser.buffer_text = True
        parser.StartElementHandler, parser.EndElementHandler, parser.CharacterDataHandler = start, end, text
        parser.StartDoctypeDeclHandler = _refuse
        fed = 0
        self.deadline()
        try:
            for chunk in self._chunks(part):
                self.deadline()
                fed += len(chunk)
                parser.Parse(chunk, False)
                if fed > most or fed - parser.CurrentByteIndex > _LONGEST_TAG:
                    raise DamagedPartError("it is too large")
                yield
            parser.Parse(b"", True)
        except (DamagedPartError, expat.ExpatError) as error:
            raise DamagedPartError(f"{_printable(part)}: {_printable(str(error))}") from None
        except (ValueError, LookupError):
            raise DamagedPartError(f"{_printable(part)}: it has a number or a character that cannot be read") from None
        yield

    def _chunks(self, part: str) -> Iterator[bytes]:
        entry = self._entry(part)
        if entry is None:
            raise DamagedPartError("it is missing")
        if entry.flag_bits & 1:
            raise _protected(self.path)
        if entry.compress_type not in METHODS:
            raise DamagedPartError("it is packed in a way that no spreadsheet uses")
        with self._unpacking():
            stream = self._archive.open(entry)
        with stream:
            while True:
                with self._unpacking():
                    chunk = stream.read(_CHUNK)
                if not chunk:
                    return
                self._left -= len(chunk)
                if self._left < 0:
                    raise UserError(
                        f"{self.path} unpacks to more than {_MOST_BYTES >> 20} MB, which no backpropagation workbook "
                        "needs: delete what it does not need, or copy its tables into a new workbook."
                    )
                yield chunk

    @contextmanager
    def _unpacking(self) -> Iterator[None]:
        try:
            yield
        except ZIP_ERRORS:
            raise DamagedPartError("it cannot be unpacked") from None
        except OSError as error:
            raise _unreadable(self.path, error) from None

    def _entry(self, part: str) -> zipfile.ZipInfo | None:
        return self._entries.get(_key(part)) or self._entries.get(_key(unquote(part)))


@contextmanager
def opened(path: Path, deadline: Callable[[], None]) -> Iterator[Package]:
    """The package that a workbook's file is; whatever damage is met within the block is told to the user.

    Raises:
        UserError: if the file cannot be read or is no workbook; with the cure.
    """
    with _archive(path) as archive:
        try:
            yield Package(path, archive, deadline)
        except DamagedPartError as error:
            raise UserError(f"{path} is damaged ({error}): {SAVE_AS}.") from None


def local_name(name: str) -> str:
    """A name without its namespace."""
    return name.rpartition("}")[2]


@contextmanager
def _archive(path: Path) -> Iterator[zipfile.ZipFile]:
    try:
        _check_name(path)
        file = _SmallReads(path.open("rb", buffering=0))
    except OSError as error:
        raise _unreadable(path, error) from None
    with file:
        try:
            _check_beginning(path, file)
            archive = zipfile.ZipFile(file)
        except ZIP_ERRORS:
            raise UserError(f"{path} is cut short or damaged: copy or download it once more.") from None
        except OSError as error:
            raise _unreadable(path, error) from None
        with archive:
            yield archive


def _check_name(path: Path) -> None:
    if not path.exists():
        raise FileNotFoundError
    if path.is_dir():
        raise UserError(f"{path} is a folder: give the name of a workbook.")
    if path.suffix.lower() not in SUFFIXES:
        raise UserError(f"{path} is no {', '.join(SUFFIXES[:-1])} or {SUFFIXES[-1]} file: {SAVE_AS}.")
    # Whoever opens a pipe waits for what never comes.
    if not path.is_file():
        raise UserError(f"{path} is no ordinary file: give the name of a workbook.")


def _check_beginning(path: Path, file: io.BufferedReader) -> None:
    beginning = file.read(len(_COMPOUND_FILE))
    if not beginning:
        raise UserError(f"{path} is empty: copy or download it once more.")
    if beginning == _COMPOUND_FILE:
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
            encrypted = content.find(_ENCRYPTED, 0, _MOST_BYTES) >= 0
        if encrypted:
            raise _protected(path)
        raise UserError(f"{path} is a workbook of the old kind (.xls): {SAVE_AS}.")
    if not beginning.startswith(_ZIP):
        raise UserError(f"{path} is no workbook, for all its name ends in {path.suffix}: {SAVE_AS}.")


def _protected(path: Path) -> UserError:
    return UserError(f"{path} is protected by a password: {SAVE_AS} without one.")


def _unreadable(path: Path, error: OSError) -> UserError:
    match error:
        case FileNotFoundError() | NotADirectoryError():
            return UserError(f"{path} does not exist: check the name.")
        case PermissionError():
            return UserError(f"no permission to read {path}: close it if it is open in another program, or copy it.")
    return UserError(f"{path} could not be read ({error.strerror or error}): copy it to this computer's disk.")


def _refuse(*declaration: object) -> None:
    # Entities that multiply, or that are read from elsewhere, need a DOCTYPE; no workbook has one.
    raise DamagedPartError("it has a DOCTYPE, which no spreadsheet writes")


def _absolute(part: str, target: str) -> str:
    """A relationship's target as the archive names it."""
    target = target.replace("\\", "/")
    return normpath(target.lstrip("/") if target.startswith("/") else join(dirname(part), target))


def _key(name: str) -> str:
    return name.replace("\\", "/").lstrip("/").casefold()


def _printable(text: str) -> str:
    return "".join(character if character.isprintable() else "?" for character in text)[:100]
