"""An Excel with open workbooks, as far as buttons need it, for xlwings' real objects to work on.

What it holds is plain data in a `Store`; one that is kept in a file is the same Excel for several processes. Each call
passes `hazard` first, which may raise what a busy Excel does.
"""

import json
import re
import shutil
import types
from collections.abc import Callable, Iterator
from functools import cache, partial
from pathlib import Path
from typing import Any

import openpyxl
from filelock import FileLock

from tests.support import excel_com
from tests.support.excel_com import CDispatch, ComError
from tests.support.sheets import boundaries

PID = 4242
NO_SUCH = -2147352567  # COM's "exception occurred"
Hazard = Callable[[str], None]


def refusal(inner: int = 0x800A03EC - 2**32) -> ComError:
    """An error of Excel's own, wrapped as COM does; of no special kind if no number is given."""
    error = ComError(NO_SUCH)
    error.args = (NO_SUCH, "Exception occurred.", (0, "Microsoft Excel", "no", "", 0, inner), None)
    return error


# What a busy Excel says, and pywin32 and xlwings on the way; new errors each time, for they remember where they rose.
SAYINGS: dict[str, Callable[[], Exception]] = {
    "rejected": partial(ComError, 0x80010001 - 2**32),
    "retry later": partial(ComError, 0x8001010A - 2**32),
    "editing": partial(ComError, 0x800AC472 - 2**32),
    "editing, in Excel's words": partial(refusal, 0x800AC472 - 2**32),
    "disconnected": partial(ComError, 0x80010108 - 2**32),
    "clicked into": partial(ComError, NO_SUCH),
    "attribute": partial(AttributeError, "Value"),
}


@cache
def _content(path: Path) -> str:
    """The sheets of a file, as JSON."""
    sheets = {}
    for sheet in openpyxl.load_workbook(path, data_only=True).worksheets:
        places = {key: defined.attr_text.rpartition("!")[2] for key, defined in sheet.defined_names.items()}
        cells = {f"{cell.row},{cell.column}": cell.value for row in sheet.iter_rows() for cell in row}
        sheets[sheet.title] = {
            "names": places,
            "cells": {place: value for place, value in cells.items() if value is not None},
            "visible": {"visible": -1, "hidden": 0, "veryHidden": 2}[sheet.sheet_state],
        }
    return json.dumps(sheets)


class Store:
    """The state of Excel: workbooks by name, in each the sheets by title, in each names and cells by place."""

    def __init__(self, path: Path | None = None) -> None:
        self._path = path
        self._state: dict[str, Any] = {"books": {}, "status": False, "writes": []}
        if path is not None and not path.exists():
            path.write_text(json.dumps(self._state))

    def read(self) -> dict[str, Any]:
        """A copy where it is kept in a file."""
        if self._path is None:
            return self._state
        with FileLock(f"{self._path}.lock"):
            return json.loads(self._path.read_text())

    def change(self, change: Callable[[dict[str, Any]], None]) -> None:
        """Change it in one step."""
        if self._path is None:
            change(self._state)
            return
        with FileLock(f"{self._path}.lock"):
            state = json.loads(self._path.read_text())
            change(state)
            self._path.write_text(json.dumps(state))

    def open(self, path: Path, name: str | None = None) -> str:
        """Open a workbook's file: its sheets with their own names and the values of cells."""
        title = name or path.name
        sheets = json.loads(_content(path))
        self.change(lambda state: state["books"].update({title: {"sheets": sheets, "file": str(path)}}))
        return title

    def cells(self, book: str, sheet: str) -> dict[tuple[int, int], Any]:
        """The values of a sheet's cells by row and column."""
        stored = self.read()["books"][book]["sheets"][sheet]["cells"]
        places = {place: place.split(",") for place in stored}
        return {(int(row), int(column)): stored[place] for place, (row, column) in places.items()}

    def value(self, name: str, *, book: str, sheet: str = "MNIST") -> Any:
        """The value of a named cell."""
        row, column, _, _ = area(self.read()["books"][book]["sheets"][sheet]["names"][name])
        return self.cells(book, sheet).get((row, column))

    def enter(self, values: dict[str, Any], *, book: str, sheet: str = "MNIST") -> None:
        """What a user types into named cells."""

        def enter(state: dict[str, Any]) -> None:
            content = state["books"][book]["sheets"][sheet]
            for name, value in values.items():
                row, column, _, _ = area(content["names"][name])
                content["cells"][f"{row},{column}"] = value

        self.change(enter)

    def rows(self, *, book: str, sheet: str = "MNIST") -> list[tuple[Any, ...]]:
        """The filled rows of the table of epochs."""
        first_row, first, last_row, last = area(self.read()["books"][book]["sheets"][sheet]["names"]["table"])
        cells = {place: value for place, value in self.cells(book, sheet).items() if first_row <= place[0] <= last_row}
        end = max((row for row, column in cells if first <= column <= last), default=first_row - 1)
        return [
            tuple(cells.get((row, column)) for column in range(first, last + 1)) for row in range(first_row, end + 1)
        ]


