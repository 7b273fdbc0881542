"""Addresses are what openpyxl takes them for."""

import re

import hypothesis
import pytest
from hypothesis import strategies
from openpyxl.utils import absolute_coordinate, cell, get_column_letter, quote_sheetname, range_boundaries

from s6xl.ooxml.addresses import (
    COLUMNS,
    ROWS,
    AddressError,
    Area,
    CellCursor,
    Rectangle,
    address,
    area_of_name,
    letters,
    place_of,
    rectangle_of,
)

rows, columns = strategies.integers(1, ROWS), strategies.integers(1, COLUMNS)


def test_the_letters_of_all_columns() -> None:
    for column in range(1, COLUMNS + 1):
        assert letters(column) == get_column_letter(column)
        assert place_of(f"{letters(column)}7") == (7, column)


@hypothesis.given(rows, columns)
def test_an_address_and_its_place(row: int, column: int) -> None:
    text = address(row, column)
    assert cell.coordinate_to_tuple(text) == (row, column)
    assert place_of(text) == place_of(text.lower()) == place_of(absolute_coordinate(text)) == (row, column)


@hypothesis.given(rows, columns, rows, columns)
def test_a_reference_and_its_rectangle(top: int, left: int, bottom: int, right: int) -> None:
    """Whichever two corners a reference names, and in whatever order."""
    found = rectangle_of(f"{address(top, left)}:{address(bottom, right)}")
    boundaries = range_boundaries(str(found))
    assert (found.left, found.top, found.right, found.bottom) == boundaries
    assert set(found) == {top, left, bottom, right}
    assert found.holds((top, left))
    assert found.holds((bottom, right))
    assert not found.holds((found.bottom + 1, left))


def test_a_single_cell() -> None:
    assert rectangle_of("B2") == rectangle_of("B2:B2") == Rectangle(2, 2, 2, 2)
    assert str(Rectangle(2, 2, 2, 2)) == "B2"
    assert Area("S", 2, 2, 2, 2).is_one_cell
    assert not Area("S", 2, 2, 2, 3).is_one_cell
    assert str(Area("S", 2, 2, 2, 3)) == "B2:C2"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "1A",
        "A",
        "1",
        "A1B",
        "AAAA1",
        "A12345678",
        "A1\n",
        " A1",
        "A1:B2",
        "\N{LATIN SMALL LETTER LONG S}1",
        "\N{KELVIN SIGN}1",
        "A\N{ARABIC-INDIC DIGIT ONE}",
    ],
)
def test_what_is_not_an_address(text: str) -> None:
    with pytest.raises(AddressError, match=f"it has a cell at {re.escape(repr(text))}"):
        place_of(text)


@hypothesis.given(
    strategies.text(strategies.characters(exclude_characters="!", exclude_categories=("Cc", "Cs")), min_size=1),
    rows,
    columns,
)
def test_a_name_stands_for_an_area_of_any_sheet(title: str, row: int, column: int) -> None:
    place = absolute_coordinate(address(row, column))
    assert area_of_name(f"{quote_sheetname(title)}!{place}") == Area(title, row, column, row, column)


def test_a_name_that_stands_for_a_block() -> None:
    assert area_of_name("'LR=0.1'!$B$2:$C$10") == Area("LR=0.1", 2, 2, 10, 3)
    assert area_of_name("MNIST!$B$2") == Area("MNIST", 2, 2, 2, 2)


@pytest.mark.parametrize("formula", ["", "1+1", "$B$2", "S!B2", "S!$B2", "S!$B:$B", "S!$B$2,S!$C$3", "SUM(S!$B$2)"])
def test_names_that_stand_for_something_else(formula: str) -> None:
    assert area_of_name(formula) is None


def test_a_cursor_goes_by_addresses_and_without_them() -> None:
    cursor, places = CellCursor(), []
    for number in (None, "5", None):
        cursor.to_row(number)
        for reference in (None, f"C{cursor.row}", None):
            cursor.to_cell(reference)
            places.append((cursor.row, cursor.column))
    assert places == [(row, column) for row in (1, 5, 6) for column in (1, 3, 4)]


@pytest.mark.parametrize("reference", ["A0", "XFE1", f"A{ROWS + 1}", "A99999999999999999999"])
def test_a_cursor_stays_on_the_sheet(reference: str) -> None:
    cursor = CellCursor()
    cursor.to_cell("A1")
    with pytest.raises(AddressError, match="outside a sheet"):
        cursor.to_cell(reference)
