"""The doctor: what it finds on this machine, and what it says of what is missing."""

import importlib.util
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib.metadata import PackageNotFoundError
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest import mock

import numpy as np
import openpyxl
import pytest

from s6xl.addin.places import WINDOWS, places
from s6xl.doctor import basics, examine, excel, machine
from s6xl.doctor.excel import Session
from s6xl.doctor.finding import Diagnosis, State, fault, ok
from s6xl.errors import ImpossibleHereError, UserError
from s6xl.functions import FUNCTIONS
from s6xl.functions.arguments import MISSING
from s6xl.mnist import model
from s6xl.mnist.record import Run
from tests.support import excel_com
from tests.support.networks import probabilities
from tests.support.places import ROOT


@pytest.mark.skipif(sys.platform == WINDOWS, reason="there it starts Excel, which the marker excel is for")
def test_here_it_finds_no_fault() -> None:
    lines: list[str] = []
    assert examine(lines.append) == 0
    assert lines[-1] == "no faults"
    assert f"in Python {sys.version.split()[0]}" in lines[0]
    for line in lines[:-1]:
        assert re.match(r"(ok {8}|missing {3}|not here {2})\S", line)


def test_a_fault_is_counted() -> None:
    lines: list[str] = []
    with mock.patch.object(basics, "CHECKS", (lambda: iter([fault("broken"), ok("fine")]),)):
        assert examine(lines.append) == 1
    assert lines[0] == "FAULT     broken"
    assert lines[-1] == "1 fault"


def test_the_libraries_are_those_that_the_package_asks_for() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert list(basics.LIBRARIES) == re.findall(r"^[\w-]+", "\n".join(project["dependencies"]), re.MULTILINE)


def test_a_missing_library() -> None:
    with mock.patch.object(basics, "version", side_effect=PackageNotFoundError):
        findings = list(basics.check_libraries())
    assert {finding.state for finding in findings} == {State.FAULT}
    assert str(findings[-1]) == "FAULT     xlwings is missing: install it with `python -m pip install xlwings`."


def test_the_dll_on_windows(tmp_path: Path) -> None:
    interpreter = str(tmp_path / "venv" / "Scripts" / "python.exe")
    (tmp_path / "venv" / "Scripts").mkdir(parents=True)
    with mock.patch.object(sys, "platform", WINDOWS):
        (missing,) = machine.check_dll(interpreter)
        name = re.search(r"xlwings64-[\d.]+\.dll", missing.text)
        assert name
        for folder in (tmp_path / "venv", tmp_path / "venv" / "Scripts"):
            (folder / name[0]).touch()
            (found,) = machine.check_dll(interpreter)
            assert (found.state, found.text) == (State.OK, str(folder / name[0]))
    assert missing.state is State.FAULT
    assert "install s6xl in a virtual environment" in missing.text


def test_a_python_of_32_bits_on_windows() -> None:
    with mock.patch.object(sys, "platform", WINDOWS), mock.patch.object(sys, "maxsize", 2**31 - 1):
        (finding,) = basics.check_python()
    assert finding.state is State.FAULT
    assert "install a 64-bit Python" in finding.text


def test_an_add_in_that_is_not_installed(tmp_path: Path) -> None:
    place = places(WINDOWS, tmp_path, tmp_path)
    with mock.patch.object(machine, "places", return_value=place):
        findings = list(machine.check_add_in())
    assert [finding.state for finding in findings] == [State.OK, State.OPTIONAL, State.OPTIONAL]
    assert all("python -m s6xl addin install" in finding.text for finding in findings[1:])


@pytest.mark.parametrize(
    ("error", "state"), [(UserError("mend the file"), State.FAULT), (ImpossibleHereError("not here"), State.SKIPPED)]
)
def test_places_that_cannot_be_read(error: Exception, state: State) -> None:
    with mock.patch.object(machine, "places", side_effect=error):
        assert list(machine.check_add_in())[-1] == Diagnosis(state, str(error))


def test_an_add_in_that_cannot_be_built() -> None:
    with mock.patch.object(machine, "build_add_in", side_effect=UserError("the disk is full")):
        (finding,) = machine.check_add_in()
    assert finding.state is State.FAULT
    assert finding.text == "the add-in cannot be built: the disk is full"


