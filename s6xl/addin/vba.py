"""The macros: which modules an add-in or a macro workbook holds, and the project that holds them."""

import re
import tempfile
from dataclasses import dataclass
from pathlib import Path

from pyopenvba import ExcelFile, VBAModuleKind
from xlsxwriter import Workbook

from s6xl.addin import sources
from s6xl.errors import UserError
from s6xl.functions import FUNCTIONS, Function

_ENCODING = "cp1252"
_PROJECT_NAME = re.compile(r'(?<=^Public Const PROJECT_NAME As String = ")\w+(?="\r?$)', re.MULTILINE)
_LONGEST_DESCRIPTION = 255


@dataclass(frozen=True)
class Module:
    """A VBA module; `kind` is a standard module, a class, or the code behind a document."""

    name: str
    source: str
    kind: VBAModuleKind = VBAModuleKind.standard


def modules(*, add_in: bool) -> list[Module]:
    """The modules, xlwings' own first.

    A macro workbook finds its settings in itself, an add-in in the active workbook first: xlwings has a module for
    either, and so do its wrappers of the functions.
    """
    xlwings = "xlwings_custom_addin.bas" if add_in else "xlwings.bas"
    wrappers = _text(sources.own("vba/xlwings_udfs.bas"))
    return [
        Module("xlwings", _with_project_name(_text(sources.xlwings_source(xlwings)))),
        Module(
            "Dictionary",
            _text(sources.xlwings_source("addin/Dictionary.cls")),
            VBAModuleKind.other,
        ),
        Module("xlwings_udfs", wrappers.replace("ThisWorkbook", "ActiveWorkbook") if add_in else wrappers),
        Module("S6Ribbon", _text(sources.own("vba/S6Ribbon.bas"))),
        Module("S6Describe", _text(sources.own("vba/S6Describe.bas"))),
        Module("S6Descriptions", descriptions()),
        Module("ThisWorkbook", _text(sources.own("vba/ThisWorkbook.cls")), VBAModuleKind.other),
    ]


def project(sheets: int, *, add_in: bool) -> bytes:
    """The file vbaProject.bin of a workbook with so many sheets, which have the code names Sheet1, Sheet2, ..."""
    with tempfile.TemporaryDirectory() as folder:
        skeleton = Path(folder, "skeleton.xlsm")
        _write_skeleton(skeleton, sheets)
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
    """The module that describes every function to Excel's function wizard."""
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


def _with_project_name(source: str) -> str:
    renamed, count = _PROJECT_NAME.subn(sources.PROJECT, source)
    if count != 1:
        raise UserError(f"xlwings {sources.xlwings_version()} is not made as s6xl knows it: install xlwings 0.37.8.")
    return renamed


def _text(source: bytes) -> str:
    """A module's text with the line ends that VBA wants, however they were checked out."""
    return re.sub(r"\r?\n", "\r\n", source.decode(_ENCODING))


def _write_skeleton(path: Path, sheets: int) -> None:
    """A workbook of empty sheets."""
    with Workbook(str(path)) as workbook:
        for _ in range(sheets):
            workbook.add_worksheet()
