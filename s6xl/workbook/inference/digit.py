"""The sheet Digit: a grid that shows a chosen digit and can be painted on, and the network's prediction."""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from xlsxwriter.utility import xl_col_to_name

from s6xl.mnist.layers import DIGITS, INK, SIDE
from s6xl.palette import BACKGROUND, NEUTRAL, SERIES, WARM
from s6xl.palette import INK as INK_COLOUR
from s6xl.workbook.book import NewBook
from s6xl.workbook.cnn.content import Content
from s6xl.workbook.cnn.heading import add_sheet
from s6xl.workbook.inference import digits
from s6xl.workbook.inference.choices import DigitChoice
from s6xl.workbook.inference.maps import CellRectangle, Maps
from s6xl.workbook.inference.softmax import PROBABILITIES
from s6xl.workbook.layout import DIGIT, absolute, on_sheet
from s6xl.workbook.sheet import NewSheet
from s6xl.workbook.styles import colours_up_to

ABOUT = (
    "The trained network in plain formulas, without macros or Python: choose or paint a digit, and see the prediction."
)
HOW_TO = (
    "Choose a digit, or “empty grid”, in the yellow cell. The sheet Digits shows them all.",
    "Paint a digit of that size: select cells, type 255 for ink or 0 for background, and press Ctrl+Enter.",
    "Press Delete on painted cells to bring the chosen digit back. A dot marks each painted cell.",
)
_HOW_ROW, _CHOICE_ROW, _TOP = 5, 8, 10  # from 0
_CELL, _BAR = 20, 11  # pixels of a cell of the grid, and of a bar
_BARS = 25
GRID = CellRectangle(DIGIT, _TOP, 1, SIDE, SIDE)
CHOICE = CellRectangle(DIGIT, _CHOICE_ROW, 9, 1, 14)
# The panel beside the grid: the prediction, the probabilities, and links.
_PANEL = GRID.column + SIDE + 1
PREDICTION = CellRectangle(DIGIT, _TOP + 1, _PANEL, 7, 9)
_SAID = CellRectangle(DIGIT, PREDICTION.row + 2, PREDICTION.column + PREDICTION.columns + 1, 3)
BARS = CellRectangle(DIGIT, _TOP + 11, _PANEL + 1, DIGITS, _BARS)
SHOWN = CellRectangle(DIGIT, BARS.row, BARS.column + _BARS, DIGITS)
_LINKS, _LINK = 4, 7  # links in a row, and columns from one to the next
# The pixels that go into the network: one map, the input of the first stage.
PIXELS = CellRectangle(DIGIT, _TOP, SHOWN.column + 2, SIDE, SIDE)
PIXEL_MAPS = Maps(DIGIT, PIXELS.row - 1, PIXELS.column, (1, SIDE, SIDE))
# The list of digits, to the right of everything else.
_LIST = PIXELS.column + SIDE + 1
# How many shades the grid has.
_LEVELS = 16
PIXELS_NAME, PROBABILITIES_NAME = "digit_pixels", "digit_probabilities"
_NAMES = {"digit_painted": GRID, PIXELS_NAME: PIXELS, PROBABILITIES_NAME: SHOWN}


def write_digit(
    book: NewBook,
    choices: Sequence[DigitChoice],
    first: int,
    probabilities: NDArray[np.float64],
    content: Content,
    stages: Sequence[str],
) -> None:
    """Add the sheet to a workbook.

    Args:
        book: the workbook.
        choices: the digits that can be chosen.
        first: the index of the one that is shown when the workbook opens.
        probabilities: the network's for that digit, of shape (10,).
        content: what the sheet MNIST shows of the run.
        stages: the names of the layers' sheets.
    """
    sheet = add_sheet(book, DIGIT, "Paint a digit", content, ABOUT, way_back="X2")
    _set_sizes(sheet)
    for number, line in enumerate(HOW_TO):
        sheet.write_number(_HOW_ROW + number, 1, number + 1, book.styles["label_of_digit"])
        sheet.write_string(_HOW_ROW + number, 2, line, book.styles["text"])
    listed = _List(len(choices))
    listed.write(book, sheet, choices, first)
    _write_choice(book, sheet, choices[first], listed)
    _write_grid(book, sheet)
    _write_pixels(book, sheet, choices, first, listed)
    _write_prediction(book, sheet, choices[first], probabilities, listed)
    _write_probabilities(book, sheet, probabilities)
    _write_way_on(book, sheet, stages)
    for name, block in _NAMES.items():
        book.workbook.define_name(name, f"={block.full_area}")
    sheet.set_selection(CHOICE.row, CHOICE.column, CHOICE.row, CHOICE.column)
    sheet.print_area(0, 0, GRID.row + SIDE, SHOWN.column)
    sheet.fit_to_pages(1, 1)
    sheet.activate()


