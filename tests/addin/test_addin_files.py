"""The add-in and the macro workbook as files: sound, reproducible, read back and opened by others."""

import difflib
import re
import zipfile
from pathlib import Path
from unittest import mock
from xml.etree import ElementTree

import openpyxl
import pytest
import xlwings
from oletools.olevba import VBA_Parser
from PIL import Image
from pyopenvba import VBAModuleKind, check_file

from s6xl.addin import sources, vba
from s6xl.addin.package import build_add_in, build_macro_workbook
from s6xl.backprop.experiment import Experiment
from s6xl.errors import UserError
from s6xl.live.actions import ACTIONS
from tests.support import office

RIBBON = "customUI/customUI14.xml"
NAMESPACE = "{http://schemas.microsoft.com/office/2009/07/customui}"
IMAGE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/image"


def part(path: Path, name: str) -> bytes:
    with zipfile.ZipFile(path) as archive:
        return archive.read(name)


def sheet_names(path: Path) -> dict[str, str]:
    """The state of each sheet by its name."""
    sheets = re.findall(
        r'<sheet name="([^"]+)" sheetId="\d+"(?: state="(\w+)")?', part(path, "xl/workbook.xml").decode()
    )
    return {name: state or "visible" for name, state in sheets}


def test_check_file_finds_no_fault(file: Path) -> None:
    report = check_file(file)
    assert report.issues == ()
    assert report.complete


def test_the_kind_of_file_is_the_one_of_its_ending(file: Path) -> None:
    kind = {".xlam": "addin", ".xlsm": "sheet"}[file.suffix]
    types = part(file, "[Content_Types].xml").decode()
    assert f'PartName="/xl/workbook.xml" ContentType="application/vnd.ms-excel.{kind}.macroEnabled.main+xml"' in types


def without_header(code: str) -> str:
    """The code of a class or a document, without what an editor writes before it."""
    return re.sub(r"\A(VERSION.*?^END\r?$\n)?(Attribute VB_.*?\n)*", "", code, flags=re.MULTILINE | re.DOTALL)


def test_oletools_reads_back_every_module_byte_for_byte(file: Path) -> None:
    parser = VBA_Parser(str(file))
    found = {name.rsplit(".", 1)[0]: code for _, _, name, code in parser.extract_all_macros()}
    parser.close()
    for module in vba.modules(add_in=file.suffix == ".xlam"):
        code, source = found[module.name], module.source
        if module.kind is not VBAModuleKind.standard:
            code, source = map(without_header, (code, source))
        assert code.encode("cp1252") == source.encode("cp1252"), module.name
    expected = {module.name for module in vba.modules(add_in=file.suffix == ".xlam")}
    assert {name for name in found if not re.fullmatch(r"Sheet\d+", name)} == expected


def test_of_xlwings_own_module_a_few_lines_are_changed() -> None:
    original = (Path(xlwings.__file__).parent / "xlwings.bas").read_bytes().decode("cp1252").splitlines()
    (ours,) = [module.source.splitlines() for module in vba.modules(add_in=True) if module.name == "xlwings"]
    difference = [line for line in difflib.ndiff(original, ours) if line.startswith(("+ ", "- "))]
    sql = [f"- {line}" for line in original[original.index('\'Attribute VB_Name = "Extensions"') :][:17]]
    assert sql[1] == "- Function sql(query, ParamArray tables())"
    assert sql[-1] == "- End Function"
    rest = [line for line in difference if line not in sql]
    assert rest == [
        '- Public Const PROJECT_NAME As String = "xlwings"',
        '+ Public Const PROJECT_NAME As String = "s6"',
        next(f"- {line}" for line in original if line.startswith("        RunCommand = CondaCmd & ")),
        '+         RunCommand = CondaCmd & PythonInterpreter & " -P -B -c """ & PythonCommand & """ "',
        next(f"- {line}" for line in original if line.startswith('        tail = " -B -c ')),
        '+         tail = " -P -B -c ""import xlwings; xlwings.serve(\'$(CLSID)\')"""',
        "+     Static command As String",
        "+     Dim fresh As String",
        "+     fresh = command",
        '+     If fresh = "" Then',
        "-     XLPyLoadDLL",
        "+         XLPyLoadDLL",
        "+         fresh = XLPyCommand",
        "+     End If",
        "-     If 0 <> XLPyDLLActivateAuto(XLPy, XLPyCommand, 1) Then Err.Raise 1000, Description:=XLPy",
        "+     If 0 <> XLPyDLLActivateAuto(XLPy, fresh, 1) Then Err.Raise 1000, Description:=XLPy",
        "+     command = fresh",
        '-     For Each cell In Range(sht.Range("A1"), lastCell)',
        '+     For Each cell In sht.Range(sht.Range("A1"), lastCell)',
    ]
    assert f'"xlwings64-{xlwings.__version__}.dll"' in "\n".join(ours)


