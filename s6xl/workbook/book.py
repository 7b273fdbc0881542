"""Open a new workbook, and complete its file."""

import datetime
import io
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from xlsxwriter import Workbook
from xlsxwriter.exceptions import FileCreateError
from xlsxwriter.utility import xl_cell_to_rowcol

from s6xl.files import OTHER_FILE, replacing
from s6xl.workbook.layout import START, on_sheet
from s6xl.workbook.sheet import NewSheet, Progress
from s6xl.workbook.styles import Styles

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer as Buffer

# A fixed date, so that the same arguments give the same bytes.
CREATED = datetime.datetime(2000, 1, 1)
A4 = 9
# On a page's width, with some to spare where columns are printed wider; and the least scale of Excel's, in per cent.
_PAGE_PIXELS, _LEAST_SCALE = 970, 10
# Excel computes anew, as soon as it opens it, what an older calculation engine or one with fewer features has left.
# These are those of Excel 365 in 2026, as it notes them in its own files.
EXCEL_365 = 191029
FEATURES = ("RD", "Single", "FV", "CNMTM", "LET_WF", "LAMBDA_WF", "ARRAYTEXT_WF")
_FEATURES_XML = (
    '<extLst><ext uri="{B58B0392-4F1F-4190-BB64-5DF3571DCE5F}" '
    'xmlns:xcalcf="http://schemas.microsoft.com/office/spreadsheetml/2018/calcfeatures"><xcalcf:calcFeatures>'
    + "".join(f'<xcalcf:feature name="microsoft.com:{name}"/>' for name in FEATURES)
    + "</xcalcf:calcFeatures></ext></extLst>"
)


@dataclass(frozen=True)
class Packaging:
    """The kind of file that a workbook is sealed in.

    `prepare` adds to the workbook before it is sealed, and may use a folder for temporary files; `finish` adds to the
    sealed file.
    """

    suffix: str
    prepare: Callable[[Workbook, Path], None] = lambda workbook, folder: None
    finish: Callable[[Path], None] = lambda path: None


PLAIN = Packaging(".xlsx")


