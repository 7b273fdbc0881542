"""Workbooks of networks: the one that comes with the package, and those of odd ones."""

from pathlib import Path

import pytest

from s6xl.experiment import Experiment
from s6xl.mnist.record import Run
from s6xl.workbook import build


@pytest.fixture(scope="session")
def pretrained() -> Run:
    return Run.open(Path("pretrained"))


@pytest.fixture(scope="session")
def digit_book(pretrained: Run, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The workbook of the run that comes with the package."""
    path = tmp_path_factory.mktemp("digit") / "digits.xlsx"
    build(Experiment(), path, run=pretrained)
    return path
