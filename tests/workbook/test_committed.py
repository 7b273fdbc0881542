"""The workbooks in the repository are those that the code builds."""

import re
import zipfile
from pathlib import Path

import pytest

from s6xl.experiment import Experiment
from s6xl.workbook import Engine, build

WORKBOOKS = Path(__file__).parent.parent.parent / "workbooks"
NUMBER = re.compile(rb"(?<=<v>)-?[0-9][0-9.e+-]*(?=</v>)|(?<=<c:v>)-?[0-9][0-9.e+-]*(?=</c:v>)")
CHECK_SHEET = "xl/worksheets/sheet10.xml"


def parts(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


@pytest.mark.parametrize(("name", "engine"), [("s6.xlsx", Engine.FORMULAS), ("s6_lambda.xlsx", Engine.LAMBDA)])
def test_a_committed_workbook_is_up_to_date(name: str, engine: Engine, tmp_path: Path) -> None:
    build(Experiment(), tmp_path / name, engine=engine)
    committed, built = parts(WORKBOOKS / name), parts(tmp_path / name)
    assert committed.keys() == built.keys()
    for part, content in built.items():
        if part.endswith(".png"):
            continue  # plotting libraries differ from version to version
        # Every byte is the same but for the last digit of numbers, for processors' exp may differ in it; the sheet
        # Check divides such a digit by its small width.
        assert NUMBER.sub(b"#", committed[part]) == NUMBER.sub(b"#", content), part
        tolerance = 1e-6 if part == CHECK_SHEET else 1e-15
        for theirs, ours in zip(NUMBER.findall(committed[part]), NUMBER.findall(content), strict=True):
            assert abs(float(theirs) - float(ours)) <= tolerance, part


@pytest.mark.parametrize("name", ["s6.xlsx", "s6_lambda.xlsx"])
def test_its_picture_is_there(name: str) -> None:
    (picture,) = [content for part, content in parts(WORKBOOKS / name).items() if part.endswith(".png")]
    assert picture.startswith(b"\x89PNG")
    assert len(picture) > 20_000