def _set_sizes(sheet: NewSheet) -> None:
    widths = (
        (0, 1, 20),
        (GRID.column, SIDE, _CELL),
        (_PANEL - 1, 1, 30),
        (_PANEL, 1, 34),
        (BARS.column, _BARS, _BAR),
        (SHOWN.column, 1, 70),
        (SHOWN.column + 1, 1, 40),
        (PIXELS.column, SIDE, 28),
        (_LIST - 1, 1, 40),
        (_LIST, 1, 230),
        (_LIST + 1, 3, 70),
    )
    for column, count, width in widths:
        sheet.set_column_pixels(column, column + count - 1, width)
    for row in range(GRID.row, GRID.row + SIDE):
        sheet.set_row_pixels(row, _CELL)


class _List:
    """The list of digits: name, digit, and row and column on the sheet Digits; above it those of the chosen one."""

    def __init__(self, count: int) -> None:
        self.names = CellRectangle(DIGIT, _TOP, _LIST, count)
        self._whole = CellRectangle(DIGIT, _TOP, _LIST, count, 4)
        self.truth, self.row, self.column = (CellRectangle(DIGIT, _TOP - 3, _LIST + number) for number in (1, 2, 3))

    def write(self, book: NewBook, sheet: NewSheet, choices: Sequence[DigitChoice], first: int) -> None:
        """Write the list."""
        styles = book.styles
        entries = [
            ("–" if choice.truth is None else choice.truth, *digits.corner(index))
            for index, choice in enumerate(choices)
        ]
        sheet.write_string(self.truth.row, _LIST, "Chosen digit", styles["label"])
        for number, (block, value) in enumerate(zip((self.truth, self.row, self.column), entries[first], strict=True)):
            # A name that is not in the list stands for the last one, the empty grid.
            found = f"VLOOKUP({CHOICE.corner},{self._whole.area},{number + 2},FALSE)"
            empty = absolute(self._whole.cell(len(choices) - 1, number + 1))
            sheet.write_formula(block.row, block.column, f"=IFERROR({found},{empty})", styles["general"], value)
        for column, header in enumerate(("Digits to choose from", "Digit", "Row", "Column"), start=_LIST):
            sheet.write_string(_TOP - 1, column, header, styles["header"])
        for row, (choice, entry) in enumerate(zip(choices, entries, strict=True), start=_TOP):
            sheet.write_string(row, _LIST, choice.name, styles["box"])
            for column, value in enumerate(entry, start=_LIST + 1):
                sheet.write(row, column, value, styles["general"])


def _write_choice(book: NewBook, sheet: NewSheet, choice: DigitChoice, listed: _List) -> None:
    sheet.set_row_pixels(CHOICE.row, 24)
    sheet.write_string(CHOICE.row, 1, "Choose a digit:", book.styles["text_bold"])
    sheet.merge_range(*CHOICE.bounds, choice.name, book.styles["input"])
    rule = {"validate": "list", "source": f"={listed.names.area}"}
    message = {"error_title": "Not in the list", "error_message": "Choose a digit from the list."}
    sheet.data_validation(CHOICE.row, CHOICE.column, CHOICE.row, CHOICE.column, {**rule, **message})


def _write_grid(book: NewBook, sheet: NewSheet) -> None:
    """Write the cells to paint on, each in the colour of its pixel: the chosen digit's if the cell is empty."""
    for row in range(GRID.row, GRID.row + SIDE):
        for column in range(GRID.column, GRID.column + SIDE):
            sheet.write_blank(row, column, None, book.styles["paint"])
    width = (INK + 1) // _LEVELS
    for level in range(_LEVELS, 0, -1):
        darkness = min(INK, level * width)
        rule = {"type": "formula", "criteria": f"={PIXELS.cell(0, 0)}>={level * width - width // 2}"}
        colour = book.workbook.add_format({"bg_color": shade(darkness / INK)})
        sheet.conditional_format(GRID.area, {**rule, "format": colour, "stop_if_true": True})
    entry = {"validate": "decimal", "criteria": "between", "minimum": 0, "maximum": INK}
    message = {"error_title": "Ink", "error_message": "Enter a number from 0 (background) to 255 (ink)."}
    sheet.data_validation(*GRID.bounds, {**entry, **message})


def shade(ink: float) -> str:
    """Return the colour for an amount of ink from 0, the background, to 1."""
    ends = [[int(colour[place : place + 2], 16) for place in (1, 3, 5)] for colour in (NEUTRAL, INK_COLOUR)]
    return "#" + "".join(f"{round(empty + (full - empty) * ink):02X}" for empty, full in zip(*ends, strict=True))


