"""The sheet Softmax: from ten scores to ten probabilities."""

import numpy as np
from numpy.typing import NDArray

from s6xl.mnist.layers import DIGITS, LogSoftmax
from s6xl.palette import SERIES
from s6xl.workbook.book import NewBook
from s6xl.workbook.inference.maps import CellRectangle, Maps
from s6xl.workbook.layout import DIGIT, SOFTMAX, START
from s6xl.workbook.sheet import NewSheet

ABOUT = (
    "A digit with the score s gets the probability e^s divided by the sum of e^s over all ten: together they make 1.",
    "The largest score is subtracted from each first: this leaves the result the same, but e^s cannot overflow.",
    f"Training uses the logarithm of the probabilities ({LogSoftmax.name.lower()}).",
)
_HEADERS = ("Digit", "Score s", "s − largest", "e^(s − largest)", "Probability")
_HEADER, _FIRST = 8, 9  # rows, from 0
_WORKED_ROW = _FIRST + DIGITS + 2
PROBABILITIES = CellRectangle(SOFTMAX, _FIRST, len(_HEADERS), DIGITS)


def write_softmax(book: NewBook, before: Maps, scores: NDArray[np.float64], previous: str) -> None:
    """Add the sheet to a workbook.

    Args:
        book: the workbook.
        before: the ten neurons whose outputs are the scores.
        scores: their values, of shape (10,).
        previous: the name of their sheet.
    """
    styles = book.styles
    sheet = book.add_sheet(SOFTMAX, tab=SERIES[2])
    sheet.set_column_pixels(0, 0, 20)
    sheet.set_column_pixels(1, 1, 190)
    sheet.set_column_pixels(2, len(_HEADERS), 130)
    book.write_title(sheet, SOFTMAX)
    ways = {previous: f"← {previous}", DIGIT: f"{DIGIT} →", START: "Back to Start"}
    for column, (name, text) in enumerate(ways.items(), start=1):
        book.write_link(sheet, 2, column, name, text)
    for row, line in enumerate(ABOUT, start=3):
        sheet.write_string(row, 1, line, styles["text"])
    sheet.write_string(6, 1, "10 numbers go in, 10 come out.", styles["muted"])
    for column, header in enumerate(_HEADERS, start=1):
        sheet.write_string(_HEADER, column, header, styles["header"])
    digits, score, above, power = (CellRectangle(SOFTMAX, _FIRST, column, DIGITS) for column in (1, 2, 3, 4))
    differences = scores - scores.max()
    powers = np.exp(differences)
    channels, height, width = before.shape
    places = [(channel, y, x) for channel in range(channels) for y in range(height) for x in range(width)]
    for digit, place in enumerate(places):
        row = _FIRST + digit
        sheet.write_number(row, 1, digit, styles["rate"])
        cells = (
            (before.cell_from_afar(*place), scores[digit], "value"),
            (f"{score.cell(digit, 0)}-MAX({score.area})", differences[digit], "value"),
            (f"EXP({above.cell(digit, 0)})", powers[digit], "value"),
            (f"{power.cell(digit, 0)}/SUM({power.area})", powers[digit] / powers.sum(), "probability_box"),
        )
        for column, (formula, value, role) in enumerate(cells, start=2):
            sheet.write_formula(row, column, f"={formula}", styles[role], float(value))
    styles.keep_readable(sheet, power.relative_area, largest=1000, smallest=1e-6)
    _write_worked(book, sheet, digits, power, powers)


def _write_worked(
    book: NewBook, sheet: NewSheet, digits: CellRectangle, power: CellRectangle, powers: NDArray[np.float64]
) -> None:
    """Write one digit's probability, worked through."""
    styles, row = book.styles, _WORKED_ROW + 1
    book.write_section(sheet, row, "B:F", "One digit, number by number")
    likeliest = int(powers.argmax())
    sheet.write_string(row, 1, "Digit", styles["label"])
    sheet.write_number(row, 2, likeliest, styles["input"])
    rule = {"validate": "list", "source": f"={digits.area}"}
    message = {"error_title": "Digit", "error_message": "Choose a digit from 0 to 9."}
    sheet.data_validation(row, 2, row, 2, {**rule, **message})
    index = f"MAX(1,MIN({DIGITS},INT(N({CellRectangle(SOFTMAX, row, 2).corner}))+1))"
    own, total = CellRectangle(SOFTMAX, row + 1, 2).corner, CellRectangle(SOFTMAX, row + 2, 2).corner
    lines = (
        ("its e^(s − largest)", f"SUM(INDEX({power.area},{index},1))", powers[likeliest]),
        ("÷ the sum over all ten", f"SUM({power.area})", powers.sum()),
        ("gives its probability", f"{own}/{total}", powers[likeliest] / powers.sum()),
    )
    for number, (words, formula, value) in enumerate(lines, start=row + 1):
        sheet.write_string(number, 1, words, styles["label"])
        sheet.write_formula(number, 2, f"={formula}", styles["value"], float(value))
