"""The sheet Step: one step of one learning rate, with every formula's numbers put in."""

from collections.abc import Sequence
from typing import NamedTuple

from s6xl.backprop.expression import Expression, expand, to_text
from s6xl.backprop.network import Network, gradient, symbol
from s6xl.palette import NEGATIVE, NEUTRAL, POSITIVE
from s6xl.workbook.backprop.blueprint import Blueprint
from s6xl.workbook.backprop.choice import Choice
from s6xl.workbook.backprop.lookup import Lookup, shown_symbol, updates
from s6xl.workbook.book import NewBook
from s6xl.workbook.layout import CHOICE_ROW, CHOSEN_RATE, STEP
from s6xl.workbook.sheet import NewSheet, cached

NETWORK_ROW, FORMULAS_ROW = 6, 16
PRINTED_PIXELS = 1_240  # the width of columns A to O
LAST_COLUMN, LOOKUP_COLUMN = "O", "Q"
COLUMNS = f"B:{LAST_COLUMN}"


class LayerColumns(NamedTuple):
    """The columns of a layer in the network in cells: its weights at the left, its neurons at the right."""

    weight: str
    value: str
    gradient: str
    neuron: str
    number: str


LAYER_COLUMNS = (LayerColumns(*"DEFGH"), LayerColumns(*"IJKLM"))
# Each neuron of the drawing takes two rows, its sum and its activation, and a row of space.
NEURON_ROWS = 3
TIMES, MINUS = " × ", "−"
HOW_TO_READ = (
    "Blue is positive, red is negative, and a deeper colour is a larger number. Weights and gradients are compared "
    "with the largest of their kind, neurons with 1.",
    "The numbers in the formulas below are rounded. Each result is computed from the full numbers, so its last digit "
    "may differ from a calculator's.",
)


def write_step(book: NewBook, blueprint: Blueprint) -> None:
    """Add the sheet, with the first learning rate and its first step chosen."""
    network = blueprint.network
    sheet = book.add_sheet(STEP, tab=POSITIVE)
    sheet.set_column("A:A", 2)
    sheet.set_column(COLUMNS, 11)
    sheet.set_column("D:D", 16)
    sheet.set_column("I:I", 16)
    sheet.set_column("P:P", 4)
    sheet.set_column("Q:V", 13)
    book.write_heading(sheet, "One step, number by number", network.warning)
    choice = Choice(blueprint.layout)
    lookup = Lookup(network, f"{LOOKUP_COLUMN}{NETWORK_ROW}", blueprint.rates[0])
    choice.write(book, sheet, lookup.value(network.loss), lookup.values[network.loss])
    lookup.write(book, sheet, choice)
    _NetworkInCells(book, sheet, network, lookup).write()
    last_row = _Formulas(book, sheet, network, lookup).write()
    sheet.freeze_panes(CHOICE_ROW, 0)
    sheet.print_area(f"A1:{LAST_COLUMN}{last_row}")
    sheet.set_selection(CHOSEN_RATE)


class _NetworkInCells:
    """The network in cells: columns of inputs, weights, neurons, weights, neurons, and errors."""

    def __init__(self, book: NewBook, sheet: NewSheet, network: Network, lookup: Lookup) -> None:
        self._book, self._styles, self._sheet = book, book.styles, sheet
        self._network, self._lookup = network, lookup
        self._first_row = NETWORK_ROW + 2

    def write(self) -> None:
        """Write it, with its colours."""
        self._book.write_section(self._sheet, NETWORK_ROW, COLUMNS, "The network at this step")
        self._write_inputs()
        for layer, columns in zip(self._network.layers, LAYER_COLUMNS, strict=True):
            self._write_weights(layer, columns)
            self._write_neurons(layer, columns)
        total_row = self._write_errors()
        cells = f"C{self._first_row}:{LAST_COLUMN}{total_row}"
        self._styles.keep_readable(self._sheet, cells, largest=1000, smallest=0.0001)
        self._colour()
        for row, words in enumerate(HOW_TO_READ, start=total_row):
            self._sheet.write_string(f"B{row}", words, self._styles["italic"])

    def _write_inputs(self) -> None:
        self._header("B", "C", "Inputs")
        for index, name in enumerate(self._network.inputs):
            self._node("B", "C", self._neuron_row(index), name)

    def _write_weights(self, layer: tuple[tuple[str, str], ...], columns: LayerColumns) -> None:
        self._header(columns.weight, columns.gradient, "Weight, value, ∂E/∂w")
        for index, (total, _) in enumerate(layer):
            incoming = [(w, source) for w, (source, target) in self._network.connections.items() if target == total]
            for row, (weight, source) in enumerate(incoming, start=self._neuron_row(index)):
                edge = f"{weight}: {source} → {total}"
                self._sheet.write_string(f"{columns.weight}{row}", edge, self._styles["edge_name"])
                self._value(f"{columns.value}{row}", weight, "node")
                self._value(f"{columns.gradient}{row}", gradient(weight), "small_value")

    def _write_neurons(self, layer: tuple[tuple[str, str], ...], columns: LayerColumns) -> None:
        title = "Output layer" if layer is self._network.layers[-1] else "Hidden layer"
        self._header(columns.neuron, columns.number, title)
        for index, neuron in enumerate(layer):
            for row, name in enumerate(neuron, start=self._neuron_row(index)):
                self._node(columns.neuron, columns.number, row, name)

    def _write_errors(self) -> int:
        """Write the targets, the errors and below them the total error, whose row it returns."""
        self._header("N", "O", "Target, error")
        network = self._network
        for index, (target, error) in enumerate(zip(network.targets, network.errors, strict=True)):
            row = self._neuron_row(index)
            self._node("N", "O", row, target)
            self._node("N", "O", row + 1, error, "small_value")
        total_row = self._neuron_row(len(network.errors))
        self._node("N", "O", total_row, network.loss, "loss_small")
        return total_row

    def _header(self, first: str, last: str, title: str) -> None:
        row = NETWORK_ROW + 1
        self._sheet.merge_range(f"{first}{row}:{last}{row}", title, self._styles["header"])

    def _node(self, name_column: str, value_column: str, row: int, name: str, role: str = "node") -> None:
        self._sheet.write_string(f"{name_column}{row}", symbol(name), self._styles["node_name"])
        self._value(f"{value_column}{row}", name, role)

    def _value(self, cell: str, name: str, role: str) -> None:
        shown = cached(self._lookup.values[name])
        self._sheet.write_formula(cell, f"={self._lookup.value(name)}", self._styles[role], shown)

    def _neuron_row(self, index: int) -> int:
        return self._first_row + index * NEURON_ROWS

    def _colour(self) -> None:
        last_row = self._neuron_row(len(self._network.layers[0])) - 1
        for columns, largest in (
            ([layer.value for layer in LAYER_COLUMNS], self._lookup.largest_weight),
            ([layer.gradient for layer in LAYER_COLUMNS], self._lookup.largest_gradient),
            (["C", *(layer.number for layer in LAYER_COLUMNS)], "1"),
        ):
            _colour_by_sign(self._sheet, [f"{c}{self._first_row}:{c}{last_row}" for c in columns], largest)


