"""The doctor's checks of a real Excel, one test each, and a run shown in it; they run on Windows where Excel is."""

import sys
from collections.abc import Callable, Iterator
from dataclasses import astuple
from pathlib import Path

import pytest

from s6xl.doctor.excel import CHECKS, Session, session
from s6xl.live.following import Place, follow
from s6xl.live.mnist_sheet import find_or_add_sheet, read_settings
from s6xl.live.writer import Outcome
from s6xl.mnist.recipe import RECIPES
from s6xl.mnist.record import Epoch, Run
from tests.support.runs import config

pytestmark = pytest.mark.excel
CONFIG = config(RECIPES["original"].changed(epochs=3))


def excel_is_here() -> bool:
    """Whether Windows knows a program of Excel's name for other programs to start."""
    if sys.platform != "win32":
        return False
    import winreg

    try:
        winreg.CloseKey(winreg.OpenKey(winreg.HKEY_CLASSES_ROOT, "Excel.Application"))
    except OSError:
        return False
    return True


@pytest.fixture(scope="module")
def excel() -> Iterator[Session]:
    """A hidden Excel with the add-in."""
    if not excel_is_here():
        pytest.skip("there is no Excel on this machine")
    with session() as started:
        yield started


@pytest.mark.parametrize("check", CHECKS.values(), ids=CHECKS)
def test_excel(excel: Session, check: Callable[[Session], str]) -> None:
    assert check(excel)


def test_a_run_fills_a_workbook_that_had_no_sheet_for_it(excel: Session, tmp_path: Path) -> None:
    run = Run.begin(tmp_path / "run", CONFIG)
    epochs = [Epoch(number, 1 / number, 0.9, 2 / number, 0.8, 1.5) for number in (1, 2, 3)]
    for epoch in epochs:
        run.add(epoch)
    run.end("finished", epochs)
    book = excel.app.books.add()
    try:
        sheet = find_or_add_sheet(book)
        assert [open_book.name for open_book in excel.app.books if "template" in open_book.name] == []
        assert len(sheet.charts) == 4
        assert read_settings(sheet) == (RECIPES["best"], "mnist", "auto")
        sheet.range("run").value = str(run.folder)
        assert follow(run, Place(run.folder, excel.app.pid, book.name, sheet.name), None) is Outcome.SHOWN
        assert sheet.range("table").value[:3] == [list(astuple(epoch)) for epoch in epochs]
        assert sheet.range("status").value == "Finished: 3 epochs"
        assert sheet.range("started").value == "2026-11-25 10:00:00+01:00"
        assert f"'{sheet.name}'!" in sheet.charts[0].api[1].SeriesCollection(1).Formula.replace("MNIST!", "'MNIST'!")
    finally:
        book.close()
