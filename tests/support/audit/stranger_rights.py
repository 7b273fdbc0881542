"""Strangers' workbooks that are right, though written as few would write them."""

from collections.abc import Callable, Iterator

from openpyxl import Workbook
from openpyxl.formatting.rule import CellIsRule
from openpyxl.styles import PatternFill

from tests.support.audit import stranger_layouts as layouts
from tests.support.audit.stranger_layouts import classic, short
from tests.support.audit.strangers import COLUMNS, FORMULAS, GIVENS, SLOPES, WEIGHTS, Book, Case, filled, letters

Change = Callable[[Book], None]
NEURONS = ("h1", "h2", "o1", "o2")


def written(**formulas: str) -> Change:
    """These formulas for these quantities."""

    def change(book: Book) -> None:
        for made in book.tables:
            for name, formula in formulas.items():
                (made.updates if name in (*WEIGHTS, *GIVENS) else made.formulas)[name] = formula

    return change


def rewritten(names: tuple[str, ...], *exchanges: tuple[str, str]) -> Change:
    """The formulas of these quantities with each old text exchanged for a new one."""

    def change(book: Book) -> None:
        for made in book.tables:
            for name in names:
                formulas = made.updates if name in WEIGHTS else made.formulas
                for old, new in exchanges:
                    formulas[name] = formulas[name].replace(old, new)

    return change


def sigmoid(template: str) -> Change:
    """Every activation by this formula of the neuron's sum, z."""
    return written(**{f"a_{neuron}": template.replace("z", neuron) for neuron in NEURONS})


def error(template: str) -> Change:
    """Both errors by this formula of the target t and the output a."""
    return written(**{f"E{n}": template.replace("t", f"t{n}").replace("a", f"a_o{n}") for n in (1, 2)})


def update(template: str) -> Change:
    """Every weight by this formula of the weight w and its gradient d, both of the row before."""
    return written(**{w: template.replace("w", f"{w}@-1").replace("d", f"d_{w}@-1") for w in WEIGHTS})


def first_row(**content: str) -> Change:
    """These formulas in the first row."""

    def change(book: Book) -> None:
        book.table.cells |= {(name, 0): formula for name, formula in content.items()}

    return change


def beside(sheet: str, **cells: str | float) -> Change:
    """More cells on a sheet."""

    def change(book: Book) -> None:
        book.extra.setdefault(sheet, {}).update(cells)

    return change


def hidden(book: Book) -> None:
    """Hidden columns and rows, frozen panes, and a colour by condition."""

    def finish(workbook: Workbook) -> None:
        sheet = workbook.worksheets[0]
        for letter in ("C", "E", "K", "AB"):
            sheet.column_dimensions[letter].hidden = True
        for row in (33, 36):
            sheet.row_dimensions[row].hidden = True
        sheet.freeze_panes = "F33"
        red = PatternFill(bgColor="FFFF0000", fill_type="solid")
        sheet.conditional_formatting.add("X33:X40", CellIsRule(operator="lessThan", formula=["0.01"], fill=red))

    book.finish.append(finish)


def summaries(book: Book) -> None:
    """Columns of the table's own kind that nobody asked for."""
    made = book.table
    made.columns |= letters("AG", ["drop", "percent", "done"])
    made.heads |= {"drop": "loss drop", "percent": "% of start", "done": "good?"}
    made.formulas |= {"percent": "E_tot/E_tot@first", "done": 'IF(E_tot<0.01,"yes","no")'}
    made.updates["drop"] = "E_tot@-1-E_tot"
    made.start["drop"] = 0


def linked_rates(book: Book) -> None:
    """Start values and the rate from a sheet of parameters."""
    made = book.table
    names = (*GIVENS, *WEIGHTS)
    cells = {f"A{row}": name for row, name in enumerate(names, 3)}
    book.extra["Params"] = (
        cells | {f"B{row}": made.start[name] for row, name in enumerate(names, 3)} | {"A2": "lr", "B2": 0.5}
    )
    made.cells |= {(name, 0): f"=Params!B{row}" for row, name in enumerate(names, 3)}
    made.elsewhere["eta"] = "Params!$B$2"