def _colour_by_sign(sheet: NewSheet, ranges: Sequence[str], largest: str) -> None:
    scale = {
        "type": "3_color_scale",
        "min_type": "formula",
        "mid_type": "num",
        "max_type": "formula",
        "min_value": f"=-{largest}",
        "mid_value": 0,
        "max_value": f"={largest}",
        "min_color": NEGATIVE,
        "mid_color": NEUTRAL,
        "max_color": POSITIVE,
        "multi_range": " ".join(ranges),
    }
    sheet.conditional_format(ranges[0], scale)


class _Formulas:
    """The formulas of the step, from the top down: each in symbols, then with its numbers put in."""

    def __init__(self, book: NewBook, sheet: NewSheet, network: Network, lookup: Lookup) -> None:
        self._book = book
        self._sheet = sheet
        self._network = network
        self._lookup = lookup
        self._row = FORMULAS_ROW

    def write(self) -> int:
        """Write all of them; returns the last row."""
        network = self._network
        self._section("Forward pass: from the inputs to the error")
        for quantity in network.quantities:
            if quantity.name not in network.gradients:
                self._short(quantity.name, quantity.expression)
        self._book.break_pages(self._sheet, PRINTED_PIXELS, rows=[self._row])
        self._section("Backward pass: each gradient by the chain rule")
        for name in network.gradients:
            self._gradient(name)
        self._section("Update: each weight takes one step down its slope")
        for name, expression in updates(network).items():
            self._short(name, expression)
        return self._row - 1

    def _section(self, title: str) -> None:
        self._row += 1
        self._book.write_section(self._sheet, self._row, COLUMNS, title)
        self._row += 1

    def _short(self, name: str, expression: Expression) -> None:
        """One row: the formula at the left, its numbers at the right."""
        self._name(name)
        self._symbols("C", "G", expression)
        self._numbers("H", LAST_COLUMN, expand(expression), name)
        self._row += 1

    def _gradient(self, name: str) -> None:
        """Three rows: the chain rule with its factors, the formula, the formula with its numbers."""
        self._name(name)
        factors = self._network.chains[name]
        chain = TIMES.join(map(symbol, factors))
        cells = f'&"{TIMES}"&'.join(map(self._lookup.enclosed, factors))
        shown = TIMES.join(map(self._lookup.shown_enclosed, factors))
        self._formula("C", LAST_COLUMN, f'="{chain} = "&{cells}', f"{chain} = {shown}", "box")
        self._row += 1
        self._symbols("C", LAST_COLUMN, self._network[name].expression)
        self._row += 1
        self._numbers("C", LAST_COLUMN, self._network[name].expression, name)
        self._row += 1

    def _name(self, name: str) -> None:
        self._sheet.write_string(f"B{self._row}", shown_symbol(name), self._book.styles["box_bold"])

    def _symbols(self, first: str, last: str, expression: Expression) -> None:
        text = to_text(expression, shown_symbol, times=TIMES, minus=MINUS)
        self._sheet.merge_range(f"{first}{self._row}:{last}{self._row}", text, self._book.styles["box"])

    def _numbers(self, first: str, last: str, expression: Expression, result: str) -> None:
        """Write the formula with its numbers, and what they come to: ``(0.6065 − 0.5) × … = 0.01288``."""
        marked = to_text(expression, lambda name: f"\0{name}\0", times=TIMES, minus=MINUS)
        parts, shown = [], ""
        for index, part in enumerate(marked.split("\0")):
            if index % 2:
                parts.append(self._lookup.enclosed(part))
                shown += self._lookup.shown_enclosed(part)
            elif part:
                parts.append(f'"{part}"')
                shown += part
        formula = "&".join([*parts, '" = "', self._lookup.text(result)])
        shown += f" = {self._lookup.shown_text(result)}"
        self._formula(first, last, f"={formula}", shown, "numbers")

    def _formula(self, first: str, last: str, formula: str, shown: str, role: str) -> None:
        style = self._book.styles[role]
        shown = "#NUM!" if "#NUM!" in shown else shown  # as an error in a part is an error in the whole
        self._sheet.merge_range(f"{first}{self._row}:{last}{self._row}", "", style)
        self._sheet.write_formula(f"{first}{self._row}", formula, style, shown)
