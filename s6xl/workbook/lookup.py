"""The values of the chosen step, looked up once: as numbers, and as short text for sentences."""

import math
from collections.abc import Sequence

import numpy as np
from xlsxwriter.utility import xl_cell_to_rowcol, xl_rowcol_to_cell

from s6xl.derivation import UPDATE, Network, symbol, update_of
from s6xl.expression import Expression, names, scalar_function, substitute, to_excel, to_python
from s6xl.workbook import numerals
from s6xl.workbook.book import Book
from s6xl.workbook.choice import Choice
from s6xl.workbook.rate import Rate
from s6xl.workbook.sheet import Sheet, cached

HEADINGS = ("Quantity", "Value", "Power of 10", "Text", "In a formula")


def following(weight: str) -> str:
    """The name of a weight at the next step."""
    return f"{weight}_next"


def shown_symbol(name: str) -> str:
    """A name as the sheet Step shows it: ``∂E/∂w5``, ``η``, ``w5, next``."""
    if name == "lr":
        return "η"
    return f"{name.removesuffix('_next')}, next" if name.endswith("_next") else symbol(name)


def _digits(name: str) -> int:
    # A step changes a weight so little that four digits would often not show it.
    return 6 if name.endswith("_next") else 4


def updates(network: Network) -> dict[str, Expression]:
    """For each weight, its value at the next step over the names of this one."""
    return {following(w): substitute(UPDATE.expression, update_of(w)) for w in network.weights}


class Lookup:
    """A table with a row for each quantity, factor of the chain rule and next weight of the chosen step.

    `corner` is the table's first cell. `values` are the numbers that the workbook opens with: `rate`'s first step.
    """

    def __init__(self, network: Network, corner: str, rate: Rate) -> None:
        self._network = network
        self._row, self._column = xl_cell_to_rowcol(corner)
        self._computed = {**{p.name: p.expression for p in network.partials}, **updates(network)}
        self.values = dict(zip(network.columns, rate.table[0].tolist(), strict=True)) | {"lr": rate.value}
        for name, expression in self._computed.items():
            used = names(expression)
            compute = scalar_function(used, to_python(expression))
            value = float(compute(*(self.values[argument] for argument in used)))
            self.values[name] = value if math.isfinite(value) else math.nan
        self._rows = {name: self._row + 2 + index for index, name in enumerate(self.values)}

    def value(self, name: str) -> str:
        """The cell of a number."""
        return self._cell(name, 1)

    def text(self, name: str) -> str:
        """The cell of a number's short text."""
        return self._cell(name, 3)

    def enclosed(self, name: str) -> str:
        """The cell of a number's short text, in parentheses where the number is negative."""
        return self._cell(name, 4)

    def shown_text(self, name: str) -> str:
        """What the cell `text` holds when the workbook is opened."""
        return numerals.short_text(self.values[name], _digits(name))

    def shown_enclosed(self, name: str) -> str:
        """What the cell `enclosed` holds when the workbook is opened."""
        return numerals.enclosed_text(self.values[name], _digits(name))

    @property
    def largest_weight(self) -> str:
        """The cell of the largest weight's size."""
        return self._address(self._row + 2 + len(self._rows), 1)

    @property
    def largest_gradient(self) -> str:
        """The cell of the largest gradient's size."""
        return self._address(self._row + 3 + len(self._rows), 1)

    def write(self, book: Book, sheet: Sheet, choice: Choice) -> None:
        """Write the table."""
        styles = book.styles
        sheet.write_string(self._row, self._column, "Values of the chosen step", styles["table_title"])
        for index, heading in enumerate(HEADINGS):
            sheet.write_string(self._row + 1, self._column + index, heading, styles["header"])
        for name, row in self._rows.items():
            self._write_entry(book, sheet, row, name, self._formula(name, choice))
        styles.keep_readable(sheet, f"{self.value(self._network.columns[0])}:{self.largest_gradient}".replace("$", ""))
        for cell, kind, members in (
            (self.largest_weight, "largest weight", self._network.weights),
            (self.largest_gradient, "largest ∂E/∂w", self._network.gradients),
        ):
            cells = ",".join(map(self.value, members))
            largest = float(np.max(np.abs([self.values[name] for name in members])))
            sheet.write_string(xl_cell_to_rowcol(cell)[0], self._column, kind, styles["box"])
            sheet.write_formula(cell, f"=MAX(MAX({cells}),-MIN({cells}))", styles["general"], cached(largest))

    def _formula(self, name: str, choice: Choice) -> str:
        if name == "lr":
            return choice.rate_formula
        if name in self._computed:
            return to_excel(self._computed[name], self.value)
        return choice.value_formula(name)

    def _write_entry(self, book: Book, sheet: Sheet, row: int, name: str, formula: str) -> None:
        style, column, value = book.styles["general"], self._column, self.values[name]
        number, power, text = self.value(name), self._cell(name, 2), self.text(name)
        sheet.write_string(row, column, shown_symbol(name), book.styles["box"])
        sheet.write_formula(row, column + 1, f"={formula}", style, cached(value))
        finite, digits = math.isfinite(value), _digits(name)
        entries: Sequence[tuple[str, float | str]] = (
            (numerals.exponent_formula(number), numerals.exponent(value) if finite else "#NUM!"),
            (numerals.text_formula(number, power, digits), self.shown_text(name)),
            (numerals.enclosed_formula(number, text), self.shown_enclosed(name)),
        )
        for offset, (entry, shown) in enumerate(entries, start=2):
            sheet.write_formula(row, column + offset, f"={entry}", style, shown)

    def _cell(self, name: str, offset: int) -> str:
        return self._address(self._rows[name], offset)

    def _address(self, row: int, offset: int) -> str:
        return str(xl_rowcol_to_cell(row, self._column + offset, row_abs=True, col_abs=True))
