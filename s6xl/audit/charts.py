"""Holds the charts of a workbook against its tables: a line should show all steps."""

from collections.abc import Iterator

from s6xl.audit.findings import Finding, Kind
from s6xl.audit.formulas import area_of, sheet_prefix
from s6xl.audit.networks import written
from s6xl.audit.reading import Reading
from s6xl.audit.tables import Column, Table
from s6xl.ooxml.addresses import Area, Rectangle
from s6xl.ooxml.book import Book, Chart, Sheet


def chart_findings(book: Book, readings: list[Reading]) -> Iterator[tuple[Table, Finding]]:
    """Yield the charts that do not show all steps of a table, each with the table."""
    for sheet in book.sheets:
        for chart in sheet.charts:
            yield from _chart(sheet, chart, readings)


def _chart(sheet: Sheet, chart: Chart, readings: list[Reading]) -> Iterator[tuple[Table, Finding]]:
    told: set[tuple[str, int, int]] = set()
    for series in chart.series:
        area = area_of(series.values, sheet.title)
        found = _column(area, readings) if area is not None else None
        if area is None or found is None:
            continue
        reading, column = found
        block = column.block
        first, last = (area.first_column, area.last_column) if block.on_side else (area.first_row, area.last_row)
        held = [block.rows[index] for index, cell in column.cells.items() if cell.value is not None or cell.formula]
        key = (column.sheet, first, last)
        if _shows_all(first, last, held) or key in told:
            continue
        told.add(key)
        stands, whole = _reference(column, first, last), _reference(column, min(held), max(held))
        yield (
            reading.table,
            Finding(
                Kind.CHART,
                sheet.title,
                chart.corner,
                _words(chart, first, last, held),
                written(reading.name(column)),
                stands,
                whole,
            ),
        )


def _shows_all(first: int, last: int, held: list[int]) -> bool:
    """Whether a series covers the rows that hold something; a single point is a mark and no line."""
    return not held or first == last or (first <= min(held) and max(held) <= last)


def _words(chart: Chart, first: int, last: int, held: list[int]) -> str:
    early, late = sum(row < first for row in held), sum(row > last for row in held)
    parts = []
    if early:
        parts.append(f"starts {_rows(early)} late")
    if late:
        parts.append(f"ends {_rows(late)} early")
    title = f" {chart.title!r}" if chart.title else ""
    return f"the chart{title} {' and '.join(parts)}: it does not show all steps"


def _rows(count: int) -> str:
    return "a row" if count == 1 else f"{count} rows"


def _column(area: Area, readings: list[Reading]) -> tuple[Reading, Column] | None:
    """Return the column in which a series lies, and how its table is read."""
    across, along = (area.first_column, area.last_column), (area.first_row, area.last_row)
    for reading in readings:
        for column, _ in reading.named_columns():
            block = column.block
            over, down = (along, across) if block.on_side else (across, along)
            meets = down[0] <= block.rows[-1] and down[1] >= block.rows[0] and over == (column.number, column.number)
            if meets and column.sheet.casefold() == area.sheet.casefold():
                return reading, column
    return None


def _reference(column: Column, first: int, last: int) -> str:
    (top, left), (bottom, right) = (column.block.place(column.number, row) for row in (first, last))
    return f"{sheet_prefix(column.sheet)}{Rectangle(top, left, bottom, right)}"
