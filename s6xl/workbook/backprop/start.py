"""The sheet Start: what is here, how to use it, and the one place for everything that can be changed."""

import math

from s6xl.backprop.network import long_symbol
from s6xl.functions.descents import TOO_LARGE
from s6xl.mnist.record import Run
from s6xl.palette import INPUT
from s6xl.wording import counted
from s6xl.workbook.backprop.blueprint import Blueprint, Rate
from s6xl.workbook.book import NewBook
from s6xl.workbook.layout import (
    CHECK,
    CONFUSION,
    DIGIT,
    DIGIT_GALLERY,
    LOSS_PLOT,
    MISTAKES,
    MNIST,
    MODEL,
    RATES_ROW,
    SAMPLES,
    START,
    START_VALUE_COLUMN,
    START_VALUES_ROW,
    STEP,
    on_sheet,
    rate_cell,
)
from s6xl.workbook.sheet import NewSheet

TITLE = "Backpropagation, step by step"
DIVERGED, ERROR = "diverged", "error"
UNTRAINED = "a CNN to be trained on handwritten digits, with the add-in or from the command line"
TRAINED = "a CNN trained on handwritten digits: settings, results and charts"
OF_A_NETWORK = (
    (DIGIT, "choose a digit or paint one, and the network reads it, in formulas; a sheet per layer shows how"),
    (DIGIT_GALLERY, "the digits to choose from"),
)
OF_AN_EVALUATION = (
    (SAMPLES, "twelve of the images that it has learned from"),
    (CONFUSION, "the confusion matrix: which digits it takes for which"),
    (MISTAKES, "every test image that it gets wrong"),
)
HOW_TO_USE = (
    "Change a yellow cell: every sheet, chart and check follows. {macros}",
    "LossPlot has the derivation and the comparison, each sheet LR=… the numbers behind one curve.",
    "On Step, choose a learning rate and a step, and read each gradient with its numbers put in.",
    "Check holds each gradient against a slope measured in the sheet. Break a formula: it turns red.",
)


def write_start(book: NewBook, blueprint: Blueprint, run: Run | None = None) -> None:
    """Add the sheet; `run` is the training that the sheets behind MNIST show, if any."""
    network, styles = blueprint.network, book.styles
    sheet = book.add_sheet(START, tab=INPUT)
    sheet.set_column("A:A", 3)
    sheet.set_column("B:B", 13)
    sheet.set_column("C:C", 13)
    sheet.set_column("D:D", 60)
    sheet.set_column("E:F", 3)
    sheet.set_column("G:K", 18)
    book.write_title(sheet, TITLE)
    sheet.write_string(
        "B3",
        f"{network.title}, {counted(blueprint.layout.steps, 'step')} of gradient descent at "
        f"{counted(len(blueprint.rates), 'learning rate')}. {blueprint.engine.description}",
        styles["muted"],
    )
    sheet.set_row_pixels(3, 30)
    book.write_warning(sheet, "B4", network.warning)
    _write_start_values(book, sheet, blueprint)
    _write_rates(book, sheet, blueprint)
    _write_contents(book, sheet, blueprint, run)
    sheet.freeze_panes(2, 0)
    sheet.set_selection(START_VALUES_ROW - 1, 2, START_VALUES_ROW - 1, 2)


def _write_start_values(book: NewBook, sheet: NewSheet, blueprint: Blueprint) -> None:
    styles = book.styles
    book.write_section(sheet, START_VALUES_ROW - 2, "B:D", "Start values")
    for column, heading in zip("BCD", ("Quantity", "Value", "Meaning"), strict=True):
        sheet.write_string(f"{column}{START_VALUES_ROW - 1}", heading, styles["header"])
    network, start, start_cells = blueprint.network, blueprint.experiment.start, blueprint.layout.start_cells
    for name, address in start_cells.items():
        row = address.removeprefix(START_VALUE_COLUMN)
        sheet.write_string(f"B{row}", name, styles["box_bold"])
        sheet.write_number(address, start[name], styles["input"])
        sheet.write_string(f"D{row}", network.meaning(name), styles["box"])
    cells = list(start_cells.values())
    sheet.data_validation(
        f"{cells[0]}:{cells[-1]}",
        {
            "validate": "decimal",
            "criteria": "between",
            "ignore_blank": False,
            "minimum": -1e300,
            "maximum": 1e300,
            "error_title": "A number, please",
            "error_message": "Inputs, targets and weights are numbers.",
        },
    )


