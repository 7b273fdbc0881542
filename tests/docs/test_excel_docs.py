"""What docs/excel.md says of the functions is what they give."""

import re
from pathlib import Path
from xml.etree import ElementTree

import pytest

from s6xl.functions import FUNCTIONS
from s6xl.functions.arguments import MISSING
from s6xl.functions.definition import CellBlock
from s6xl.mnist.record import Run
from s6xl.workbook.inference.choices import digit_choices, first_choice
from tests.support.places import ROOT

TEXT = (ROOT / "docs" / "excel.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"^\| `=(\w+)\(([^`]*)\)` \| ([^|]+) \| ([^|]+) \|$", TEXT, re.MULTILINE)
MESSAGES = re.findall(r"^\| `=(\w+)\(([^`]*)\)`[^|]* \| (S6_[^|]+) \|$", TEXT, re.MULTILINE)
FUNCTION = {function.name: function for function in FUNCTIONS}
# The digit that the workbook of the run that comes with s6xl opens with.
SHOWN = digit_choices(evaluation) if (evaluation := Run.open(Path("pretrained")).evaluation()) else []
SPECIAL: dict[str, CellBlock] = {
    "digit_pixels": SHOWN[first_choice(SHOWN)].pixels.tolist(),
    '"pretrained"': [["pretrained"]],
    "Z99": [[None]],
    '"abc"': [["abc"]],
    "1/0": [["#DIV/0!"]],
    "A1:A2": [[1.0], [2.0]],
}


def blocks(name: str, text: str) -> list[CellBlock]:
    """The arguments of an example; those left out at the end are missing."""
    arguments = re.findall(r"\{[^}]*\}|[^,{}\s]+", text)
    given = [SPECIAL.get(argument) or [list(map(float, argument.strip("{}").split(",")))] for argument in arguments]
    return [*given, *[MISSING] * (len(FUNCTION[name].parameters) - len(given))]


def test_every_function_has_an_example() -> None:
    assert {name for name, *_ in EXAMPLES} == set(FUNCTION)


@pytest.mark.parametrize(("name", "arguments", "shown", "meaning"), EXAMPLES, ids=lambda text: text[:20])
def test_an_example(name: str, arguments: str, shown: str, meaning: str) -> None:
    given = blocks(name, arguments)
    assert MISSING not in given
    found = FUNCTION[name](*given)[0][0]
    assert (found if isinstance(found, str) else f"{found:.6g}") == shown
    if parameters := re.search(r", from ([^=]+?)( = .*)?$", meaning):
        assert parameters[1].replace(" and ", ", ").split(", ") == [p.name for p in FUNCTION[name].parameters]


@pytest.mark.parametrize(("name", "arguments", "shown"), MESSAGES, ids=lambda text: text[:20])
def test_a_message(name: str, arguments: str, shown: str) -> None:
    assert FUNCTION[name](*blocks(name, arguments)) == [[shown]]


def test_there_are_messages() -> None:
    assert len(MESSAGES) == 6


def test_every_button_is_explained() -> None:
    ribbon = ElementTree.parse(ROOT / "addin" / "customUI14.xml").getroot()
    buttons = [(button.get("label"), button.get("keytip")) for button in ribbon.iter() if button.tag.endswith("button")]
    assert buttons == re.findall(r"^\| ([^|]+) \| Alt, S6, (\w) \|", TEXT, re.MULTILINE)