def _write_pixels(book: NewBook, sheet: NewSheet, choices: Sequence[DigitChoice], first: int, listed: _List) -> None:
    """Write the pixels that go into the network: the typed number, or else the chosen digit's."""
    sheet.write_string(_TOP - 3, PIXELS.column, "What goes into the network", book.styles["text_bold"])
    words = "the numbers typed into the grid, elsewhere those of the chosen digit"
    sheet.write_string(_TOP - 2, PIXELS.column, words, book.styles["muted"])
    bank = digits.area(len(choices)).full_area
    pixels = choices[first].pixels.tolist()
    for y in range(SIDE):
        for x in range(SIDE):
            typed = GRID.cell(y, x)
            chosen = f"SUM(INDEX({bank},{listed.row.corner}+{y + 1},{listed.column.corner}+{x + 1}))"
            formula = f"=IF(ISNUMBER({typed}),MAX(0,MIN({INK},{typed})),{chosen})"
            sheet.write_formula(PIXELS.row + y, PIXELS.column + x, formula, book.styles["tiny"], pixels[y][x])
    sheet.conditional_format(PIXELS.area, colours_up_to(INK, NEUTRAL, WARM))


def _panel_section(book: NewBook, sheet: NewSheet, row: int, title: str) -> None:
    book.write_section(sheet, row + 1, f"{xl_col_to_name(_PANEL)}:{xl_col_to_name(SHOWN.column)}", title)


def _write_prediction(
    book: NewBook, sheet: NewSheet, choice: DigitChoice, probabilities: NDArray[np.float64], listed: _List
) -> None:
    """Write the predicted digit, the confidence, and whether it is right, which is unknown once cells are painted."""
    styles, predicted = book.styles, int(probabilities.argmax())
    _panel_section(book, sheet, _TOP - 1, "Prediction")
    sheet.merge_range(*PREDICTION.bounds, "", styles["answer"])
    largest, painted = f"MAX({SHOWN.area})", f"COUNT({GRID.area})"
    formula = f"=MATCH({largest},{SHOWN.area},0)-1"
    sheet.write_formula(PREDICTION.row, PREDICTION.column, formula, styles["answer"], predicted)
    # Rounded as the probabilities below are.
    confidence = _percentage(float(probabilities.max()))
    rounded = f'"Confidence: "&IF({largest}=1,100,MIN(99.9,ROUND(100*{largest},1)))&" %"'
    truth = listed.truth.corner
    right, wrong = ": right.", ": wrong."
    verdict = f'IF({painted}>0,".",IF({truth}={PREDICTION.corner},"{right}","{wrong}"))'
    shown = f"The chosen digit is {choice.truth}{right if choice.truth == predicted else wrong}"
    lines = (
        (f"={rounded}", f"Confidence: {confidence:g} %", "text_bold"),
        (
            f'=IF(ISNUMBER({truth}),"The chosen digit is "&{truth}&{verdict},'
            f'IF({painted}=0,"The grid is empty.","A painted digit has no label."))',
            "The grid is empty." if choice.truth is None else shown,
            "text",
        ),
        (
            f'=IF({painted}=0,"Nothing is painted.","Painted cells: "&{painted}&" of {SIDE * SIDE}")',
            "Nothing is painted.",
            "muted",
        ),
    )
    for row, (formula, value, role) in enumerate(lines, start=_SAID.row):
        sheet.write_formula(row, _SAID.column, formula, styles[role], value)
    rule = {"type": "text", "criteria": "containing", "value": wrong, "format": styles["bad_text"]}
    sheet.conditional_format(_SAID.area, rule)


def _percentage(probability: float) -> float:
    """Return a probability in per cent with one decimal; only 1 becomes 100."""
    return 100 if probability == 1 else min(99.9, math.floor(1000 * probability + 0.5) / 10)


def _write_probabilities(book: NewBook, sheet: NewSheet, probabilities: NDArray[np.float64]) -> None:
    """Write each digit's probability, as a number and as a bar of cells, the last of which has a lighter colour."""
    styles = book.styles
    _panel_section(book, sheet, BARS.row - 1, "Probabilities")
    for digit, probability in enumerate(probabilities.tolist()):
        row = BARS.row + digit
        sheet.write_number(row, _PANEL, digit, styles["label_of_digit"])
        source = on_sheet(PROBABILITIES.sheet, PROBABILITIES.cell(digit, 0))
        sheet.write_formula(row, SHOWN.column, f"={source}", styles["probability"], probability)
        for bar in range(_BARS):
            formula = f"=MAX(0,MIN(1,{_BARS}*${SHOWN.cell(digit, 0)}-{bar}))"
            full = max(0.0, min(1.0, _BARS * probability - bar))
            sheet.write_formula(row, BARS.column + bar, formula, styles["bar"], full)
    sheet.conditional_format(BARS.area, colours_up_to(1, BACKGROUND, SERIES[0]))


def _write_way_on(book: NewBook, sheet: NewSheet, stages: Sequence[str]) -> None:
    """Write links to the layers' sheets."""
    row = BARS.row + DIGITS + 1
    sheet.write_string(row, _PANEL, "The computation, layer by layer:", book.styles["text_bold"])
    for index, name in enumerate(stages):
        below, beside = divmod(index, _LINKS)
        book.write_link(sheet, row + 1 + below, _PANEL + beside * _LINK, name, name)
