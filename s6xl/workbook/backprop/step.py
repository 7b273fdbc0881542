"""The sheet Step: one step of one learning rate, with every formula's numbers put in."""

from collections.abc import Sequence

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
# Each neuron of the drawing takes two rows, its sum and its activation, and a row of space.
NEURON_ROWS = 3
TIMES, MINUS = " × ", "−"
HOW_TO_READ = (
    "Blue is positive, red is negative, deeper is larger: weights and gradients by the largest of their kind, "
    "neurons from −1 to 1.",
    "The numbers in the sentences below are rounded; what they come to is computed in full, so that its last digit may "
    "differ from a calculator's.",
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
    _write_network(book, sheet, network, lookup)
    last_row = _Formulas(book, sheet, network, lookup).write()
    sheet.freeze_panes(CHOICE_ROW, 0)
    sheet.print_area(f"A1:{LAST_COLUMN}{last_row}")
    sheet.set_selection(CHOSEN_RATE)


def _write_network(book: NewBook, sheet: NewSheet, network: Network, lookup: Lookup) -> None:
    """The network in cells: columns of inputs, weights, neurons, weights, neurons, and errors."""
    styles = book.styles
    book.write_section(sheet, NETWORK_ROW, COLUMNS, "The network at this step")
    first_row = NETWORK_ROW + 2

    def show(cell: str, name: str, role: str) -> None:
        sheet.write_formula(cell, f"={lookup.value(name)}", styles[role], cached(lookup.values[name]))

    def heading(columns: str, title: str) -> None:
        first, last = columns.split(":")
        sheet.merge_range(f"{first}{NETWORK_ROW + 1}:{last}{NETWORK_ROW + 1}", title, styles["header"])

    def neuron_row(index: int) -> int:
        return first_row + index * NEURON_ROWS

    heading("B:C", "Inputs")
    for index, name in enumerate(network.inputs):
        sheet.write_string(f"B{neuron_row(index)}", name, styles["node_name"])
        show(f"C{neuron_row(index)}", name, "node")

    value_columns, gradient_columns = [], []
    for layer, columns in zip(network.layers, ("DEFGH", "IJKLM"), strict=True):
        name_column, value_column, gradient_column, neuron_column, number_column = tuple(columns)
        heading(f"{name_column}:{gradient_column}", "Weight, value, ∂E/∂w")
        heading(f"{neuron_column}:{number_column}", "Output layer" if layer is network.layers[-1] else "Hidden layer")
        value_columns.append(value_column)
        gradient_columns.append(gradient_column)
        for index, (total, activation) in enumerate(layer):
            row = neuron_row(index)
            for offset, name in enumerate((total, activation)):
                sheet.write_string(f"{neuron_column}{row + offset}", name, styles["node_name"])
                show(f"{number_column}{row + offset}", name, "node")
            incoming = [(w, source) for w, (source, target) in network.connections.items() if target == total]
            for offset, (weight, source) in enumerate(incoming):
                sheet.write_string(f"{name_column}{row + offset}", f"{weight}: {source} → {total}", styles["edge_name"])
                show(f"{value_column}{row + offset}", weight, "node")
                show(f"{gradient_column}{row + offset}", gradient(weight), "small_value")

    heading("N:O", "Target, error")
    for index, pair in enumerate(zip(network.targets, network.errors, strict=True)):
        for offset, (name, role) in enumerate(zip(pair, ("node", "small_value"), strict=True)):
            sheet.write_string(f"N{neuron_row(index) + offset}", name, styles["node_name"])
            show(f"O{neuron_row(index) + offset}", name, role)
    total_row = neuron_row(len(network.errors))
    sheet.write_string(f"N{total_row}", symbol(network.loss), styles["node_name"])
    show(f"O{total_row}", network.loss, "loss_small")

    last_row = neuron_row(len(network.layers[0])) - 1
    styles.keep_readable(sheet, f"C{first_row}:{LAST_COLUMN}{total_row}", largest=1000, smallest=0.0001)
    _colour_by_sign(sheet, [f"{c}{first_row}:{c}{last_row}" for c in value_columns], lookup.largest_weight)
    _colour_by_sign(sheet, [f"{c}{first_row}:{c}{last_row}" for c in gradient_columns], lookup.largest_gradient)
    _colour_by_sign(sheet, [f"{c}{first_row}:{c}{last_row}" for c in "CHM"], "1")
    for row, words in enumerate(HOW_TO_READ, start=total_row):
        sheet.write_string(f"B{row}", words, styles["italic"])


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
        self._heading("Forward pass: from the inputs to the error")
        for quantity in network.quantities:
            if quantity.name not in network.gradients:
                self._short(quantity.name, quantity.expression)
        self._book.break_pages(self._sheet, PRINTED_PIXELS, rows=[self._row])
        self._heading("Backward pass: each gradient by the chain rule")
        for name in network.gradients:
            self._gradient(name)
        self._heading("Update: each weight one step down its slope")
        for name, expression in updates(network).items():
            self._short(name, expression)
        return self._row - 1

    def _heading(self, title: str) -> None:
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
        """The formula with its numbers, and what they come to: ``(0.6065 − 0.5) × … = 0.01288``."""
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
