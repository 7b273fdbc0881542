"""The top of a sheet that describes one run's network, with a warning when the sheet MNIST shows another run."""

from pathlib import Path

from s6xl.palette import SERIES
from s6xl.workbook.book import NewBook
from s6xl.workbook.cnn.content import RUN, STARTED, Content
from s6xl.workbook.cnn.mnist import cell_of
from s6xl.workbook.layout import MNIST, absolute, on_sheet
from s6xl.workbook.sheet import NewSheet

ABOUT_ROW = 4


def add_sheet(book: NewBook, name: str, title: str, content: Content, about: str, *, way_back: str) -> NewSheet:
    """Add a sheet with its title, the run's name, a sentence about it, and a link back to Start.

    Args:
        book: the workbook.
        name: the sheet's name.
        title: its title.
        content: what the sheet MNIST shows of the run.
        about: the sentence.
        way_back: the link's cell.
    """
    sheet = book.add_sheet(name, tab=SERIES[0])
    book.write_title(sheet, title)
    book.write_way_back(sheet, way_back)
    sheet.write_string("B3", Path(str(content.settings[RUN])).name, book.styles["muted"])
    sheet.write_string(f"B{ABOUT_ROW}", about, book.styles["text"])
    # A run's folder may be moved; the time at which it started stays.
    started_there = on_sheet(MNIST, absolute(cell_of(STARTED)))
    started = str(content.values[STARTED]).replace('"', '""')
    warning = f'=IF({started_there}="{started}","","MNIST shows another run: build a workbook of that one.")'
    sheet.write_formula(f"B{ABOUT_ROW + 1}", warning, book.styles["warning"], "")
    return sheet
