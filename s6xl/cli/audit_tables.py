"""What audits have found, for a terminal or a pipe."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import TypeVar

import click
from rich.console import Console, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from s6xl.audit.audit_sheet import summary
from s6xl.audit.findings import FileReport, Finding, Kind, TableReport
from s6xl.audit.formulas import sheet_prefix
from s6xl.wording import counted

# Off a terminal lines are not broken, so that they can be searched.
_WIDEST = 100_000
_LONGEST = 1_000  # characters of a formula that anyone would read
_IN_WORDS = {
    "right": "right",
    "findings": "with findings",
    "no table": "without a table",
    "unreadable": "unreadable",
}
What = TypeVar("What")


def show(reports: list[FileReport]) -> None:
    """Print a section a file, and of several files a summary."""
    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = _WIDEST
    for number, report in enumerate(reports):
        if number:
            click.echo()
        for part in _section(report):
            _print(console, part)
    if len(reports) > 1:
        for part in ("", _summary(reports), "", _totals(reports)):
            _print(console, part)


def _print(console: Console, part: RenderableType) -> None:
    with console.capture() as capture:
        console.print(part)
    # Rich fills lines up to a column's width.
    for line in capture.get().removesuffix("\n").split("\n"):
        click.echo(line.rstrip())


def _section(report: FileReport) -> Iterator[RenderableType]:
    if report.error:
        yield _text(report.error)
    else:
        yield _text(f"{report.path}: {summary(report)}", style="bold")
    if report.tables:
        yield ""
        yield _tables(report.tables)
    for finding, sheets in _by_sheet((_without_sheet(finding), finding.sheet) for finding in report.findings):
        yield ""
        yield from _finding(finding, sheets)
    unchecked = _by_sheet((text, table.sheet) for table in report.tables for text in table.not_checked)
    notes = _by_sheet((text, table.sheet) for table in report.tables for text in table.notes)
    yield from _list("Not checked:", [f"{', '.join(sheets)}: {text}" for text, sheets in unchecked])
    yield from _list("Notes:", [*report.notes, *(f"{', '.join(sheets)}: {text}" for text, sheets in notes)])


def _tables(reports: Iterable[TableReport]) -> Table:
    table = Table(
        "Sheet", "Headers", "Steps", "Learning rate", "Network", box=None, pad_edge=False, padding=(0, 2, 0, 0)
    )
    table.add_column("Findings", justify="right")
    for report in reports:
        texts = (
            report.sheet,
            report.headers,
            report.steps,
            report.rate or "not found",
            report.network,
            str(len(report.findings)),
        )
        table.add_row(*map(_text, texts))
    return table


def _finding(finding: Finding, sheets: list[str]) -> Iterator[RenderableType]:
    place = f"Chart at {finding.cells}" if finding.kind is Kind.CHART else finding.cells
    yield _text(f"{place} on {', '.join(sheets)}", style="bold")
    about = f"{finding.quantity}: " if finding.quantity else ""
    details = Table.grid(padding=(0, 2, 0, 0))
    details.add_column()
    details.add_column(overflow="fold")
    for what, text in (("wrong", about + finding.slip), ("found", finding.stands), ("right", finding.right)):
        if text:
            details.add_row(what, _text(text if len(text) <= _LONGEST else f"{text[:_LONGEST]} …"))
    yield Padding(details, (0, 0, 0, 2), expand=False)


def _list(title: str, items: list[str]) -> Iterator[RenderableType]:
    if not items:
        return
    yield ""
    yield Text(title, style="bold")
    for item in items:
        yield Padding(_text(item), (0, 0, 0, 2), expand=False)


def _summary(reports: Iterable[FileReport]) -> Table:
    table = Table("File", "Status", box=None, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column("Findings", justify="right")
    for report in reports:
        table.add_row(*map(_text, (str(report.path), report.status, "" if report.error else str(len(report.findings)))))
    return table


def _totals(reports: list[FileReport]) -> str:
    counts = Counter(report.status for report in reports)
    parts = ", ".join(f"{counts[status]} {words}" for status, words in _IN_WORDS.items() if counts[status])
    return f"{counted(len(reports), 'workbook')}: {parts}."


def _without_sheet(finding: Finding) -> Finding:
    """Return the finding as other sheets may have it, too: a chart's references name its own sheet."""
    if finding.kind is Kind.CHART:
        prefix = sheet_prefix(finding.sheet)
        finding = replace(finding, stands=finding.stands.replace(prefix, ""), right=finding.right.replace(prefix, ""))
    return replace(finding, sheet="")


def _by_sheet(items: Iterable[tuple[What, str]]) -> list[tuple[What, list[str]]]:
    """Each thing once, with the sheets that have it."""
    found: dict[What, dict[str, None]] = {}
    for what, sheet in items:
        found.setdefault(what, {})[sheet] = None
    return [(what, list(sheets)) for what, sheets in found.items()]


def _text(text: str, style: str = "") -> Text:
    """Text as it stands in a stranger's file, without what a terminal would obey."""
    return Text("".join(character if character.isprintable() else " " for character in text), style=style)
