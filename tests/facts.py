"""What the original workbook holds, as read off it into tests/data."""

import csv
from pathlib import Path

DATA = Path(__file__).with_name("data")


def columns() -> list[dict[str, str]]:
    """Each column of the table: ``column``, ``header``, and what stands in ``row 33`` and ``row 34``."""
    with (DATA / "original_columns.csv").open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def losses() -> dict[str, list[float]]:
    """E_tot at each step, by sheet."""
    with (DATA / "original_losses.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    return {sheet: [float(row[sheet]) for row in rows] for sheet in rows[0] if sheet != "step"}
