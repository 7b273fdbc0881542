"""What the buttons do in a workbook, through xlwings' real objects over a stand-in for Excel."""

import atexit
import os
import sys
import types
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from unittest import mock

import openpyxl
import platformdirs
import pytest

from s6xl.errors import ImpossibleHereError, UserError
from s6xl.live import actions, dialog, ribbon, worker
from s6xl.live.actions import ACTIONS
from s6xl.live.excel import Excel
from s6xl.workbook.layout import CHECK, CHOSEN_RATE, CHOSEN_STEP, STEP
from tests.support import excel_com
from tests.support.excel_com import Chart, Range, Workbook
from tests.support.live.open_excel import refusal


@contextmanager
def opened_in_excel(book: Workbook) -> Iterator[Excel]:
    """The Excel that a workbook is open in, as a button's worker reaches it."""
    excel_com.load()
    import xlwings
    from xlwings import _xlwindows

    app = mock.Mock(books=[xlwings.Book(impl=_xlwindows.Book(xl=book))])
    with mock.patch.object(Excel, "app", new_callable=mock.PropertyMock, return_value=app):
        yield Excel("My Book.xlsx", 4711)


@pytest.fixture
def book() -> Workbook:
    """A workbook as s6xl builds it, with the third rate's sheet active."""
    com = Workbook("my book.xlsx")
    com.add("LR=0.5", {"G31": 0.5, "A40": 8.0, "A33": 1.0})
    com.add(STEP, {CHOSEN_RATE: 0.1, CHOSEN_STEP: 1.0})
    com.add(CHECK, {CHOSEN_RATE: 0.1, CHOSEN_STEP: 1.0})
    return com


@pytest.mark.parametrize(("action", "name"), [("step_through", STEP), ("check_gradients", CHECK)])
@pytest.mark.parametrize(
    ("row", "chosen"), [(40, (0.5, 8.0)), (33, (0.5, 1.0)), (5, (0.1, 1.0)), (90, (0.1, 1.0)), (None, (0.1, 1.0))]
)
def test_the_selected_row_is_chosen(
    book: Workbook, action: str, name: str, row: int | None, chosen: tuple[float, float]
) -> None:
    rate_sheet = book.Sheets("LR=0.5")
    book.Application.Selection = Range(rate_sheet, [[None]], row=row) if row else Chart()
    with opened_in_excel(book) as excel:
        ACTIONS[action](excel)
    sheet = book.Sheets(name)
    assert book.ActiveSheet is sheet
    assert (sheet.values[CHOSEN_RATE], sheet.values[CHOSEN_STEP]) == chosen


def test_from_another_sheet_the_choice_stays(book: Workbook) -> None:
    book.ActiveSheet = book.Sheets(CHECK)
    book.Application.Selection = Range(book.Sheets(CHECK), [[None]], row=40)
    with opened_in_excel(book) as excel:
        actions.step_through(excel)
    assert book.Sheets(STEP).values == {CHOSEN_RATE: 0.1, CHOSEN_STEP: 1.0}
    assert book.ActiveSheet is book.Sheets(STEP)


@pytest.mark.parametrize("action", ["step_through", "check_gradients"])
def test_a_workbook_without_the_sheet(action: str) -> None:
    com = Workbook("my book.xlsx")
    com.add("Sheet1")
    with (
        opened_in_excel(com) as excel,
        pytest.raises(UserError, match=r"the workbook my book\.xlsx has no sheet (Step|Check): press New workbook"),
    ):
        ACTIONS[action](excel)


def test_a_workbook_that_has_been_closed(book: Workbook) -> None:
    for name in ("another.xlsx", ""):
        with opened_in_excel(book), pytest.raises(UserError, match="there is no workbook open to work on"):
            actions.step_through(Excel(name))


def test_a_new_workbook_is_built_beside_the_others_and_opened(tmp_path: Path) -> None:
    app = mock.MagicMock()
    with (
        mock.patch.object(platformdirs, "user_documents_path", return_value=tmp_path / "Documents"),
        mock.patch.object(Excel, "app", new_callable=mock.PropertyMock, return_value=app),
    ):
        for _ in range(3):
            actions.new_workbook(Excel("Book1", 4711))
    opened = [call.args[0] for call in app.books.open.call_args_list]
    assert opened == [str(tmp_path / "Documents" / name) for name in ("s6.xlsx", "s6 2.xlsx", "s6 3.xlsx")]
    assert openpyxl.load_workbook(opened[2]).sheetnames[:3] == ["Start", "LossPlot", "LR=0.1"]


def test_a_new_workbook_has_no_name_of_an_open_one(tmp_path: Path) -> None:
    """Excel opens no second one, wherever it lies."""
    app = mock.MagicMock()
    app.books.__iter__.side_effect = lambda: iter(
        [types.SimpleNamespace(name=name) for name in ("S6.xlsx", "s6 2.xlsx")]
    )
    with (
        mock.patch.object(platformdirs, "user_documents_path", return_value=tmp_path),
        mock.patch.object(Excel, "app", new_callable=mock.PropertyMock, return_value=app),
    ):
        actions.new_workbook(Excel("Book1", 4711))
    app.books.open.assert_called_once_with(str(tmp_path / "s6 3.xlsx"))