def area(reference: str) -> tuple[int, int, int, int]:
    """First row and column, last row and column of ``$C$6`` or ``$B$22:$G$221``."""
    first_column, first_row, last_column, last_row = boundaries(reference)
    return first_row, first_column, last_row, last_column


class _Object(CDispatch):
    """Something of Excel's; every access to what COM offers, which begins with a capital, passes the hazard."""

    def __init__(self, excel: "OpenExcel") -> None:
        object.__setattr__(self, "excel", excel)

    def __getattribute__(self, name: str) -> Any:
        if name[:1].isupper():
            object.__getattribute__(self, "excel").hazard(name)
        return object.__getattribute__(self, name)

    def __setattr__(self, name: str, value: Any) -> None:
        if name[:1].isupper():
            self.excel.hazard(name)
        object.__setattr__(self, name, value)


class OpenExcel(_Object):
    """Excel.Application."""

    Version, Hwnd = "16.0", 1

    def __init__(
        self, store: Store, hazard: Hazard = lambda name: None, loses: Callable[[], bool] = lambda: False
    ) -> None:
        object.__setattr__(self, "hazard", hazard)
        # Whether an object that was asked for comes as None, as a busy Excel's does by way of xlwings.
        object.__setattr__(self, "loses", loses)
        object.__setattr__(self, "store", store)
        super().__init__(self)

    @property
    def Workbooks(self) -> "Books":  # noqa: N802  (COM's names)
        return Books(self)

    @property
    def StatusBar(self) -> Any:  # noqa: N802
        return self.store.read()["status"]

    @StatusBar.setter
    def StatusBar(self, value: Any) -> None:  # noqa: N802
        self.store.change(lambda state: state.update(status=value))


class _Collection(_Object):
    """What is found by name or by a number from 1."""

    def items(self) -> list[Any]:
        raise NotImplementedError

    @property
    def Count(self) -> int:  # noqa: N802
        return len(self.items())

    def __iter__(self) -> Iterator[Any]:
        return iter(self.items())

    def __call__(self, which: str | int) -> Any:
        self.excel.hazard("Item")
        items = self.items()
        found = [item for number, item in enumerate(items, start=1) if which in (number, item.key)]
        if not found:
            raise refusal()
        return found[0]


class Books(_Collection):
    """Excel.Workbooks."""

    def items(self) -> list["Book"]:
        return [Book(self.excel, name) for name in self.excel.store.read()["books"]]

    def Open(self, path: str, *options: object) -> "Book":  # noqa: N802
        return Book(self.excel, self.excel.store.open(Path(path)))


class Book(_Object):
    """Excel.Workbook."""

    def __init__(self, excel: OpenExcel, name: str) -> None:
        super().__init__(excel)
        object.__setattr__(self, "key", name)

    @property
    def Name(self) -> str:  # noqa: N802
        return self.key

    @property
    def Application(self) -> OpenExcel:  # noqa: N802
        return self.excel

    @property
    def Worksheets(self) -> "Sheets":  # noqa: N802
        return Sheets(self.excel, self)

    @property
    def FileFormat(self) -> int:  # noqa: N802
        return {".xlsx": 51, ".xlsm": 52, ".xls": 56}.get(Path(self.key).suffix, 51)

    def SaveCopyAs(self, path: str) -> None:  # noqa: N802
        shutil.copyfile(self.excel.store.read()["books"][self.key]["file"], path)

    def Close(self, SaveChanges: bool = False) -> None:  # noqa: N802, N803
        self.excel.store.change(lambda state: state["books"].pop(self.key))


