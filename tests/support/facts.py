"""What the original workbook holds, as read off it into tests/data."""

import csv

from tests.support.places import DATA

# Where each weight leads from, and to.
CONNECTIONS = {
    "w1": ("i1", "h1"),
    "w2": ("i2", "h1"),
    "w3": ("i1", "h2"),
    "w4": ("i2", "h2"),
    "w5": ("a_h1", "o1"),
    "w6": ("a_h2", "o1"),
    "w7": ("a_h1", "o2"),
    "w8": ("a_h2", "o2"),
}


def columns() -> list[dict[str, str]]:
    """Each column of the table: ``column``, ``header``, and what stands in ``row 33`` and ``row 34``."""
    with (DATA / "original_columns.csv").open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def losses() -> dict[str, list[float]]:
    """E_tot at each step, by sheet."""
    with (DATA / "original_losses.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    return {sheet: [float(row[sheet]) for row in rows] for sheet in rows[0] if sheet != "step"}