def one_delta(book: Book) -> None:
    """Gradients that reuse those of another weight."""
    written(
        d_w6="d_w5/a_h1*a_h2",
        d_w8="d_w7/a_h1*a_h2",
        d_w2="d_w1/i1*i2",
        d_w4="d_w3*i2/i1",
        d_w1="(d_w5*w5+d_w7*w7)*(1-a_h1)*i1",
    )(book)


def mixed(book: Book) -> None:
    """References with one $ in them."""
    made = book.table
    made.styles |= dict.fromkeys(("w1", "w2", "a_h1", "a_o1", "t1"), "${column}{row}")
    made.styles |= dict.fromkeys(("i1", "i2"), "{column}${first}")


def unfinished(book: Book) -> None:
    """A table whose last rows are still empty, with steps numbered ahead."""
    made = book.table
    made.columns["step"] = "A"
    made.heads["step"] = "n"
    made.start["step"] = 1
    made.updates["step"] = "step@-1+1"
    made.cells |= {(name, step): "" for name in COLUMNS for step in (6, 7)}


def decimals(book: Book) -> None:
    """Numbers typed as formulas."""
    cells = {("t1", 0): "=0.5", ("t2", 0): "=1/2", ("i1", 0): "=5%", ("i2", 0): "=1/10", ("w1", 0): "=0.1+0.05"}
    book.table.cells |= cells
    book.extra["Sheet1"]["G31"] = "=1/2"


def squares(book: Book) -> None:
    """Errors and gradients multiplied out."""
    written(
        E1="(t1*t1-2*t1*a_o1+a_o1*a_o1)/2",
        E2="0.5*t2^2-t2*a_o2+0.5*a_o2^2",
        d_w5="(a_o1-t1)*(a_o1-a_o1^2)*a_h1",
        d_w6="a_h2*(a_o1^2-a_o1^3-t1*a_o1+t1*a_o1^2)",
        d_w7="-(t2-a_o2)*a_o2*(1-a_o2)*a_h1",
        d_w8="-1*(t2-a_o2)*(a_o2*(1-a_o2))*a_h2",
    )(book)


def with_let(book: Book) -> None:
    """Gradients by LET."""
    let = "_xlfn.LET(_xlpm.d,(a_o1-t1)*a_o1*(1-a_o1),_xlpm.d*{})"
    written(d_w5=let.format("a_h1"), d_w6=let.format("a_h2"))(book)


def arrays(book: Book) -> None:
    """Sums as matrix products, in array formulas."""
    made = book.table
    sums = (("h1", "w1:w2", "i1:i2"), ("h2", "w3:w4", "i1:i2"))
    products = (("o1", "w5:w6", "a_h1:a_h2"), ("o2", "w7:w8", "a_h1:a_h2"))
    for step in range(made.steps):
        made.cells |= {(neuron, step): f"{{=SUM({one}*{other})}}" for neuron, one, other in sums}
        made.cells |= {(neuron, step): f"{{=MMULT({one},TRANSPOSE({other}))}}" for neuron, one, other in products}


def calculated(book: Book) -> None:
    """Values beside the formulas, as Excel saves them."""
    book.shown = book.table.calculated()


def grades(book: Book) -> None:
    """Another list on a sheet of its own."""
    cells = book.extra["Grades"] = {"A1": "Name", "B1": "E1", "C1": "E2", "D1": "Total"}
    for row in (2, 3, 4):
        cells |= {f"A{row}": f"Student {row}", f"B{row}": 10 + row, f"C{row}": 2 * row, f"D{row}": f"=B{row}+C{row}"}


def row_steps(book: Book) -> None:
    """Steps by ROW()."""
    made = book.table
    made.columns["step"] = "A"
    made.heads["step"] = "Epoch"
    made.formulas["step"] = f"ROW()-{made.header}"


def named_all(book: Book) -> None:
    """Inputs, targets and the rate by defined names."""
    made = book.table
    for name in GIVENS:
        book.names[f"{name}_"] = f"Sheet1!${made.columns[name]}${made.first}"
        made.elsewhere[name] = f"{name}_"
    book.names["lr"] = "Sheet1!$G$31"
    made.elsewhere["eta"] = "lr"


