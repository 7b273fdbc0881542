"""What cells show: errors, and values that are not what their formulas give."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

import numpy as np

from s6xl.audit.evaluate import Evaluator
from s6xl.audit.formulas import Formula, Reference, UnreadableError, tree
from s6xl.audit.operators import Array, FaultError, Value
from s6xl.audit.resolving import Whereabouts
from s6xl.audit.tables import Column, Table
from s6xl.ooxml.addresses import Place
from s6xl.ooxml.book import Cell, Key

# Files hold 15 to 17 digits, and a small difference of large numbers has fewer.
_RELATIVE, _ABSOLUTE = 1e-9, 1e-12
_LONGEST = 100  # cells of a block, each way, that are looked at


def shown_errors(whereabouts: Whereabouts, table: Table) -> Iterator[tuple[Column, int, str]]:
    """Yield the cells of a table with a formula that shows an error, though nothing does that it refers to."""
    for column in table.columns:
        for index, cell in column.cells.items():
            if cell.error and cell.formula is not None and not any(_failing(whereabouts, column.sheet, cell)):
                yield column, index, cell.error


def errors_outside(whereabouts: Whereabouts, table: Table) -> Iterator[tuple[str, Cell]]:
    """Yield the cells outside a table that show an error to which its own errors go back, each once, with its sheet."""
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
    """Yield the cells with errors that a formula refers to."""
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


@dataclass(frozen=True)
class _Recalculation:
    """Computes formulas from the numbers that cells show, or where that is known, from those that they should show."""

    whereabouts: Whereabouts
    evaluate: Evaluator
    meant: Mapping[Key, float] = field(default_factory=dict)

    def differing(self, sheet: str, formula: Formula, cells: Mapping[int, Cell]) -> Iterator[tuple[int, float]]:
        """Yield the steps of some cells of one formula that show another number than it gives, and what it gives."""
        inputs = {index: self._inputs(sheet, formula, cell) for index, cell in cells.items()}
        known = {index: blocks for index, blocks in inputs.items() if blocks is not None}
        if not known:
            return
        for index, computed in zip(known, self._computed(formula, list(known.values())), strict=False):
            shown = cells[index].number or 0.0
            if np.isfinite(computed) and not abs(shown - computed) <= _RELATIVE * abs(computed) + _ABSOLUTE:
                yield index, float(computed)

    def _computed(self, formula: Formula, inputs: Sequence[Sequence[Array]]) -> Array:
        """Return what a formula gives for each of these inputs, a block a reference; nothing if that cannot be told."""
        references: list[Value] = []
        for blocks in zip(*inputs, strict=True):
            stacked = np.stack(blocks, axis=-1)
            references.append(stacked if stacked.shape[:2] != (1, 1) else stacked[0, 0])
        try:
            result = self.evaluate(tree(formula.template), references)
        except (UnreadableError, FaultError):
            return np.empty(0)
        if isinstance(result, str) or result.ndim != 1:
            return np.empty(0)
        return np.broadcast_to(result, len(inputs))

    def _inputs(self, sheet: str, formula: Formula, cell: Cell) -> list[Array] | None:
        """Return what the cells show that a formula refers to; None if any of them shows no number."""
        blocks = []
        for reference in formula.references:
            try:
                block = self._block(sheet, reference, (cell.row, cell.column))
            except UnreadableError:
                return None
            if block is None:
                return None
            blocks.append(block)
        return blocks

    def _block(self, sheet: str, reference: Reference, place: Place) -> Array | None:
        """Return what the cells of a reference show, rows x columns; None if any of them shows no number."""
        if reference.first == reference.last:
            number = self._number(reference.key(sheet, place))
            return None if number is None else np.array([[number]])
        area = reference.area(sheet, place)
        if max(area.last_row - area.first_row, area.last_column - area.first_column) > _LONGEST:
            return None
        numbers = [
            [
                self._number((area.sheet.casefold(), (row, column)))
                for column in _span(area.first_column, area.last_column)
            ]
            for row in _span(area.first_row, area.last_row)
        ]
        if any(number is None for line in numbers for number in line):
            return None
        return np.array(numbers, dtype=np.float64)

    def _number(self, key: Key) -> float | None:
        if key in self.meant:
            return self.meant[key]
        cell = self.whereabouts.cell(key)
        return 0.0 if cell is None else cell.number


def stale_cells(
    whereabouts: Whereabouts, table: Table, evaluate: Evaluator, deadline: Callable[[], None]
) -> Iterator[tuple[Column, int, float]]:
    """Yield the cells of a table whose value is another than their formula gives, and what it gives."""
    found: dict[Key, tuple[Column, int, float]] = {}
    recalculation = _Recalculation(whereabouts, evaluate)
    for column in table.columns:
        deadline()
        for formula, cells in _by_formula(whereabouts, column).items():
            for index, computed in recalculation.differing(column.sheet, formula, cells):
                found[column.sheet.casefold(), column.place(index)] = column, index, computed
    # What shows what follows from right values is not stale itself, though it does not fit the stale cells before it.
    meant = {key: computed for key, (_, _, computed) in found.items()}
    recalculation = _Recalculation(whereabouts, evaluate, meant)
    for key, (column, index, computed) in sorted(found.items(), key=lambda item: item[1][1]):
        cell = column.cells[index]
        formula = whereabouts.formulas.of(cell, column.sheet)
        if any(recalculation.differing(column.sheet, formula, {index: cell})):
            yield column, index, computed
        else:
            del meant[key]


def _by_formula(whereabouts: Whereabouts, column: Column) -> dict[Formula, dict[int, Cell]]:
    """Return the cells of a column that show a number by a formula of their own, by formula and step."""
    found: dict[Formula, dict[int, Cell]] = {}
    for index, cell in column.cells.items():
        if cell.formula is not None and not cell.in_array and cell.number is not None:
            with suppress(UnreadableError):
                found.setdefault(whereabouts.formulas.of(cell, column.sheet), {})[index] = cell
    return found


def _span(first: int, last: int) -> range:
    return range(first, last + 1)
