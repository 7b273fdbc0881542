"""A table of forward passes: the chosen step's givens as they are, then each weight moved up and down by h."""

from collections.abc import Mapping

from s6xl.backprop.descent import descend
from s6xl.backprop.expression import Expression, Name, to_excel
from s6xl.backprop.network import Network, symbol
from s6xl.backprop.verification import WIDTH, moved
from s6xl.ooxml.addresses import address
from s6xl.palette import INPUT
from s6xl.workbook.backprop.choice import Choice
from s6xl.workbook.book import NewBook
from s6xl.workbook.sheet import NewSheet, cached

LABEL_COLUMN, FIRST_COLUMN = 2, 3


class ForwardPasses:
    """The table below the header row `row`; `width` is the absolute cell of h.

    `losses` holds, for each weight, the losses with the weight moved up and down as the workbook opens, and
    `loss_cells` their cells.
    """

    def __init__(self, network: Network, givens: Mapping[str, float], row: int, width: str) -> None:
        self._network, self._givens, self._row, self._width = network, givens, row, width
        # The table's columns down to the loss: the gradients are no part of a forward pass.
        self._columns = network.columns[: network.columns.index(network.loss) + 1]
        self.losses: dict[str, tuple[float, float]] = {}
        self.loss_cells = {
            weight: (self._cell(network.loss, row + 2 + 2 * i), self._cell(network.loss, row + 3 + 2 * i))
            for i, weight in enumerate(network.weights)
        }

    @property
    def unmoved_loss_cell(self) -> str:
        """The cell of the chosen step's loss, computed from its givens alone."""
        return self._cell(self._network.loss, self._row + 1)

    @property
    def headers(self) -> tuple[str, ...]:
        """The headers of the table."""
        return ("moved", *map(symbol, self._columns))

    def write(self, book: NewBook, sheet: NewSheet, choice: Choice) -> None:
        """Write the rows below the headers."""
        chosen = {name: f"={choice.value_formula(name)}" for name in self._network.givens}
        self._write_pass(book, sheet, self._row + 1, "nothing", chosen, self._givens)
        row = self._row + 2
        for weight in self._network.weights:
            found = []
            for sign, shown, change in (("+", "+", WIDTH), ("-", "−", -WIDTH)):
                givens = {**self._givens, weight: self._givens[weight] + change}
                formulas = self._moved_formulas(weight, moved(weight, sign))
                found.append(self._write_pass(book, sheet, row, f"{weight} {shown} h", formulas, givens, weight))
                row += 1
            self.losses[weight] = (found[0], found[1])
        cells = f"{address(self._row + 1, FIRST_COLUMN)}:{self._cell(self._network.loss, row - 1)}"
        book.styles.keep_readable(sheet, cells, largest=100)

    def _moved_formulas(self, weight: str, expression: Expression) -> dict[str, str]:
        def unmoved(name: str) -> str:
            return self._width if name == "h" else self._cell(name, self._row + 1)

        return {
            name: f"={to_excel(expression if name == weight else Name(name), unmoved)}" for name in self._network.givens
        }

    def _write_pass(
        self,
        book: NewBook,
        sheet: NewSheet,
        row: int,
        label: str,
        givens_formulas: Mapping[str, str],
        givens: Mapping[str, float],
        marked: str = "",
    ) -> float:
        network = self._network
        (computed,) = descend(network, givens, 1.0, 1).tolist()
        values = dict(zip(network.columns, computed, strict=True))
        sheet.write_string(address(row, LABEL_COLUMN), label, book.styles["box_bold"])
        for name in self._columns:
            formula = givens_formulas.get(name) or self._computed_formula(name, row)
            style = book.styles.varied("value", bg_color=INPUT) if name == marked else book.styles["value"]
            sheet.write_formula(self._cell(name, row), formula, style, cached(values[name]))
        return float(values[network.loss])

    def _computed_formula(self, name: str, row: int) -> str:
        return f"={to_excel(self._network[name].expression, lambda used: self._cell(used, row))}"

    def _cell(self, name: str, row: int) -> str:
        return address(row, FIRST_COLUMN + self._columns.index(name))
