"""A workbook of the sheet MNIST alone, which is copied into workbooks that have none."""

from pathlib import Path

from s6xl.workbook.book import new_book
from s6xl.workbook.cnn.mnist import TITLE, write_mnist


def write_template(path: Path) -> None:
    """Write it to `path`.

    Raises:
        UserError: if the file cannot be written.
    """
    with new_book(path, title=TITLE) as book:
        write_mnist(book, None, alone=True)
