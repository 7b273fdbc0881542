"""Audits one workbook: reads it, finds its tables, and judges them."""

import logging
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from s6xl.audit.best_reading import best_reading
from s6xl.audit.cached_values import errors_outside, shown_errors, stale_cells
from s6xl.audit.charts import chart_findings
from s6xl.audit.evaluate import Evaluator
from s6xl.audit.findings import FileReport, Finding, Kind, TableReport
from s6xl.audit.formulas import Formulas, sheet_prefix
from s6xl.audit.judging import Judgement, areas, judge
from s6xl.audit.networks import written
from s6xl.audit.reading import Reading
from s6xl.audit.resolving import Whereabouts
from s6xl.audit.slips import Budget
from s6xl.audit.tables import Column, ColumnBlock, Table, find_tables
from s6xl.audit.values import evaluator
from s6xl.errors import UserError
from s6xl.ooxml.addresses import address, letters
from s6xl.ooxml.book import Cell
from s6xl.ooxml.reading import read

_LOG = logging.getLogger(__name__)

UNFORESEEN = "could not be audited because of an error in s6xl"
SECONDS = 9.0  # that one workbook may take


def audit(path: Path) -> FileReport:
    """Audit a workbook of the backpropagation exercise.

    Every formula of every table of gradient descent is computed over random numbers and held against the mathematics,
    so that all correct ways to write it are accepted. The file is only read: no macros run and no links are followed.

    Args:
        path: The workbook, an .xlsx or .xlsm file.

    Returns:
        The tables that were found, with what is wrong in them. Nothing is raised for a file that cannot be read, or
        that takes more than 9 seconds of the processor's time: then `error` says why, and the rest is empty.
    """
    report = FileReport(path)
    try:
        _audit(report, _deadline(path))
    except UserError as error:
        report.error = str(error)
        _LOG.info("%s cannot be audited", path, exc_info=True)
    except Exception as error:  # one file must not end the audit of a folder
        report.error = f"{path} {UNFORESEEN} ({type(error).__name__}): please report it with the workbook."
        _LOG.exception("%s %s", path, UNFORESEEN)
    if report.error:
        report.tables.clear()
        report.notes.clear()
    return report


def _deadline(path: Path) -> Callable[[], None]:
    # Of the processor's time, so that another program's work makes no workbook unreadable.
    end = time.process_time() + SECONDS

    def check() -> None:
        if time.process_time() > end:
            raise UserError(
                f"{path} takes longer than {SECONDS:.0f} seconds to audit: copy its tables into a new workbook and "
                "audit that."
            )

    return check


def _audit(report: FileReport, deadline: Callable[[], None]) -> None:
    book = read(report.path, deadline)
    tables = find_tables(book, deadline)
    whereabouts = Whereabouts(book, Formulas(book), tables)
    evaluate, budget = evaluator(book), Budget()
    readings: list[Reading] = []
    reports: dict[Table, TableReport] = {}
    others: dict[str, list[str]] = {}
    for table in tables:
        reading = best_reading(whereabouts, table, evaluate, deadline)
        if reading is None:
            others.setdefault(table.block.sheet.title, []).append(_headers(table.block))
            continue
        readings.append(reading)
        reports[table] = _table_report(reading, evaluate, budget, deadline)
    for table, finding in chart_findings(book, readings):
        reports[table].findings.append(finding)
    report.notes += [
        f"{sheet}, {' and '.join(heads)}: this looks like a table but has no steps of gradient descent; not checked."
        for sheet, heads in others.items()
    ]
    report.tables = list(reports.values())
    if not report.tables:
        report.notes.append(
            "No table of gradient descent was found: a table needs headers such as w1, a_h1 and ∂E/∂w1."
        )


