"""The doctor: what it finds on this machine, and what it says of what is missing."""

import importlib.util
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import PackageNotFoundError
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest import mock

import pytest

from s6xl.addin.places import WINDOWS, places
from s6xl.doctor import examine, excel, machine
from s6xl.doctor.excel import Session
from s6xl.doctor.finding import Finding, State, fault, ok
from s6xl.errors import ImpossibleHereError, UserError
from s6xl.functions import FUNCTIONS


def states(findings: Iterator[Finding]) -> list[State]:
    return [finding.state for finding in findings]


def test_here_it_finds_no_fault() -> None:
    lines: list[str] = []
    assert examine(lines.append) == 0
    assert lines[-1] == "no faults"
    assert f"in Python {sys.version.split()[0]}" in lines[0]
    for line in lines[:-1]:
        assert re.match(r"(ok {8}|missing {3}|not here {2})\S", line)


def test_a_fault_is_counted() -> None:
    lines: list[str] = []
    with mock.patch("s6xl.doctor.CHECKS", (lambda: iter([fault("broken"), ok("fine")]),)):
        assert examine(lines.append) == 1
    assert lines[0] == "FAULT     broken"
    assert lines[-1] == "1 fault"


def test_a_missing_library() -> None:
    with mock.patch.object(machine, "version", side_effect=PackageNotFoundError):
        findings = list(machine.check_libraries())
    assert {finding.state for finding in findings} == {State.FAULT}
    assert str(findings[0]) == "FAULT     xlwings is missing: `python -m pip install xlwings` brings it."


def test_the_dll_on_windows(tmp_path: Path) -> None:
    with mock.patch.object(machine.sys, "platform", WINDOWS):
        (missing,) = machine.check_dll((tmp_path,))
        name = re.search(r"xlwings64-[\d.]+\.dll", missing.text)
        assert name
        (tmp_path / name[0]).touch()
        (found,) = machine.check_dll((tmp_path,))
    assert missing.state is State.FAULT
    assert "python -m pip install --force-reinstall xlwings" in missing.text
    assert (found.state, found.text) == (State.OK, str(tmp_path / name[0]))


def test_a_python_of_32_bits_on_windows() -> None:
    with mock.patch.object(machine.sys, "platform", WINDOWS), mock.patch.object(machine.sys, "maxsize", 2**31 - 1):
        (finding,) = machine.check_python()
    assert finding.state is State.FAULT
    assert "install a 64-bit Python" in finding.text


def test_an_add_in_that_is_not_installed(tmp_path: Path) -> None:
    place = places(WINDOWS, tmp_path, tmp_path)
    with mock.patch.object(machine, "places", return_value=place):
        findings = list(machine.check_add_in())
    assert findings[0].state is State.OK
    assert State.OPTIONAL in states(iter(findings))
    assert any("python -m s6xl addin install" in finding.text for finding in findings)


@pytest.mark.parametrize(
    ("error", "state"), [(UserError("mend the file"), State.FAULT), (ImpossibleHereError("not here"), State.SKIPPED)]
)
def test_places_that_cannot_be_read(error: Exception, state: State) -> None:
    with mock.patch.object(machine, "places", side_effect=error):
        assert list(machine.check_add_in())[-1] == Finding(state, str(error))


def test_an_add_in_that_cannot_be_built() -> None:
    with mock.patch.object(machine, "build_add_in", side_effect=UserError("the disk is full")):
        (finding,) = machine.check_add_in()
    assert finding.state is State.FAULT
    assert finding.text.endswith(": the disk is full")


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


def test_a_graphics_card() -> None:
    import torch

    with (
        mock.patch.object(torch.cuda, "is_available", return_value=True),
        mock.patch.object(torch.cuda, "get_device_name", return_value="A card"),
    ):
        assert list(machine.check_torch())[-1].text.startswith("graphics card: A card (CUDA ")


def test_no_libreoffice() -> None:
    with mock.patch.object(machine.shutil, "which", return_value=None), mock.patch.object(machine, "SOFFICE", ()):
        (finding,) = machine.check_libreoffice()
    assert finding.state is State.OPTIONAL