def test_no_place_for_temporary_files() -> None:
    with mock.patch.object(tempfile, "TemporaryDirectory", side_effect=OSError(28, "No space left on device")):
        (finding,) = machine.check_add_in()
    assert finding == fault(
        "temporary files cannot be written (No space left on device): make room for them, or choose another folder "
        "with the environment variable TMPDIR or TEMP."
    )


def test_no_torch() -> None:
    with mock.patch.object(importlib.util, "find_spec", return_value=None):
        (finding,) = machine.check_torch()
    assert finding.state is State.OPTIONAL
    assert "python -m pip install torch torchvision" in finding.text


def test_torch_and_torchvision_that_do_not_fit() -> None:
    broken = mock.Mock(side_effect=RuntimeError("operator torchvision::nms does not exist\nand more"))
    real = __import__

    def importing(name: str, *arguments: Any) -> Any:
        return broken() if name == "torchvision" else real(name, *arguments)

    with mock.patch("builtins.__import__", importing):
        (finding,) = machine.check_torch()
    assert finding.state is State.FAULT
    assert "(operator torchvision::nms does not exist)" in finding.text


def test_a_gpu_and_none() -> None:
    import torch

    from s6xl.mnist import device

    with (
        mock.patch.object(device, "trouble_with", return_value=""),
        mock.patch.object(torch.cuda, "get_device_name", return_value="A card"),
    ):
        assert list(machine.check_torch())[-1].text == "CNNs train on CUDA: A card"
    with mock.patch.object(device, "trouble_with", lambda name: "" if name == "cpu" else f"no {name}"):
        assert list(machine.check_torch())[-1].text == "no GPU, so CNNs train on the processor: no cuda."


def test_no_libreoffice() -> None:
    with mock.patch.object(shutil, "which", return_value=None), mock.patch.object(machine, "PLACES", ()):
        (finding,) = machine.check_libreoffice()
    assert finding.state is State.OPTIONAL


class Excel:
    """A sheet of an Excel that computes formulas by the functions themselves, or one of them wrongly.

    It knows dynamic arrays or not; `sign` is what it writes before a formula.
    """

    name = "Arguments"

    def __init__(self, *, wrong: str = "", sign: str = "", spills: bool = True) -> None:
        self.wrong, self.sign, self.spills = wrong, sign, spills
        self.numbers: list[Any] = []
        self.formula = ""
        self.filled: list[list[Any]] = []

    def clear_contents(self) -> None:
        self.formula, self.filled = "", []

    def __getitem__(self, address: str) -> "Cells":
        assert address == "A1"
        return Cells(self)

    def range(self, first: Any, last: Any = None) -> "Cells":
        return Cells(self, whole=first == "the spilled cells")

    def enter(self, formula: str) -> None:
        name, text = re.fullmatch(r"=(\w+)\((.*)\)", formula).groups()
        (function,) = [function for function in FUNCTIONS if function.name == name]
        arguments = re.findall(r"\{[^}]*\}|[^,]+|(?<=,)(?=,)|^(?=,)", text)
        self.formula = formula
        left_out = [MISSING] * (len(function.parameters) - len(arguments))
        self.filled = function(*map(self.block, arguments), *left_out)
        if name == self.wrong:
            self.filled[-1][-1] = 1.5

    def block(self, argument: str) -> Any:
        special = {"Z99": [[None]], '"abc"': [["abc"]], "1/0": [["#DIV/0!"]], "": ()}
        if argument in special:
            return special[argument]
        if argument.startswith("{"):
            return [[float(number) for number in row.split(",")] for row in argument.strip("{}").split(";")]
        if argument == "'Arguments'!A1:AB28":
            return self.numbers
        if cell := re.fullmatch(r"'Arguments'!([A-Z])1", argument):
            return [[self.numbers[ord(cell[1]) - ord("A")]]]
        return [[float(argument)]]


