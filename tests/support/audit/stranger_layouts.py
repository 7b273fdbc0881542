"""Right workbooks as strangers lay them out, each by a function: a new book each time, for others to spoil."""

from collections.abc import Callable, Mapping

from openpyxl import Workbook

from tests.support.audit.strangers import (
    CHAIN,
    COLUMNS,
    DELTAS,
    ERRORS,
    FORMULAS,
    GIVENS,
    HIDDEN,
    OUTPUT,
    SLOPES,
    UNEQUAL,
    WEIGHTS,
    Book,
    Chart,
    Table,
    Value,
    filled,
    letters,
    spelled,
    table,
    updates,
)

ABSOLUTE = dict.fromkeys(GIVENS, "${column}${first}")
REPEATED = {name: f"{name}@-1" for name in GIVENS}
RATE: dict[str, Value] = {"F31": "η =", "G31": 0.5}
_SUBSCRIPTS = str.maketrans("12345678", "₁₂₃₄₅₆₇₈")


def classic() -> Book:
    """As the course has it: 68 steps, inputs repeated as numbers, the rate in G31, a chart of the loss."""
    return Book([table(steps=68)], {"Sheet1": dict(RATE)}, charts={"Sheet1": [Chart("S11", "E_tot", 0, 67)]})


def short() -> Book:
    """The same in eight steps, with values that are all different."""
    return Book([table(start=UNEQUAL, updates=REPEATED)], {"Sheet1": dict(RATE)})


def in_the_corner() -> Book:
    """Headers in the first row, a column of steps before, and the rate typed into every formula."""
    heads = spelled("out_{}", "E_total", "dE_total / d{}", total_of="net_{}", step="Step")
    columns = letters("A", ["step", *COLUMNS])
    made = table(header=1, columns=columns, heads=heads, start={"step": 0}, elsewhere={"eta": "0.5"})
    made.updates |= {"step": "step@-1+1", **REPEATED}
    return Book([made])


def weights_first() -> Book:
    """All weights together, the givens last but one, and the rate repeated in a column."""
    order = [*WEIGHTS, *HIDDEN, *OUTPUT, *ERRORS, *SLOPES, *GIVENS, "eta"]
    heads = spelled("act_{}", "Etotal", "δE_tot/δ{}", eta="learning rate")
    made = table("Training", 5, letters("C", order), heads, 10)
    made.elsewhere.clear()
    made.updates |= {w: f"{w}@-1-eta@-1*d_{w}@-1" for w in WEIGHTS}
    return Book([made])


def backwards() -> Book:
    """Gradients before the errors and from the last to the first, a defined name for the rate, steps at the end."""
    order = [*GIVENS, *WEIGHTS, *HIDDEN, *OUTPUT, *reversed(SLOPES), *ERRORS, "step"]
    made = table("GD", 7, letters("D", order), spelled("a_{}", "E-total", "dE/d{}", step="Iteration"))
    made.elsewhere["eta"] = "eta"
    made.styles |= ABSOLUTE
    made.start["step"] = 1
    made.updates["step"] = "step@-1+1"
    return Book([made], {"GD": {"B3": "Learning Rate:", "C3": 0.5}}, names={"eta": "GD!$C$3"})


def with_deltas() -> Book:
    """Columns for the deltas of the neurons, from which the gradients follow."""
    order = [*GIVENS, *WEIGHTS, *HIDDEN, *OUTPUT, *ERRORS, *[f"delta_{n}" for n in ("o1", "o2", "h1", "h2")], *SLOPES]
    deltas = {f"delta_{neuron}": f"δ_{neuron}" for neuron in ("o1", "o2", "h1", "h2")}
    made = table(header=20, columns=letters("B", order), heads=spelled() | deltas, formulas=DELTAS, start=UNEQUAL)
    made.elsewhere["eta"] = "$B$17"
    made.styles |= ABSOLUTE
    return Book([made], {"Sheet1": {"B16": "η", "B17": 0.5}})


def with_settings() -> Book:
    """The rate on another sheet; headers in upper case."""
    heads = spelled("out_{}", "E_tot", "dE/d{}", total_of="net_{}", rewrite=str.upper)
    made = table("Backprop", 3, letters("A", COLUMNS), heads, elsewhere={"eta": "Settings!$B$2"})
    made.updates |= REPEATED
    return Book([made], {"Settings": {"A1": "Parameters", "A2": "learning rate", "B2": 0.5}})


