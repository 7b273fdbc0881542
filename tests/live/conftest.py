"""What the tests of buttons share."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from s6xl.workbook.cnn.template import write_template
from tests.support import excel_com


@pytest.fixture
def xlwings_as_it_was() -> Iterator[None]:
    excel_com.load()
    import xlwings
    from xlwings import _xlwindows

    windows: Any = _xlwindows
    engine = xlwings.engines.active
    kept = ("get_excel_hwnds", "get_xl_app_from_hwnd", "N_COM_ATTEMPTS")
    before = {name: getattr(windows, name) for name in kept}
    process_id = windows.win32process.GetWindowThreadProcessId
    yield
    for name, value in before.items():
        setattr(windows, name, value)
    windows.win32process.GetWindowThreadProcessId = process_id
    xlwings.engines.active = engine


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workbook of the sheet MNIST alone."""
    path = tmp_path_factory.mktemp("template") / "template.xlsx"
    write_template(path)
    return path
