"""Strangers' workbooks with mistakes planted in them: each with the cells that are wrong, and words for the slip.

A cell is wrong if its own formula is, given what it refers to: what follows rightly from wrong cells is right.
"""

from collections.abc import Callable, Iterator

from tests.support.audit import stranger_layouts as layouts
from tests.support.audit.stranger_layouts import classic, short
from tests.support.audit.strangers import DELTAS, GIVENS, WEIGHTS, Book, Case, Chart, Expected, Value

Plant = Callable[[Book], list[Expected]]


def instead(name: str, template: str, *words: str, at: int = 0) -> Plant:
    """Another formula in the whole column of a quantity, or in all of it that follows from the row before."""

    def plant(book: Book) -> list[Expected]:
        table = book.tables[at]
        if name in table.formulas:
            table.formulas[name] = template
            return [Expected(table.sheet, table.area(name), words)]
        table.updates[name] = template
        return [Expected(table.sheet, table.area(name, 1), words)]

    return plant


def changed(name: str, old: str, new: str, *words: str, at: int = 0) -> Plant:
    """The column's own formula, changed in one place."""

    def plant(book: Book) -> list[Expected]:
        table = book.tables[at]
        formula = table.formulas.get(name) or table.updates[name]
        assert formula.count(old) == 1, (formula, old)
        return instead(name, formula.replace(old, new), *words, at=at)(book)

    return plant


def in_cells(name: str, content: Value, *words: str, first: int, last: int | None = None, at: int = 0) -> Plant:
    """Something else in the cells from one step to another (counted from 0, the last included)."""

    def plant(book: Book) -> list[Expected]:
        table = book.tables[at]
        end = table.steps - 1 if last is None else last
        table.cells |= {(name, step): content for step in range(first, end + 1)}
        return [Expected(table.sheet, table.area(name, first, end), words)]

    return plant


def in_cell(name: str, step: int, content: Value, *words: str, at: int = 0) -> Plant:
    """Something else in a single cell."""
    return in_cells(name, content, *words, first=step, last=step, at=at)


def in_each(name: str, content: Value, *words: str, steps: tuple[int, ...]) -> Plant:
    """Something else in the cells of some steps, which one finding names together."""

    def plant(book: Book) -> list[Expected]:
        table = book.table
        table.cells |= {(name, step): content for step in steps}
        return [Expected(table.sheet, ", ".join(table.area(name, step, step) for step in steps), words)]

    return plant


def unanchored(name: str, given: str, *words: str) -> Plant:
    """A formula in which what is given once slides into empty cells: right in the first row, never again."""

    def plant(book: Book) -> list[Expected]:
        table = book.table
        for step in range(1, table.steps):
            slid = f"{table.columns[given]}{table.first + step}"
            table.cells[name, step] = f"={table.formulas[name].replace(given, slid)}"
        return [Expected(table.sheet, table.area(name, 1), words)]

    return plant


def held(name: str, part: str, *words: str) -> Plant:
    """A formula in which a reference is held in the first row: right there and then never again."""

    def plant(book: Book) -> list[Expected]:
        table = book.table
        table.formulas[name] = table.formulas[name].replace(part, f"{part}@first")
        return [Expected(table.sheet, table.area(name, 1), words)]

    return plant


def sliding(name: str, prefix: str, row: int) -> Plant:
    """A weight whose rate is not anchored, so that it slides down from `row`: right once and then never again."""

    def plant(book: Book) -> list[Expected]:
        table = book.table
        for step in range(1, table.steps):
            table.cells[name, step] = f"={name}@-1-{prefix}{row + step - 1}*d_{name}@-1"
        letter = prefix.split("!")[-1]
        words = ("anchor", f"{letter}{row} to {letter}{row + table.steps - 2}")
        return [Expected(table.sheet, table.area(name, 2), words)]

    return plant


def fixed(name: str, *words: str) -> Plant:
    """A weight that always follows from the first row: right once and then never again."""

    def plant(book: Book) -> list[Expected]:
        table = book.table
        table.updates[name] = f"{name}@first-eta*d_{name}@first"
        return [Expected(table.sheet, table.area(name, 2), words)]

    return plant


def headed(name: str, head: str, *words: str) -> Plant:
    """Another header over a column."""

    def plant(book: Book) -> list[Expected]:
        book.table.heads[name] = head
        return [Expected(book.table.sheet, book.table.head(name), words)]

    return plant


