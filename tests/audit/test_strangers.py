"""The auditor over workbooks of strangers: what is wrong is found where it is, and what is right is left alone."""

import re
from collections.abc import Callable, Iterable
from pathlib import Path

import openpyxl
import pytest

from s6xl.audit.auditing import audit
from s6xl.audit.findings import Kind
from tests.support.audit.stranger_layouts import LAYOUTS, TURNED, UNPLACEABLE, apart, side_by_side
from tests.support.audit.stranger_mistakes import mistakes
from tests.support.audit.stranger_rights import right_ones
from tests.support.audit.strangers import COLUMNS, FORMULAS, Book, Case, letters
from tests.support.sheets import boundaries

Layout = Callable[[], Book]

MISTAKES, RIGHT = list(mistakes()), list(right_ones())
# What these hold beyond the network, which the auditor can only say that it did not check.
UNCHECKED = {"summaries": {"loss drop", "% of start", "good?"}, "INDEX": {"ROW"}}


def cells_of(areas: Iterable[tuple[str, str]]) -> set[tuple[str, int, int]]:
    """Single cells of areas by sheet."""
    found = set()
    for sheet, area in areas:
        for part in area.split(", "):
            left, top, right, bottom = boundaries(part)
            found |= {(sheet, row, column) for row in range(top, bottom + 1) for column in range(left, right + 1)}
    return found


def test_there_are_enough() -> None:
    """Mistakes, layouts and unusual workbooks, each under a name of its own."""
    assert len({case.name for case in MISTAKES}) == len(MISTAKES) >= 30
    assert len({case.layout for case in MISTAKES}) >= 10
    assert len({case.name for case in RIGHT}) == len(RIGHT) >= 10


@pytest.mark.parametrize("case", MISTAKES, ids=lambda case: case.name)
def test_a_mistake_is_found(case: Case, tmp_path: Path) -> None:
    """Exactly the wrong cells are named, each with its slip."""
    case.write(tmp_path / "s.xlsx")
    report = audit(tmp_path / "s.xlsx")
    assert report.status == "findings"
    found = {(finding.sheet, finding.cells): finding.slip for finding in report.findings}
    assert cells_of(found) == cells_of((sheet, cells) for sheet, cells, _ in case.expected), found
    for sheet, cells, words in case.expected:
        slip = found[sheet, cells].casefold()
        assert all(word.casefold() in slip for word in words), (slip, words)


@pytest.mark.slow
@pytest.mark.parametrize("case", MISTAKES, ids=lambda case: case.name)
def test_what_is_said_to_be_right_is_right(case: Case, tmp_path: Path) -> None:
    """Put in place of what stands there, it is no longer found wrong."""
    path = tmp_path / "s.xlsx"
    case.write(path)
    book = openpyxl.load_workbook(path)
    mended = set()
    for finding in audit(path).findings:
        if finding.right.startswith("="):
            cell = re.split("[:,]", finding.cells)[0]
            book[finding.sheet][cell] = finding.right
            mended |= cells_of([(finding.sheet, cell)])
    book.save(path)
    report = audit(path)
    still = cells_of((finding.sheet, finding.cells) for finding in report.findings if finding.kind != Kind.STALE)
    assert mended.isdisjoint(still)


@pytest.mark.parametrize("case", RIGHT, ids=lambda case: case.name)
def test_a_right_workbook_has_no_findings(case: Case, tmp_path: Path) -> None:
    """However it is written; and everything in it was checked."""
    case.write(tmp_path / "s.xlsx")
    report = audit(tmp_path / "s.xlsx")
    assert not report.error
    assert report.findings == []
    assert len(report.tables) == len(case.book.tables)
    unchecked = [text for table in report.tables for text in table.not_checked]
    assert len(unchecked) == len(UNCHECKED.get(case.name, ()))
    for head in UNCHECKED.get(case.name, ()):
        assert any(head in text for text in unchecked), unchecked


