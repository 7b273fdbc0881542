"""Fills the sheet MNIST of an existing workbook, and leaves every other part of the file as it is to the byte.

No library for spreadsheets does that: each writes what it has understood of a file, and drops the rest. So the sheet's
XML is read for where its cells are, and only these are replaced.
"""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from s6xl.errors import UserError
from s6xl.files import check_replaceable, replacing
from s6xl.ooxml.addresses import Rectangle, address, area_of_name
from s6xl.ooxml.contents import Contents, ListedSheet, contents_of
from s6xl.ooxml.package import Package, opened
from s6xl.ooxml.scanning import Attributes, Scanner, XmlError, local_name
from s6xl.ooxml.sheet_cells import Value, with_cells
from s6xl.ooxml.splicing import elements, spliced, tag_end, with_attribute
from s6xl.workbook.cnn.content import HEADERS, NAMES, TABLE, Content
from s6xl.workbook.layout import MNIST

SUFFIXES = (".xlsx", ".xlsm")
# References that name no sheet, or more than one: Table1[Test accuracy], Sheet1:Sheet3!K7.
_INDIRECT = re.compile(r"\[|(?:[^\W\d][\w.]*:[^\W\d][\w.]*|'[^'!]*:[^'!]*')!")
_MOST_BYTES = 1 << 32  # unpacked: a workbook that is the user's own may be large
# What can be done where a workbook has no place for a run.
_WAYS_ON = (
    "give the name of a new file for a report of its own, or open this one in Excel and press Import run on the tab "
    "S6, which adds the sheet"
)


@dataclass(frozen=True)
class _Target:
    """The sheet in a file, where its named cells are, and whether formulas elsewhere may depend on it."""

    sheet: ListedSheet
    cells: Mapping[str, Rectangle]
    workbook_part: str
    has_dependents: bool


def check_fillable(path: Path) -> None:
    """See that a workbook can be filled, before a training run begins.

    Raises:
        UserError: if it is not a workbook, is open elsewhere or has no sheet MNIST; with what to do.
    """
    instead = "give another file with --workbook"
    check_replaceable(path, path.suffix.lower(), instead=instead)
    with _opened(path, instead) as package:
        _find(package)
        package.check_contents()


def fill(path: Path, content: Content, *, instead: str) -> None:
    """Let the sheet MNIST of a workbook show a run.

    Args:
        path: the workbook.
        content: what the sheet is to show.
        instead: what can be done where the file cannot be read or written.

    Raises:
        UserError: if it cannot be filled; then it is as it was.
    """
    with replacing(path, path.suffix.lower(), instead=instead) as changed, _opened(path, instead) as package:
        target = _find(package)
        values = _values(path, target, content)
        try:
            parts = {target.sheet.part: with_cells(package.content(target.sheet.part), values)}
            if target.has_dependents:
                parts[target.workbook_part] = _recalculated(package.content(target.workbook_part))
        except XmlError as error:
            raise UserError(
                f"the sheet {target.sheet.title} of {path} cannot be filled: {error}; or {_WAYS_ON}."
            ) from error
        package.copy(changed, parts)


def _values(path: Path, target: _Target, content: Content) -> dict[str, Value]:
    """Return what the cells of the sheet are to hold, by their addresses."""
    title, table, rows = target.sheet.title, target.cells[TABLE], content.rows
    if table.right - table.left + 1 != len(HEADERS):
        raise UserError(f"the table on the sheet {title} of {path} has other columns than s6xl's: {_WAYS_ON}.")
    if len(rows) > table.bottom - table.top + 1:
        raise UserError(f"the table on the sheet {title} of {path} has too few rows for this run: {_WAYS_ON}.")
    values: dict[str, Value] = {
        str(target.cells[name]): value for name, value in {**content.settings, **content.values}.items()
    }
    for row in range(table.top, table.bottom + 1):
        shown = rows[row - table.top] if row - table.top < len(rows) else (None,) * len(HEADERS)
        values |= {address(row, column): value for column, value in enumerate(shown, table.left)}
    return values


