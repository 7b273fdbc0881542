"""The run that comes with the package, and its workbook."""

from pathlib import Path

import openpyxl
import pytest
from openpyxl.workbook import Workbook

from s6xl.mnist.record import Run


@pytest.fixture(scope="session")
def pretrained() -> Run:
    return Run.open(Path("pretrained"))


@pytest.fixture(scope="session")
def loaded(digit_book: Path) -> Workbook:
    """The workbook's formulas, which no test changes."""
    return openpyxl.load_workbook(digit_book)