class Sheet:
    """A worksheet of an Excel that computes formulas by the functions themselves, or wrongly."""

    def __init__(self, *, wrong: str = "", sign: str = "") -> None:
        self.wrong, self.sign = wrong, sign
        self.cells: dict[str, Any] = {}
        self.result: list[list[Any]] = []

    def clear(self) -> None:
        self.cells.clear()

    def __getitem__(self, address: str) -> "Sheet.Cell":
        return Sheet.Cell(self, address)

    def range(self, place: Any) -> "Sheet.Cell":
        if isinstance(place, tuple):
            row, column = place
            return Sheet.Cell(self, f"{chr(ord('A') + column - 1)}{row}")
        return Sheet.Cell(self, place)

    def compute(self, formula: str) -> None:
        name, text = re.fullmatch(r"=(\w+)\((.*)\)", formula).groups()
        (function,) = [function for function in FUNCTIONS if function.name == name]
        arguments = re.findall(r"\{[^}]*\}|[^,]+|(?<=,)(?=,)|^(?=,)", text)
        self.result = function(*[self.block(argument) for argument in arguments])
        if name == self.wrong:
            self.result[0][0] = 1.5

    def block(self, argument: str) -> Any:
        special = {"Z99": [[None]], '"abc"': [["abc"]], "1/0": [["#DIV/0!"]], "": ()}
        if argument in special:
            return special[argument]
        if argument.startswith("{"):
            return [[float(number) for number in row.split(",")] for row in argument.strip("{}").split(";")]
        if argument[0].isalpha():
            return [[self.cells[argument]]]
        return [[float(argument)]]

    class Cell:
        """One cell, or the cells that a formula in A1 fills."""

        def __init__(self, sheet: "Sheet", address: str) -> None:
            self.sheet, self.address = sheet, address
            spilling = SimpleNamespace(Address="filled")
            self.api = SimpleNamespace(HasSpill=True, SpillingToRange=spilling)

        @property
        def formula2(self) -> str:
            formula: str = self.sheet.cells["A1"]
            return formula.replace("=", f"={self.sheet.sign}")

        @formula2.setter
        def formula2(self, formula: str) -> None:
            self.sheet.compute(formula)
            self.sheet.cells["A1"] = formula

        @property
        def value(self) -> Any:
            return self.sheet.result if self.address == "filled" else self.sheet.result[0][0]

        @value.setter
        def value(self, value: Any) -> None:
            self.sheet.cells[self.address] = value

        def options(self, ndim: int) -> "Sheet.Cell":
            assert ndim == 2
            return self


def in_excel(sheet: Sheet) -> Session:
    return Session(mock.Mock(), sheet, Path())


FUNCTION_CHECKS = [excel.check_quantities, excel.check_cells, excel.check_ranges, excel.check_messages]


@pytest.mark.parametrize("check", FUNCTION_CHECKS)
def test_an_excel_that_computes_rightly_passes(check: Any) -> None:
    assert check(in_excel(Sheet()))


@pytest.mark.parametrize("name", [function.name for function in FUNCTIONS])
def test_an_excel_that_computes_wrongly_is_found(name: str) -> None:
    sheet = Sheet(wrong=name)
    wrong = []
    for check in FUNCTION_CHECKS:
        try:
            check(in_excel(sheet))
        except excel.WrongError as error:
            wrong.append(str(error))
    assert wrong
    assert name in wrong[0]


def test_an_at_sign_is_found() -> None:
    with pytest.raises(excel.WrongError, match="@S6_SIGMOID"):
        excel.check_quantities(in_excel(Sheet(sign="@")))


def test_each_check_of_excel_is_a_line() -> None:
    @contextmanager
    def session() -> Iterator[None]:
        yield

    def failing(session: object) -> str:
        raise excel.WrongError("it shows 3")

    with (
        mock.patch.object(excel.sys, "platform", WINDOWS),
        mock.patch.object(excel, "session", session),
        mock.patch.object(excel, "CHECKS", (lambda session: "fine", failing, lambda session: "fine, too")),
    ):
        findings = list(excel.check_excel())
    assert findings == [ok("fine"), fault("failing: it shows 3"), ok("fine, too")]


def test_an_excel_that_does_not_start_is_one_fault() -> None:
    with (
        mock.patch.object(excel.sys, "platform", WINDOWS),
        mock.patch.object(excel, "session", side_effect=OSError("no such class")),
    ):
        (finding,) = excel.check_excel()
    assert finding.state is State.FAULT
    assert finding.text.startswith("Excel does not start (no such class): install Excel for Windows")
