"""What docs/digit.md says of the workbook with a network is so."""

import re
from pathlib import Path

import openpyxl
import pytest

from s6xl.cli import s6xl
from s6xl.mnist.record import Run
from tests.support.places import ROOT

TEXT = (ROOT / "docs" / "digit.md").read_text(encoding="utf-8")
WORKBOOK = ROOT / "workbooks" / "s6_digits.xlsx"


@pytest.mark.slow
def test_its_formula_is_the_first_neuron_of_the_first_map() -> None:
    (formula,) = re.findall(r"^=MAX.*$", TEXT, re.MULTILINE)
    sheet = openpyxl.load_workbook(WORKBOOK)["Conv 2"]
    found = [cell.value for row in sheet.iter_rows() for cell in row if "SUMPRODUCT" in str(cell.value)]
    assert found[0] == formula


def test_its_figures() -> None:
    run = Run.open(Path("pretrained"))
    assert f"{run.config.recipe.parameters:,} parameters" in TEXT
    assert f"{run.epochs()[-1].test_accuracy:.2%}".replace("%", " %") in TEXT
    kilobytes = round(WORKBOOK.stat().st_size / 1000)
    assert f"in {kilobytes} kB" in TEXT


@pytest.mark.parametrize("command", sorted(set(re.findall(r"python -m s6xl (\w+)", TEXT))))
def test_its_commands_are_there(command: str) -> None:
    assert command in s6xl.commands


def test_its_options_are_there() -> None:
    options = {option for command in s6xl.commands.values() for p in command.params for option in p.opts}
    assert set(re.findall(r"--[a-z]+", TEXT)) <= options


def test_its_pictures_and_pages_are_there() -> None:
    links = re.findall(r"\]\(([^)#]+)\)", TEXT)
    assert len(links) > 4
    for link in links:
        assert (ROOT / "docs" / link).exists(), link
