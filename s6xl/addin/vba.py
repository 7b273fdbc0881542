"""The macros: which modules an add-in or a macro workbook holds, and the project that holds them."""

import io
import re
from dataclasses import dataclass
from pathlib import Path

from pyopenvba import ExcelFile, VBAModuleKind
from xlsxwriter import Workbook

from s6xl.addin import sources
from s6xl.errors import UserError
from s6xl.functions import FUNCTIONS
from s6xl.functions.definition import Function

_ENCODING = "cp1252"
# What is changed in xlwings' module, as patterns and their replacements.
_ADAPTATIONS = (
    # Settings of its own, not those of xlwings' add-in.
    (r'(?<=^Public Const PROJECT_NAME As String = ")xlwings(?="\r$)', sources.PROJECT),
    # Without xlwings' function `sql`, which nobody who installs this asks for.
    (r"^'Attribute VB_Name = \"Extensions\"\r\nFunction sql\(.*?^End Function\r\n", ""),
    # The settings are found where a chart's sheet is active, too.
    (r"(?<=^    For Each cell In )Range\(", "sht.Range("),
    # The command that starts Python is the same for every cell, so it is put together once, from some 14 settings.
    (
        r"(?<=^Function XLPy\(\)\r\n).*?(?=^End Function\r$)",
        "    Static command As String\r\n"
        "    Dim fresh As String\r\n"
        "    fresh = command\r\n"
        '    If fresh = "" Then\r\n'
        "        XLPyLoadDLL\r\n"
        "        fresh = XLPyCommand\r\n"
        "    End If\r\n"
        "    If 0 <> XLPyDLLActivateAuto(XLPy, fresh, 1) Then Err.Raise 1000, Description:=XLPy\r\n"
        "    command = fresh\r\n",
    ),
    # It names no workbook, so that one Python serves all; and with -P no file beside a workbook is taken for a module.
    (
        r'(?<=^        tail = )" -B -c ""import sys, os;.*?(?=\r$)',
        '" -P -B -c ""import xlwings; xlwings.serve(\'$(CLSID)\')"""',
    ),
    # So it is for a button, which moreover does not wait for xlwings: the worker that it starts imports that.
    (
        r'(?<=^        RunCommand = CondaCmd & PythonInterpreter & )" -B -c ""import xlwings.utils;.*?(?=\r$)',
        '" -P -B -c """ & PythonCommand & """ "',
    ),
)
_LONGEST_DESCRIPTION = 255


@dataclass(frozen=True)
class Module:
    """A VBA module: its name, its source, and whether it is a standard module or another kind."""

    name: str
    source: str
    kind: VBAModuleKind = VBAModuleKind.standard


def modules(*, add_in: bool) -> list[Module]:
    """Return the modules of an add-in or of a macro workbook, xlwings' own first.

    Raises:
        UserError: if the installed xlwings has other macros than s6xl can adapt.
    """
    return [
        Module("xlwings", _adapted(_text(sources.xlwings_source("xlwings.bas")))),
        Module("Dictionary", _text(sources.xlwings_source("addin/Dictionary.cls")), VBAModuleKind.other),
        Module("xlwings_udfs", _wrappers(add_in=add_in)),
        Module("S6Ribbon", _text(sources.own("vba/S6Ribbon.bas"))),
        *([] if add_in else [Module("S6WorkbookTab", _text(sources.own("vba/S6WorkbookTab.bas")))]),
        Module("S6Describe", _text(sources.own("vba/S6Describe.bas"))),
        Module("S6Descriptions", descriptions()),
        Module("ThisWorkbook", _text(sources.own("vba/ThisWorkbook.cls")), VBAModuleKind.other),
    ]


def project(sheets: int, folder: Path, *, add_in: bool) -> bytes:
    """Return the file vbaProject.bin of a workbook.

    Args:
        sheets: how many sheets the workbook has; their code names are Sheet1, Sheet2, ...
        folder: a folder for temporary files.
        add_in: whether it is the add-in.

    Raises:
        UserError: as `modules` does.
    """
    skeleton = folder / "skeleton.xlsm"
    skeleton.write_bytes(_skeleton(sheets))
    with ExcelFile(skeleton) as file:
        project = file.add_vba_project()
        for module in modules(add_in=add_in):
            if module.name in file.module_names():
                file.set_module(module.name, module.source)
            else:
                project.add_module(module.name, module.source, kind=module.kind)
        file.save()
    with ExcelFile(skeleton) as file:
        content: bytes = file.vba_project_bytes()
        return content


def descriptions() -> str:
    """Return the module that describes every function to Excel's function wizard."""
    lines = ['Attribute VB_Name = "S6Descriptions"', "Option Explicit", "", "Public Sub S6_DescribeEach()"]
    lines += [f"    {_description(function)}" for function in FUNCTIONS]
    return "\r\n".join([*lines, "End Sub", ""])


def _description(function: Function) -> str:
    arguments = ", ".join(_quoted(parameter.help) for parameter in function.parameters)
    return f"S6_Describe {_quoted(function.name)}, {_quoted(function.help)}, Array({arguments})"


def _quoted(text: str) -> str:
    assert len(text) <= _LONGEST_DESCRIPTION
    assert text.isascii()
    return '"{}"'.format(text.replace('"', '""'))


def _wrappers(*, add_in: bool) -> str:
    """Return the functions' wrappers as xlwings' generator writes them: an add-in's speak of the active workbook."""
    wrappers = _text(sources.own("vba/xlwings_udfs.bas"))
    return wrappers.replace("ThisWorkbook", "ActiveWorkbook") if add_in else wrappers


def _adapted(source: str) -> str:
    """Return xlwings' module with the few changes of `_ADAPTATIONS`.

    Raises:
        UserError: if the module lacks what is to be changed: it is of a version that nobody has looked at.
    """
    for pattern, replacement in _ADAPTATIONS:
        source, count = re.subn(pattern, replacement, source, flags=re.MULTILINE | re.DOTALL)
        if count != 1:
            raise UserError(
                f"s6xl cannot adapt the macros of xlwings {sources.xlwings_version()}: "
                "run `python -m pip install xlwings==0.37.8`."
            )
    return source


def _text(source: bytes) -> str:
    """Return a module's text with the line ends that VBA wants, however they were checked out."""
    return re.sub(r"\r?\n", "\r\n", source.decode(_ENCODING))


def _skeleton(sheets: int) -> bytes:
    """Return a workbook of empty sheets."""
    content = io.BytesIO()
    with Workbook(content, {"in_memory": True}) as workbook:
        for _ in range(sheets):
            workbook.add_worksheet()
    return content.getvalue()