def by_offset(book: Book) -> None:
    """References by INDEX to the columns of the table."""
    made = book.table
    first, last = made.first, made.first + made.steps - 1
    column = made.columns["w5"]
    made.formulas["o1"] = f"INDEX(${column}${first}:${column}${last},ROW()-{made.header})*a_h1+w6*a_h2"


def no_halves(book: Book) -> None:
    """Errors without the half, and gradients with the two that follows."""
    written(E1="(t1-a_o1)^2", E2="(t2-a_o2)^2")(book)
    written(**{slope: f"2*{FORMULAS[slope]}" for slope in SLOPES})(book)


def by_source(book: Book) -> None:
    """Weights numbered by the neuron that they come from: w2 leads from i1 to h2, w3 from i2 to h1."""
    exchange = {"w2": "w3", "w3": "w2", "w6": "w7", "w7": "w6"}
    for name, formula in FORMULAS.items():
        named = f"d_{exchange.get(name[2:], name[2:])}" if name in SLOPES else name
        book.table.formulas[named] = filled(formula, lambda used, _: exchange.get(used))


def beneath(book: Book) -> None:
    """The least and the last error right below the table."""
    made = book.table
    column, below = made.columns["E_tot"], made.first + made.steps
    book.extra["Sheet1"] |= {
        f"A{below}": "min",
        f"{column}{below}": f"=MIN({column}{made.first}:{column}{below - 1})",
        f"A{below + 1}": "last",
        f"{column}{below + 1}": f"={column}{below - 1}",
    }


def from_first_sheet(book: Book) -> None:
    """The givens of the other sheets are the first one's."""
    first, *others = book.tables
    for made in others:
        made.cells |= {
            (name, 0): f"='{first.sheet}'!{first.columns[name]}{first.first}" for name in (*GIVENS, *WEIGHTS)
        }


def decaying(book: Book) -> None:
    """A rate that falls from row to row, in the column that has it."""
    book.table.updates["eta"] = "eta@-1*0.9"


def renamed(**heads: str) -> Change:
    """Other headers, or none, for these quantities."""

    def change(book: Book) -> None:
        book.table.heads |= heads

    return change


def losses(book: Book) -> None:
    """The losses of all sheets side by side on one more."""
    cells = book.extra["Losses"] = {"A1": "step"}
    for letter, made in zip("BCDEFG", book.tables, strict=True):
        cells[f"{letter}1"] = made.sheet
        for step in range(made.steps):
            cells[f"A{step + 2}"] = step + 1
            cells[f"{letter}{step + 2}"] = f"='{made.sheet}'!{made.area('E_tot', step, step)}"