class Cells:
    """Cells of it: the one with the formula, or all that the formula fills."""

    def __init__(self, excel: Excel, *, whole: bool = False) -> None:
        self.excel, self.whole = excel, whole
        single = len(excel.filled) == 1 and len(excel.filled[0]) == 1
        spilled = SimpleNamespace(Address="the spilled cells")
        self.api = SimpleNamespace(HasSpill=not single, SpillingToRange=spilled)

    @property
    def formula2(self) -> str:
        assert self.excel.spills
        return self.excel.formula.replace("=", f"={self.excel.sign}")

    @formula2.setter
    def formula2(self, formula: str) -> None:
        assert self.excel.spills
        self.excel.enter(formula)
        self.__init__(self.excel)  # type: ignore[misc]

    def resize(self, rows: int, columns: int) -> "Cells":
        self.shape = (rows, columns)
        return self

    def enter_array(self, formula: str) -> None:
        assert not self.excel.spills
        self.excel.enter(formula)
        assert self.shape == (len(self.excel.filled), len(self.excel.filled[0]))
        self.whole = True

    formula_array = property(None, enter_array)

    @property
    def value(self) -> Any:
        return self.excel.filled if self.whole else [self.excel.filled[0][:1]]

    @value.setter
    def value(self, numbers: list[Any]) -> None:
        self.excel.numbers = numbers

    def options(self, ndim: int) -> "Cells":
        assert ndim == 2
        return self


def in_excel(sheet: Any) -> Session:
    return Session(mock.Mock(), sheet, sheet, Path(), sheet.spills)


FUNCTION_CHECKS = [
    excel.check_numbers,
    excel.check_cells,
    excel.check_ranges,
    excel.check_images,
    excel.check_messages,
]


@pytest.mark.parametrize("check", FUNCTION_CHECKS)
@pytest.mark.parametrize("spills", [True, False])
def test_an_excel_that_computes_rightly_passes(check: Any, spills: bool) -> None:
    assert check(in_excel(Excel(spills=spills)))


@pytest.mark.parametrize("name", [function.name for function in FUNCTIONS])
@pytest.mark.parametrize("spills", [True, False])
def test_an_excel_that_computes_wrongly_is_found(name: str, spills: bool) -> None:
    wrong = []
    for check in FUNCTION_CHECKS:
        try:
            check(in_excel(Excel(wrong=name, spills=spills)))
        except excel.WrongError as error:
            wrong.append(str(error))
    assert wrong
    assert name in wrong[0]


def test_an_at_sign_is_found() -> None:
    with pytest.raises(excel.WrongError, match="@S6_SIGMOID"):
        excel.check_numbers(in_excel(Excel(sign="@")))


class Recalculating:
    """An Excel that opens workbooks, and recalculates them to what they hold, or to something else."""

    def __init__(self, *, sign: str = "", off: float = 0.0, lambdas: bool = True) -> None:
        self.sign, self.off = sign, off
        self.opened: list[str] = []
        self.closed = self.recalculated = 0
        self.settings: dict[str, list[str]] = {}
        self.version = "16.0"
        self.api = SimpleNamespace(CalculateFull=self.recalculate, Evaluate=lambda formula: 1 if lambdas else -1)
        self.books = SimpleNamespace(open=self.open)
        self.calculation = "automatic"

    def recalculate(self) -> None:
        self.recalculated += 1

    def open(self, path: str) -> Any:
        assert self.calculation == "manual"
        self.opened.append(Path(path).name)
        formulas, values = openpyxl.load_workbook(path), openpyxl.load_workbook(path, data_only=True)
        book = mock.Mock(close=self.close)
        table = mock.Mock()
        table.range = lambda first, last=None: self.cells(formulas["LR=0.5"], values["LR=0.5"], first, last)
        settings = mock.MagicMock()
        settings.__getitem__.side_effect = lambda address: Setting(self.settings, address)
        book.sheets = {"LR=0.5": table, "s6.conf": settings}
        return book

    def cells(self, formulas: Any, values: Any, first: tuple[int, int], last: tuple[int, int] | None) -> Any:
        if last is None:
            assert not self.recalculated
            return SimpleNamespace(formula2=formulas.cell(*first).value.text.replace("=", f"={self.sign}"))
        assert self.recalculated
        rows = values.iter_rows(first[0], last[0], first[1], last[1], values_only=True)
        found = [list(map(float, row)) for row in rows]
        found[-1][-1] += self.off
        return SimpleNamespace(value=found)

    def close(self) -> None:
        self.closed += 1


class Setting:
    """A cell of the sheet of settings."""

    settings: dict[str, list[str]]
    address: str

    def __init__(self, settings: dict[str, list[str]], address: str) -> None:
        object.__setattr__(self, "settings", settings)
        object.__setattr__(self, "address", address)

    def __setattr__(self, name: str, value: Any) -> None:
        assert name == "value"
        self.settings[self.address] = value


BOOK_CHECKS = [excel.check_macro_workbook, excel.check_lambda_workbook]