def test_no_workbook_but_the_files_own_settles_which_python_runs() -> None:
    """A workbook from anywhere must not choose the program that the add-in starts."""
    (code,) = [module.source for module in vba.modules(add_in=True) if module.name == "xlwings"]
    assert "ActiveWorkbook" not in code[code.index("Function GetConfig(") : code.index("Function SaveConfigToFile(")]
    assert "ActiveWorkbook" not in code[code.index("Function XLPyCommand(") : code.index("Function NDims(")]


def test_an_xlwings_that_is_made_otherwise_is_refused(tmp_path: Path) -> None:
    other = sources.xlwings_source("xlwings.bas").replace(b"Function XLPy()", b"Function Python()")
    with (
        mock.patch.object(sources, "xlwings_source", return_value=other),
        pytest.raises(
            UserError,
            match=r"s6xl cannot adapt the macros of xlwings [\d.]+: run `python -m pip install xlwings==0\.37\.8`",
        ),
    ):
        build_add_in(tmp_path / "s6.xlam")
    assert not list(tmp_path.iterdir())


def test_an_xlwings_that_lacks_a_file_is_named() -> None:
    with pytest.raises(
        UserError, match=r"lacks its file nothing\.bas: install it again with `python -m pip install --force-"
    ):
        sources.xlwings_source("nothing.bas")


def test_libreoffice_opens_it(file: Path, libreoffice: office.Office) -> None:
    answer = libreoffice.recalculate(file, hard=False)
    if file.suffix == ".xlsm":
        assert list(answer.values) == [*sheet_names(file)]
        assert answer.values["LR=1"]["A100"] == 68
        assert answer.values["LR=1"]["X32"] == "E_tot"
        assert answer.values["LR=1"]["G31"] == 1
    assert answer.values["s6.conf"] == {"A1": "ADD_WORKBOOK_TO_PYTHONPATH", "B1": "false"}


def test_the_settings_name_no_interpreter_and_are_out_of_sight(add_in: Path, macro_book: Path) -> None:
    # An add-in's sheets are never seen.
    assert sheet_names(add_in) == {"s6.conf": "visible"}
    assert sheet_names(macro_book)["s6.conf"] == "veryHidden"
    sheet = openpyxl.load_workbook(macro_book)["s6.conf"]
    assert [[cell.value for cell in row] for row in sheet.rows] == [["ADD_WORKBOOK_TO_PYTHONPATH", "false"]]


def test_code_names_match_the_projects_modules(file: Path) -> None:
    parser = VBA_Parser(str(file))
    modules = {name.rsplit(".", 1)[0] for _, _, name, _ in parser.extract_all_macros()}
    parser.close()
    count = len(sheet_names(file))
    sheets = [part(file, f"xl/worksheets/sheet{number}.xml").decode() for number in range(1, count + 1)]
    found = [re.findall(r'<sheetPr codeName="(\w+)"', sheet) for sheet in sheets]
    assert found == [[f"Sheet{number}"] for number in range(1, count + 1)]
    assert {name for name in modules if name.startswith("Sheet")} == {name for names in found for name in names}


@pytest.mark.parametrize("suffix", [".xlam", ".xlsm"])
def test_same_sources_same_bytes(suffix: str, tmp_path: Path) -> None:
    paths = [tmp_path / f"{number}{suffix}" for number in (1, 2)]
    for path in paths:
        if suffix == ".xlam":
            build_add_in(path)
        else:
            build_macro_workbook(Experiment(steps=2), path)
    assert paths[0].read_bytes() == paths[1].read_bytes()


def test_many_sheets_have_a_module_each(tmp_path: Path) -> None:
    path = tmp_path / "many.xlsm"
    build_macro_workbook(Experiment(learning_rates=tuple(k / 10 for k in range(1, 61)), steps=1), path)
    assert check_file(path).ok


