"""The button Audit this workbook: audits a copy of the open workbook, and says on a sheet of it what was found."""

import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from s6xl.audit.audit_sheet import lines
from s6xl.audit.auditing import audit
from s6xl.audit.findings import FileReport
from s6xl.errors import ImpossibleHereError, UserError
from s6xl.live.audit_writer import AuditWriter
from s6xl.live.excel import Excel
from s6xl.live.pressing import one_press_at_a_time
from s6xl.live.retrying import NotWrittenError, explaining, retry

if TYPE_CHECKING:
    import xlwings

AUDITING = "S6 is auditing the workbook"
# How workbooks end that can be audited, by Excel's numbers for kinds of files; 61 is a strict .xlsx.
_SUFFIXES = {51: ".xlsx", 61: ".xlsx", 52: ".xlsm", 53: ".xltm", 54: ".xltx"}
_SECONDS = 5.0  # that an Excel may take which is not to say any more that it is being audited


def audit_workbook(excel: Excel) -> None:
    """Audit the workbook as it is now, saved or not, and write what was found on its sheet Audit.

    Raises:
        UserError: if it cannot be read.
        ImpossibleHereError: if Excel does not take the findings.
    """
    with one_press_at_a_time("audit"):
        book = retry(lambda: excel.book)
        app = retry(lambda: book.app)
        with _status_bar(app):
            report = _report(book)
            if report.error:
                raise UserError(report.error)
            AuditWriter(excel).write(lines(report))


@contextmanager
def _status_bar(app: "xlwings.App") -> Iterator[None]:
    """Let Excel say meanwhile what is going on."""

    def say(text: str | bool) -> None:
        app.status_bar = text

    retry(lambda: say(AUDITING))
    try:
        yield
    finally:
        # An Excel that is gone must not hide what has happened.
        with suppress(Exception):
            retry(lambda: say(False), seconds=_SECONDS)


def _report(book: "xlwings.Book") -> FileReport:
    """Return what is wrong in a workbook, by way of a copy that is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="s6xl-", ignore_cleanup_errors=True) as folder:
        path, name = retry(lambda: _saved(book, Path(folder)))
        report = audit(path)
    report.path = Path(name)
    report.error = report.error.replace(str(path), f"the workbook {name}")
    return report


def _saved(book: "xlwings.Book", folder: Path) -> tuple[Path, str]:
    """Return a file of what the workbook holds now, and the workbook's name; the workbook stays as it is."""
    name = book.name
    if sys.platform == "darwin":
        # There, Excel saves no copies for others.
        if not book.api.saved.get() or not Path(book.fullname).is_file():
            raise UserError(f"the workbook {name} is not saved: save it and press the button again.")
        return Path(book.fullname), name
    suffix = _SUFFIXES.get(book.api.FileFormat)
    if suffix is None:
        raise UserError(
            f"the workbook {name} is not an .xlsx or .xlsm file: save it as one and press the button again."
        )
    path = folder / f"copy{suffix}"
    words = (
        f"Excel cannot save a copy of the workbook {name} in {folder.parent}: make room there, or save the workbook "
        "and run python -m s6xl audit on it."
    )
    with explaining(lambda: ImpossibleHereError(words)):
        book.api.SaveCopyAs(str(path))
    if not path.exists():
        raise NotWrittenError
    return path, name
