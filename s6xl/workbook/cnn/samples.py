"""The sheet Samples: twelve of the images that the network learned from."""

from s6xl.mnist.evaluation import Evaluation
from s6xl.workbook.book import NewBook
from s6xl.workbook.cnn.content import Content
from s6xl.workbook.cnn.heading import add_sheet
from s6xl.workbook.cnn.pictures import CELL, insert_row
from s6xl.workbook.layout import SAMPLES

ABOUT = "The first twelve training images, of 28 by 28 pixels, each with its digit below."
FIRST_ROW = 7
_IN_A_ROW = 6


def write_samples(book: NewBook, evaluation: Evaluation, content: Content) -> None:
    """Add the sheet of a run's sample images to a workbook."""
    sheet = add_sheet(book, SAMPLES, "What the network learns from", content, ABOUT, way_back="G2")
    sheet.set_column_pixels("A:A", 20)
    sheet.set_column_pixels(1, _IN_A_ROW, CELL)
    labels = evaluation.sample_labels
    for start in range(0, len(labels), _IN_A_ROW):
        row = FIRST_ROW - 1 + start // _IN_A_ROW * 3
        shown = labels[start : start + _IN_A_ROW].tolist()
        sheet.set_row_pixels(row, CELL)
        described = f"Handwritten digits: {', '.join(map(str, shown))}."
        insert_row(sheet, row, 1, evaluation.sample_images[start : start + _IN_A_ROW], described)
        for column, label in enumerate(shown, start=1):
            sheet.write_number(row + 1, column, label, book.styles["label_of_digit"])