# The ribbon's XML, by the rules of [MS-CUSTOMUI2] for what is used of it: attributes, and the longest texts.
ELEMENTS = {
    "customUI": (set(), {"ribbon"}),
    "ribbon": (set(), {"tabs"}),
    "tabs": (set(), {"tab"}),
    "tab": ({"id", "label", "keytip"}, {"group"}),
    "group": ({"id", "label"}, {"button"}),
    "button": ({"id", "size", "label", "image", "keytip", "onAction", "screentip", "supertip"}, set()),
}
LONGEST = {"id": 1024, "label": 1024, "keytip": 3, "screentip": 1024, "supertip": 1024}


def ribbon(path: Path) -> ElementTree.Element:
    return ElementTree.fromstring(part(path, RIBBON))


def test_the_ribbon_is_valid(file: Path) -> None:
    def check(element: ElementTree.Element) -> None:
        attributes, children = ELEMENTS[element.tag.removeprefix(NAMESPACE)]
        hides = {"getVisible"} if file.suffix == ".xlsm" and element.tag == f"{NAMESPACE}tab" else set()
        assert set(element.attrib) == attributes | hides
        assert {child.tag.removeprefix(NAMESPACE) for child in element} <= children
        for name, longest in LONGEST.items():
            assert 0 < len(element.get(name, "x")) <= longest
        assert element.get("size", "large") in {"normal", "large"}
        assert re.fullmatch(r"[A-Z0-9]*", element.get("keytip", ""))
        for child in element:
            check(child)

    root = ribbon(file)
    assert root.tag == f"{NAMESPACE}customUI"
    check(root)
    ids = [element.get("id") for element in root.iter() if element.get("id")]
    assert len(ids) == len(set(ids))
    for group in root.iter(f"{NAMESPACE}tab"):
        tips = [button.get("keytip") for button in group.iter(f"{NAMESPACE}button")]
        assert len(tips) == len(set(tips))


def test_the_tab_has_its_buttons(file: Path) -> None:
    (tab,) = ribbon(file).iter(f"{NAMESPACE}tab")
    assert tab.get("label") == "S6"
    labels = [button.get("label") for button in tab.iter(f"{NAMESPACE}button")]
    assert labels == [
        "Train MNIST",
        "Stop",
        "Import run",
        "New workbook",
        "Step through",
        "Check gradients",
        "Audit this workbook",
        "Help",
    ]
    assert {button.get("id") for button in tab.iter(f"{NAMESPACE}button")} <= set(ACTIONS)


def test_the_package_leads_to_the_ribbon_and_the_ribbon_to_its_icons(file: Path) -> None:
    root = ElementTree.fromstring(part(file, "_rels/.rels"))
    kinds = {element.get("Target"): element.get("Type") for element in root}
    assert kinds[RIBBON] == "http://schemas.microsoft.com/office/2007/relationships/ui/extensibility"
    icons = {}
    for element in ElementTree.fromstring(part(file, "customUI/_rels/customUI14.xml.rels")):
        assert element.get("Type") == IMAGE
        icons[element.get("Id")] = f"customUI/{element.get('Target')}"
    for button in ribbon(file).iter(f"{NAMESPACE}button"):
        with zipfile.ZipFile(file) as archive, archive.open(icons[button.get("image")]) as content:
            icon = Image.open(content)
            assert icon.size == (64, 64)
            assert icon.mode == "RGBA"
            # Something is drawn, and something left clear, for ribbons are light or dark.
            assert set(icon.getchannel("A").tobytes()) >= {0, 255}
    assert 'Extension="png" ContentType="image/png"' in part(file, "[Content_Types].xml").decode()


def test_a_place_that_cannot_be_written(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="does not exist: make it first, or choose another file with --out"):
        build_add_in(tmp_path / "nowhere" / "s6.xlam")
    with pytest.raises(UserError, match=r"is not the name of a \.xlam file"):
        build_add_in(tmp_path / "s6.xlsm")
    old = tmp_path / "s6.xlam"
    old.write_bytes(b"old")
    (tmp_path / "~$s6.xlam").touch()
    with pytest.raises(UserError, match="is open in another program"):
        build_add_in(old)
    assert old.read_bytes() == b"old"
