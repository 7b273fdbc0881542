"""Holds the values that a workbook has cached against what a spreadsheet engine computes."""

from pathlib import Path

import openpyxl
from openpyxl.cell.cell import Cell

from tests.support.office import Recalculated


def cells(path: Path, *, data_only: bool) -> dict[str, dict[str, object]]:
    book = openpyxl.load_workbook(path, data_only=data_only)
    found: dict[str, dict[str, object]] = {}
    for sheet in book:
        rows = (cell for row in sheet.iter_rows() for cell in row if isinstance(cell, Cell))
        found[sheet.title] = {cell.coordinate: cell.value for cell in rows}
    return found


def assert_cached_values_hold(path: Path, recalculated: Recalculated) -> None:
    """Every formula has a cached value, and it is what LibreOffice computes."""
    formulas, cached = cells(path, data_only=False), cells(path, data_only=True)
    for sheet, addresses in formulas.items():
        tolerance = 1e-15 if sheet.startswith("LR=") else 1e-9
        for address, formula in addresses.items():
            if not (isinstance(formula, str) and formula.startswith("=")):
                continue
            value, found = cached[sheet][address], recalculated.values[sheet].get(address, "")
            where = f"{sheet}!{address}"
            if value is None:
                # An empty text, which openpyxl takes for no value.
                assert found == "", f"{where} has no cached value"
            elif value == "#NUM!":
                assert where in recalculated.error_cells
            elif isinstance(value, str):
                assert found == value, where
            else:
                assert isinstance(value, int | float), f"{where} has no cached value"
                assert isinstance(found, float), where
                assert abs(value - found) <= tolerance, where