def givens_above() -> Book:
    """Targets and inputs in labelled cells above the table."""
    above: dict[str, Value] = {"B2": "i1", "C2": 0.05, "B3": "i2", "C3": 0.1, "B4": "t1", "C4": 0.01}
    above |= {"B5": "t2", "C5": 0.99, "B6": "learning rate", "C6": 0.5}
    places = {"i1": "$C$2", "i2": "$C$3", "t1": "$C$4", "t2": "$C$5", "eta": "$C$6"}
    order = [*WEIGHTS[:4], *HIDDEN, *WEIGHTS[4:], *OUTPUT, *ERRORS, *SLOPES]
    heads = spelled("out_{}", "E total", "∂Et/∂{}", total_of="net_{}")
    return Book([table("Net", 9, letters("B", order), heads, elsewhere=places)], {"Net": above})


def _biased(of: dict[str, str]) -> dict[str, str]:
    return {neuron: f"{FORMULAS[neuron]}+{bias}" for neuron, bias in of.items()}


def fixed_biases() -> Book:
    """A bias a layer, which stays as it is, in labelled cells above the table."""
    above: dict[str, Value] = {"B2": "b1", "C2": 0.35, "D2": "b2", "E2": 0.6, "F2": "η", "G2": 0.5}
    made = table("Mazur", 5, letters("A", COLUMNS), spelled("out_{}", "E_total", "dE_total/d{}", total_of="net_{}"))
    made.formulas |= _biased({"h1": "b1", "h2": "b1", "o1": "b2", "o2": "b2"})
    made.elsewhere |= {"b1": "$C$2", "b2": "$E$2", "eta": "$G$2"}
    made.start |= UNEQUAL
    return Book([made], {"Mazur": above})


def learning_biases() -> Book:
    """A bias a layer, which learns, too."""
    order = [*GIVENS, *WEIGHTS, "b1", "b2", *HIDDEN, *OUTPUT, *ERRORS, *SLOPES, "d_b1", "d_b2"]
    made = table("Bias", 12, letters("B", order), spelled(slope="∂E/∂{}"), start=UNEQUAL, elsewhere={"eta": "$E$9"})
    made.start |= {"b1": 0.35, "b2": 0.6}
    made.formulas |= _biased({"h1": "b1", "h2": "b1", "o1": "b2", "o2": "b2"})
    d1, d2 = DELTAS["delta_o1"], DELTAS["delta_o2"]
    made.formulas["d_b1"] = f"({d1}*w5+{d2}*w7)*a_h1*(1-a_h1)+({d1}*w6+{d2}*w8)*a_h2*(1-a_h2)"
    made.formulas["d_b2"] = f"{d1}+{d2}"
    made.updates |= updates("b1", "b2")
    return Book([made], {"Bias": {"D9": "η:", "E9": 0.5}})


def biased_neurons() -> Book:
    """A bias a neuron, each learning, with deltas."""
    biases = {"h1": "b1", "h2": "b2", "o1": "b3", "o2": "b4"}
    deltas = [f"delta_{neuron}" for neuron in ("o1", "o2", "h1", "h2")]
    slopes = [f"d_{bias}" for bias in biases.values()]
    order = [*GIVENS, *WEIGHTS, *biases.values(), *HIDDEN, *OUTPUT, *ERRORS, *deltas, *SLOPES, *slopes]
    heads = spelled(slope="dE/d{}") | {delta: delta for delta in deltas}
    made = table("Neurons", 4, letters("B", order), heads, formulas=DELTAS, elsewhere={"eta": "$C$1"})
    made.formulas |= _biased(biases) | {f"d_{bias}": f"delta_{neuron}" for neuron, bias in biases.items()}
    made.start |= {"b1": 0.35, "b2": 0.3, "b3": 0.6, "b4": 0.55}
    made.updates |= updates(*biases.values())
    return Book([made], {"Neurons": {"B1": "lr", "C1": 0.5}})


def side_by_side() -> Book:
    """Two tables beside each other, each with a rate of its own."""
    left = table(header=6, columns=letters("B", COLUMNS), elsewhere={"eta": "$C$4"}, updates=REPEATED)
    right = table(header=6, columns=letters("AL", COLUMNS), elsewhere={"eta": "$AM$4"}, updates=REPEATED)
    return Book([left, right], {"Sheet1": {"B4": "η =", "C4": 0.1, "AL4": "η =", "AM4": 1}})


