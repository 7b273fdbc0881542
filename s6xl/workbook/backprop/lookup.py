"""The values of the chosen step, looked up once: as numbers, and as short text for sentences."""

import math
from collections.abc import Sequence

import numpy as np
from xlsxwriter.utility import xl_cell_to_rowcol, xl_rowcol_to_cell

from s6xl.backprop.expression import (
    Expression,
    Name,
    names,
    operations,
    scalar_function,
    substitute,
    to_excel,
    to_python,
)
from s6xl.backprop.network import UPDATE, Network, symbol, update_of
from s6xl.workbook.backprop import numerals
from s6xl.workbook.backprop.blueprint import Rate
from s6xl.workbook.backprop.choice import Choice
from s6xl.workbook.book import NewBook
from s6xl.workbook.sheet import NewSheet, cached

HEADERS = ("Quantity", "Value", "Digits", "Power of 10", "Text", "In a formula")
# So many digits of each difference are to be seen in the two numbers that it is made of: 0.5 − 0.5015 shows but two.
# Of a step that a weight takes, three will do.
DIFFERENCE_DIGITS, STEP_DIGITS = 4, 3
_NOW, _NEXT = "_now", "_next"


def shown_symbol(name: str) -> str:
    """Return a name as the sheet Step shows it: ``∂E/∂w5``, ``η``, ``w5, next``."""
    if name == "lr":
        return "η"
    if name.endswith(_NEXT):
        return f"{name.removesuffix(_NEXT)}, next"
    return symbol(name.removesuffix(_NOW))


def updates(network: Network) -> dict[str, Expression]:
    """Return each weight's value at the next step, over names of this step.

    The weight itself is named ``w5_now``, because its text has more digits there than elsewhere.
    """
    return {
        f"{weight}{_NEXT}": substitute(UPDATE.expression, {**update_of(weight), "w": Name(f"{weight}{_NOW}")})
        for weight in network.weights
    }


def _finest(network: Network) -> dict[str, tuple[tuple[Expression, ...], int]]:
    """For each name that others are taken from: the numbers its text must resolve, and to how many digits."""
    differences: dict[str, dict[frozenset[Expression], Expression]] = {}
    for quantity in (*network.quantities, *network.partials):
        for difference in operations(quantity.expression, "-"):
            # a − t and t − a are the same to both.
            sides = difference.left, difference.right
            for side in sides:
                if isinstance(side, Name):
                    differences.setdefault(side.name, {}).setdefault(frozenset(sides), difference)
    finest = {name: (tuple(found.values()), DIFFERENCE_DIGITS) for name, found in differences.items()}
    for weight, update in zip(network.weights, updates(network).values(), strict=True):
        (difference,) = operations(update, "-")
        finest[f"{weight}{_NOW}"] = finest[f"{weight}{_NEXT}"] = ((difference.right,), STEP_DIGITS)
    return finest


class Lookup:
    """A table with a row for each quantity, factor of the chain rule and next weight of the chosen step.

    `corner` is the table's first cell. `values` are the numbers that the workbook opens with: `rate`'s first step.
    """

    def __init__(self, network: Network, corner: str, rate: Rate) -> None:
        self._network = network
        self._row, self._column = xl_cell_to_rowcol(corner)
        self._computed = {
            **{partial.name: partial.expression for partial in network.partials},
            **{f"{weight}{_NOW}": Name(weight) for weight in network.weights},
            **updates(network),
        }
        self.values = dict(zip(network.columns, rate.table[0].tolist(), strict=True)) | {"lr": rate.value}
        for name, expression in self._computed.items():
            self.values[name] = self._value(expression)
        self._finest = _finest(network)
        self._digits = {name: self._digits_needed(name) for name in self.values}
        self._rows = {name: self._row + 2 + index for index, name in enumerate(self.values)}

    def value(self, name: str) -> str:
        """Return the cell of a number."""
        return self._cell(name, 1)

    def text(self, name: str) -> str:
        """Return the cell of a number's short text."""
        return self._cell(name, 4)

    def enclosed(self, name: str) -> str:
        """Return the cell of a number's short text, in parentheses if the number is negative."""
        return self._cell(name, 5)

    def shown_text(self, name: str) -> str:
        """Return what the cell `text` holds when the workbook is opened."""
        return numerals.short_text(self.values[name], self._digits[name])

    def shown_enclosed(self, name: str) -> str:
        """Return what the cell `enclosed` holds when the workbook is opened."""
        return numerals.enclosed_text(self.values[name], self._digits[name])

    @property
    def largest_weight(self) -> str:
        """The cell of the largest weight's size."""
        return self._address(self._row + 2 + len(self._rows), 1)

    @property
    def largest_gradient(self) -> str:
        """The cell of the largest gradient's size."""
        return self._address(self._row + 3 + len(self._rows), 1)

    def write(self, book: NewBook, sheet: NewSheet, choice: Choice) -> None:
        """Write the table."""
        styles = book.styles
        sheet.write_string(self._row, self._column, "Values of the chosen step", styles["table_title"])
        for index, header in enumerate(HEADERS):
            sheet.write_string(self._row + 1, self._column + index, header, styles["header"])
        for name, row in self._rows.items():
            self._write_entry(book, sheet, row, name, self._formula(name, choice))
        values = f"{self.value(self._network.columns[0])}:{self.largest_gradient}".replace("$", "")
        styles.keep_readable(sheet, values, largest=1000)
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

    def _write_entry(self, book: NewBook, sheet: NewSheet, row: int, name: str, formula: str) -> None:
        style, column, value = book.styles["general"], self._column, self.values[name]
        number, digits, power, text = (self._cell(name, offset) for offset in range(1, 5))
        label = shown_symbol(name) + (", now" if name.endswith(_NOW) else "")
        sheet.write_string(row, column, label, book.styles["box"])
        sheet.write_formula(row, column + 1, f"={formula}", style, cached(value))
        if name in self._finest:
            numbers, least = self._finest[name]
            needed = numerals.digits_formula(number, [to_excel(finest, self.value) for finest in numbers], least)
            sheet.write_formula(row, column + 2, f"={needed}", style, self._digits[name])
        else:
            sheet.write_number(row, column + 2, self._digits[name], style)
        shown_power = numerals.exponent(value, self._digits[name]) if math.isfinite(value) else "#NUM!"
        entries: Sequence[tuple[str, float | str]] = (
            (numerals.exponent_formula(number, digits), shown_power),
            (numerals.text_formula(number, power, digits), self.shown_text(name)),
            (numerals.enclosed_formula(number, text), self.shown_enclosed(name)),
        )
        for offset, (entry, shown) in enumerate(entries, start=3):
            sheet.write_formula(row, column + offset, f"={entry}", style, shown)

    def _value(self, expression: Expression) -> float:
        """Return an expression over the values known so far; NaN if it is not a finite number."""
        used = names(expression)
        value = float(scalar_function(used, to_python(expression))(*(self.values[name] for name in used)))
        return value if math.isfinite(value) else math.nan

    def _digits_needed(self, name: str) -> int:
        """How many digits a name's text has as the workbook opens."""
        if name not in self._finest:
            return numerals.FEWEST
        numbers, least = self._finest[name]
        return numerals.digits_needed(self.values[name], [self._value(finest) for finest in numbers], least)

    def _cell(self, name: str, offset: int) -> str:
        return self._address(self._rows[name], offset)

    def _address(self, row: int, offset: int) -> str:
        return str(xl_rowcol_to_cell(row, self._column + offset, row_abs=True, col_abs=True))