def charted(name: str, first: int, last: int, *words: str) -> Plant:
    """A chart of some of the steps."""

    def plant(book: Book) -> list[Expected]:
        table = book.table
        book.charts[table.sheet] = [Chart("S1", name, first, last)]
        return [Expected(table.sheet, "S1", words)]

    return plant


def shown(name: str, step: int, value: Value, *words: str) -> Plant:
    """A calculated workbook, but for one cell that shows something else than its formula gives."""

    def plant(book: Book) -> list[Expected]:
        cell = book.table.area(name, step, step)
        book.shown = book.table.calculated() | {cell: value}
        return [Expected(book.table.sheet, cell, words)]

    return plant


def series(name: str, step_by: float, *words: str) -> Plant:
    """An input that was filled down as a series."""

    def plant(book: Book) -> list[Expected]:
        table = book.table
        start = float(table.start[name])
        table.cells |= {(name, step): start + step * step_by for step in range(table.steps)}
        return [Expected(table.sheet, table.area(name, 1), words)]

    return plant


def pasted_over(book: Book) -> list[Expected]:
    """A table of numbers alone."""
    table = book.table
    values = table.calculated()
    expected = []
    for name in table.columns:
        first = 0 if name in table.formulas else 1
        table.cells |= {(name, step): values[table.area(name, step, step)] for step in range(first, table.steps)}
        if name not in GIVENS:
            expected.append(Expected(table.sheet, table.area(name, first), ("number", "formula")))
    return expected


def without_rate_at_one(book: Book) -> list[Expected]:
    """A rate that is 1 and left out once, which changes no value."""
    book.extra["Sheet1"]["G31"] = 1
    return instead("w7", "w7@-1-d_w7@-1", "rate")(book)


def in_turned_row(row: int, old: int, new: int, *words: str) -> Plant:
    """In a table whose steps run across, another row in the formulas of a whole row."""

    def plant(book: Book) -> list[Expected]:
        cells = book.extra["Sheet1"]
        for letter in "BCDEFG":
            cells[f"{letter}{row}"] = str(cells[f"{letter}{row}"]).replace(f"{letter}{old}", f"{letter}{new}")
        return [Expected("Sheet1", f"B{row}:G{row}", words)]

    return plant


_D1, _D2 = DELTAS["delta_o1"], DELTAS["delta_o2"]

