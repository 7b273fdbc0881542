"""What a sheet `Audit` says: the findings of one workbook, and what was looked at."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from enum import Enum
from itertools import zip_longest
from textwrap import wrap
from typing import NamedTuple

from s6xl.audit.findings import FileReport, Finding, Kind, TableReport
from s6xl.wording import counted

TITLE = "Audit"
# In characters, as Excel counts a column's width.
WIDTHS = (14, 22, 12, 42, 40, 40)
_FINDING_HEADERS = ("Sheet", "Cells", "Quantity", "What is wrong", "What was found", "What is right")
_TABLE_HEADERS = ("Sheet", "Table", "Learning rate", "Network and rows", "Not checked", "Notes")
_CELLS = 1  # the column that leads to the cells
_MOST_LINES = 25  # of text in a cell, as many as the highest row shows
_MARGIN = 3  # characters by which a line of text is shorter than its column is wide
_MOST = 10_000  # findings, and lines of a table, that anyone would read


class Role(Enum):
    """What a line is, by which it gets its look."""

    TITLE = "title"
    SUMMARY = "summary"
    TEXT = "text"
    SECTION = "section"
    HEADERS = "headers"
    FINDING = "finding"
    TABLE = "table"
    EMPTY = "empty"


class Link(NamedTuple):
    """Where a cell leads: a sheet's title, and an area on it such as ``AA33:AA100``."""

    sheet: str
    area: str


@dataclass(frozen=True)
class Line:
    """A row of the sheet: its texts from the first column on, and by column, counted from 0, where they lead."""

    role: Role
    texts: tuple[str, ...] = ()
    links: dict[int, Link] = field(default_factory=dict)


def lines(report: FileReport) -> list[Line]:
    """Return the sheet's rows."""
    return [
        Line(Role.TITLE, (f"Audit of {report.path.name}",)),
        Line(Role.SUMMARY, (summary(report),)),
        *(Line(Role.TEXT, (note,)) for note in report.notes[:_MOST]),
        *_section(_FINDING_HEADERS, "Findings", [_finding_line(finding) for finding in report.findings[:_MOST]]),
        *_section(_TABLE_HEADERS, "Tables", [line for table in report.tables for line in _table_lines(table)]),
    ]


def matrix(rows: Sequence[Line]) -> list[list[str]]:
    """Return the rows' texts as a rectangle, as they are to be read: whoever enters them into cells enters text.

    Some begin with ``=``, which must not make them formulas.
    """
    return [[*row.texts, *[""] * (len(WIDTHS) - len(row.texts))] for row in rows]


def lines_of_text(text: str, column: int) -> int:
    """How many lines a text takes in a column, counted from 0."""
    return max(1, len(wrap(text, WIDTHS[column] - _MARGIN)))


def summary(report: FileReport) -> str:
    """Return what was found, in a line."""
    if report.error:
        return report.error
    if not report.tables:
        return "No table of gradient descent was found"
    tables = counted(len(report.tables), "table")
    affected = sum(bool(table.findings) for table in report.tables)
    if not affected:
        found = f"Nothing wrong was found in {tables}"
    else:
        where = tables if affected == len(report.tables) else f"{affected} of {tables}"
        found = f"{counted(len(report.findings), 'finding')} in {where}"
    is_complete = not any(table.not_checked for table in report.tables)
    return found if is_complete else f"{found}; not everything could be checked"


def _section(headers: tuple[str, ...], title: str, content: list[Line]) -> list[Line]:
    if not content:
        return []
    return [Line(Role.EMPTY), Line(Role.SECTION, (title,)), Line(Role.HEADERS, headers), *content]


def _finding_line(finding: Finding) -> Line:
    place = f"chart at {finding.cells}" if finding.kind is Kind.CHART else finding.cells
    texts = (finding.sheet, place, finding.quantity, finding.slip, finding.stands, finding.right)
    first = finding.cells.partition(",")[0].strip()
    return Line(Role.FINDING, _shortened(texts), {_CELLS: Link(finding.sheet, first)} if first else {})


def _table_lines(table: TableReport) -> Iterator[Line]:
    """Yield a table's line; each further thing that was not checked and each further note has a line of its own."""
    place = (table.sheet, _area(table), table.rate or "not found", f"{table.network}; {_rows(table)}")
    lists = list(zip_longest(table.not_checked[:_MOST], table.notes[:_MOST], fillvalue="")) or [("", "")]
    for index, pair in enumerate(lists):
        links = {_CELLS: Link(table.sheet, _area(table))} if index == 0 else {}
        yield Line(Role.TABLE, _shortened((*(place if index == 0 else ("",) * 4), *pair)), links)


def _area(table: TableReport) -> str:
    """Where a table is, from its headers to its last step."""
    inside = (place for place in table.columns.values() if place.isdecimal() or place.isalpha())
    places = sorted(inside, key=lambda place: (len(place), place))
    first, last = table.line(table.header_row), table.line(table.last_row)
    if not places:
        return f"{first}:{last}"
    if table.on_side:
        return f"{first}{places[0]}:{last}{places[-1]}"
    return f"{places[0]}{first}:{places[-1]}{last}"


def _rows(table: TableReport) -> str:
    kind = "column" if table.on_side else "row"
    return f"headers in {table.headers}, steps in {kind}s {table.steps}"


def _shortened(texts: Sequence[str]) -> tuple[str, ...]:
    """Return the texts of a row, each in one paragraph, and cut where a cell could not show it whole."""
    shown = []
    for column, text in enumerate(" ".join(text.split()) for text in texts):
        # Of a long text, half of what would fit: how its lines break is only an estimate.
        longest = _MOST_LINES * (WIDTHS[column] - _MARGIN) // 2
        fits = len(text) <= longest or lines_of_text(text, column) <= _MOST_LINES
        shown.append(text if fits else f"{text[:longest]} …")
    return tuple(shown)