@pytest.mark.parametrize("check", BOOK_CHECKS)
def test_a_workbook_that_recalculates_rightly_passes(check: Any, tmp_path: Path) -> None:
    app: Any = Recalculating()
    assert check(Session(app, mock.Mock(), mock.Mock(), tmp_path, True)).endswith("recalculates to what Python gives")
    assert (len(app.opened), app.recalculated, app.closed, app.calculation) == (1, 1, 1, "automatic")
    expected = {"A2": ["INTERPRETER_WIN", sys.executable]} if check is excel.check_macro_workbook else {}
    assert app.settings == expected


@pytest.mark.slow
@pytest.mark.parametrize("check", BOOK_CHECKS)
@pytest.mark.parametrize(
    ("fault", "message"), [({"off": 1e-9}, "∂|dE_dw8"), ({"sign": "@"}, "Excel shows =@S6_DELTA_W5")]
)
def test_a_workbook_that_recalculates_wrongly_is_found(
    check: Any, fault: dict[str, Any], message: str, tmp_path: Path
) -> None:
    app: Any = Recalculating(**fault)
    with pytest.raises(excel.WrongError, match=message):
        check(Session(app, mock.Mock(), mock.Mock(), tmp_path, True))
    assert app.closed == 1


class Reading:
    """An Excel that opens the workbook of a network, and reads each chosen digit as PyTorch does, or otherwise."""

    def __init__(self, *, off: float = 0.0) -> None:
        self.off = off
        self.chosen: list[str] = []
        self.shown: list[float] = []
        self.closed = 0
        self.api = SimpleNamespace(CalculateFull=self.calculate)
        self.books = SimpleNamespace(open=self.open)

    def open(self, path: str) -> Any:
        rows = openpyxl.load_workbook(path, data_only=True)["Digit"]["CJ11:CM71"]
        self.names = [name.value for name, *_ in rows]
        return SimpleNamespace(sheets={"Digit": SimpleNamespace(range=self.range)}, close=self.close)

    def range(self, address: str) -> Any:
        if address == "digit_probabilities":
            return SimpleNamespace(value=self.shown)
        assert address == "$J$9"
        return Choosing(self.chosen)

    def calculate(self) -> None:
        run = Run.open(Path("pretrained"))
        evaluation = run.evaluation()
        assert evaluation
        index = self.names.index(self.chosen[-1])
        images = [*evaluation.right_images]
        images += [evaluation.mistaken_images[i] for i in np.argsort(-evaluation.probabilities)[:10]]
        image = [*images, np.zeros((28, 28))][index]
        self.shown = probabilities(model.of(run.network()), image[None])[0].tolist()
        self.shown[4] += self.off

    def close(self) -> None:
        self.closed += 1


class Choosing:
    """The cell in which a digit is chosen."""

    chosen: list[str]

    def __init__(self, chosen: list[str]) -> None:
        object.__setattr__(self, "chosen", chosen)

    def __setattr__(self, name: str, value: str) -> None:
        assert name == "value"
        self.chosen.append(value)


@pytest.mark.slow
def test_a_network_that_reads_rightly_passes(tmp_path: Path) -> None:
    app: Any = Reading()
    found = excel.check_network_workbook(Session(app, mock.Mock(), mock.Mock(), tmp_path, True))
    assert found == "digits.xlsx recalculates to what Python gives"
    assert len(set(app.chosen)) == 4
    assert "empty grid" in app.chosen
    assert app.closed == 1


@pytest.mark.slow
def test_a_network_that_reads_wrongly_is_found(tmp_path: Path) -> None:
    app: Any = Reading(off=1e-8)
    with pytest.raises(excel.WrongError, match=r"digits\.xlsx, 0, test image 3 gives"):
        excel.check_network_workbook(Session(app, mock.Mock(), mock.Mock(), tmp_path, True))
    assert app.closed == 1


def test_an_excel_without_lambda_is_not_asked_for_it(tmp_path: Path) -> None:
    app: Any = Recalculating(lambdas=False)
    assert "has no LAMBDA" in excel.check_lambda_workbook(Session(app, mock.Mock(), mock.Mock(), tmp_path, True))
    assert not app.opened


@pytest.mark.parametrize("add_in", [True, False])
def test_the_add_in_is_one(add_in: bool) -> None:
    app = mock.Mock(version="16.0")
    app.api.Workbooks.return_value.IsAddin = add_in
    session = Session(app, mock.Mock(), mock.Mock(), Path(), True)
    if add_in:
        assert excel.check_version(session) == "Excel 16.0 opens the add-in"
    else:
        with pytest.raises(excel.WrongError, match="not as an add-in"):
            excel.check_version(session)