def _write_rates(book: NewBook, sheet: NewSheet, blueprint: Blueprint) -> None:
    styles, layout, rates = book.styles, blueprint.layout, blueprint.rates
    name = long_symbol(layout.loss)
    book.write_section(sheet, RATES_ROW - 2, "G:K", "Learning rates")
    headers = ("Sheet", "η", f"{name}, step 1", f"{name}, step {layout.steps}", "Change")
    for column, header in zip("GHIJK", headers, strict=True):
        sheet.write_string(f"{column}{RATES_ROW - 1}", header, styles["header"])
    for rate in rates:
        _write_rate(book, sheet, blueprint, rate)
    sheet.data_validation(
        f"{rate_cell(0)}:{rate_cell(len(rates) - 1)}",
        {
            "validate": "decimal",
            "ignore_blank": False,
            "criteria": ">",
            "value": 0,
            "error_title": "A number above 0, please",
            "error_message": "A learning rate is a number above 0.",
        },
    )
    losses = f"I{RATES_ROW}:J{RATES_ROW + len(rates) - 1}"
    styles.keep_readable(sheet, losses, largest=100, smallest=1e-5)
    for word in (TOO_LARGE, DIVERGED, ERROR):
        rule = {"type": "cell", "criteria": "==", "value": f'"{word}"', "format": styles["bad"]}
        sheet.conditional_format(losses, rule)


def _write_rate(book: NewBook, sheet: NewSheet, blueprint: Blueprint, rate: Rate) -> None:
    """One learning rate's row: its sheet, its value, and what its descent makes of the loss."""
    styles, layout, row = book.styles, blueprint.layout, RATES_ROW + rate.index
    losses = blueprint.losses(rate)
    first, last = float(losses[0]), float(losses[-1])
    sheet.write_url(f"G{row}", f"internal:{on_sheet(rate.sheet, 'A1')}", styles["link_box"], rate.sheet)
    sheet.write_number(rate_cell(rate.index), rate.value, styles["input"])
    for column, table_row, value, outgrown in (
        ("I", layout.first_row, first, TOO_LARGE),
        ("J", layout.last_row, last, DIVERGED),
    ):
        source = on_sheet(rate.sheet, f"{layout.columns[layout.loss]}{table_row}")
        shown = value if math.isfinite(value) else outgrown
        # Error 6 is #NUM!, a number too large, which a function of Python's says in words; all else is a mistake.
        too_large = f'IF(ISERROR({source}),ERROR.TYPE({source})=6,ISNUMBER(SEARCH("{TOO_LARGE}",{source})))'
        formula = f'=IF(ISNUMBER({source}),{source},IF({too_large},"{outgrown}","{ERROR}"))'
        sheet.write_formula(f"{column}{row}", formula, styles["total"], shown)
    change: float | str = "–"
    if math.isfinite(first) and math.isfinite(last) and first != 0:
        change = last / first - 1
    sheet.write_formula(f"K{row}", f'=IF(ISERROR(J{row}/I{row}),"–",J{row}/I{row}-1)', styles["percent"], change)


def _write_contents(book: NewBook, sheet: NewSheet, blueprint: Blueprint, run: Run | None) -> None:
    """What is here and how to use it, left of the table of learning rates, which may be as long as it likes."""
    styles, notes_row = book.styles, blueprint.layout.notes_row
    book.write_section(sheet, notes_row, "B:D", "What is here")
    contents = [
        (LOSS_PLOT, "the learning rates compared in two charts, and the written derivation"),
        (STEP, "one step of one learning rate: the network in cells, each formula with its numbers"),
        (CHECK, "every gradient against its central difference, with a verdict"),
        (blueprint.rates[0].sheet, "one sheet per learning rate: every quantity at every step"),
        (MNIST, TRAINED if run else UNTRAINED),
        *(OF_A_NETWORK if run and run.has_network else ()),
        *([(MODEL, "the network layer by layer, with its parameters counted by formulas")] if run else ()),
        *(OF_AN_EVALUATION if run and run.has_evaluation else ()),
    ]
    for row, (name, meaning) in enumerate(contents, start=notes_row + 1):
        book.write_link(sheet, row - 1, 1, name, name)
        sheet.write_string(f"C{row}", meaning, styles["text"])
    how_row = notes_row + len(contents) + 2
    book.write_section(sheet, how_row, "B:D", "How to use it")
    for row, line in enumerate(HOW_TO_USE, start=how_row + 1):
        sheet.merge_range(f"B{row}:D{row}", line.format(macros=blueprint.engine.macros), styles["text"])
        sheet.set_row_pixels(row - 1, 24)
