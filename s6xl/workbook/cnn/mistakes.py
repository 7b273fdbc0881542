"""The sheet Mistakes: every test image that the network predicted wrong."""

import numpy as np

from s6xl.mnist.evaluation import Evaluation
from s6xl.wording import counted
from s6xl.workbook.book import NewBook
from s6xl.workbook.cnn.content import Content
from s6xl.workbook.cnn.heading import add_sheet
from s6xl.workbook.cnn.pictures import CELL, insert_row
from s6xl.workbook.layout import MISTAKES

FIRST_ROW = 7
IN_A_ROW = 12


def write_mistakes(book: NewBook, evaluation: Evaluation, content: Content) -> None:
    """Add the sheet of a run's wrong predictions to a workbook, the most confident first."""
    count = len(evaluation.mistakes)
    about = (
        f"Wrong predictions: {counted(count, 'test image')} of {len(evaluation.labels):,}, most confident first. "
        "Below each image: digit → prediction, and the network's confidence in it."
    )
    sheet = add_sheet(book, MISTAKES, "What the network gets wrong", content, about, way_back="J2")
    sheet.set_column_pixels("A:A", 20)
    sheet.set_column_pixels(1, IN_A_ROW, CELL)
    order = np.array(evaluation.mistakes_by_confidence, np.int64)
    for number, start in enumerate(range(0, count, IN_A_ROW)):
        shown = order[start : start + IN_A_ROW]
        row = FIRST_ROW - 1 + number * 4
        sheet.set_row_pixels(row, CELL)
        which = evaluation.mistakes[shown]
        truths, predictions = evaluation.labels[which].tolist(), evaluation.predictions[which].tolist()
        pairs = ", ".join(
            f"{truth} taken for {prediction}" for truth, prediction in zip(truths, predictions, strict=True)
        )
        insert_row(sheet, row, 1, evaluation.mistaken_images[shown], f"Handwritten digits: {pairs}.")
        for column, (truth, prediction, index) in enumerate(zip(truths, predictions, shown, strict=True), start=1):
            sheet.write_string(row + 1, column, f"{truth} → {prediction}", book.styles["label_of_digit"])
            probability = float(evaluation.probabilities[index])
            sheet.write_number(row + 2, column, probability, book.styles["probability"])
    sheet.freeze_panes(5, 0)