def test_a_button_reaches_the_log_or_not(tmp_path: Path) -> None:
    log = tmp_path / "s6xl.log"

    def pressed(action: str) -> None:
        assert action == "answer"
        log.write_text("answer")

    app = mock.Mock()
    session = Session(app, mock.Mock(), mock.Mock(), tmp_path, True)
    with mock.patch.object(excel, "log_path", return_value=log), mock.patch.object(excel, "BUTTON_SECONDS", 0.3):
        app.macro.return_value = pressed
        assert str(log) in excel.check_buttons(session)
        app.macro.assert_called_with("'s6.xlam'!S6_Run")
        app.macro.return_value = lambda action: None
        with pytest.raises(excel.WrongError, match="no worker wrote into"):
            excel.check_buttons(session)


def test_a_session_ends_its_excel_and_no_other(tmp_path: Path) -> None:
    excel_com.load()
    import xlwings

    app = mock.MagicMock(pid=4711)
    with (
        mock.patch.object(xlwings, "App", return_value=app) as started,
        mock.patch("xlwings.udfs.has_dynamic_array", return_value=False),
        mock.patch.object(os, "kill") as kill,
        suppress(KeyError),
        excel.session() as session,
    ):
        assert not session.spills
        assert app.api.AutomationSecurity == 1
        assert Path(app.books.open.call_args.args[0]).name == "s6.xlam"
        raise KeyError
    started.assert_called_once_with(visible=False, add_book=True)
    kill.assert_called_once_with(4711, signal.SIGTERM)
    app.kill.assert_not_called()


def test_each_check_of_excel_is_a_line() -> None:
    @contextmanager
    def session() -> Iterator[None]:
        yield

    def failing(session: object) -> str:
        raise excel.WrongError("it shows 3")

    with (
        mock.patch.object(sys, "platform", WINDOWS),
        mock.patch.object(excel, "session", session),
        mock.patch.object(
            excel, "CHECKS", {"one": lambda session: "fine", "two": failing, "three": lambda session: "fine, too"}
        ),
    ):
        findings = list(excel.check_excel())
    wrong = fault("two: it shows 3; docs/excel.md says what Excel needs.")
    assert findings == [ok("fine"), wrong, ok("fine, too")]


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (
            UserError("Excel does not start (no such class): install it."),
            "Excel does not start (no such class): install it.",
        ),
        (OSError("gone"), "Excel starts but cannot be tested (gone): close Excel and try again."),
    ],
)
def test_an_excel_that_cannot_be_tried_is_one_fault(error: Exception, message: str) -> None:
    with (
        mock.patch.object(sys, "platform", WINDOWS),
        mock.patch.object(excel, "session", side_effect=error),
    ):
        assert list(excel.check_excel()) == [fault(message)]


def test_an_excel_that_does_not_start() -> None:
    excel_com.load()
    with (
        mock.patch("xlwings.App", side_effect=OSError("no such class")),
        pytest.raises(UserError, match=r"Excel does not start \(no such class\): install the 64-bit Excel"),
        excel.session(),
    ):
        pass


@pytest.mark.process
@pytest.mark.parametrize("library", ["xlwings", "pyopenvba", "xlsxwriter", "numpy", "matplotlib", "platformdirs"])
def test_without_a_library_the_doctor_names_it_and_stops(library: str) -> None:
    """As a process in which the library cannot be imported, nor be found by its version."""
    hidden = f"""
import importlib.metadata, sys
class Hidden:
    def find_spec(self, name, *rest):
        if name.partition(".")[0] == {library!r}: raise ModuleNotFoundError(name)
sys.meta_path.insert(0, Hidden())
known = importlib.metadata.version
def version(name):
    if name == {library!r}: raise importlib.metadata.PackageNotFoundError(name)
    return known(name)
importlib.metadata.version = version
sys.argv = ["s6xl", "doctor"]
from s6xl.cli import main
main()
"""
    done = subprocess.run([sys.executable, "-c", hidden], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (1, "")
    assert f"FAULT     {library} is missing: install it with `python -m pip install {library}`." in done.stdout
    assert done.stdout.splitlines()[-1] == "1 fault"