@contextmanager
def _opened(path: Path, instead: str) -> Iterator[Package]:
    """Open the package that a workbook's file is.

    Raises:
        UserError: if the file cannot be read, or cannot be copied with other content in a sheet.
    """
    if path.suffix.lower() not in SUFFIXES:
        raise UserError(f"{path} is not a workbook that can be filled: give an .xlsx or .xlsm file.")
    with opened(path, lambda: None, most_bytes=_MOST_BYTES, instead=instead) as package:
        package.check_entries()
        yield package


def _find(package: Package) -> _Target:
    """Return the sheet MNIST of a workbook."""
    contents = contents_of(package)
    complete = [
        (contents.sheets[index], cells) for index, cells in _named_cells(contents).items() if len(cells) == len(NAMES)
    ]
    if not complete:
        raise UserError(f"{package.path} has no sheet {MNIST} as s6xl makes it: {_WAYS_ON}.")
    # A copy that the user has made of the sheet has its names, too.
    sheet, cells = min(complete, key=lambda found: found[0].title != MNIST)
    return _Target(sheet, cells, contents.part, _have_dependents(package, contents, sheet))


def _named_cells(contents: Contents) -> dict[int, dict[str, Rectangle]]:
    """Where each sheet has its named cells; one that was cut and pasted to another sheet is none of its own."""
    named: dict[int, dict[str, Rectangle]] = {}
    for defined in contents.names:
        name, area = defined.name.lower(), area_of_name(defined.formula)
        if defined.sheet is None or name not in NAMES or area is None:
            continue
        if area.is_one_cell != (name == TABLE) and area.sheet.lower() == contents.sheets[defined.sheet].title.lower():
            named.setdefault(defined.sheet, {})[name] = area.rectangle
    return named


def _have_dependents(package: Package, contents: Contents, sheet: ListedSheet) -> bool:
    """Whether a formula or a name may depend on a sheet, so that cached values are not true any more."""
    # Whoever uses one of the sheet's own names is on the sheet or names it.
    names = (name for name in contents.names if name.sheet is None or contents.sheets[name.sheet] != sheet)
    # On the sheet itself a reference needs no name.
    others = (other.part for other in contents.sheets if other.kind == "worksheet" and other != sheet)
    return any(_may_depend(name.formula, sheet.title) for name in names) or any(
        _depends(package, part, sheet.title) for part in others
    )


def _may_depend(formula: str, title: str) -> bool:
    doubled = title.replace("'", "''")
    mentions = (f"{title}!".lower(), f"'{doubled}'!".lower())
    return bool(_INDIRECT.search(formula)) or any(mention in formula.lower() for mention in mentions)


def _depends(package: Package, part: str, title: str) -> bool:
    scanner = _FormulaScanner()
    package.scan(part, scanner)
    return any(_may_depend(formula, title) for formula in scanner.formulas)


class _FormulaScanner(Scanner):
    """Collects the formulas of a worksheet that refer to any sheet by name, or to a table."""

    def __init__(self) -> None:
        super().__init__()
        self.formulas: list[str] = []

    def begin(self, name: str, attributes: Attributes) -> None:
        pass

    def close(self, name: str) -> None:
        if ("!" in self.text or "[" in self.text) and local_name(name) == "f":
            self.formulas.append(self.text)


def _recalculated(xml: bytes) -> bytes:
    """Return the workbook's part with the wish that everything is computed when it is opened."""
    root = elements(xml)
    calculation = next(root.named("calcPr"), None)
    if calculation is None:
        # The sheet has its names there.
        place = next(root.named("definedNames")).end
        return spliced(xml, [(place, place, f'<{root.prefix}calcPr fullCalcOnLoad="1"/>')])
    end = tag_end(xml, calculation.start)
    tag = with_attribute(xml[calculation.start : end].decode(), "fullCalcOnLoad", "1")
    return spliced(xml, [(calculation.start, end, tag)])
