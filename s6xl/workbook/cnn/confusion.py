"""The sheet Confusion: which digits the network takes for which, and how well it knows each."""

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
    "The confusion matrix: each row holds the test images of one digit, by what the network took them for. On the "
    "diagonal it was right."
)
HEADER_ROW = 8
FIRST_ROW = HEADER_ROW + 1
_PREDICTIONS = "CDEFGHIJKL"
_SUM, _ACCURACY = "M", "N"


def write_confusion(book: NewBook, evaluation: Evaluation, content: Content) -> None:
    """Add the sheet."""
    styles = book.styles
    sheet = add_sheet(book, CONFUSION, "What it takes for what", content, ABOUT, way_back="L2")
    sheet.set_column_pixels("A:A", 20)
    sheet.set_column_pixels("B:B", 110)
    sheet.set_column_pixels("C:L", 66)
    sheet.set_column_pixels("M:N", 96)
    sheet.merge_range(f"C{HEADER_ROW - 1}:L{HEADER_ROW - 1}", "What the network took it for", styles["muted_centre"])
    sheet.write_string(f"B{HEADER_ROW}", "Digit", styles["header"])
    for digit, column in enumerate(_PREDICTIONS):
        sheet.write_number(f"{column}{HEADER_ROW}", digit, styles["header"])
    sheet.write_string(f"{_SUM}{HEADER_ROW}", "Images", styles["header"])
    sheet.write_string(f"{_ACCURACY}{HEADER_ROW}", "Accuracy", styles["header"])
    counts = evaluation.confusion
    first, last = _PREDICTIONS[0], _PREDICTIONS[-1]
    for digit, own in enumerate(_PREDICTIONS):
        row = FIRST_ROW + digit
        sheet.set_row_pixels(row - 1, 30)
        sheet.write_number(f"B{row}", digit, styles["header"])
        for column, count in zip(_PREDICTIONS, counts[digit].tolist(), strict=True):
            sheet.write_number(f"{column}{row}", count, styles["count"])
        total = int(counts[digit].sum())
        accuracy = counts[digit, digit] / total if total else ""
        sheet.write_formula(f"{_SUM}{row}", f"=SUM({first}{row}:{last}{row})", styles["count"], total)
        formula = f'=IF({_SUM}{row}=0,"",{own}{row}/{_SUM}{row})'
        sheet.write_formula(f"{_ACCURACY}{row}", formula, styles["boxed_accuracy"], accuracy)
    _write_totals(book, sheet, counts)
    largest_mistake = int(counts[~np.eye(DIGITS, dtype=bool)].max())
    body = f"{first}{FIRST_ROW}:{last}{FIRST_ROW + DIGITS - 1}"
    # Of its own colour up to the largest mistake, so that a handful is seen beside a thousand right answers.
    sheet.conditional_format(
        body,
        {
            "type": "3_color_scale",
            "min_type": "num",
            "min_value": 0,
            "min_color": NEUTRAL,
            "mid_type": "num",
            "mid_value": max(1, largest_mistake),
            "mid_color": WARM,
            "max_type": "max",
            "max_color": POSITIVE,
        },
    )


def _write_totals(book: NewBook, sheet: NewSheet, counts: NDArray[np.int64]) -> None:
    """How often each digit was predicted, and the accuracy over all."""
    styles, row, last = book.styles, FIRST_ROW + DIGITS, FIRST_ROW + DIGITS - 1
    sheet.write_string(f"B{row}", "Guessed", styles["box_bold"])
    for column, predicted in zip((*_PREDICTIONS, _SUM), (*counts.sum(axis=0).tolist(), int(counts.sum())), strict=True):
        sheet.write_formula(
            f"{column}{row}", f"=SUM({column}{FIRST_ROW}:{column}{last})", styles["total_count"], predicted
        )
    right = "+".join(f"{column}{FIRST_ROW + digit}" for digit, column in enumerate(_PREDICTIONS))
    accuracy = float(np.trace(counts) / counts.sum())
    sheet.write_formula(f"{_ACCURACY}{row}", f"=({right})/{_SUM}{row}", styles["total_accuracy"], accuracy)