@pytest.mark.parametrize("layout", LAYOUTS, ids=lambda layout: layout.__name__)
def test_a_layout_is_read(layout: Layout, tmp_path: Path) -> None:
    """Every table is found where it is, and everything in it was checked and is right."""
    book = layout()
    book.write(tmp_path / "s.xlsx")
    report = audit(tmp_path / "s.xlsx")
    assert not report.error
    assert report.findings == []
    places = [(table.sheet, table.header_row, table.first_row, table.last_row) for table in report.tables]
    assert places == [(made.sheet, made.header, made.first, made.first + made.steps - 1) for made in book.tables]
    assert [text for table in report.tables for text in table.not_checked] == []


@pytest.mark.parametrize("layout", TURNED, ids=lambda layout: layout.__name__)
def test_a_table_on_its_side_is_read(layout: Layout, tmp_path: Path) -> None:
    """Headers beside the rows are as good as headers over columns."""
    layout().write(tmp_path / "s.xlsx")
    (table,) = audit(tmp_path / "s.xlsx").tables
    assert not table.findings
    assert not table.not_checked
    assert {"h1", "a_o2", "E_tot", "∂E/∂w1", "∂E/∂w8"} <= set(table.columns)


@pytest.mark.parametrize(("left", "right"), [("B", "AL"), ("C", "AI"), ("A", "AG")])
@pytest.mark.parametrize("gap", ["w5", "E1", "d_w1"])
def test_tables_side_by_side(left: str, right: str, gap: str, tmp_path: Path) -> None:
    """With a blank column within the first, and at any distance; a mistake in the second is found there."""
    order = [*COLUMNS[: COLUMNS.index(gap)], None, *COLUMNS[COLUMNS.index(gap) :]]
    book = side_by_side()
    for table, start in zip(book.tables, (left, right), strict=True):
        table.columns = letters(start, order if start == left else COLUMNS)
    book.tables[1].formulas["E1"] = "1/2*(t2-a_o1)^2"
    book.write(tmp_path / "s.xlsx")
    report = audit(tmp_path / "s.xlsx")
    assert [len(table.columns) for table in report.tables] == [31, 31]
    assert [finding.cells for finding in report.findings] == [book.tables[1].area("E1")]


APART = {
    "one below the other": (("Net", 5), ("Net", 16), ("Net", 27)),
    "on three sheets": (("Weights", 4), ("Forward", 7), ("Backward", 3)),
}


@pytest.mark.parametrize("places", APART.values(), ids=APART)
def test_a_table_in_parts_is_read_as_one(places: tuple[tuple[str, int], ...], tmp_path: Path) -> None:
    """Each part refers to the others, on other rows or sheets; a mistake is found where it stands."""
    apart(*places).write(tmp_path / "right.xlsx")
    (table,) = audit(tmp_path / "right.xlsx").tables
    assert not table.findings
    assert not table.not_checked
    assert len(table.columns) == 31
    wrong = FORMULAS | {"d_w3": FORMULAS["d_w3"].replace("a_h2", "a_h1")}
    apart(*places, formulas=wrong).write(tmp_path / "wrong.xlsx")
    (finding,) = audit(tmp_path / "wrong.xlsx").findings
    sheet, header = places[2]
    assert (finding.sheet, finding.cells) == (sheet, f"D{header + 1}:D{header + 8}")
    assert finding.slip == "uses a_h1 instead of a_h2"


@pytest.mark.parametrize("layout", UNPLACEABLE, ids=lambda layout: layout.__name__)
def test_what_cannot_be_placed_is_said(layout: Layout, tmp_path: Path) -> None:
    """No finding where nothing is known to be wrong, and a note that it was not checked."""
    layout().write(tmp_path / "s.xlsx")
    report = audit(tmp_path / "s.xlsx")
    assert report.status == ("right" if report.tables else "no table")
    assert report.notes or all(table.not_checked for table in report.tables)
