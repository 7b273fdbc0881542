"""The worksheet's own writer: formulas as they are, numbers in full, tables as text."""

import math
import zipfile
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import openpyxl
import pytest
from xlsxwriter import Workbook

from s6xl.workbook.sheet import ABOVE, ROW, FormulaTable, NewSheet, cached

NAMESPACE = {"x": "http://schemas.openxmlformats.org/spreadsheetml/2006/main"}
Write = Callable[[Workbook, NewSheet], None]


def written(path: Path, write: Write) -> Path:
    with Workbook(str(path)) as workbook:
        write(workbook, workbook.add_worksheet("S", worksheet_class=NewSheet))
    return path


def table(workbook: Workbook, values: np.ndarray) -> FormulaTable:
    style = workbook.add_format({"bold": True})
    return FormulaTable(
        first_row=3,
        first_formulas=["'A & B'!C1", '"100%"&"<"'],
        formulas=[f"B{ABOVE}+1", f"IF(B{ROW}<2,B{ROW}%,{ROW})"],
        formats=[style, style],
        numbers_format=style,
        values=values,
    )


VALUES = np.array([[1.5, 2.0], [0.1 + 0.2, math.nan], [1e300, -5e-324]])


@pytest.fixture
def path(tmp_path: Path) -> Path:
    def write(workbook: Workbook, sheet: NewSheet) -> None:
        sheet.write_string("B2", "header")
        sheet.write_table(table(workbook, VALUES))

    return written(tmp_path / "t.xlsx", write)


def test_formulas_of_a_table(path: Path) -> None:
    sheet = openpyxl.load_workbook(path)["S"]
    rows = [[cell.value for cell in row] for row in sheet["A3:C5"]]
    assert rows == [
        [1, "='A & B'!C1", '="100%"&"<"'],
        [2, "=B3+1", "=IF(B4<2,B4%,4)"],
        [3, "=B4+1", "=IF(B5<2,B5%,5)"],
    ]
    assert sheet["B2"].value == "header"
    assert sheet["C5"].font.b
    assert sheet.dimensions == "A2:C5"


def test_values_of_a_table_come_back_bit_for_bit(path: Path) -> None:
    sheet = openpyxl.load_workbook(path, data_only=True)["S"]
    rows = [[cell.value for cell in row] for row in sheet["B3:C5"]]
    assert rows == [[1.5, 2.0], [0.1 + 0.2, "#NUM!"], [1e300, -5e-324]]


def test_only_what_is_no_number_is_an_error_cell(path: Path) -> None:
    with zipfile.ZipFile(path) as archive:
        root = ElementTree.fromstring(archive.read("xl/worksheets/sheet1.xml"))
    errors = [cell.get("r") for cell in root.iterfind(".//x:c[@t='e']", NAMESPACE)]
    assert errors == ["C4"]


def test_cells_stand_in_order(path: Path) -> None:
    with zipfile.ZipFile(path) as archive:
        root = ElementTree.fromstring(archive.read("xl/worksheets/sheet1.xml"))
    rows = root.findall(".//x:row", NAMESPACE)
    assert [row.get("r") for row in rows] == ["2", "3", "4", "5"]
    assert [[cell.get("r") for cell in row] for row in rows[1:]] == [[f"{c}{r}" for c in "ABC"] for r in (3, 4, 5)]


def test_tables_longer_than_a_chunk(tmp_path: Path) -> None:
    values = np.arange(5002.0).reshape(2501, 2)
    path = written(tmp_path / "long.xlsx", lambda workbook, sheet: sheet.write_table(table(workbook, values)))
    sheet = openpyxl.load_workbook(path, data_only=True)["S"]
    found = np.array([[cell.value for cell in row] for row in sheet["A3:C2503"]], dtype=float)
    assert (found[:, 0] == np.arange(1, 2502)).all()
    assert (found[:, 1:] == values).all()


def test_progress_counts_the_rows(tmp_path: Path) -> None:
    reported: list[int] = []

    def write(workbook: Workbook, sheet: NewSheet) -> None:
        sheet.progress = reported.append
        sheet.write_table(table(workbook, np.ones((2500, 2))))

    written(tmp_path / "p.xlsx", write)
    assert reported == [1000, 1000, 500]


def test_charts_carry_the_tables_values(tmp_path: Path) -> None:
    def write(workbook: Workbook, sheet: NewSheet) -> None:
        sheet.write_table(table(workbook, VALUES))
        chart = workbook.add_chart({"type": "line"})
        chart.add_series({"categories": "=S!$A$3:$A$5", "values": "=S!$C$3:$C$5"})
        sheet.insert_chart("E1", chart)

    with zipfile.ZipFile(written(tmp_path / "c.xlsx", write)) as archive:
        root = ElementTree.fromstring(archive.read("xl/charts/chart1.xml"))
    caches = [
        [(point.get("idx"), point[0].text) for point in cache if point.tag.endswith("}pt")]
        for cache in root.iter()
        if cache.tag.endswith("}numCache")
    ]
    assert caches == [[("0", "1"), ("1", "2"), ("2", "3")], [("0", "2.0"), ("2", "-5e-324")]]


def test_numbers_keep_their_seventeenth_digit(tmp_path: Path) -> None:
    number = 0.1 + 0.2
    path = written(tmp_path / "n.xlsx", lambda workbook, sheet: sheet.write_number("A1", number))
    assert openpyxl.load_workbook(path)["S"]["A1"].value == number


def test_formulas_are_stored_as_they_are(tmp_path: Path) -> None:
    path = written(tmp_path / "f.xlsx", lambda workbook, sheet: sheet.write_formula("A1", "=CONCAT(A2)&STDEV.S(A3)"))
    assert openpyxl.load_workbook(path)["S"]["A1"].value == "=CONCAT(A2)&STDEV.S(A3)"


@pytest.mark.parametrize(("value", "shown"), [(1.5, 1.5), (math.nan, "#NUM!"), (math.inf, "#NUM!")])
def test_cached(value: float, shown: object) -> None:
    assert cached(value) == shown
