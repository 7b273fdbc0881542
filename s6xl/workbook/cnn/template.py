"""A workbook of only the sheet MNIST, which is copied into workbooks without one."""

from pathlib import Path

from s6xl.workbook.book import new_book
from s6xl.workbook.cnn.mnist import TITLE, write_mnist


def write_template(path: Path) -> None:
    """Write the workbook to `path`.

    Raises:
        UserError: if the file cannot be written.
    """
    with new_book(path, title=TITLE) as book:
        write_mnist(book, None, alone=True)
