"""Writes right formulas over the cells of a stranger's table."""

from dataclasses import dataclass

from s6xl.audit.formulas import Corner, Formula, fill, sheet_prefix
from s6xl.audit.networks import INPUTS
from s6xl.audit.reading import Reading
from s6xl.audit.resolving import Atom, ResolvedQuantity
from s6xl.audit.tables import Column
from s6xl.backprop.expression import Expression, names, substitute, to_excel
from s6xl.ooxml.addresses import Place


@dataclass(frozen=True)
class TableCell:
    """A cell of a table, by its column and its step."""

    column: Column
    index: int

    @property
    def place(self) -> Place:
        """Where it is on its sheet."""
        return self.column.place(self.index)


class FormulaWriter:
    """Writes formulas for one table."""

    def __init__(self, reading: Reading) -> None:
        self._reading = reading

    def right(self, name: str, at: TableCell) -> str:
        """Return the right formula for a quantity at a step, over the table's cells; empty if it cannot be written."""
        expression = self._expression(name.removeprefix("-"))
        if expression is None:
            return ""
        cells: dict[str, str] = {}
        before = name in self._reading.model.learning
        expression = self._over_cells(expression, TableCell(at.column, at.index - before), cells, 0)
        if expression is None:
            return ""
        text = to_excel(expression, lambda item: cells[item])
        return f"=-({text})" if name.startswith("-") else f"={text}"

    def _expression(self, name: str) -> Expression | None:
        return self._reading.model.expression(name)

    def _over_cells(
        self, expression: Expression, at: TableCell, cells: dict[str, str], depth: int
    ) -> Expression | None:
        """Return an expression over what has a cell, the rest written out; the cells come into `cells`."""
        replacements: dict[str, Expression] = {}
        for name in names(expression):
            if (cell := self.cell_of(name, at)) is not None:
                cells[name] = cell
                continue
            inner = self._expression(name) if name not in self._reading.model.givens else None
            further = self._over_cells(inner, at, cells, depth + 1) if inner is not None and depth < 5 else None
            if further is None:
                return None
            replacements[name] = further
        return substitute(expression, replacements)

    def cell_of(self, name: str, at: TableCell) -> str | None:
        """Return what a quantity is called in a formula at a step: a cell, or the learning rate as a number."""
        reading = self._reading
        for sign in ("", "-") if 0 <= at.index < len(reading.table) else ():
            column = reading.column(f"{sign}{name}")
            if column is not None:
                cell = self._address(column, name, at)
                return f"(-{cell})" if sign else cell
        if name == "lr" and reading.resolver.rate is None:
            return None if reading.rate is None else f"{reading.rate:.12g}"
        key = reading.resolver.rate if name == "lr" else reading.outside.get(name)
        return self._fixed_address(*key, at) if key is not None else reading.typed_numbers().get(name)

    def _address(self, column: Column, name: str, at: TableCell) -> str:
        """Where a quantity of a column is for a formula at a step."""
        if name in INPUTS and self._is_once(column, at.index):
            return self._fixed_address(column.sheet.casefold(), column.place(min(column.cells)), at)
        prefix = "" if column.sheet == at.column.sheet else sheet_prefix(column.sheet)
        return f"{prefix}{column.address(at.index)}"

    def _is_once(self, column: Column, index: int) -> bool:
        """Whether a given stands in few rows for all of them, or at least not in the one at hand."""
        return index not in column.cells or 2 * len(column.cells) < len(self._reading.table)

    def _fixed_address(self, sheet: str, place: Place, at: TableCell) -> str:
        title = self._reading.whereabouts.sheets[sheet].title
        corner = Corner(*place, True, True)
        own = title == at.column.sheet
        return f"{'' if own else sheet_prefix(title)}{corner.written((0, 0))}"

    def mended(
        self,
        formula: Formula,
        atoms: tuple[Atom, ...],
        mended: tuple[Atom, ...] | None,
        at: TableCell,
    ) -> str:
        """Return the formula with its references mended; empty if that is not possible in this cell alone."""
        if mended is None:
            return ""
        texts = [reference.written(at.place) for reference in formula.references]
        for typed in self._reading.typed.values():
            if typed.template == formula.template:
                texts += typed.texts
                break
        for number, (before, after) in enumerate(zip(atoms, mended, strict=True)):
            if before == after:
                continue
            cell = (
                self.cell_of(after.name, TableCell(at.column, at.index + after.offset))
                if isinstance(after, ResolvedQuantity)
                else None
            )
            if cell is None:
                return ""
            texts[number] = cell
        return "=" + fill(formula.template, texts)
