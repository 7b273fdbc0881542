"""The head of a sheet that describes one run's network, and says so when the sheet MNIST has moved on to another."""

from pathlib import Path

from s6xl.palette import SERIES
from s6xl.workbook.book import NewBook
from s6xl.workbook.cnn.content import RUN, STARTED, Content
from s6xl.workbook.cnn.mnist import cell_of
from s6xl.workbook.layout import MNIST, absolute, on_sheet
from s6xl.workbook.sheet import NewSheet

ABOUT_ROW = 4


def add_sheet(book: NewBook, name: str, title: str, content: Content, about: str, *, way_back: str) -> NewSheet:
    """A sheet with its title, the run it describes, and a sentence about it; `way_back` is the cell for the link."""
    sheet = book.add_sheet(name, tab=SERIES[0])
    book.write_title(sheet, title)
    book.write_way_back(sheet, way_back)
    sheet.write_string("B3", Path(str(content.settings[RUN])).name, book.styles["muted"])
    sheet.write_string(f"B{ABOUT_ROW}", about, book.styles["text"])
    # A folder may be moved; when its run was begun stays.
    started_there = on_sheet(MNIST, absolute(cell_of(STARTED)))
    started = str(content.values[STARTED]).replace('"', '""')
    warning = f'=IF({started_there}="{started}","","MNIST shows another run: build a workbook of that one.")'
    sheet.write_formula(f"B{ABOUT_ROW + 1}", warning, book.styles["warning"], "")
    return sheet
