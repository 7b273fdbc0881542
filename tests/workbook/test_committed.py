"""The workbook in the repository is the one that the code builds."""

import re
import zipfile
from pathlib import Path

COMMITTED = Path(__file__).parent.parent.parent / "workbooks" / "s6.xlsx"
NUMBER = re.compile(rb"(?<=<v>)-?[0-9][0-9.e+-]*(?=</v>)|(?<=<c:v>)-?[0-9][0-9.e+-]*(?=</c:v>)")
CHECK_SHEET = "xl/worksheets/sheet10.xml"


def parts(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def test_the_committed_workbook_is_up_to_date(book: Path) -> None:
    committed, built = parts(COMMITTED), parts(book)
    assert committed.keys() == built.keys()
    for name, content in built.items():
        if name.endswith(".png"):
            continue  # plotting libraries differ from version to version
        # Every byte is the same but for the last digit of numbers, for processors' exp may differ in it; the sheet
        # Check divides such a digit by its small width.
        assert NUMBER.sub(b"#", committed[name]) == NUMBER.sub(b"#", content), name
        tolerance = 1e-6 if name == CHECK_SHEET else 1e-15
        for theirs, ours in zip(NUMBER.findall(committed[name]), NUMBER.findall(content), strict=True):
            assert abs(float(theirs) - float(ours)) <= tolerance, name


def test_its_picture_is_there() -> None:
    (picture,) = [content for name, content in parts(COMMITTED).items() if name.endswith(".png")]
    assert picture.startswith(b"\x89PNG")
    assert len(picture) > 20_000
