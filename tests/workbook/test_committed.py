"""The workbooks in the repository are those that the code builds."""

import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from s6xl.backprop.experiment import Experiment
from s6xl.mnist.record import Run
from s6xl.workbook.backprop.engine import Engine
from s6xl.workbook.composition.build import build
from tests.support.places import ROOT

WORKBOOKS = ROOT / "workbooks"
NUMBER = re.compile(rb"(?<=<v>)-?[0-9][0-9.e+-]*(?=</v>)|(?<=<c:v>)-?[0-9][0-9.e+-]*(?=</c:v>)")
CHECK_SHEET = "xl/worksheets/sheet10.xml"
# What is the same without a network: the sheets before MNIST.
SHARED_PARTS = {f"xl/worksheets/sheet{number}.xml" for number in range(1, 11)}


def parts(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


@pytest.mark.parametrize(
    ("name", "engine", "run"),
    [
        ("s6.xlsx", Engine.FORMULAS, None),
        ("s6_lambda.xlsx", Engine.LAMBDA, None),
        ("s6_digits.xlsx", Engine.FORMULAS, "pretrained"),
    ],
)
def test_a_committed_workbook_is_up_to_date(name: str, engine: Engine, run: str | None, tmp_path: Path) -> None:
    build(Experiment(), tmp_path / name, engine=engine, run=Run.open(Path(run)) if run else None)
    committed, built = parts(WORKBOOKS / name), parts(tmp_path / name)
    assert committed.keys() == built.keys()
    for part, content in built.items():
        if part.endswith(".png"):
            continue  # plotting libraries differ from version to version
        # Every byte is the same but for the last digit of numbers, for processors' exp and sums may differ in it; the
        # sheet Check divides such a digit by its small width, and many of a network's are rounded to nine decimals.
        assert NUMBER.sub(b"#", committed[part]) == NUMBER.sub(b"#", content), part
        tolerance = 1e-6 if part == CHECK_SHEET else 1.1e-9 if run and part not in SHARED_PARTS else 1e-15
        for theirs, ours in zip(NUMBER.findall(committed[part]), NUMBER.findall(content), strict=True):
            assert abs(float(theirs) - float(ours)) <= tolerance, part


@pytest.mark.process
def test_no_text_comes_out_of_the_codes_documentation(tmp_path: Path) -> None:
    """Python's option -OO drops all docstrings."""
    for options in ([], ["-OO"]):
        out = tmp_path / f"digits{len(options)}.xlsx"
        command = [sys.executable, *options, "-m", "s6xl", "build", "--run", "pretrained", "--out", str(out)]
        subprocess.run(command, check=True, capture_output=True)
    assert (tmp_path / "digits0.xlsx").read_bytes() == (tmp_path / "digits1.xlsx").read_bytes()


@pytest.mark.parametrize(("name", "pictures"), [("s6.xlsx", 1), ("s6_lambda.xlsx", 1), ("s6_digits.xlsx", 7)])
def test_its_pictures_are_there(name: str, pictures: int) -> None:
    found = [content for part, content in parts(WORKBOOKS / name).items() if part.endswith(".png")]
    assert len(found) == pictures
    assert all(picture.startswith(b"\x89PNG") for picture in found)
    assert max(map(len, found)) > 20_000


def test_the_one_with_a_network_is_small() -> None:
    assert (WORKBOOKS / "s6_digits.xlsx").stat().st_size <= 1_000_000


def test_the_one_with_a_network_opens_where_one_can_paint() -> None:
    book = parts(WORKBOOKS / "s6_digits.xlsx")
    names = re.findall(rb'<sheet name="([^"]+)"', book["xl/workbook.xml"])
    (active,) = re.findall(rb'activeTab="(\d+)"', book["xl/workbook.xml"])
    assert names[int(active)] == b"Digit"