_MISTAKES: dict[str, tuple[Callable[[], Book], tuple[Plant, ...]]] = {
    # The forward pass.
    "i1 for i2 in h1": (short, (changed("h1", "i2", "i1", "i1 instead of i2"),)),
    "w3 for w4 in h2": (layouts.weights_first, (changed("h2", "w4", "w3", "w3 instead of w4"),)),
    "h1 for h2 in a_h2": (layouts.subscripts, (changed("a_h2", "h2", "h1", "h1 instead of h2"),)),
    "o1 for o2, structured": (layouts.listed, (changed("a_o2", "o2", "o1", "o1 instead of o2"),)),
    "net for out in o1": (layouts.with_settings, (changed("o1", "a_h2", "h2", "h2 instead of a_h2"),)),
    "sigmoid without parentheses": (short, (instead("a_h1", "1/1+EXP(-h1)", "parenthes"),)),
    "sign in the sigmoid": (short, (changed("a_o2", "-o2", "o2", "sign"),)),
    "sign in a shared formula": (layouts.shared_formulas, (changed("a_h1", "-h1", "h1", "sign"),)),
    "sigmoid left out": (layouts.givens_above, (instead("a_o1", "o1", "o1"),)),
    "bias of the wrong layer": (layouts.fixed_biases, (changed("o2", "b2", "b1", "b1", "b2"),)),
    "bias forgotten": (layouts.learning_biases, (changed("h2", "+b1", "", "b1"),)),
    "bias of another neuron": (layouts.biased_neurons, (changed("o1", "b3", "b4", "b4 instead of b3"),)),
    "sum multiplied": (layouts.with_gaps, (instead("o2", "w7*a_h1*w8*a_h2"),)),
    # The errors.
    "t1 for t2 in E2": (classic, (changed("E2", "t2", "t1", "t1 instead of t2"),)),
    "t1 for t2 above the table": (layouts.givens_above, (changed("E2", "t2", "t1", "t1 instead of t2"),)),
    "no half in E1": (layouts.two_steps, (instead("E1", "(t1-a_o1)^2"),)),
    "E2 not squared": (layouts.in_the_corner, (changed("E2", "^2", "", "square"),)),
    "only a_o1 squared": (layouts.with_titles, (instead("E1", "1/2*(t1-a_o1^2)", "parenthes"),)),
    "difference of the errors": (layouts.backwards, (instead("E_tot", "E1-E2", "minus sign"),)),
    "one error for the total": (layouts.short_heads, (instead("E_tot", "E1", "E2"),)),
    "one error twice": (layouts.under_text, (instead("E_tot", "E1+E1", "E1 instead of E2"),)),
    # The gradients.
    "a_h1 for a_h2 in both": (
        classic,
        tuple(changed(f"d_{w}", "a_h2*(1-a_h2)", "a_h1*(1-a_h1)", "a_h1 instead of a_h2") for w in ("w3", "w4")),
    ),
    "a_h1 for a_h2 once": (layouts.with_titles, (changed("d_w4", "(1-a_h2)", "(1-a_h1)", "a_h1 instead of a_h2"),)),
    "t1 for t2 in a gradient": (classic, (changed("d_w7", "t2", "t1", "t1 instead of t2"),)),
    "parentheses lost in a gradient": (short, (changed("d_w5", "(a_o1-t1)", "a_o1-t1", "parenthes"),)),
    "parentheses lost in a sum": (
        layouts.with_gaps,
        (instead("d_w1", f"{_D1}*w5+{_D2}*w7*a_h1*(1-a_h1)*i1", "parenthes"),),
    ),
    "sign of a gradient": (layouts.under_text, (changed("d_w6", "a_o1-t1", "t1-a_o1", "sign"),)),
    "wrong weight in a sum": (layouts.new_weights, (changed("d_w3", "w6", "w7", "w7 instead of w6"),)),
    "one path missing": (layouts.stacked, (instead("d_w1", f"{_D1}*w5*a_h1*(1-a_h1)*i1", "w7"),)),
    "slope left out": (layouts.in_the_corner, (changed("d_w2", "*a_h1*(1-a_h1)", "", "a_h1"),)),
    "half a slope": (layouts.one_step, (changed("d_w8", "*(1-a_o2)", "", "a_o2"),)),
    "input left out": (layouts.weights_first, (changed("d_w4", "*i2", "", "i2"),)),
    "other input": (layouts.givens_above, (changed("d_w2", "i2", "i1", "i1 instead of i2"),)),
    "other activation": (layouts.backwards, (instead("d_w5", f"{_D1}*a_h2", "a_h2 instead of a_h1"),)),
    "factor too many": (layouts.with_settings, (instead("d_w7", f"2*{_D2}*a_h1", "2"),)),
    "slope of the other output": (layouts.backwards, (changed("d_w6", "1-a_o1", "1-a_o2", "a_o2 instead of a_o1"),)),
    "net in a gradient": (layouts.subscripts, (instead("d_w8", f"{_D2}*h2", "h2 instead of a_h2"),)),
    "delta of the other output": (layouts.with_deltas, (changed("d_w8", "delta_o2", "delta_o1", "o1"),)),
    "delta by the wrong weight": (layouts.with_deltas, (changed("delta_h2", "w6", "w5", "w5 instead of w6"),)),
    "delta without its slope": (layouts.biased_neurons, (changed("delta_h1", "*a_h1*(1-a_h1)", "", "a_h1"),)),
    "delta with the other target": (layouts.biased_neurons, (changed("delta_o1", "t1", "t2", "t2 instead of t1"),)),
    "bias by one path": (layouts.learning_biases, (instead("d_b2", _D1, "a_o2"),)),
    "a factor of the chain": (layouts.chained, (changed("da_o1_do1", "1-a_o1", "1-a_o2", "a_o2 instead of a_o1"),)),
    "a factor in the chain": (layouts.chained, (changed("d_w3", "da_h2_dh2", "da_h1_dh1", "a_h1"),)),
    "sign of a factor": (layouts.chained, (changed("dE2_da_o2", "-(t2", "(t2", "sign"),)),
    "a path in the chain": (layouts.chained, (changed("dE_da_h2", "w8", "w7", "w7 instead of w8"),)),
    "in words": (layouts.in_words, (changed("d_w4", "*a_h2*(1-a_h2)", "*a_h1*(1-a_h1)", "a_h1 instead of a_h2"),)),
    "in symbols": (layouts.in_symbols, (changed("d_w7", "(a_o2-t2)", "(a_o1-t1)"),)),
    "a step of the wrong delta": (layouts.delta_rule, (changed("step_w6", "delta_o1", "delta_o2", "∂E/∂o1"),)),
    "a delta of the wrong sign": (layouts.delta_rule, (changed("delta_o1", "t1-a_o1", "a_o1-t1", "sign"),)),
    "a reference held": (layouts.explained, (held("d_w6", "a_h2", "$"),)),
    "an input not anchored": (layouts.backwards, (unanchored("h1", "i1", "i1"),)),
    "no halves": (short, (instead("E1", "(t1-a_o1)^2"), instead("E2", "(t2-a_o2)^2"))),
    # The updates.
    "a step by another gradient": (layouts.steps_of_weights, (changed("step_w2", "d_w2", "d_w1", "w1", "w2"),)),
    "a step of another weight": (layouts.steps_of_weights, (changed("w3", "step_w3", "step_w4", "w3", "w4"),)),
    "the loss for a gradient": (layouts.repeated_biases, (changed("w4", "d_w4", "E_tot", "E_tot"),)),
    "from two rows before": (layouts.in_words, (in_cells("w7", "=w7@-2-eta*d_w7@-2", "row", first=2),)),
    "another gradient from a row on": (
        layouts.explained,
        (in_cells("w3", "=w3@-1-eta*d_w4@-1", "another weight's gradient", first=4),),
    ),
    "up the slope": (short, (changed("w1", "-eta", "+eta", "sign"),)),
    "another weight's gradient": (classic, (changed("w6", "d_w6", "d_w5", "w6", "another weight's gradient"),)),
    "w3 by w4's gradient": (layouts.two_steps, (changed("w3", "d_w3", "d_w4", "another weight's gradient"),)),
    "another weight moved": (layouts.learning_biases, (changed("w3", "w3@-1-", "w4@-1-", "w4", "w3"),)),
    "a bias up the slope": (layouts.learning_biases, (changed("b2", "-eta", "+eta", "sign"),)),
    "a bias by the other's gradient": (layouts.biased_neurons, (changed("b1", "d_b1", "d_b2", "another"),)),
    "gradient of its own row": (layouts.side_by_side, (instead("w7", "w7@-1-eta*d_w7", "circular"),)),
    "not updated": (layouts.under_text, (instead("w2", "w2@-1", "not updated"),)),
    "no rate": (layouts.stacked, (instead("w5", "w5@-1-d_w5@-1", "rate"),)),
    "rate slides": (classic, tuple(sliding(weight, "G", 31) for weight in WEIGHTS)),
    "rate slides on its sheet": (layouts.with_settings, (sliding("w4", "Settings!B", 2),)),
    "rate slides at the side": (layouts.short_heads, (sliding("w8", "AJ", 2),)),
    "another rate typed": (layouts.in_the_corner, (changed("w5", "eta", "0.05", "0.05"),)),
    "another rate in one row": (short, (in_cell("w2", 4, "=w2@-1-0.4*d_w2@-1", "0.4"),)),
    "the other table's rate": (layouts.side_by_side, (changed("w8", "eta", "$C$4", "C4", at=1),)),
    "always from the first row": (short, (fixed("w5", "$"),)),
    "new weight up the slope": (layouts.new_weights, (changed("w1_new", "-eta", "+eta", "sign"),)),
    "another new weight": (layouts.new_weights, (changed("w2", "w2_new", "w1_new", "w1"),)),
    "sign of one update": (layouts.with_gaps, (in_cell("w6", 5, "=w6@-1+eta*d_w6@-1", "sign"),)),
    # Down the column.
    "one other cell": (short, (in_cell("h2", 3, "=w3*i1+w4*i1", "i1 instead of i2"),)),
    "two cells alike": (layouts.in_symbols, (in_each("o1", "=w5*a_h1+w6*a_h1", "a_h1 instead of a_h2", steps=(2, 5)),)),
    "a text for a number": (layouts.repeated_biases, (in_cell("a_h1", 3, "0,51", "text"),)),
    "one value": (layouts.with_deltas, (in_cell("a_o1", 5, 0.7513, "formula"),)),
    "one value among the weights": (layouts.fixed_biases, (in_cell("w6", 4, 0.44, "formula"),)),
    "a tail of values": (classic, (in_cells("E_tot", 0.0123, "formula", first=40),)),
    "a row of values": (
        layouts.subscripts,
        tuple(in_cell(f"d_{weight}", 6, 0.001 * int(weight[1]), "formula") for weight in WEIGHTS),
    ),
    "a helper without a header": (layouts.unnamed_helpers, (changed("delta_o2", "t2", "t1", "t1 instead of t2"),)),
    "a slope left out in a helper": (layouts.unnamed_helpers, (changed("delta_o1", "*(1-a_o1)", "", "(1 − a_o1)"),)),
    "an empty cell": (layouts.unnamed_helpers, (in_cell("a_o2", 4, "", "empty"),)),
    "a row off": (
        layouts.fixed_biases,
        (in_cells("o1", "=w5@-1*a_h1@-1+w6@-1*a_h2@-1+b2", "row", first=1),),
    ),
    "the row below": (layouts.weights_first, (in_cells("E1", "=1/2*(t1-a_o1@1)^2", "row", first=0, last=8),)),
    "one cell a row off": (layouts.under_text, (in_cell("a_h2", 3, "=1/(1+EXP(-h2@-1))", "row"),)),
    "starts from the header": (short, (in_cell("w4", 0, "=w4@head-eta*d_w4@head", "start"),)),
    "starts from another's weight": (layouts.short_heads, (in_cell("w2", 0, "=w1", "start"),)),
    "a reference lost": (layouts.listed, (in_cell("a_h2", 2, "=1/(1+EXP(-#REF!))", "#REF!"),)),
    "a division by zero": (layouts.stacked, (in_cell("E_tot", 3, "=(E1+E2)/0", "#DIV/0!", at=1),)),
    "an error shown": (layouts.two_steps, (shown("a_h1", 1, "#NAME?", "#NAME?"),)),
    "an input that changes once": (short, (in_cell("i2", 4, 0.01),)),
    "a target that changes once": (classic, (in_cell("t1", 30, 0.6, "row"),)),
    "an input filled down as a series": (short, (series("i1", 1.0, "every row"),)),
    "an input missing once": (short, (in_cell("i1", 3, "", "empty"),)),
    "a weight that starts from nothing": (layouts.weights_first, (in_cell("w4", 0, "", "first value"),)),
    "a first cell missing": (short, (in_cell("E_tot", 0, "", "empty"),)),
    "pasted over": (short, (pasted_over,)),
    "no rate beside a column of rates": (
        layouts.weights_first,
        (instead("w5", "w5@-1-d_w5@-1", "rate"),),
    ),
    "no rate where it is 1": (short, (without_rate_at_one,)),
    # Headers, cached values, charts.
    "headers swapped": (short, (headed("a_h1", "a_h2", "a_h1"), headed("a_h2", "a_h1", "a_h2"))),
    "a header twice": (layouts.with_gaps, (headed("d_w4", "∂E_tot/∂w3", "w4"),)),
    "headers of other kinds": (
        layouts.in_the_corner,
        (headed("o2", "out_o2", "o2"), headed("a_o2", "net_o2", "a_o2")),
    ),
    "a stale value that others follow": (short, (shown("a_h2", 2, 0.7, "value"),)),
    "a stale value": (short, (shown("E_tot", 2, 0.7, "value"),)),
    "a chart from the second row": (classic, (charted("E_tot", 1, 67, "late"),)),
    "a chart that ends early": (layouts.stacked, (charted("E_tot", 0, 5, "early"),)),
    "in a turned table": (layouts.transposed, (in_turned_row(24, 4, 3, "t1 instead of t2"),)),
    # Several at once, and on one sheet of many.
    "on one sheet of six": (
        layouts.six_sheets,
        (
            changed("d_w3", "a_h2*(1-a_h2)", "a_h1*(1-a_h1)", "a_h1 instead of a_h2", at=3),
            in_cells("o2", 0.9, "formula", first=5, at=5),
        ),
    ),
    "in the second of two": (layouts.side_by_side, (changed("a_h2", "-h2", "h2", "sign", at=1),)),
    "in the lower of two": (layouts.stacked, (changed("d_w5", "t1", "t2", "t2 instead of t1", at=1),)),
    "three at once": (
        layouts.backwards,
        (
            changed("h2", "w4*i2", "w4*i1", "i1 instead of i2"),
            changed("E2", "t2", "t1", "t1 instead of t2"),
            changed("w8", "d_w8", "d_w7", "another weight's gradient"),
        ),
    ),
}


def mistakes() -> Iterator[Case]:
    """Each planted mistake."""
    for name, (layout, plants) in _MISTAKES.items():
        book = layout()
        yield Case(name, book, [expected for plant in plants for expected in plant(book)], layout.__name__)