def stacked() -> Book:
    """Two tables one below the other."""
    heads = spelled("out_{}", "E_total", "dE/d{}")
    above = table(header=4, heads=heads, elsewhere={"eta": "$C$2"})
    below = table(header=18, heads=heads, elsewhere={"eta": "$C$16"})
    return Book([above, below], {"Sheet1": {"B2": "η =", "C2": 0.2, "B16": "η =", "C16": 2}})


def six_sheets() -> Book:
    """A sheet for each rate."""
    rates = (0.1, 0.2, 0.5, 0.8, 1, 2)
    tables = [table(f"LR={rate}") for rate in rates]
    return Book(tables, {f"LR={rate}": {"F31": "η =", "G31": rate} for rate in rates})


def under_text() -> Book:
    """A table in row 118, below a page of text about it."""
    text: dict[str, Value] = {
        f"B{row}": f"Line {row}: ∂E/∂w5 = (a_o1 - t1) * a_o1 * (1 - a_o1) * a_h1" for row in range(2, 60)
    }
    made = table("Report", 118, letters("E", COLUMNS), spelled(slope="∂E_t/∂{}"), elsewhere={"eta": "$F$115"})
    made.updates |= REPEATED
    return Book([made], {"Report": {**text, "E115": "eta", "F115": 0.8}})


def with_titles() -> Book:
    """A row of titles over groups of headers, in merged cells."""
    groups = {"B8:M8": "Forward: hidden layer", "N8:X8": "Forward: output layer", "Y8:AF8": "Backward"}

    def merge(book: Workbook) -> None:
        for area in groups:
            book["Sheet1"].merge_cells(area)

    titles: dict[str, Value] = {area.split(":")[0]: title for area, title in groups.items()}
    made = table(header=9, elsewhere={"eta": "$C$6"})
    made.styles |= dict.fromkeys(COLUMNS, "${column}{row}")
    return Book([made], {"Sheet1": {"B6": "η", "C6": 0.5, **titles}}, finish=[merge])


def listed() -> Book:
    """A table in Excel's own sense, with structured references."""
    made = table(header=3, columns=letters("A", COLUMNS), heads=spelled(slope="dE_d{}"), elsewhere={"eta": "$B$1"})
    made.styles |= {name: f"Table1[[#This Row],[{made.heads[name]}]]" for name in COLUMNS}
    columns = made.columns
    for weight in WEIGHTS:
        for step in range(1, made.steps):
            row = made.first + step - 1
            made.cells[weight, step] = f"={columns[weight]}{row}-$B$1*{columns[f'd_{weight}']}{row}"
    return Book([made], {"Sheet1": {"A1": "eta", "B1": 0.5}}, listed=True)


def one_step() -> Book:
    """The first step alone."""
    return Book([table(steps=1, start=UNEQUAL)], {"Sheet1": dict(RATE)})


def two_steps() -> Book:
    """The first step and the next."""
    return Book([table(steps=2, start=UNEQUAL)], {"Sheet1": dict(RATE)})


def new_weights() -> Book:
    """Weights after the update in columns of their own, to which the next row refers."""
    order = [*COLUMNS, *[f"{weight}_new" for weight in WEIGHTS]]
    heads = spelled("out_{}", "Error total", "dE/d{}") | {f"{weight}_new": f"{weight} new" for weight in WEIGHTS}
    made = table("Steps", 6, letters("B", order), heads, elsewhere={"eta": "$C$3"})
    made.formulas |= {f"{weight}_new": f"{weight}-eta*d_{weight}" for weight in WEIGHTS}
    made.updates = {weight: f"{weight}_new@-1" for weight in WEIGHTS}
    return Book([made], {"Steps": {"B3": "alpha", "C3": 0.5}})


def subscripts() -> Book:
    """Headers with subscripts, a mathematical ∂, and a zero for an o."""
    heads = spelled(
        slope="𝜕E/𝜕{}", rewrite=lambda head: head if head.startswith("a_o") else head.translate(_SUBSCRIPTS)
    )
    heads |= {"a_o1": "a_01", "a_o2": "a_02"}
    return Book([table(header=11, heads=heads, elsewhere={"eta": "$G$9"})], {"Sheet1": {"F9": "η=", "G9": 0.5}})


