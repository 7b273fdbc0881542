"""Windows' COM, as far as xlwings needs it, so that xlwings' own code runs on any machine; none of that is replaced.

`load` imports the modules of xlwings that exist on Windows only, over stand-ins for pywin32. `Range` and its like are
what Excel hands to them; `call` is what a macro does when a cell with a function is computed.
"""

import ctypes
import datetime
import importlib
import sys
import types
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from unittest import mock

RANGE_ID = "{00020846-0000-0000-C000-000000000046}"
DISPATCH_ID = "{00020400-0000-0000-C000-000000000046}"
# How COM says that an optional argument was left out, and what it makes of the errors of cells.
LEFT_OUT = -2147352572
ERRORS = {
    "#NULL!": -2146826288,
    "#DIV/0!": -2146826281,
    "#VALUE!": -2146826273,
    "#REF!": -2146826265,
    "#NAME?": -2146826259,
    "#NUM!": -2146826252,
    "#N/A": -2146826246,
    "#SPILL!": -2146826243,
}


class ComError(Exception):
    """pywintypes.com_error."""

    def __init__(self, hresult: int) -> None:
        super().__init__(hresult, "", None, None)
        self.hresult = hresult


class Time(datetime.datetime):
    """pywintypes.TimeType: what a cell with a date holds."""


class PyIDispatch:
    """A COM object as it arrives, before it is wrapped for Python."""

    def __init__(self, wrapped: "CDispatch") -> None:
        self.wrapped = wrapped

    def GetTypeInfo(self) -> Any:  # noqa: N802  (COM's names)
        attributes = types.SimpleNamespace(iid=self.wrapped.interface)
        name = type(self.wrapped).__name__
        return types.SimpleNamespace(GetTypeAttr=lambda: attributes, GetDocumentation=lambda index: (name,))

    def GetIDsOfNames(self, locale: int, name: str) -> None:  # noqa: N802
        if name not in dir(self.wrapped):
            raise ComError(-2147352570)  # unknown name


class CDispatch:
    """A COM object wrapped for Python."""

    interface = DISPATCH_ID

    @property
    def _oleobj_(self) -> PyIDispatch:
        return PyIDispatch(self)


def _unwrapped(com: Any, **options: object) -> Any:
    return com.wrapped if isinstance(com, PyIDispatch) else com


class _Anything:
    """Stands in for a function of the system that only has to be there."""

    def __call__(self, *arguments: object, **options: object) -> "_Anything":
        return _Anything()

    def __getattr__(self, name: str) -> "_Anything":
        if name.startswith("__"):
            raise AttributeError(name)
        return _Anything()


def _module(name: str, **content: object) -> types.ModuleType:
    module = types.ModuleType(name)
    module.__dict__.update(content)
    sys.modules[name] = module
    return module


def _stand_in_for_pywin32() -> None:
    nothing = _Anything()
    _module("pywintypes", com_error=ComError, TimeType=Time, IID=str)
    _module(
        "pythoncom",
        __file__="pythoncom.dll",
        IID_IDispatch=DISPATCH_ID,
        TypeIIDs={DISPATCH_ID: PyIDispatch},
        com_error=ComError,
        ole_error=ComError,
        CoInitialize=nothing,
    )
    for name in ("win32api", "win32con", "win32event", "win32gui", "win32process", "win32timezone"):
        _module(name, GetWindowThreadProcessId=lambda window: (0, 1), FindWindowEx=nothing)
    base = type("Base", (), {})
    client = _module(
        "win32com.client",
        CDispatch=CDispatch,
        CoClassBaseClass=base,
        DispatchBaseClass=base,
        Dispatch=_unwrapped,
        DispatchEx=_unwrapped,
    )

    def unwrap(com: object) -> None:
        raise ValueError("not an object of Python's")

    util = _module("win32com.server.util", unwrap=unwrap, wrap=lambda com, *options: com)
    parts = {name: _module(f"win32com.server.{name}", DefaultPolicy=object) for name in ("dispatcher", "policy")}
    server = _module("win32com.server", util=util, **parts)
    _module("win32com", client=client, server=server)


def load() -> types.ModuleType:
    """xlwings.udfs, the real one; xlwings' decorators work from then on."""
    import xlwings

    if "xlwings.udfs" not in sys.modules:
        _stand_in_for_pywin32()
        libraries: dict[str, Any] = dict.fromkeys(("windll", "oledll", "PyDLL"), _Anything())
        with mock.patch.multiple(ctypes, create=True, **libraries):
            windows = importlib.import_module("xlwings._xlwindows")
        xlwings.engines.add(xlwings.main.Engine(impl=windows.engine))
        udfs = importlib.import_module("xlwings.udfs")
        xlwings.func, xlwings.arg, xlwings.ret = udfs.xlfunc, udfs.xlarg, udfs.xlret
        importlib.import_module("xlwings.com_server")
    return sys.modules["xlwings.udfs"]


