"""Fills the sheet MNIST of an existing workbook, and leaves every other part of the file as it is to the byte.

No library for spreadsheets does that: each writes what it has understood of a file, and drops the rest. So the sheet's
XML is read for where its cells are, and only these are replaced.
"""

import re
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from html import unescape
from io import BytesIO
from pathlib import Path
from posixpath import dirname, join, normpath, split
from xml.etree import ElementTree

from xlsxwriter.utility import xl_cell_to_rowcol

from s6xl.errors import UserError
from s6xl.files import check_replaceable, replacing
from s6xl.ooxml.archive import METHODS, ZIP_ERRORS, replace_parts
from s6xl.ooxml.sheet_cells import Value, with_cells
from s6xl.ooxml.splicing import XmlError
from s6xl.workbook.cnn.content import HEADERS, NAMES, TABLE, Content
from s6xl.workbook.layout import MNIST, cell

SUFFIXES = (".xlsx", ".xlsm")
_RELATIONSHIP_ID = re.compile(r"\{.*/relationships\}id")
_REFERENCE = re.compile(r"\$([A-Z]{1,3})\$(\d+)(?::\$([A-Z]{1,3})\$(\d+))?")
_FORMULA = re.compile(rb"<(?:\w+:)?f[\s>](?:[^<]+|<!\[CDATA\[.*?\]\]>)*", re.DOTALL)
# References that name no sheet, or more than one: Table1[Test accuracy], Sheet1:Sheet3!K7.
_INDIRECT = re.compile(r"\[|(?:[^\W\d][\w.]*:[^\W\d][\w.]*|'[^'!]*:[^'!]*')!")
_NAMES_END = re.compile(rb"</((?:\w+:)?)definedNames>")
_CALCULATION = re.compile(rb"<((?:\w+:)?)calcPr\b([^>]*?)\s*(/?)>")
# What can be done where a workbook has no place for a run.
_WAYS_ON = (
    "give the name of a new file for a report of its own, or open this one in Excel and press Import run on the tab "
    "S6, which adds the sheet"
)


@dataclass(frozen=True)
class _Target:
    """The sheet in a file: the part that holds it, its title, and where its named cells are."""

    workbook_part: str
    part: str
    title: str
    cells: Mapping[str, str]
    has_dependents: bool


def check_fillable(path: Path) -> None:
    """See that a workbook can be filled, before a training begins.

    Raises:
        UserError: if it is no workbook, is open elsewhere or has no sheet MNIST; with what to do.
    """
    instead = "give another file with --workbook"
    check_replaceable(path, path.suffix.lower(), instead=instead)
    with _opened(path, instead) as archive:
        _find(path, archive)
        if archive.testzip() is not None:
            raise zipfile.BadZipFile


def fill(path: Path, content: Content, *, instead: str) -> None:
    """Let the sheet MNIST of a workbook show a run; `instead` is what can be done where the file cannot be written.

    Raises:
        UserError: if it cannot be filled; then it is as it was.
    """
    with replacing(path, path.suffix.lower(), instead=instead) as changed, _opened(path, instead) as archive:
        target = _find(path, archive)
        parts = {target.part: _filled(path, archive.read(target.part), target, content)}
        if target.has_dependents:
            parts[target.workbook_part] = _recalculated(archive.read(target.workbook_part))
        replace_parts(archive, changed, parts)


def _filled(path: Path, xml: bytes, target: _Target, content: Content) -> bytes:
    values: dict[str, Value] = {
        target.cells[name]: value for name, value in {**content.settings, **content.values}.items()
    }
    (first_row, first_column), (last_row, last_column) = map(xl_cell_to_rowcol, target.cells[TABLE].split(":"))
    rows = content.rows
    if last_column - first_column + 1 != len(HEADERS):
        raise UserError(f"the table on the sheet {target.title} of {path} has other columns than s6xl's: {_WAYS_ON}.")
    if len(rows) > last_row - first_row + 1:
        raise UserError(f"the table on the sheet {target.title} of {path} has too few rows for this run: {_WAYS_ON}.")
    for row in range(first_row, last_row + 1):
        shown = rows[row - first_row] if row - first_row < len(rows) else (None,) * len(HEADERS)
        values |= {cell(row + 1, first_column + 1 + index): value for index, value in enumerate(shown)}
    try:
        return with_cells(xml, values)
    except XmlError as error:
        raise UserError(f"the sheet {target.title} of {path} cannot be filled: {error}; or {_WAYS_ON}.") from None


@contextmanager
def _opened(path: Path, instead: str) -> Iterator[zipfile.ZipFile]:
    """The archive that a workbook's file is; whatever damage is met within the block is told to the user.

    It is read at once: what is looked into and what is written are the same, and an error of the system's within the
    block is one of writing.

    Raises:
        UserError: if the file cannot be read or is no workbook.
    """
    if path.suffix.lower() not in SUFFIXES:
        raise UserError(f"{path} is no workbook that can be filled: give an .xlsx or .xlsm file.")
    try:
        content = path.read_bytes()
    except OSError as error:
        raise UserError(f"{path} cannot be read ({error.strerror or error}): {instead}.") from None
    try:
        with zipfile.ZipFile(BytesIO(content)) as archive:
            _check_packing(archive)
            yield archive
    # Numbers and encodings that are none, parts, sheets and attributes that are missing.
    except (*ZIP_ERRORS, LookupError, ElementTree.ParseError, StopIteration):
        raise UserError(
            f"{path} is damaged, protected by a password or no workbook: give one that Excel opens without asking."
        ) from None