def with_gaps() -> Book:
    """Empty columns between groups, and headers with spaces and line breaks."""
    order = [
        *GIVENS,
        None,
        *WEIGHTS[:4],
        None,
        *HIDDEN,
        None,
        *WEIGHTS[4:],
        *OUTPUT,
        None,
        *ERRORS,
        None,
        None,
        *SLOPES,
    ]
    heads = spelled("a {}", "E tot", "∂ E_tot / ∂ {}", d_w1="∂E_tot/\n∂w1", i1=" i 1 ")
    made = table(header=14, columns=letters("C", order), heads=heads, elsewhere={"eta": "D$11"})
    made.styles |= dict.fromkeys(GIVENS, "{column}${first}")
    return Book([made], {"Sheet1": {"D10": "η", "D11": 0.5}})


def in_pairs() -> Book:
    """Both neurons of a layer beside each other: sums, activations, errors."""
    forward = ["h1", "h2", "a_h1", "a_h2", *WEIGHTS[4:], "o1", "o2", "a_o1", "a_o2"]
    order = ["step", *GIVENS, *WEIGHTS[:4], *forward, *ERRORS, *SLOPES]
    heads = spelled("σ({})", "E", "∂E/∂{}", step="#")
    made = table("Sheet 1", 10, letters("B", order), heads, start={"step": 1}, elsewhere={"eta": "$D$7"})
    made.updates |= {"step": "step@-1+1", **REPEATED}
    return Book([made], {"Sheet 1": {"B7": "Lernrate", "D7": 0.5}})


def in_words() -> Book:
    """Headers in words, weights and gradients in turn."""
    order = [*GIVENS, *HIDDEN, *OUTPUT, *ERRORS, *[name for weight in WEIGHTS for name in (weight, f"d_{weight}")]]
    heads = {f"d_{weight}": f"Gradient {weight}" for weight in WEIGHTS}
    heads |= {weight: f"Weight {weight[1]}" for weight in WEIGHTS}
    heads |= {"t1": "Target 1", "t2": "Target 2", "i1": "Input 1", "i2": "Input 2", "E_tot": "Total Error"}
    heads |= {"h1": "net h1", "h2": "net h2", "a_h1": "out h1", "a_h2": "out h2", "E1": "Error 1", "E2": "Error 2"}
    heads |= {"o1": "net o1", "o2": "net o2", "a_o1": "out o1", "a_o2": "out o2"}
    made = table("Words", 5, letters("B", order), heads, start=UNEQUAL, updates=REPEATED, elsewhere={"eta": "$C$2"})
    return Book([made], {"Words": {"B2": "Learning rate (η)", "C2": 0.5}})


def in_symbols() -> Book:
    """Headers as textbooks have them: x, z, σ and ŷ."""
    heads = spelled("σ(z_{})", "L", "∂L/∂{}", error="L{}", total_of="z_{}", i1="x1", i2="x2", t1="y1", t2="y2")
    heads |= {"a_o1": "ŷ1", "a_o2": "ŷ2"}
    made = table("Sheet1", 4, letters("B", COLUMNS), heads, start=UNEQUAL, updates=REPEATED, elsewhere={"eta": "$C$2"})
    return Book([made], {"Sheet1": {"B2": "α", "C2": 0.5}})


def explained() -> Book:
    """A row of formulas in words between the headers and the first step."""
    made = table(header=8, start=UNEQUAL, elsewhere={"eta": "$C$6"})
    made.between = 1
    words: dict[str, Value] = {f"{made.columns[name]}9": formula for name, formula in FORMULAS.items()}
    return Book([made], {"Sheet1": {"B6": "η", "C6": 0.5, **words}})


def chained() -> Book:
    """A column for each factor of the chain rule."""
    factors = [name for name in CHAIN if name not in SLOPES]
    order = [*GIVENS, *WEIGHTS, *HIDDEN, *OUTPUT, *ERRORS, *factors, *SLOPES]
    heads = spelled("out_{}", "E_total", "∂E_total/∂{}", total_of="net_{}")
    for name in factors:
        above, below = name[1:].split("_d", 1)
        heads[name] = f"∂{'E_total' if above == 'E' else heads[above]}/∂{heads[below]}"
    made = table("Chain", 6, letters("A", order), heads, formulas=CHAIN, start=UNEQUAL, elsewhere={"eta": "$B$3"})
    return Book([made], {"Chain": {"A3": "η", "B3": 0.5}})