def _table_report(reading: Reading, evaluate: Evaluator, budget: Budget, deadline: Callable[[], None]) -> TableReport:
    table = reading.table
    judgement = judge(reading, budget, deadline)
    report = TableReport(
        table.block.sheet.title,
        table.block.header_row,
        table.block.rows[0],
        table.block.rows[-1],
        reading.model.convention.title,
        _rate(reading),
        {written(name): _place(table, column) for column, name in reading.named_columns()},
        judgement.findings,
        judgement.not_checked,
        judgement.notes,
    )
    report.findings += _errors(reading, judgement)
    report.findings += _stale(reading, evaluate, deadline)
    if not any(cell.value is not None for cell in _formula_cells(table)):
        report.notes.append("the formulas have no values because the workbook was saved without being calculated")
    report.notes += _taken(reading)
    report.notes += [
        f"{written(name)} is typed into the formulas as {text}" for name, text in reading.typed_numbers().items()
    ]
    report.notes += [
        f"read as one table with the {_headers(block)} on {block.sheet.title}" for block in table.blocks[1:]
    ]
    return report


def _errors(reading: Reading, judgement: Judgement) -> Iterator[Finding]:
    """Yield the errors that cells show whose formulas are right."""
    groups: dict[tuple[Column, str], list[int]] = {}
    for column, index, error in shown_errors(reading.whereabouts, reading.table):
        if (column, index) not in judgement.wrong:
            groups.setdefault((column, error), []).append(index)
    for (column, error), indexes in groups.items():
        yield _finding(Kind.ERROR, reading, column, indexes, f"shows {error}", error)
    for sheet, cell in errors_outside(reading.whereabouts, reading.table):
        stands = f"={cell.formula}" if cell.formula is not None else cell.error
        yield Finding(Kind.ERROR, sheet, cell.address, f"shows {cell.error}, and so does the table", "", stands)


def _stale(reading: Reading, evaluate: Evaluator, deadline: Callable[[], None]) -> Iterator[Finding]:
    groups: dict[Column, dict[int, float]] = {}
    for column, index, computed in stale_cells(reading.whereabouts, reading.table, evaluate, deadline):
        groups.setdefault(column, {})[index] = computed
    for column, computed_at in groups.items():
        first = min(computed_at)
        shown = f"{column.cells[first].value:.15g}"
        words = "shows a value that its formula does not give: recalculate (Ctrl+Alt+F9) and save the workbook"
        yield _finding(Kind.STALE, reading, column, computed_at, words, shown, f"{computed_at[first]:.15g}")


def _finding(
    kind: Kind, reading: Reading, column: Column, indexes: Iterable[int], slip: str, stands: str, right: str = ""
) -> Finding:
    cells = areas(column, indexes)
    quantity = written(reading.name(column).removeprefix("-"))
    return Finding(kind, column.sheet, cells, slip, quantity, stands, right)


def _formula_cells(table: Table) -> Iterator[Cell]:
    for column in table.columns:
        yield from (cell for cell in column.cells.values() if cell.formula is not None)


def _taken(reading: Reading) -> Iterator[str]:
    """Yield the columns whose headers say nothing, and what they were taken for by their formulas."""
    for column, name in reading.named_columns():
        if not column.says and name not in column.candidates:
            head = f"with the header {column.header!r}" if column.header else "without a header"
            yield f"column {_letter(column)}, {head}, is taken for {written(name)} because of its formulas"


def _rate(reading: Reading) -> str:
    """Where the learning rate stands, or what it is."""
    table, resolver = reading.table, reading.resolver
    column = reading.column("lr")
    if column is not None:
        return areas(column, column.cells)
    if resolver.rate is not None:
        sheet, at = resolver.rate
        title = resolver.whereabouts.sheets[sheet].title
        return ("" if title == table.block.sheet.title else sheet_prefix(title)) + address(*at)
    return "" if reading.rate is None else f"{reading.rate:.10g} in the formulas"


def _letter(column: Column) -> str:
    """Return the letter of a column, or of one on its side the number of its row."""
    return str(column.number) if column.block.on_side else letters(column.number)


def _place(table: Table, column: Column) -> str:
    """Return the letter of a column of the first block; of another one, where its header is."""
    block = column.block
    if block is table.block:
        return _letter(column)
    prefix = "" if column.sheet == table.block.sheet.title else sheet_prefix(column.sheet)
    return f"{prefix}{address(*block.place(column.number, block.header_row))}"


def _headers(block: ColumnBlock) -> str:
    """Where a block has its headers."""
    row = block.header_row
    return f"headers in column {letters(row)}" if block.on_side else f"headers in row {row}"
