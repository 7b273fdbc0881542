"""What cells show: errors, and values that are not what their formulas give."""

from collections.abc import Callable, Iterator, Mapping

import numpy as np

from s6xl.audit.evaluate import Evaluator
from s6xl.audit.formulas import Formula, Reference, UnreadableError, tree
from s6xl.audit.operators import Array, FaultError, Value
from s6xl.audit.resolving import Whereabouts
from s6xl.audit.tables import Column, Table
from s6xl.ooxml.book import Cell, Key, Place

# Files hold 15 to 17 digits, and a small difference of large numbers has fewer.
_RELATIVE, _ABSOLUTE = 1e-9, 1e-12
_LONGEST = 100  # cells of a block, each way, that are looked at


def shown_errors(whereabouts: Whereabouts, table: Table) -> Iterator[tuple[Column, int, str]]:
    """The cells of a table with a formula that shows an error, though nothing does that it refers to."""
    for column in table.columns:
        for index, cell in column.cells.items():
            if cell.error and cell.formula is not None and not any(_failing(whereabouts, column.sheet, cell)):
                yield column, index, cell.error


def errors_outside(whereabouts: Whereabouts, table: Table) -> Iterator[tuple[str, Cell]]:
    """The cells outside a table that show an error to which its own errors go back, each once, with its sheet."""
    keys = {
        key: cell
        for column in table.columns
        for own in column.cells.values()
        if own.error and own.formula is not None
        for key, cell in _failing(whereabouts, column.sheet, own)
        if key not in whereabouts.columns
    }
    for (sheet, _), cell in keys.items():
        yield whereabouts.sheets[sheet].title, cell


def _failing(whereabouts: Whereabouts, sheet: str, cell: Cell) -> Iterator[tuple[Key, Cell]]:
    """The cells with errors that a formula refers to."""
    try:
        formula = whereabouts.formulas.of(cell, sheet)
        for reference in formula.references:
            area = reference.area(sheet, (cell.row, cell.column))
            for row in _span(area.first_row, min(area.last_row, area.first_row + _LONGEST)):
                for column in _span(area.first_column, min(area.last_column, area.first_column + _LONGEST)):
                    key = area.sheet.casefold(), (row, column)
                    near = whereabouts.cell(key)
                    if near is not None and near.error:
                        yield key, near
    except UnreadableError:
        return


def stale_cells(
    whereabouts: Whereabouts, table: Table, evaluate: Evaluator, deadline: Callable[[], None]
) -> Iterator[tuple[Column, int, float]]:
    """The cells of a table whose value is another than their formula gives, and what it gives."""
    found: dict[Key, tuple[Column, int, float]] = {}
    for column in table.columns:
        deadline()
        groups: dict[Formula, list[tuple[int, Cell]]] = {}
        for index, cell in column.cells.items():
            if cell.formula is None or cell.in_array or cell.number is None:
                continue
            try:
                groups.setdefault(whereabouts.formulas.of(cell, column.sheet), []).append((index, cell))
            except UnreadableError:
                continue
        for formula, items in groups.items():
            for index, computed in _differing(whereabouts, column.sheet, evaluate, formula, items, {}):
                found[column.sheet.casefold(), column.place(index)] = column, index, computed
    # What shows what follows from right values is not stale itself, though it does not fit the stale cells before it.
    meant = {key: computed for key, (_, _, computed) in found.items()}
    for key, (column, index, computed) in sorted(found.items(), key=lambda item: item[1][1]):
        cell = column.cells[index]
        formula = whereabouts.formulas.of(cell, column.sheet)
        if any(_differing(whereabouts, column.sheet, evaluate, formula, [(index, cell)], meant)):
            yield column, index, computed
        else:
            del meant[key]


def _differing(
    whereabouts: Whereabouts,
    sheet: str,
    evaluate: Evaluator,
    formula: Formula,
    items: list[tuple[int, Cell]],
    meant: Mapping[Key, float],
) -> Iterator[tuple[int, float]]:
    rows: list[list[Array]] = []
    kept: list[tuple[int, float]] = []
    for index, cell in items:
        place = (cell.row, cell.column)
        try:
            values = [_block(whereabouts, sheet, reference, place, meant) for reference in formula.references]
        except UnreadableError:
            return
        if all(value is not None for value in values):
            rows.append([value for value in values if value is not None])
            kept.append((index, cell.number or 0.0))
    if not kept:
        return
    references: list[Value] = []
    for number in range(len(formula.references)):
        stacked = np.stack([values[number] for values in rows], axis=-1)
        references.append(stacked if stacked.shape[:2] != (1, 1) else stacked[0, 0])
    try:
        result = evaluate(tree(formula.template), references)
    except (UnreadableError, FaultError):
        return
    if isinstance(result, str) or result.ndim != 1:
        return
    result = np.broadcast_to(result, len(kept))
    for (index, shown), computed in zip(kept, result, strict=True):
        if np.isfinite(computed) and not abs(shown - computed) <= _RELATIVE * abs(computed) + _ABSOLUTE:
            yield index, float(computed)


def _block(
    whereabouts: Whereabouts, sheet: str, reference: Reference, place: Place, meant: Mapping[Key, float]
) -> Array | None:
    """What the cells of a reference show, rows x columns; None if any of them shows no number."""
    if reference.first == reference.last:
        number = _shown(whereabouts, reference.key(sheet, place), meant)
        return None if number is None else np.array([[number]])
    area = reference.area(sheet, place)
    if max(area.last_row - area.first_row, area.last_column - area.first_column) > _LONGEST:
        return None
    numbers = [
        [
            _shown(whereabouts, (area.sheet.casefold(), (row, column)), meant)
            for column in _span(area.first_column, area.last_column)
        ]
        for row in _span(area.first_row, area.last_row)
    ]
    if any(number is None for line in numbers for number in line):
        return None
    return np.array(numbers, dtype=np.float64)


def _span(first: int, last: int) -> range:
    return range(first, last + 1)


def _shown(whereabouts: Whereabouts, key: Key, meant: Mapping[Key, float]) -> float | None:
    if key in meant:
        return meant[key]
    cell = whereabouts.cell(key)
    if cell is None:
        return 0.0
    return cell.number