def _check_packing(archive: zipfile.ZipFile) -> None:
    entries = archive.infolist()
    # Of two parts of one name, in whatever case, each program would show another.
    names = {entry.filename.casefold() for entry in entries}
    if len(names) < len(entries) or any(entry.compress_type not in METHODS for entry in entries):
        raise zipfile.BadZipFile


def _find(path: Path, archive: zipfile.ZipFile) -> _Target:
    """The sheet MNIST of a workbook."""
    workbook_part = next(
        _absolute("", element.get("Target", ""))
        for element in _relationships(archive, "")
        if element.get("Type", "").endswith("/officeDocument")
    )
    workbook = ElementTree.fromstring(archive.read(workbook_part))
    sheets = [
        (element.get("name", ""), next(value for key, value in element.items() if _RELATIONSHIP_ID.fullmatch(key)))
        for element in workbook.iterfind("{*}sheets/{*}sheet")
    ]
    named = _named_cells(workbook, [title for title, _ in sheets])
    complete = [index for index, cells in named.items() if len(cells) == len(NAMES) and ":" in cells[TABLE]]
    # A copy that the user has made of the sheet has its names, too.
    complete.sort(key=lambda index: sheets[index][0] != MNIST)
    if not complete:
        raise UserError(f"{path} has no sheet {MNIST} as s6xl makes it: {_WAYS_ON}.")
    index = complete[0]
    title, relationship = sheets[index]
    part = next(
        _absolute(workbook_part, element.get("Target", ""))
        for element in _relationships(archive, workbook_part)
        if element.get("Id") == relationship
    )
    has_dependents = _have_dependents(archive, part, index, title, workbook)
    return _Target(workbook_part, part, title, named[index], has_dependents)


def _named_cells(workbook: ElementTree.Element, titles: Sequence[str]) -> dict[int, dict[str, str]]:
    """Where each sheet has its named cells; one that was cut and pasted to another sheet is none of its own."""
    named: dict[int, dict[str, str]] = {}
    for element in workbook.iterfind("{*}definedNames/{*}definedName"):
        name, local = element.get("name", "").lower(), element.get("localSheetId")
        if local is None or name not in NAMES:
            continue
        sheet, _, reference = (element.text or "").rpartition("!")
        place = _REFERENCE.fullmatch(reference)
        if place and bool(place[3]) == (name == TABLE) and _unquoted(sheet).lower() == titles[int(local)].lower():
            first, last = "".join(place.group(1, 2)), "".join(part or "" for part in place.group(3, 4))
            named.setdefault(int(local), {})[name] = f"{first}:{last}" if last else first
    return named


def _unquoted(title: str) -> str:
    """A sheet's title as it stands in a formula, without its quotation marks."""
    return title[1:-1].replace("''", "'") if title.startswith("'") else title


def _relationships(archive: zipfile.ZipFile, part: str) -> ElementTree.Element:
    folder, name = split(part)
    return ElementTree.fromstring(archive.read(join(folder, "_rels", f"{name}.rels")))


def _absolute(part: str, target: str) -> str:
    """A relationship's target as the archive names it."""
    return target.lstrip("/") if target.startswith("/") else normpath(join(dirname(part), target))


def _have_dependents(
    archive: zipfile.ZipFile, own_part: str, own_index: int, title: str, workbook: ElementTree.Element
) -> bool:
    """Whether a formula or a name may depend on the sheet, so that cached values are not true any more."""
    doubled = title.replace("'", "''")
    mentions = (f"{title}!".lower(), f"'{doubled}'!".lower())

    def may_depend(text: str) -> bool:
        return bool(_INDIRECT.search(text)) or any(mention in text.lower() for mention in mentions)

    # Whoever uses one of the sheet's own names is on the sheet or names it.
    names = [
        element.text or ""
        for element in workbook.iterfind("{*}definedNames/{*}definedName")
        if element.get("localSheetId") != str(own_index)
    ]
    return any(map(may_depend, names)) or any(
        # On the sheet itself a reference needs no name. Some programs write ' and " as entities, too.
        part == own_part or may_depend(unescape(formula.decode(errors="replace")))
        for part in archive.namelist()
        if "/worksheets/" in part and part.endswith(".xml")
        for formula in _FORMULA.findall(archive.read(part))
    )


def _recalculated(workbook: bytes) -> bytes:
    """The workbook's part with the wish that everything is computed when it is opened."""
    match = _CALCULATION.search(workbook)
    if match is None:
        return _NAMES_END.sub(rb'\g<0><\1calcPr fullCalcOnLoad="1"/>', workbook, count=1)
    prefix, attributes, closed = match.groups()
    kept = re.sub(rb'\s+fullCalcOnLoad\s*=\s*("[^"]*"|\'[^\']*\')', b"", attributes)
    tag = b"<" + prefix + b"calcPr" + kept + b' fullCalcOnLoad="1"' + closed + b">"
    return workbook[: match.start()] + tag + workbook[match.end() :]