def delta_rule() -> Book:
    """No gradients but the steps against them, by deltas with the other sign."""
    deltas = [f"delta_{neuron}" for neuron in ("o1", "o2", "h1", "h2")]
    order = [*GIVENS, *WEIGHTS, *HIDDEN, *OUTPUT, *ERRORS, *deltas, *[f"step_{weight}" for weight in WEIGHTS]]
    heads = spelled() | {f"delta_{neuron}": f"δ_{neuron}" for neuron in ("o1", "o2", "h1", "h2")}
    heads |= {f"step_{weight}": f"Δ{weight}" for weight in WEIGHTS}
    made = table("Delta", 4, letters("B", order), heads, formulas=DELTAS, start=UNEQUAL, elsewhere={"eta": "$C$2"})
    made.formulas |= {"delta_o1": "(t1-a_o1)*a_o1*(1-a_o1)", "delta_o2": "(t2-a_o2)*a_o2*(1-a_o2)"}
    made.formulas |= {f"step_{weight}": f"eta*{made.formulas.pop(f'd_{weight}')}" for weight in WEIGHTS}
    made.updates |= {weight: f"{weight}@-1+step_{weight}@-1" for weight in WEIGHTS}
    return Book([made], {"Delta": {"B2": "η", "C2": 0.5}})


def steps_of_weights() -> Book:
    """Gradients, and beside each the step that its weight takes."""
    order = [*COLUMNS, *[f"step_{weight}" for weight in WEIGHTS]]
    heads = spelled(slope="∂E/∂{}") | {f"step_{weight}": f"Δ{weight}" for weight in WEIGHTS}
    made = table("Sheet1", 4, letters("B", order), heads, start=UNEQUAL, elsewhere={"eta": "$C$2"})
    made.formulas |= {f"step_{weight}": f"-eta*d_{weight}" for weight in WEIGHTS}
    made.updates |= {weight: f"{weight}@-1+step_{weight}@-1" for weight in WEIGHTS}
    return Book([made], {"Sheet1": {"B2": "η", "C2": 0.5}})


def repeated_biases() -> Book:
    """A bias a layer, the same in each row."""
    order = ["i1", "i2", "b1", *WEIGHTS[:4], *HIDDEN, "b2", *WEIGHTS[4:], *OUTPUT, "t1", "t2", *ERRORS, *SLOPES]
    made = table("Sheet1", 3, letters("B", order), spelled("out_{}", "Etotal", "dEtotal/d{}"), start=UNEQUAL)
    made.start |= {"b1": 0.35, "b2": 0.6}
    made.formulas |= _biased({"h1": "b1", "h2": "b1", "o1": "b2", "o2": "b2"})
    made.elsewhere["eta"] = "$C$1"
    return Book([made], {"Sheet1": {"B1": "lr:", "C1": 0.5}})


def short_heads() -> Book:
    """The shortest headers: dw1 for a gradient, E for the total."""
    made = table("Sheet1", 2, letters("A", COLUMNS), spelled("a_{}", "E", "d{}"), elsewhere={"eta": "$AJ$2"})
    return Book([made], {"Sheet1": {"AI2": "lr =", "AJ2": 0.5}})


def shared_formulas() -> Book:
    """Formulas that the file shares down a column, as Excel saves them after filling down."""
    book = short()
    column = book.table.columns["a_h1"]
    first, last = book.table.first, book.table.first + book.table.steps - 1
    start = rf'(<c r="{column}{first}"[^>]*>)<f>'
    further = rf'(<c r="{column}(?:{"|".join(map(str, range(first + 1, last + 1)))})"[^>]*>)<f>[^<]*</f>'
    book.patches += [
        (start, rf'\1<f t="shared" ref="{column}{first}:{column}{last}" si="0">'),
        (further, r'\1<f t="shared" si="0"/>'),
    ]
    return book


def unnamed_helpers() -> Book:
    """Helper columns beside the table without any headers."""
    order = [*COLUMNS, None, "delta_o1", "delta_o2"]
    made = table(header=15, columns=letters("B", order), formulas=DELTAS, elsewhere={"eta": "$G$13"})
    for delta in ("delta_h1", "delta_h2"):
        formula = made.formulas.pop(delta)
        for slope in SLOPES:
            made.formulas[slope] = made.formulas[slope].replace(delta, formula)
    made.heads |= {"delta_o1": "", "delta_o2": ""}
    return Book([made], {"Sheet1": {"F13": "η =", "G13": 0.5}})


