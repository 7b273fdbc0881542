"""The sheet Start: what is here, how to use it, and the one place for everything that can be changed."""

import math
from collections.abc import Sequence

from s6xl.backprop.experiment import Experiment
from s6xl.backprop.network import long_symbol
from s6xl.functions.descents import TOO_LARGE
from s6xl.mnist.record import Run
from s6xl.palette import INPUT
from s6xl.wording import counted
from s6xl.workbook.backprop.engine import Engine
from s6xl.workbook.backprop.rate import Rate
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
    TableLayout,
    on_sheet,
    rate_cell,
    start_cells,
)
from s6xl.workbook.sheet import NewSheet

TITLE = "Backpropagation, step by step"
NOTES_ROW = 21
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


def write_start(
    book: NewBook, experiment: Experiment, engine: Engine, rates: Sequence[Rate], run: Run | None = None
) -> None:
    """Add the sheet; `run` is the training that the sheets behind MNIST show, if any."""
    network = experiment.network
    sheet = book.add_sheet(START, tab=INPUT)
    styles = book.styles
    sheet.set_column("A:A", 3)
    sheet.set_column("B:B", 13)
    sheet.set_column("C:C", 13)
    sheet.set_column("D:D", 60)
    sheet.set_column("E:F", 3)
    sheet.set_column("G:K", 18)
    book.write_title(sheet, TITLE)
    sheet.write_string(
        "B3",
        f"{network.title}, {counted(experiment.steps, 'step')} of gradient descent at "
        f"{counted(len(rates), 'learning rate')}. {engine.description}",
        styles["muted"],
    )
    sheet.set_row_pixels(3, 30)
    book.write_warning(sheet, "B4", network.warning)
    _write_start_values(book, sheet, experiment)
    _write_rates(book, sheet, experiment, rates)
    _write_contents(book, sheet, engine, rates, run)
    sheet.freeze_panes(2, 0)
    sheet.set_selection(START_VALUES_ROW - 1, 2, START_VALUES_ROW - 1, 2)


def _write_start_values(book: NewBook, sheet: NewSheet, experiment: Experiment) -> None:
    styles = book.styles
    book.write_section(sheet, START_VALUES_ROW - 2, "B:D", "Start values")
    for column, heading in zip("BCD", ("Quantity", "Value", "Meaning"), strict=True):
        sheet.write_string(f"{column}{START_VALUES_ROW - 1}", heading, styles["header"])
    network, start = experiment.network, experiment.start
    for name, address in start_cells(network).items():
        row = address.removeprefix(START_VALUE_COLUMN)
        sheet.write_string(f"B{row}", name, styles["box_bold"])
        sheet.write_number(address, start[name], styles["input"])
        sheet.write_string(f"D{row}", network.meaning(name), styles["box"])
    cells = list(start_cells(network).values())
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


def _write_rates(book: NewBook, sheet: NewSheet, experiment: Experiment, rates: Sequence[Rate]) -> None:
    styles, network = book.styles, experiment.network
    layout = TableLayout(experiment)
    loss = layout.columns[network.loss]
    position = network.columns.index(network.loss)
    name = long_symbol(network.loss)
    book.write_section(sheet, RATES_ROW - 2, "G:K", "Learning rates")
    headings = ("Sheet", "η", f"{name}, step 1", f"{name}, step {experiment.steps}", "Change")
    for column, heading in zip("GHIJK", headings, strict=True):
        sheet.write_string(f"{column}{RATES_ROW - 1}", heading, styles["header"])
    for rate in rates:
        row = RATES_ROW + rate.index
        first, last = float(rate.table[0, position]), float(rate.table[-1, position])
        sheet.write_url(f"G{row}", f"internal:{on_sheet(rate.sheet, 'A1')}", styles["link_box"], rate.sheet)
        sheet.write_number(rate_cell(rate.index), rate.value, styles["input"])
        for column, table_row, value, outgrown in (
            ("I", layout.first_row, first, TOO_LARGE),
            ("J", layout.last_row, last, DIVERGED),
        ):
            source = on_sheet(rate.sheet, f"{loss}{table_row}")
            shown = value if math.isfinite(value) else outgrown
            # Error 6 is #NUM!, a number too large, which a function of Python's says in words; all else is a mistake.
            too_large = f'IF(ISERROR({source}),ERROR.TYPE({source})=6,ISNUMBER(SEARCH("too large",{source})))'
            formula = f'=IF(ISNUMBER({source}),{source},IF({too_large},"{outgrown}","{ERROR}"))'
            sheet.write_formula(f"{column}{row}", formula, styles["total"], shown)
        change: float | str = "–"
        if math.isfinite(first) and math.isfinite(last) and first != 0:
            change = last / first - 1
        sheet.write_formula(f"K{row}", f'=IF(ISERROR(J{row}/I{row}),"–",J{row}/I{row}-1)', styles["percent"], change)
    last_row = RATES_ROW + len(rates) - 1
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
    styles.keep_readable(sheet, f"I{RATES_ROW}:J{last_row}", largest=100, smallest=1e-5)
    for word in (TOO_LARGE, DIVERGED, ERROR):
        rule = {"type": "cell", "criteria": "==", "value": f'"{word}"', "format": styles["bad"]}
        sheet.conditional_format(f"I{RATES_ROW}:J{last_row}", rule)


def _write_contents(book: NewBook, sheet: NewSheet, engine: Engine, rates: Sequence[Rate], run: Run | None) -> None:
    """What is here and how to use it, left of the table of learning rates, which may be as long as it likes."""
    styles = book.styles
    book.write_section(sheet, NOTES_ROW, "B:D", "What is here")
    contents = [
        (LOSS_PLOT, "the learning rates compared in two charts, and the written derivation"),
        (STEP, "one step of one learning rate: the network in cells, each formula with its numbers"),
        (CHECK, "every gradient against its central difference, with a verdict"),
        (rates[0].sheet, "one sheet per learning rate: every quantity at every step"),
        (MNIST, TRAINED if run else UNTRAINED),
        *(OF_A_NETWORK if run and run.has_network else ()),
        *([(MODEL, "the network layer by layer, with its parameters counted by formulas")] if run else ()),
        *(OF_AN_EVALUATION if run and run.has_evaluation else ()),
    ]
    for row, (name, meaning) in enumerate(contents, start=NOTES_ROW + 1):
        book.write_link(sheet, row - 1, 1, name, name)
        sheet.write_string(f"C{row}", meaning, styles["text"])
    how_row = NOTES_ROW + len(contents) + 2
    book.write_section(sheet, how_row, "B:D", "How to use it")
    for row, line in enumerate(HOW_TO_USE, start=how_row + 1):
        sheet.merge_range(f"B{row}:D{row}", line.format(macros=engine.macros), styles["text"])
        sheet.set_row_pixels(row - 1, 24)