@pytest.mark.parametrize("hidden", [STEP, CHECK])
def test_a_hidden_sheet_is_to_be_unhidden(book: Workbook, hidden: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse() -> None:
        raise refusal()

    monkeypatch.setattr(book.Sheets(hidden), "Activate", refuse)
    action = {STEP: "step_through", CHECK: "check_gradients"}[hidden]
    with opened_in_excel(book) as excel, pytest.raises(UserError, match=f"the sheet {hidden} cannot be shown: unhide"):
        ACTIONS[action](excel)


def test_from_an_excel_without_a_workbook_windows_opens_the_new_one(tmp_path: Path) -> None:
    """Python cannot reach such an Excel."""
    with (
        mock.patch.object(platformdirs, "user_documents_path", return_value=tmp_path),
        mock.patch.object(sys, "platform", "win32"),
        mock.patch.object(os, "startfile", create=True) as startfile,
        mock.patch.object(Excel, "app", new_callable=mock.PropertyMock, side_effect=OSError),
    ):
        actions.new_workbook(Excel("", 4711))
    startfile.assert_called_once_with(tmp_path / "s6.xlsx")


def test_where_there_is_no_excel_no_workbook_is_built(tmp_path: Path) -> None:
    with (
        no_excel_running(),
        mock.patch.object(platformdirs, "user_documents_path", return_value=tmp_path),
        pytest.raises(ImpossibleHereError, match="Excel is not running"),
    ):
        actions.new_workbook(Excel("Book1"))
    assert not list(tmp_path.iterdir())


def test_what_xlwings_macros_say_of_their_excel() -> None:
    assert Excel.from_arguments(["--wb=a=b.xlsx", "--hwnd=12"]) == Excel("a=b.xlsx", 12)
    assert Excel.from_arguments(["--wb=Mappe1"]) == Excel("Mappe1", None)
    assert Excel.from_arguments([]) == Excel("", None)


def no_excel_running() -> AbstractContextManager[object]:
    excel_com.load()
    return mock.patch("xlwings.main.Apps.active", new_callable=mock.PropertyMock, return_value=None)


def test_no_excel_is_running() -> None:
    with (
        no_excel_running(),
        pytest.raises(ImpossibleHereError, match="Excel is not running: start it and press the button again"),
    ):
        _ = Excel().app


def test_an_unforeseen_error_is_one_message_and_a_traceback_in_the_log(tmp_path: Path) -> None:
    shown: list[str] = []
    with (
        mock.patch.dict(ACTIONS, {"help": mock.Mock(side_effect=ZeroDivisionError("division by zero."))}),
        mock.patch.object(dialog, "show", shown.append),
        mock.patch.object(platformdirs, "user_log_path", return_value=tmp_path),
    ):
        assert worker.main(["help"]) == 1
    assert shown == [f"Help failed: division by zero.\n\nThe log is {tmp_path / 's6xl.log'}."]
    assert "Traceback (most recent call last)" in (tmp_path / "s6xl.log").read_text("utf-8")


def test_no_browser_is_one_message(tmp_path: Path) -> None:
    with (
        mock.patch.object(platformdirs, "user_cache_path", return_value=tmp_path),
        mock.patch("webbrowser.open", return_value=False),
        pytest.raises(ImpossibleHereError, match=r"no browser could be opened: the help is .*help\.html\."),
    ):
        actions.show_help(Excel())


def test_xlwings_is_kept_from_ending_other_excels() -> None:
    excel_com.load()
    from xlwings import _xlwindows

    with no_excel_running(), mock.patch.object(atexit, "unregister") as unregister, pytest.raises(ImpossibleHereError):
        _ = Excel().app
    unregister.assert_called_once_with(_xlwindows.cleanup)
    with mock.patch.object(atexit, "unregister") as unregister, mock.patch.object(ribbon, "start"):
        ribbon.press("answer", "")
    unregister.assert_called_once_with(_xlwindows.cleanup)


def test_a_button_says_which_workbook_and_which_excel() -> None:
    started: list[list[str]] = []
    arguments = ["-c", "--wb=s6.xlam", "--from_xl=1", "--app=C:\\Excel", "--hwnd=4711"]
    with (
        mock.patch.object(sys, "argv", arguments),
        mock.patch.object(ribbon, "start", lambda module, arguments, log: started.append(list(arguments))),
    ):
        ribbon.press("train", "Mäppe 1.xlsx".encode("utf-16-be").hex())
        ribbon.press("help", "")
    assert started == [["train", "--wb=Mäppe 1.xlsx", "--hwnd=4711"], ["help", "--wb=", "--hwnd=4711"]]
    assert Excel.from_arguments(started[0][1:]) == Excel("Mäppe 1.xlsx", 4711)