LAYOUTS: tuple[Callable[[], Book], ...] = (
    classic,
    short,
    in_the_corner,
    weights_first,
    backwards,
    with_deltas,
    with_settings,
    givens_above,
    fixed_biases,
    learning_biases,
    biased_neurons,
    side_by_side,
    stacked,
    six_sheets,
    under_text,
    with_titles,
    listed,
    one_step,
    two_steps,
    new_weights,
    subscripts,
    with_gaps,
    in_pairs,
    in_words,
    in_symbols,
    explained,
    chained,
    delta_rule,
    steps_of_weights,
    repeated_biases,
    short_heads,
    shared_formulas,
    unnamed_helpers,
)


def transposed() -> Book:
    """Quantities down the rows, steps across."""
    made = table(start=UNEQUAL)
    rows = {name: row for row, name in enumerate(COLUMNS, 3)}
    cells: dict[str, Value] = {"A1": "η =", "B1": 0.5, **{f"A{row}": made.heads[name] for name, row in rows.items()}}
    for step, letter in enumerate("BCDEFG"):

        def reference(name: str, where: str, letter: str = letter) -> str | None:
            return f"{chr(ord(letter) + int(where or 0))}{rows[name]}" if name in rows else {"eta": "$B$1"}.get(name)

        for name, row in rows.items():
            template = made.updates.get(name) if step else None
            template = made.formulas.get(name, template)
            cells[f"{letter}{row}"] = f"={filled(template, reference)}" if template else made.start[name]
    return Book([], {"Sheet1": cells})


def down_the_page() -> Book:
    """One step, its quantities one below the other with their names beside them, in two blocks."""
    made = table(start=UNEQUAL)
    places = {name: f"B{row}" for row, name in enumerate((*GIVENS, *WEIGHTS), 2)}
    places |= {name: f"E{row}" for row, name in enumerate((*HIDDEN, *OUTPUT, *ERRORS, *SLOPES), 2)}
    cells: dict[str, Value] = {}
    for name, place in places.items():
        cells[f"{chr(ord(place[0]) - 1)}{place[1:]}"] = made.heads[name]
        formula = made.formulas.get(name)
        cells[place] = f"={filled(formula, lambda used, _: places.get(used))}" if formula else made.start[name]
    return Book([], {"Sheet1": cells})


def foreign_heads() -> Book:
    """Headers that name nothing."""
    return Book([table(heads={name: f"Q{index}" for index, name in enumerate(COLUMNS)})], {"Sheet1": dict(RATE)})


def three_neurons() -> Book:
    """Another network: a perceptron with three inputs, in a table of its own."""
    columns = letters("A", ["x1", "x2", "x3", "w1", "w2", "w3", "net", "out", "target", "error"])
    made = Table("Sheet1", 3, columns, {}, 6, {}, {}, {}, {})
    made.start |= {"x1": 1, "x2": 0, "x3": 1, "w1": 0.1, "w2": 0.2, "w3": 0.3, "target": 1}
    made.formulas |= {"net": "w1*x1+w2*x2+w3*x3", "out": "IF(net>0.5,1,0)", "error": "target-out"}
    made.updates |= {f"w{n}": f"w{n}@-1+0.1*error@-1*x{n}@-1" for n in (1, 2, 3)}
    return Book([made])


def apart(*places: tuple[str, int], formulas: Mapping[str, str] = FORMULAS) -> Book:
    """Weights, forward pass and gradients in a block each, by sheet and row of the headers, over the same steps."""
    parts = ((*GIVENS, *WEIGHTS), (*HIDDEN, *OUTPUT, *ERRORS), SLOPES)
    tables = [
        table(sheet, header, letters("B", part), start=UNEQUAL, formulas=dict(formulas))
        for (sheet, header), part in zip(places, parts, strict=True)
    ]
    for made in tables:
        made.elsewhere["eta"] = f"{places[0][0]}!$C$2"
        made.parts = [other for other in tables if other is not made]
    return Book(tables, {places[0][0]: {"B2": "η", "C2": 0.5}})


TURNED: tuple[Callable[[], Book], ...] = (transposed, down_the_page)
UNPLACEABLE: tuple[Callable[[], Book], ...] = (foreign_heads, three_neurons)
