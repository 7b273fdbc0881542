"""The sheet Confusion: the confusion matrix of the test images, with the accuracy on each digit."""

import numpy as np
from numpy.typing import NDArray

from s6xl.mnist.evaluation import Evaluation
from s6xl.mnist.layers import DIGITS
from s6xl.palette import NEUTRAL, POSITIVE, WARM
from s6xl.workbook.book import NewBook
from s6xl.workbook.cnn.content import Content
from s6xl.workbook.cnn.heading import add_sheet
from s6xl.workbook.layout import CONFUSION
from s6xl.workbook.sheet import NewSheet

ABOUT = (
    "Each row holds the test images of one digit, counted by the digit that the network predicted. Correct predictions "
    "are on the diagonal."
)
HEADER_ROW = 8
FIRST_ROW = HEADER_ROW + 1
LAST_ROW = HEADER_ROW + DIGITS
_PREDICTIONS = "CDEFGHIJKL"
_FIRST, _LAST = _PREDICTIONS[0], _PREDICTIONS[-1]
_SUM, _ACCURACY = "M", "N"


def write_confusion(book: NewBook, evaluation: Evaluation, content: Content) -> None:
    """Add the sheet of a run's confusion matrix to a workbook."""
    sheet = add_sheet(book, CONFUSION, "Confusion matrix", content, ABOUT, way_back="L2")
    counts = evaluation.confusion
    _write_headers(book, sheet)
    for digit in range(DIGITS):
        _write_digit(book, sheet, digit, counts[digit])
    _write_totals(book, sheet, counts)
    _colour(sheet, counts)


def _write_headers(book: NewBook, sheet: NewSheet) -> None:
    styles = book.styles
    sheet.set_column_pixels("A:A", 20)
    sheet.set_column_pixels("B:B", 110)
    sheet.set_column_pixels(f"{_FIRST}:{_LAST}", 66)
    sheet.set_column_pixels(f"{_SUM}:{_ACCURACY}", 96)
    above = f"{_FIRST}{HEADER_ROW - 1}:{_LAST}{HEADER_ROW - 1}"
    sheet.merge_range(above, "Predicted digit", styles["muted_centre"])
    sheet.write_string(f"B{HEADER_ROW}", "Digit", styles["header"])
    for digit, column in enumerate(_PREDICTIONS):
        sheet.write_number(f"{column}{HEADER_ROW}", digit, styles["header"])
    sheet.write_string(f"{_SUM}{HEADER_ROW}", "Images", styles["header"])
    sheet.write_string(f"{_ACCURACY}{HEADER_ROW}", "Accuracy", styles["header"])


def _write_digit(book: NewBook, sheet: NewSheet, digit: int, counts: NDArray[np.int64]) -> None:
    """Write the row of one digit: how often each digit was predicted, and how often the right one."""
    styles, row, own = book.styles, FIRST_ROW + digit, _PREDICTIONS[digit]
    sheet.set_row_pixels(row - 1, 30)
    sheet.write_number(f"B{row}", digit, styles["header"])
    for column, count in zip(_PREDICTIONS, counts.tolist(), strict=True):
        sheet.write_number(f"{column}{row}", count, styles["count"])
    total = int(counts.sum())
    sheet.write_formula(f"{_SUM}{row}", f"=SUM({_FIRST}{row}:{_LAST}{row})", styles["count"], total)
    accuracy = counts[digit] / total if total else ""
    formula = f'=IF({_SUM}{row}=0,"",{own}{row}/{_SUM}{row})'
    sheet.write_formula(f"{_ACCURACY}{row}", formula, styles["boxed_accuracy"], accuracy)


def _write_totals(book: NewBook, sheet: NewSheet, counts: NDArray[np.int64]) -> None:
    """How often each digit was predicted, and the accuracy on all images."""
    styles, row = book.styles, LAST_ROW + 1
    sheet.write_string(f"B{row}", "All digits", styles["box_bold"])
    for column, count in zip((*_PREDICTIONS, _SUM), (*counts.sum(axis=0).tolist(), int(counts.sum())), strict=True):
        formula = f"=SUM({column}{FIRST_ROW}:{column}{LAST_ROW})"
        sheet.write_formula(f"{column}{row}", formula, styles["total_count"], count)
    right = "+".join(f"{column}{FIRST_ROW + digit}" for digit, column in enumerate(_PREDICTIONS))
    accuracy = float(np.trace(counts) / counts.sum())
    sheet.write_formula(f"{_ACCURACY}{row}", f"=({right})/{_SUM}{row}", styles["total_accuracy"], accuracy)


def _colour(sheet: NewSheet, counts: NDArray[np.int64]) -> None:
    """Colour up to the largest mistake apart, so that a few mistakes show beside a thousand correct predictions."""
    largest_mistake = int(counts[~np.eye(DIGITS, dtype=bool)].max())
    scale = {
        "type": "3_color_scale",
        "min_type": "num",
        "min_value": 0,
        "min_color": NEUTRAL,
        "mid_type": "num",
        "mid_value": max(1, largest_mistake),
        "mid_color": WARM,
        "max_type": "max",
        "max_color": POSITIVE,
    }
    sheet.conditional_format(f"{_FIRST}{FIRST_ROW}:{_LAST}{LAST_ROW}", scale)