class Sheets(_Collection):
    """Excel.Sheets."""

    def __init__(self, excel: OpenExcel, book: Book) -> None:
        super().__init__(excel)
        object.__setattr__(self, "book", book)

    def items(self) -> list["Sheet"]:
        books = self.excel.store.read()["books"]
        if self.book.key not in books:
            raise refusal()
        return [Sheet(self.excel, self.book, title) for title in books[self.book.key]["sheets"]]

    def Add(self, Before: "Sheet") -> "Sheet":  # noqa: N802, N803
        titles = [sheet.key for sheet in self.items()]
        title = next(f"Sheet{number}" for number in range(1, 100) if f"Sheet{number}" not in titles)
        place = titles.index(getattr(Before, "_inner", Before).key)
        self.arrange([*titles[:place], title, *titles[place:]])
        return Sheet(self.excel, self.book, title)

    def arrange(self, titles: list[str]) -> None:
        """Bring the sheets into an order; those that are not there are added."""

        def arrange(state: dict[str, Any]) -> None:
            book = state["books"][self.book.key]
            added = {"names": {}, "cells": {}, "visible": -1}
            book["sheets"] = {title: book["sheets"].get(title, added) for title in titles}

        self.excel.store.change(arrange)


class Sheet(_Object):
    """Excel.Worksheet."""

    def __init__(self, excel: OpenExcel, book: Book, title: str) -> None:
        super().__init__(excel)
        object.__setattr__(self, "book", book)
        object.__setattr__(self, "key", title)

    def content(self, state: dict[str, Any]) -> dict[str, Any]:
        """Its part of the state."""
        try:
            return state["books"][self.book.key]["sheets"][self.key]
        except KeyError:
            raise refusal() from None

    @property
    def Name(self) -> str:  # noqa: N802
        return self.key

    @Name.setter
    def Name(self, value: str) -> None:  # noqa: N802
        def rename(state: dict[str, Any]) -> None:
            book = state["books"][self.book.key]
            if value.casefold() in map(str.casefold, book["sheets"]):
                raise refusal()
            book["sheets"] = {value if key == self.key else key: sheet for key, sheet in book["sheets"].items()}

        self.excel.store.change(rename)
        object.__setattr__(self, "key", value)

    @property
    def Index(self) -> int:  # noqa: N802
        return [sheet.key for sheet in self.book.Worksheets].index(self.key) + 1

    @property
    def Visible(self) -> int:  # noqa: N802
        return self.content(self.excel.store.read()).get("visible", -1)

    def Move(self, Before: "Sheet") -> None:  # noqa: N802, N803
        if self.Visible == 2:
            raise refusal()
        titles = [sheet.key for sheet in self.book.Worksheets if sheet.key != self.key]
        titles.insert(titles.index(getattr(Before, "_inner", Before).key), self.key)
        self.book.Worksheets.arrange(titles)

    def Activate(self) -> None:  # noqa: N802
        if self.Visible != -1:
            raise refusal()
        self.excel.store.change(lambda state: state["books"][self.book.key].update(active=self.key))

    @property
    def UsedRange(self) -> "Cells":  # noqa: N802
        places = [tuple(map(int, place.split(","))) for place in self.content(self.excel.store.read())["cells"]]
        rows, columns = zip(*(places or [(1, 1)]), strict=True)
        return Cells(self, (min(rows), min(columns), max(rows), max(columns)))

    @property
    def Rows(self) -> "Cells":  # noqa: N802
        return self.UsedRange

    @property
    def Parent(self) -> Book:  # noqa: N802
        return self.book

    @property
    def Names(self) -> "Names":  # noqa: N802
        return Names(self.excel, self)

    def Cells(self, row: int, column: int) -> "Cells | None":  # noqa: N802
        if self.excel.loses():
            return None
        return Cells(self, (row, column, row, column))

    def Range(self, first: Any, last: Any = None) -> Any:  # noqa: N802
        if self.excel.loses():
            return None
        if isinstance(first, str):
            names = self.content(self.excel.store.read())["names"]
            return Cells(self, area(names.get(first, first)))
        unwrapped = [getattr(cell, "_inner", cell) for cell in (first, last)]
        return Cells(self, (*unwrapped[0].place[:2], *unwrapped[1].place[2:]))

    def Copy(self, Before: "Sheet | None" = None, After: "Sheet | None" = None) -> None:  # noqa: N802, N803
        target = getattr(After, "_inner", After).book.key

        def copy(state: dict[str, Any]) -> None:
            sheets, title = state["books"][target]["sheets"], self.key
            while title in sheets:
                title = f"{self.key} (2)"
            sheets[title] = json.loads(json.dumps(self.content(state)))

        self.excel.store.change(copy)


class Names(_Collection):
    """Excel.Names, of a sheet's own names."""

    def __init__(self, excel: OpenExcel, sheet: Sheet) -> None:
        super().__init__(excel)
        object.__setattr__(self, "sheet", sheet)

    def items(self) -> list["Name"]:
        names = self.sheet.content(self.excel.store.read())["names"]
        return [Name(self.excel, f"{self.sheet.key}!{name}") for name in names]


