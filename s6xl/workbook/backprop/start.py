"""The sheet Start: the start values and learning rates that a reader may change, and what each sheet shows."""

import math

from s6xl.backprop.network import symbol
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
UNTRAINED = "A CNN to train on handwritten digits, with the add-in or from the command line"
TRAINED = "A CNN trained on handwritten digits: settings, results and charts"
OF_A_NETWORK = (
    (DIGIT, "Choose or paint a digit: formulas compute the prediction, with a sheet for each layer"),
    (DIGIT_GALLERY, "The digits that you can choose"),
)
OF_AN_EVALUATION = (
    (SAMPLES, "Twelve of the training images"),
    (CONFUSION, "The confusion matrix: how often each digit was predicted for each digit"),
    (MISTAKES, "Every test image that the network predicts wrongly"),
)
HOW_TO_USE = (
    "Change a yellow cell, and every sheet, chart and check follows. {macros}",
    "LossPlot compares the learning rates; each sheet LR=… has the numbers behind one curve.",
    "On Step, choose a learning rate and a step to see each gradient with its numbers put in.",
    "Check compares each gradient with a measured slope. Break a formula, and it turns red.",
)


def write_start(book: NewBook, blueprint: Blueprint, run: Run | None = None) -> None:
    """Add the sheet; `run` is the training run that the sheets from MNIST on show, if any."""
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
    for column, header in zip("BCD", ("Quantity", "Value", "Meaning"), strict=True):
        sheet.write_string(f"{column}{START_VALUES_ROW - 1}", header, styles["header"])
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
            "error_title": "Enter a number",
            "error_message": "Inputs, targets and weights must be numbers.",
        },
    )


def _write_rates(book: NewBook, sheet: NewSheet, blueprint: Blueprint) -> None:
    styles, layout, rates = book.styles, blueprint.layout, blueprint.rates
    name = symbol(layout.loss)
    book.write_section(sheet, RATES_ROW - 2, "G:K", "Learning rates")
    headers = ("Sheet", "Learning rate η", f"{name}, step 1", f"{name}, step {layout.steps}", "Change")
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
            "error_title": "Enter a number above 0",
            "error_message": "A learning rate must be a number above 0.",
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
    """Write the list of sheets and how to use them, left of the table of learning rates, which may be long."""
    styles, notes_row = book.styles, blueprint.layout.notes_row
    book.write_section(sheet, notes_row, "B:D", "Sheets in this workbook")
    contents = [
        (LOSS_PLOT, "Two charts that compare the learning rates, and the derivation in full"),
        (STEP, "One step at one learning rate: the network, and each formula with its numbers"),
        (CHECK, "Every gradient compared with its central difference, with a verdict"),
        (blueprint.rates[0].sheet, "One sheet for each learning rate: every quantity at every step"),
        (MNIST, TRAINED if run else UNTRAINED),
        *(OF_A_NETWORK if run and run.has_network else ()),
        *([(MODEL, "The network layer by layer, with its parameters counted by formulas")] if run else ()),
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