_SIGMOIDS = {
    "1/(1+1/EXP(z))": short,
    "EXP(z)/(1+EXP(z))": layouts.with_settings,
    "(1+TANH(z/2))/2": layouts.backwards,
    "(1+EXP(-z))^-1": short,
    "POWER(1+EXP(-1*z),-1)": layouts.in_the_corner,
    "1/(1+EXP(1)^(-z))": layouts.subscripts,
    "1-1/(1+EXP(z))": short,
    "+1/SUM(1,EXP(-z))": layouts.stacked,
    "IF(z<0,EXP(z)/(1+EXP(z)),1/(1+EXP(-z)))": short,
}
_ERRORS = {
    "0.5*POWER(t-a,2)": layouts.in_the_corner,
    "(t-a)*(t-a)/2": layouts.givens_above,
    "(a-t)^2/2": short,
    "SUMSQ(t-a)/2": layouts.weights_first,
    "50%*(t-a)^2": layouts.with_gaps,
    "ABS(t-a)^2*0.5": short,
    "SUMXMY2(t,a)/2": layouts.with_titles,
}
_UPDATES = {
    "w+eta*(-d)": short,
    "w-d*eta": layouts.under_text,
    "-eta*d+w": layouts.short_heads,
    "w+(-1)*eta*d": layouts.learning_biases,
    "SUM(w,-eta*d)": short,
    "w-PRODUCT(eta,d)": layouts.stacked,
}
_RIGHT: dict[str, tuple[Callable[[], Book], Change]] = {
    **{template: (layout, sigmoid(template)) for template, layout in _SIGMOIDS.items()},
    **{template: (layout, error(template)) for template, layout in _ERRORS.items()},
    **{template: (layout, update(template)) for template, layout in _UPDATES.items()},
    "sums of products": (
        layouts.in_pairs,
        written(
            h1="SUMPRODUCT(w1:w2,i1:i2)",
            h2="SUM(w3*i1,w4*i2)",
            o1="PRODUCT(w5,a_h1)+PRODUCT(w6,a_h2)",
            o2="SUMPRODUCT(w7:w8*a_h1:a_h2)",
            E_tot="SUM(E1:E2)",
        ),
    ),
    "total of the squares": (classic, written(E_tot="SUMSQ(t1-a_o1,t2-a_o2)/2")),
    "total of the differences": (layouts.in_pairs, written(E_tot="SUMXMY2(t1:t2,a_o1:a_o2)/2")),
    "array formulas": (layouts.in_pairs, arrays),
    "sums within": (
        short,
        rewritten(("a_o1", "a_o2"), ("o1", "(w5*a_h1+w6*a_h2)"), ("o2", "(w7*a_h1+w8*a_h2)")),
    ),
    "targets first": (
        short,
        rewritten(SLOPES, ("(a_o1-t1)", "-1*(t1-a_o1)"), ("(a_o2-t2)", "(-(t2-a_o2))")),
    ),
    "multiplied out": (short, squares),
    "gradients from gradients": (short, one_delta),
    "LET": (short, with_let),
    "mixed anchors": (classic, mixed),
    "numbers as formulas": (short, decimals),
    "a sheet of parameters": (layouts.with_gaps, linked_rates),
    "steps by ROW": (short, row_steps),
    "everything by name": (short, named_all),
    "INDEX": (short, by_offset),
    "calculated": (layouts.with_gaps, calculated),
    "calculated, in 68 steps": (classic, calculated),
    "hidden columns": (short, hidden),
    "summaries": (short, summaries),
    "an unfinished table": (short, unfinished),
    "notes beneath": (short, beside("Sheet1", B42="Note: ∂E/∂w3 = a_h2...", B43="As one sees, E falls.", B44=0.5)),
    "grades on another sheet": (layouts.givens_above, grades),
    "spaces and signs": (short, rewritten(("h1", "h2", "o1", "o2"), ("+", " + "), ("*", " * "))),
    "too many parentheses": (
        short,
        written(h1="((w1)*(i1))+((w2)*(i2))", a_h1="(1)/((1)+(EXP(-(h1))))", E_tot="+(E1+E2)"),
    ),
    "no halves": (short, no_halves),
    "numbered by source": (short, by_source),
    "sums beneath": (classic, beneath),
    "starting from the first sheet": (layouts.six_sheets, from_first_sheet),
    "a decaying rate": (layouts.weights_first, decaying),
    "a rate from another cell": (short, beside("Sheet1", B29="start", C29=1, G31="=C29/2")),
    "losses side by side": (layouts.six_sheets, losses),
    "guards for empty cells": (short, sigmoid('IF(z="","",1/(1+EXP(-z)))')),
    "guards for errors": (layouts.stacked, sigmoid('IFERROR(1/(1+EXP(-z)),"")')),
    "inputs typed into formulas": (short, rewritten(("h1", "h2"), ("i1", "0.05"), ("i2", "0.1"))),
    "givens without headers": (short, renamed(t1="", t2="", i1="", i2="")),
    "weights of other names": (classic, renamed(**{weight: f"Parameter {weight[1]}" for weight in WEIGHTS})),
    "neurons without headers": (layouts.with_titles, renamed(h1="", a_h1="", o2="?", E1="")),
    "starting weights by formulas": (short, first_row(w1="=0.3/2", w2="=ROUND(0.2,1)", w5="=SUM(0.1,0.3)")),
}


def right_ones() -> Iterator[Case]:
    """Each right workbook."""
    for name, (layout, change) in _RIGHT.items():
        book = layout()
        change(book)
        yield Case(name, book, layout=layout.__name__)