class Name(_Object):
    """Excel.Name."""

    def __init__(self, excel: OpenExcel, name: str) -> None:
        super().__init__(excel)
        object.__setattr__(self, "key", name)

    @property
    def Name(self) -> str:  # noqa: N802
        return self.key


class Cells(_Object):
    """Excel.Range."""

    def __init__(self, sheet: Sheet, place: tuple[int, int, int, int]) -> None:
        super().__init__(sheet.excel)
        object.__setattr__(self, "sheet", sheet)
        object.__setattr__(self, "place", place)

    def __call__(self, row: int, column: int) -> "Cells | None":
        self.excel.hazard("Item")
        return self.sheet.Cells(self.place[0] + row - 1, self.place[1] + column - 1)

    @property
    def Worksheet(self) -> Sheet:  # noqa: N802
        return self.sheet

    @property
    def Row(self) -> int:  # noqa: N802
        return self.place[0]

    @property
    def Column(self) -> int:  # noqa: N802
        return self.place[1]

    @property
    def Rows(self) -> Any:  # noqa: N802
        return types.SimpleNamespace(Count=self.place[2] - self.place[0] + 1)

    @property
    def Columns(self) -> Any:  # noqa: N802
        return types.SimpleNamespace(Count=self.place[3] - self.place[1] + 1)

    @property
    def Count(self) -> int:  # noqa: N802
        return self.Rows.Count * self.Columns.Count

    @property
    def Value(self) -> Any:  # noqa: N802
        cells = self.sheet.content(self.excel.store.read())["cells"]
        top, left, bottom, right = self.place
        rows = tuple(
            tuple(_as_excel(cells.get(f"{row},{column}")) for column in range(left, right + 1))
            for row in range(top, bottom + 1)
        )
        return rows[0][0] if len(rows) == len(rows[0]) == 1 else rows

    @Value.setter
    def Value(self, value: Any) -> None:  # noqa: N802
        top, left, bottom, right = self.place
        rows = value if isinstance(value, list | tuple) else [[value]]

        def write(state: dict[str, Any]) -> None:
            cells = self.sheet.content(state)["cells"]
            for row, values in enumerate(rows, start=top):
                for column, single in enumerate(values, start=left):
                    assert (row, column) <= (bottom, right), "Excel would cut this off"
                    if single is None:
                        cells.pop(f"{row},{column}", None)
                    else:
                        cells[f"{row},{column}"], link = _entered(single)
                        if link:
                            self.sheet.content(state).setdefault("links", {})[f"{row},{column}"] = link
            state["writes"].append([self.book_name(), *self.place])

        self.excel.store.change(write)

    def book_name(self) -> str:
        """The workbook's name."""
        return self.sheet.book.key

    def ClearContents(self) -> None:  # noqa: N802
        self.Value = [[None] * self.Columns.Count] * self.Rows.Count

    def Clear(self) -> None:  # noqa: N802
        self.ClearContents()
        self.excel.store.change(lambda state: self.sheet.content(state).pop("links", None))

    def AutoFit(self) -> None:  # noqa: N802
        pass

    @property
    def Font(self) -> _Object:  # noqa: N802
        return _Object(self.excel)

    @property
    def Interior(self) -> _Object:  # noqa: N802
        return _Object(self.excel)


def _entered(value: Any) -> tuple[Any, str]:
    """What a cell holds once something was entered, and where it leads; of formulas there are only links."""
    if not isinstance(value, str) or value[:1] not in ("'", "="):
        return value, ""
    if value.startswith("'"):
        return value[1:], ""
    found = re.fullmatch(r'=HYPERLINK\("((?:[^"]|""){1,255})","((?:[^"]|""){1,255})"\)', value)
    if found is None:
        raise refusal()
    target, shown = (text.replace('""', '"') for text in found.groups())
    return shown, target


def _as_excel(value: Any) -> Any:
    """Excel has no whole numbers; those that it gives are errors."""
    if value in excel_com.ERRORS.values():
        return value
    return float(value) if isinstance(value, int) and not isinstance(value, bool) else value


def reach(excel: OpenExcel) -> None:
    """Let xlwings find this Excel, and no other, in this process."""
    excel_com.load()
    import xlwings
    from xlwings import _xlwindows

    engines: Any = xlwings.engines
    windows: Any = _xlwindows
    engines.active = engines["excel"]
    windows.get_excel_hwnds = lambda: iter([1] if excel.store.read()["books"] else [])
    windows.get_xl_app_from_hwnd = lambda window: windows.COMRetryObjectWrapper(excel)
    windows.win32process.GetWindowThreadProcessId = lambda window: (0, PID)
