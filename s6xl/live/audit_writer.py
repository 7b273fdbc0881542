"""Writes what an audit has found on a sheet of an open workbook, and touches nothing else in it."""

import sys
from collections.abc import Callable, Iterator, Sequence
from itertools import chain, count, groupby
from typing import TYPE_CHECKING

from s6xl.audit.audit_sheet import TITLE, WIDTHS, Line, Role, matrix
from s6xl.audit.formulas import sheet_prefix
from s6xl.errors import ImpossibleHereError, UserError
from s6xl.live.excel import Excel
from s6xl.live.mnist_sheet import last_visible_sheet
from s6xl.live.retrying import NotWrittenError, explaining, retry
from s6xl.palette import INK, LINK

if TYPE_CHECKING:
    import xlwings

_OURS = "Audit of "  # how what such a sheet says begins
_SIZES = {Role.TITLE: 18, Role.SUMMARY: 12, Role.SECTION: 13}
_BOLD = (Role.TITLE, Role.SECTION, Role.HEADERS)
_WRAPPED = (Role.HEADERS, Role.FINDING, Role.TABLE)
_LONGEST_LITERAL = 255  # characters of a text within a formula
_TOP = -4160  # Excel's xlTop


class AuditWriter:
    """Writes the sheet Audit step by step, each of them again and again until Excel lets it.

    Each step looks the sheet up anew, for meanwhile the user may do anything with it.
    """

    def __init__(self, excel: Excel) -> None:
        self._excel = excel
        self._before: set[str] | None = None  # the sheets that were there already
        self._name = ""

    def write(self, rows: Sequence[Line]) -> None:
        """Bring the sheet to what the rows say, and show it.

        Raises:
            UserError: if the workbook or the sheet has gone.
            ImpossibleHereError: if Excel does not take it.
        """
        with explaining(self._no_sheet):
            retry(self._find_or_add)
        with explaining(self._no_findings):
            for step in (lambda sheet: _fill(sheet, rows), *_looks(rows), lambda sheet: sheet.impl.activate()):
                self._do(step)

    def _no_sheet(self) -> ImpossibleHereError:
        return ImpossibleHereError(
            f"the workbook {self._excel.workbook} takes no sheet {TITLE}: unprotect its structure (Review, Protect "
            "Workbook) and press the button again."
        )

    def _no_findings(self) -> ImpossibleHereError:
        return ImpossibleHereError(
            f"Excel does not take the findings: unprotect the sheet {self._name}, unhide it if it is hidden, and "
            "press the button again."
        )

    def _do(self, step: "Callable[[xlwings.Sheet], None]") -> None:
        retry(lambda: step(self._sheet()))

    def _sheet(self) -> "xlwings.Sheet":
        for sheet in self._book().sheets:
            if sheet.name == self._name:
                return sheet
        raise UserError(f"the sheet {self._name} is gone: press the button again.")

    def _book(self) -> "xlwings.Book":
        try:
            return self._excel.book
        except ImpossibleHereError:
            raise
        except UserError:
            raise UserError(
                f"the workbook {self._excel.workbook} was closed or renamed while it was audited: open it and press "
                "the button again."
            ) from None

    def _find_or_add(self) -> None:
        """Find a sheet of an earlier audit, or add one behind all others under the first title that is not taken."""
        book = self._book()
        sheets = {sheet.name.casefold(): sheet for sheet in book.sheets}
        if self._before is None:
            self._before = set(sheets)
        for title in chain([TITLE], (f"{TITLE} {number}" for number in count(2))):
            sheet = sheets.get(title.casefold())
            if sheet is None:
                break
            if _is_ours(sheet):
                self._name = sheet.name
                return
        # An earlier try may have added the sheet and not come to name it.
        added = next((sheet for name, sheet in sheets.items() if name not in self._before), None)
        if added is None:
            added = book.sheets.add(after=last_visible_sheet(book))
        added.name = title
        self._name = title


def _is_ours(sheet: "xlwings.Sheet") -> bool:
    """Whether an audit has written the sheet, or has added it and not come to write it."""
    if str(sheet.range("A1").value or "").startswith(_OURS):
        return True
    used = sheet.used_range
    return used.shape == (1, 1) and used.value is None


def _fill(sheet: "xlwings.Sheet", rows: Sequence[Line]) -> None:
    title = sheet.range("A1")
    sheet.used_range.clear()
    if title.value is not None:
        raise NotWrittenError
    _block(sheet, 0, len(rows)).value = [
        [_entry(rows[number], column, text) for column, text in enumerate(texts)]
        for number, texts in enumerate(matrix(rows))
    ]
    if title.value != rows[0].texts[0]:
        raise NotWrittenError


def _entry(row: Line, column: int, text: str) -> str | None:
    """Return what is entered into a cell: text as text, whatever it looks like, or a link."""
    link = row.links.get(column)
    if link is not None and len(text) <= _LONGEST_LITERAL:
        return f"=HYPERLINK({_literal(f'#{sheet_prefix(link.sheet)}{link.area}')},{_literal(text)})"
    return f"'{text}" if text else None


def _literal(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'


def _looks(rows: Sequence[Line]) -> "Iterator[Callable[[xlwings.Sheet], None]]":
    """Yield the steps that give the sheet its look, once it is filled."""

    def widen(sheet: "xlwings.Sheet") -> None:
        for column, width in enumerate(WIDTHS, 1):
            sheet.range((1, column)).column_width = width

    yield widen
    first = 0
    for role, group in groupby(rows, key=lambda row: row.role):
        block = list(group)
        yield _dressing(role, first, block)
        first += len(block)
    yield lambda sheet: sheet.autofit("rows")


def _dressing(role: Role, first: int, rows: Sequence[Line]) -> "Callable[[xlwings.Sheet], None]":
    """Return what gives rows of one role their look."""
    links = sorted({column for row in rows for column in row.links})

    def dress(sheet: "xlwings.Sheet") -> None:
        cells = _block(sheet, first, len(rows))
        if role in _BOLD:
            cells.font.bold = True
        cells.font.color = "#FFFFFF" if role is Role.HEADERS else INK
        if role in _SIZES:
            cells.font.size = _SIZES[role]
        if role is Role.HEADERS:
            cells.color = INK
        if role in _WRAPPED:
            cells.wrap_text = True
            if sys.platform != "darwin":
                cells.api.VerticalAlignment = _TOP
        for column in links:
            cells[:, column].font.color = LINK

    return dress


def _block(sheet: "xlwings.Sheet", first: int, rows: int) -> "xlwings.Range":
    """Return the cells of rows, counted from 0."""
    cells = sheet.range((first + 1, 1), (first + rows, len(WIDTHS)))
    if cells.shape != (rows, len(WIDTHS)):
        # A busy Excel has given nothing, and whatever would be done to that would silently be nothing.
        raise NotWrittenError
    return cells