def call(name: str, *arguments: Any) -> Any:
    """What a cell with this function gets, by way of xlwings' server, as the cell's macro calls it."""
    load()
    from xlwings.com_server import XLPython

    passed = tuple(PyIDispatch(value) if isinstance(value, CDispatch) else value for value in arguments)
    caller = PyIDispatch(Range(Sheet("Sheet1", Workbook("s6.xlsm")), [[None]]))
    return XLPython().CallUDF("s6xl.udfs", name, passed, None, caller)


class Range(CDispatch):
    """Cells; their `Value` is a single one, or a tuple of rows."""

    interface = RANGE_ID

    def __init__(self, sheet: "Sheet", rows: list[list[Any]], row: int = 1, column: int = 1) -> None:
        self._rows = rows
        self.Worksheet, self.Row, self.Column = sheet, row, column
        self.Rows = types.SimpleNamespace(Count=len(rows))
        self.Columns = types.SimpleNamespace(Count=len(rows[0]))
        self.Count = len(rows) * len(rows[0])
        self.Address = f"R{row}C{column}"

    @property
    def Value(self) -> Any:  # noqa: N802
        return self._rows[0][0] if self.Rows.Count == self.Columns.Count == 1 else tuple(map(tuple, self._rows))

    @Value.setter
    def Value(self, value: Any) -> None:  # noqa: N802
        self._rows[0][0] = value


def cells(*rows: list[Any]) -> Range:
    """Cells somewhere on a sheet, as an argument of a function."""
    return Range(Sheet("Sheet1", Workbook("s6.xlsm")), list(rows))


class Sheet(CDispatch):
    """A worksheet; `values` are its cells by address."""

    def __init__(self, name: str, book: "Workbook", values: Mapping[str, Any] | None = None) -> None:
        self.Name, self.Parent = name, book
        self.values = dict(values or {})

    def Range(self, address: str) -> Range:  # noqa: N802
        sheet = self

        class Cell(Range):
            """A single cell that writes through to the sheet."""

            @property
            def Value(self) -> Any:  # noqa: N802
                return sheet.values.get(address)

            @Value.setter
            def Value(self, value: Any) -> None:  # noqa: N802
                sheet.values[address] = value

        return Cell(self, [[None]])

    def Activate(self) -> None:  # noqa: N802
        self.Parent.ActiveSheet = self


class Sheets(CDispatch):
    """The worksheets of a workbook."""

    def __init__(self, book: "Workbook") -> None:
        self.Parent = book
        self.sheets: list[Sheet] = []

    @property
    def Count(self) -> int:  # noqa: N802
        return len(self.sheets)

    def __iter__(self) -> Iterator[Sheet]:
        return iter(self.sheets)

    def __call__(self, which: str | int) -> Sheet:
        return next(sheet for index, sheet in enumerate(self.sheets, start=1) if which in (sheet.Name, index))


class Workbook(CDispatch):
    """A workbook; what xlwings imports into it is kept in `macros`, what it tells Excel of them in `options`."""

    def __init__(self, name: str) -> None:
        self.Name = name
        self.Worksheets = self.Sheets = Sheets(self)
        self.ActiveSheet: Sheet | None = None
        self.Application = Application()
        self.macros = ""
        self.options: dict[str, dict[str, Any]] = {}
        vars(self.Application)["MacroOptions"] = lambda name, **options: self.options.update({name: options})
        self.VBProject = types.SimpleNamespace(VBComponents=_Components(self))

    def add(self, name: str, values: Mapping[str, Any] | None = None) -> Sheet:
        """Add a sheet; the first one is active."""
        sheet = Sheet(name, self, values)
        self.Sheets.sheets.append(sheet)
        self.ActiveSheet = self.ActiveSheet or sheet
        return sheet


class Chart(CDispatch):
    """A chart, selected in place of cells."""

    @property
    def Address(self) -> str:  # noqa: N802
        raise ComError(-2147352567)


class Application(CDispatch):
    """Excel itself."""

    Version, Hwnd = "16.0", 1

    def __init__(self) -> None:
        self.Selection: Range | Chart = Chart()


class _Components:
    def __init__(self, book: Workbook) -> None:
        self._book = book

    def __call__(self, name: str) -> None:
        raise ComError(-2147352567)  # there is no such module yet

    def Remove(self, component: None) -> None:  # noqa: N802
        raise AssertionError("there is no module to remove")

    def Import(self, path: str) -> None:  # noqa: N802
        self._book.macros = Path(path).read_text(encoding="ascii")
