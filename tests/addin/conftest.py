"""The add-in and a macro workbook, built once."""

from pathlib import Path

import pytest

from s6xl.addin.package import build_add_in, build_macro_workbook
from s6xl.backprop.experiment import Experiment


@pytest.fixture(scope="session")
def add_in(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The add-in."""
    path = tmp_path_factory.mktemp("add-in") / "s6.xlam"
    build_add_in(path)
    return path


@pytest.fixture(scope="session")
def macro_book(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The default macro workbook."""
    path = tmp_path_factory.mktemp("macros") / "s6.xlsm"
    build_macro_workbook(Experiment(), path)
    return path


@pytest.fixture(params=["add_in", "macro_book"])
def file(request: pytest.FixtureRequest) -> Path:
    """Each of them."""
    path: Path = request.getfixturevalue(request.param)
    return path
