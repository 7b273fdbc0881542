"""Opens a new workbook, and seals it: the file appears whole under its name, or not at all."""

import datetime
import errno
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from xlsxwriter import Workbook
from xlsxwriter.exceptions import XlsxWriterException

from s6xl.errors import UserError
from s6xl.workbook.sheet import Progress, Sheet
from s6xl.workbook.styles import Styles

# A fixed date, so that the same arguments give the same bytes.
CREATED = datetime.datetime(2000, 1, 1)


class Book:
    """A workbook being written."""

    def __init__(self, workbook: Workbook, progress: Progress) -> None:
        self.workbook = workbook
        self.styles = Styles(workbook)
        self._progress = progress

    def add_sheet(self, name: str, tab: str) -> Sheet:
        """Add a sheet with the look that all share: no gridlines, printed on one page's width, landscape."""
        sheet: Sheet = self.workbook.add_worksheet(name, worksheet_class=Sheet)
        sheet.progress = self._progress
        sheet.hide_gridlines(2)
        sheet.set_tab_color(tab)
        sheet.set_landscape()
        sheet.set_paper(9)
        sheet.fit_to_pages(1, 0)
        sheet.set_margins(left=0.4, right=0.4, top=0.5, bottom=0.6)
        sheet.set_footer("&L&F&C&A&R&P / &N")
        return sheet


@contextmanager
def new_book(path: Path, *, title: str, progress: Progress = lambda rows: None) -> Iterator[Book]:
    """A workbook that takes the place of `path` once its block has ended well; until then nothing is changed there.

    Raises:
        UserError: if the file cannot be written there.
    """
    check_target(path)
    target = path.resolve()
    try:
        # Beside its target, so that one disk has to hold it and taking its place is one step of the file system.
        with tempfile.TemporaryDirectory(prefix=f".{path.stem}-", dir=target.parent) as scratch:
            partial = Path(scratch, "book.xlsx")
            workbook = Workbook(str(partial), {"tmpdir": scratch})
            workbook.use_zip64()
            workbook.set_properties({"title": title, "created": CREATED, "comments": "Made by s6xl."})
            yield Book(workbook, progress)
            workbook.close()
            partial.replace(target)
    except (OSError, XlsxWriterException) as error:
        raise UserError(_cannot_write(path, error)) from error


def check_target(path: Path) -> None:
    """Make sure that a workbook can be written to `path`, before any work is done.

    Raises:
        UserError: if the name, the folder or a file that is there already stands in the way.
    """
    if path.suffix.lower() != ".xlsx":
        raise UserError(f"{path} does not end in .xlsx: give the workbook a name that does.")
    if path.is_dir():
        raise UserError(f"{path} is a folder: give the name of a file.")
    if not path.parent.is_dir():
        raise UserError(f"the folder {path.parent} does not exist: make it first, or choose another with --out.")
    for lock in (path.with_name(f"~${path.name}"), path.with_name(f".~lock.{path.name}#")):
        if lock.exists():
            raise UserError(
                f"{path} is open in another program: close it there, or choose another file with --out "
                f"(if nothing has it open, delete {lock})."
            )
    if path.exists() and not os.access(path, os.W_OK):
        raise UserError(f"{path} is write-protected: choose another file with --out.")


def _cannot_write(path: Path, error: Exception) -> str:
    cause = error.args[0] if isinstance(error, XlsxWriterException) and error.args else error
    match getattr(cause, "errno", None):
        case errno.ENOSPC:
            return f"the disk is full, so {path} was not written: make room, or choose another disk with --out."
        case errno.EACCES | errno.EPERM:
            return (
                f"no permission to write {path}: close it if it is open in another program, "
                "or choose another place with --out."
            )
        case errno.EROFS:
            return f"{path.parent} is read-only: choose another place with --out."
    return f"{path} could not be written: {cause}."
