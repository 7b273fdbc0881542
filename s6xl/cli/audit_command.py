"""``python -m s6xl audit``."""

import logging
import os
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from s6xl.cli.options import PATH
from s6xl.errors import UserError
from s6xl.logs import where_the_traceback_is

if TYPE_CHECKING:
    from s6xl.audit.findings import FileReport

_LOG = logging.getLogger(__name__)
STATUSES = {"right": 0, "no table": 0, "findings": 1, "unreadable": 2}
# What a folder is searched for. Not all of it can be audited, but nothing that was handed in goes unnoticed.
_SPREADSHEETS = (".xlsx", ".xlsm", ".xltx", ".xltm", ".xlsb", ".xls", ".ods")
# Fewer workbooks are over before a progress bar could be read.
_WORKBOOKS_WORTH_REPORTING = 10


@click.command(
    short_help="Find mistakes in backpropagation workbooks.",
    help="Find mistakes in backpropagation workbooks by what their formulas mean. FILE is a workbook or a folder of "
    "workbooks.\n\n"
    "The exit status is 0 if nothing wrong was found, 1 if something was, and 2 if a workbook could not be read or "
    "annotated.",
)
@click.argument("files", nargs=-1, required=True, type=PATH, metavar="FILE...")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document instead of tables.")
@click.option(
    "--annotate",
    "out",
    type=PATH,
    metavar="OUT",
    help="Write a copy with the wrong cells marked and a sheet that explains them. For a folder or several workbooks, "
    "OUT is a folder, which gets a copy of each workbook with findings.",
)
def audit(files: tuple[Path, ...], as_json: bool, out: Path | None) -> int:
    paths = _workbooks(files, out)
    copies: dict[Path, Path] = {}
    is_single = len(files) == 1 and not files[0].is_dir()
    if out is not None:
        copies = {files[0]: out} if is_single else _copies(paths, out)
    from s6xl.audit.auditing import UNFORESEEN, audit

    reports: list[FileReport] = []
    written: list[str] = []
    complaints: list[str] = []
    with _progress(len(paths)) as advance:
        for path in paths:
            report = audit(path)
            reports.append(report)
            if path in copies and (report.findings or (is_single and not report.error)):
                try:
                    _annotate(report, copies[path], makes_folder=not is_single)
                    written.append(f"{copies[path]}: annotated copy of {path}.")
                except UserError as error:
                    _LOG.info("%s", error, exc_info=True)
                    complaints.append(str(error))
            advance(1)
    if any(UNFORESEEN in report.error for report in reports):
        complaints.append(f"add {where_the_traceback_is()} to the report.")
    _print(reports, written, as_json=as_json)
    for complaint in complaints:
        click.echo(f"s6xl: {complaint}", err=True)
    return max(STATUSES["unreadable"] if complaints else 0, *(STATUSES[report.status] for report in reports))


def _print(reports: list["FileReport"], written: list[str], *, as_json: bool) -> None:
    if as_json:
        import json

        click.echo(json.dumps({"files": [report.as_data() for report in reports]}, allow_nan=False))
        return
    from s6xl.cli.audit_tables import show

    show(reports)
    if written:
        click.echo("\n" + "\n".join(written))


def _workbooks(files: tuple[Path, ...], out: Path | None) -> dict[Path, Path]:
    """Every workbook once, and where it stands below the folder that was named."""
    found: dict[Path, Path] = {}
    for file in files:
        if not file.is_dir():
            found[file] = Path(file.name)
            continue
        inside = sorted(_spreadsheets(file, out))
        if not inside:
            raise UserError(f"the folder {file} holds no workbooks: name one with .xlsx or .xlsm files.")
        found |= {path: path.relative_to(file) for path in inside}
    return found


def _spreadsheets(folder: Path, out: Path | None) -> Iterator[Path]:
    """Yield the spreadsheets in a folder and all below it, but for hidden ones and for annotated copies."""
    copies = out.resolve() if out is not None else None
    for place, folders, names in os.walk(folder, onerror=_refuse):
        folders[:] = [name for name in folders if not name.startswith(".") and Path(place, name).resolve() != copies]
        for name in names:
            # Excel leaves a file that begins with ~$ beside one that it has open.
            if name.lower().endswith(_SPREADSHEETS) and not name.startswith((".", "~$")):
                yield Path(place, name)


def _refuse(error: OSError) -> None:
    """Refuse a folder that cannot be read, rather than pass over it."""
    raise UserError(
        f"the folder {error.filename} cannot be read ({error.strerror}): change its permissions or leave it out."
    )


def _copies(paths: Mapping[Path, Path], out: Path) -> dict[Path, Path]:
    """Where in the folder `out` the annotated copy of each workbook goes."""
    if not out.is_dir() and (out.exists() or out.suffix.lower() in (".xlsx", ".xlsm")):
        raise UserError(f"{out} is not a folder: for several workbooks or a folder, name one with --annotate.")
    places = Counter(paths.values())
    for path, place in paths.items():
        if places[place] > 1:
            raise UserError(f"{path} and another workbook would both be copied to {out / place}: audit them apart.")
    return {path: out / place for path, place in paths.items()}


def _annotate(report: "FileReport", copy: Path, *, makes_folder: bool) -> None:
    from s6xl.audit.annotating import annotate

    if makes_folder:
        try:
            copy.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UserError(
                f"cannot make the folder {copy.parent} ({error.strerror}): name another one with --annotate."
            ) from error
    annotate(report, copy)


@contextmanager
def _progress(workbooks: int) -> Iterator[Callable[[int], None]]:
    if workbooks < _WORKBOOKS_WORTH_REPORTING:
        yield lambda done: None
        return
    from s6xl.progress import reporting

    with reporting("workbooks", workbooks) as advance:
        yield advance
