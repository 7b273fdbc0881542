"""The macros: they parse, analysis finds nothing wrong with them, and each button runs in another interpreter."""

import re
from pathlib import Path
from unittest import mock
from xml.etree import ElementTree

import pytest
from pyopenvba import ExcelFile, VBAModuleKind
from pyopenvba.apps.excel import ExcelApplication
from pyopenvba.interpreter import parse_module
from pyvbaanalysis import DiagnosticSeverity, analyze_module, analyze_office_file

from s6xl.addin import vba
from s6xl.addin.package import build_add_in
from s6xl.backprop.experiment import Experiment
from s6xl.functions import FUNCTIONS
from s6xl.live import ribbon
from s6xl.workbook.composition.build import build
from tests.support.places import ROOT

OWN = ("S6Ribbon", "S6WorkbookTab", "S6Describe", "S6Descriptions", "ThisWorkbook", "xlwings_udfs")
NAMESPACE = "{http://schemas.microsoft.com/office/2009/07/customui}"
BUTTONS = [
    button.attrib
    for button in ElementTree.parse(ROOT / "addin" / "customUI14.xml").getroot().iter(f"{NAMESPACE}button")
]


def source(name: str) -> str:
    (found,) = [module.source for module in vba.modules(add_in=False) if module.name == name]
    return found


def test_every_module_parses(file: Path) -> None:
    with ExcelFile(file) as opened:
        for module in opened.vba_project().modules:
            # The parser knows no comment behind a directive, as xlwings writes them; VBA does.
            text = re.sub(r"^(\s*#.*?)\s*'.*$", r"\1", module.source, flags=re.MULTILINE)
            kind = "standard" if module.kind is VBAModuleKind.standard else "class"
            parse_module(text, name=module.name, kind=kind)


def test_analysis_would_find_an_error() -> None:
    broken = source("S6WorkbookTab").replace("visible = addIn", "visible = = addIn")
    assert [p for p in analyze_module(broken) if p.severity is DiagnosticSeverity.ERROR]


@pytest.mark.slow
def test_analysis_finds_no_error(file: Path) -> None:
    for module, problems in analyze_office_file(file).items():
        assert not [problem for problem in problems if problem.severity is DiagnosticSeverity.ERROR], module
        if module in OWN:
            # xlwings' generator declares nothing and so asks for nothing to be declared.
            assert {problem.code for problem in problems} <= {"option-explicit-missing"}, module
            assert module == "xlwings_udfs" or not problems


def interpreter(*, caller: str = "") -> ExcelApplication:
    """The buttons' macros with RunPython replaced by one that prints, and a control to press."""
    application = ExcelApplication()
    application.add_workbook()
    application.add_module(
        "Public Function RunPython(command As String)\n    Debug.Print command\nEnd Function\n", name="xlwings"
    )
    application.add_module("Public ID As String\n", name="FakeControl", kind="class")
    application.add_module(source("S6Ribbon"), name="S6Ribbon")
    application.add_module(source("S6WorkbookTab"), name="S6WorkbookTab")
    application.add_module(
        "Public Sub Press(id As String)\n    Dim control As New FakeControl\n    control.ID = id\n"
        "    S6_Press control\nEnd Sub\n"
        "Public Function TabIsVisible() As Boolean\n    Dim control As New FakeControl, visible As Variant\n"
        "    S6_GetVisible control, visible\n    TabIsVisible = visible\nEnd Function\n" + caller,
        name="Test",
    )
    return application


@pytest.mark.parametrize("button", BUTTONS, ids=lambda button: button["id"])
def test_each_button_runs_its_python(button: dict[str, str]) -> None:
    assert button["onAction"] == "S6_Press"
    application = interpreter()
    application.run("Press", button["id"])
    (statement,) = application.console
    assert application.dialogs == []
    # It runs, and says which button it was in which workbook.
    pressed: list[tuple[str, str]] = []
    with mock.patch.object(ribbon, "press", lambda action, book: pressed.append((action, name_of(book)))):
        exec(statement, {})
    assert pressed == [(button["id"], "Book1")]


def test_callbacks_have_the_signatures_that_the_ribbon_calls() -> None:
    tree = ElementTree.parse(ROOT / "addin" / "customUI14.xml")
    callbacks = {
        (name, value)
        for element in tree.getroot().iter()
        for name, value in element.attrib.items()
        if name.startswith(("on", "get"))
    }
    assert callbacks == {("onAction", "S6_Press"), ("getVisible", "S6_GetVisible")}
    assert "Public Sub S6_Press(control As IRibbonControl)\r\n" in source("S6Ribbon")
    signature = "Public Sub S6_GetVisible(control As IRibbonControl, ByRef visible As Variant)\r\n"
    assert signature in source("S6WorkbookTab")


def name_of(book: str) -> str:
    return bytes.fromhex(book).decode("utf-16-be")