class NewBook:
    """A workbook being written."""

    def __init__(self, workbook: Workbook, progress: Progress) -> None:
        self.workbook = workbook
        self.styles = Styles(workbook)
        self._progress = progress

    def add_sheet(self, name: str, tab: str) -> NewSheet:
        """Add a sheet with the look that all share: no gridlines, landscape, fitted to the width of a page."""
        sheet: NewSheet = self.workbook.add_worksheet(name, worksheet_class=NewSheet)
        sheet.progress = self._progress
        sheet.hide_gridlines(2)
        sheet.set_tab_color(tab)
        sheet.set_landscape()
        sheet.set_paper(A4)
        sheet.fit_to_pages(1, 0)
        sheet.set_margins(left=0.4, right=0.4, top=0.5, bottom=0.6)
        sheet.set_footer("&L&F&C&A&R&P / &N")
        return sheet

    def break_pages(
        self, sheet: NewSheet, width: int, *, rows: Sequence[int] = (), columns: Sequence[int] = ()
    ) -> None:
        """Start new pages after some rows and columns.

        Excel ignores page breaks on a sheet that it fits to pages, so this one is printed at a scale.

        Args:
            sheet: the sheet.
            width: what a page must hold side by side, in pixels.
            rows: the rows, counted from 1, after which a page ends.
            columns: the columns, counted from 1, after which a page ends.
        """
        sheet.set_print_scale(max(_LEAST_SCALE, min(100, 100 * _PAGE_PIXELS // width)))
        sheet.set_h_pagebreaks(rows)
        sheet.set_v_pagebreaks(columns)

    def keep_cached_values(self) -> None:
        """Let Excel show the cached values until something changes, even where it cannot compute a formula."""
        self.workbook.set_calc_mode("auto", EXCEL_365)
        self.workbook.calc_on_load = False

    def write_heading(self, sheet: NewSheet, title: str, warning: str) -> None:
        """Write the title, the link back to Start beside it, and the warning about the network below it, if any."""
        self.write_title(sheet, title)
        self.write_way_back(sheet, "H2")
        self.write_warning(sheet, "B3", warning)

    def write_title(self, sheet: NewSheet, title: str) -> None:
        """Write the title in the second row."""
        sheet.set_row_pixels(0, 12)
        sheet.set_row_pixels(1, 38)
        sheet.write_string("B2", title, self.styles["title"])

    def write_warning(self, sheet: NewSheet, cell: str, warning: str) -> None:
        """Write what is wrong with the network, if anything."""
        if warning:
            sheet.write_string(cell, warning, self.styles["warning"])

    def write_section(self, sheet: NewSheet, row: int, columns: str, title: str) -> None:
        """Write a section's title, underlined over columns such as ``B:D``."""
        first, last = (xl_cell_to_rowcol(f"{column}{row}")[1] for column in columns.split(":"))
        for column in range(first, last + 1):
            sheet.write_blank(row - 1, column, None, self.styles["section"])
        sheet.write_string(row - 1, first, title, self.styles["section"])

    def write_link(self, sheet: NewSheet, row: int, column: int, to: str, text: str) -> None:
        """Write a link to another sheet into a cell whose row and column count from 0."""
        sheet.write_url(row, column, f"internal:{on_sheet(to, 'A1')}", self.styles["link"], text)

    def write_way_back(self, sheet: NewSheet, cell: str) -> None:
        """Write a link to the sheet Start."""
        row, column = xl_cell_to_rowcol(cell)
        self.write_link(sheet, row, column, START, "Back to Start")


class _Workbook(Workbook):  # type: ignore[misc]  # XlsxWriter's classes carry no types
    """A workbook that says, where its cached values are to be kept, that Excel knows all that was computed with."""

    def _write_calc_pr(self) -> None:
        # The last element that XlsxWriter writes; the features come after it.
        super()._write_calc_pr()
        if not self.calc_on_load:
            self.fh.write(_FEATURES_XML)


class _ArchiveFile(io.FileIO):
    """A file for a ZIP archive that is complete or fails once.

    An archive that could not be written tries to complete itself when it is deleted, and prints a traceback where that
    fails again. So it is deleted here, and what it still wants to write is dropped.
    """

    _failed = False

    def write(self, data: "Buffer") -> int:
        rest = memoryview(data)
        size = len(rest)
        try:
            while rest and not self._failed:
                rest = rest[super().write(rest) :]
        except OSError:
            self._failed = True
            raise
        return size

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._failed = error is not None
        traceback.clear_frames(trace)
        super().__exit__(kind, error, trace)


@contextmanager
def new_book(
    path: Path,
    *,
    title: str,
    packaging: Packaging = PLAIN,
    progress: Progress = lambda rows: None,
    instead: str = OTHER_FILE,
) -> Iterator[NewBook]:
    """Open a new workbook, which takes the place of `path` once its block has ended well and not before.

    Args:
        path: the file, with the ending of its packaging.
        title: the title among the file's properties.
        packaging: the kind of file.
        progress: called with a number of rows whenever some have been written.
        instead: what the user can do if the file cannot be written.

    Yields:
        The workbook, to add sheets to.

    Raises:
        UserError: if the file cannot be written there.
    """
    with replacing(path, packaging.suffix, instead=instead) as partial:
        with _ArchiveFile(partial, "wb") as file:
            workbook = _Workbook(file, {"tmpdir": str(partial.parent)})
            workbook.use_zip64()
            workbook.set_properties({"title": title, "created": CREATED, "comments": "Made by s6xl."})
            yield NewBook(workbook, progress)
            packaging.prepare(workbook, partial.parent)
            try:
                workbook.close()
            except FileCreateError as error:
                # XlsxWriter wraps what the system said.
                raise error.args[0] from error
        packaging.finish(partial)