@pytest.mark.parametrize("name", ["It's 100% ünïcode & “quoted” 日本語.xlsx", "a" * 200 + ".xlsx"])
def test_any_name_of_a_workbook_gets_through(name: str, tmp_path: Path) -> None:
    application = interpreter()
    build(Experiment(steps=1), tmp_path / "book.xlsx")
    (tmp_path / "book.xlsx").rename(tmp_path / name)
    application.activate_workbook(application.open_workbook(tmp_path / name))
    application.run("S6_Run", "help")
    (statement,) = application.console
    assert statement.isascii()
    pressed = re.fullmatch(r".*ribbon\.press\('help', '([0-9A-F]*)'\)", statement)
    assert pressed
    assert name_of(pressed[1]) == name


def test_with_no_workbook_open_a_button_works_as_well() -> None:
    application = interpreter()
    application.add_module(
        'Public Sub PressWithNone()\n    ActiveWorkbook.Close SaveChanges:=False\n    S6_Run "new_workbook"\nEnd Sub\n',
        name="Empty",
    )
    application.run("PressWithNone")
    assert application.console == ["from s6xl.live import ribbon; ribbon.press('new_workbook', '')"]


def test_python_that_does_not_start_is_one_message() -> None:
    application = ExcelApplication()
    application.add_workbook()
    application.add_module(
        'Public Function RunPython(command As String)\n    Err.Raise 1001, Description:="no such DLL"\nEnd Function\n',
        name="xlwings",
    )
    application.add_module(source("S6Ribbon"), name="S6Ribbon")
    application.run("S6_Run", "help")
    ((kind, prompt, title, _),) = application.dialogs
    assert (kind, title) == ("MsgBox", "S6")
    assert prompt.startswith("S6 could not start Python: no such DLL")
    assert "python -m s6xl doctor" in prompt


@pytest.mark.parametrize(("open_books", "visible"), [((), True), (("other.xlsx",), True), (("s6.xlam",), False)])
def test_a_workbooks_own_tab_hides_behind_the_add_in(
    open_books: tuple[str, ...], visible: bool, tmp_path: Path
) -> None:
    application = interpreter()
    own = application.workbooks()[0]
    for name in open_books:
        build_add_in(tmp_path / "s6.xlam")
        path = tmp_path / name
        if name.endswith(".xlsx"):
            build(Experiment(steps=1), path)
        application.open_workbook(path)
    application.activate_workbook(own)
    assert application.run("TabIsVisible") is visible


def test_each_function_is_described_to_excel() -> None:
    application = ExcelApplication()
    application.add_workbook()
    application.add_module(
        "Public Sub S6_Describe(name As String, description As String, arguments As Variant)\n"
        '    Debug.Print name & "|" & description & "|" & Join(arguments, "|")\nEnd Sub\n',
        name="S6Describe",
    )
    application.add_module(source("S6Descriptions"), name="S6Descriptions")
    application.run("S6_DescribeEach")
    expected = ["|".join([f.name, f.help, *(p.help for p in f.parameters)]) for f in FUNCTIONS]
    assert application.console == expected


def test_descriptions_are_what_excel_can_show() -> None:
    for function in FUNCTIONS:
        for text in (function.help, *(parameter.help for parameter in function.parameters)):
            assert text.isascii()
            assert len(text) <= 255
            assert text[0].isupper() or text.split()[0] in {"w1", "i1", "t1"}
    assert max(map(len, source("S6Descriptions").splitlines())) < 1023  # VBA's longest line


def test_the_wrappers_hand_over_every_argument() -> None:
    """The macros of the functions run, with xlwings' server replaced by one that prints what it is asked."""
    application = ExcelApplication()
    application.add_workbook()
    application.add_module(
        "Public Function CallUDF(script, name, args, book, caller)\n    Dim k As Long, text As String\n"
        "    For k = LBound(args) To UBound(args)\n"
        '        If IsMissing(args(k)) Then text = text & " missing" Else text = text & " " & args(k)\n    Next\n'
        '    CallUDF = script & " " & name & text\nEnd Function\n',
        name="Server",
        kind="class",
    )
    application.add_module(
        "Public Function XLPy() As Object\n    Set XLPy = New Server\nEnd Function\n", name="xlwings"
    )
    code = re.sub(r"^#Const .*$", '#Const App = "Microsoft Excel"', source("xlwings_udfs"), flags=re.MULTILINE)
    # There is no cell that calls.
    application.add_module(code.replace("Application.Caller", "Nothing"), name="xlwings_udfs")
    for function in FUNCTIONS:
        numbers = [float(number) for number in range(1, len(function.parameters) + 1)]
        shown = " ".join(str(int(number)) for number in numbers)
        assert application.run(function.name, *numbers) == f"s6xl.udfs {function.name} {shown}"
    assert application.run("S6_DELTA_W5", 1.0) == "s6xl.udfs S6_DELTA_W5 1 missing missing"
