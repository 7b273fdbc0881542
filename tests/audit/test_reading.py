"""A reading never changes: trying another one leaves it as it is."""

from dataclasses import FrozenInstanceError
from pathlib import Path

import pytest

from s6xl.audit.best_reading import best_reading
from s6xl.audit.formulas import Formulas
from s6xl.audit.naming import names_by_headers, rename
from s6xl.audit.reading import Reading, best, first_right
from s6xl.audit.resolving import Whereabouts
from s6xl.audit.tables import find_tables
from s6xl.audit.values import evaluator
from s6xl.ooxml.reading import read
from tests.support.audit.small_book import small_book


@pytest.fixture
def reading(tmp_path: Path) -> Reading:
    path = tmp_path / "small.xlsx"
    path.write_bytes(small_book())
    book = read(path, lambda: None)
    tables = find_tables(book, lambda: None)
    found = best_reading(Whereabouts(book, Formulas(book), tables), tables[0], evaluator(book), lambda: None)
    assert found is not None
    return found


def test_other_names_make_another_reading(reading: Reading) -> None:
    one, other = reading.column("h1"), reading.column("h2")
    assert one is not None
    assert other is not None
    exchanged = reading.with_names({one: "h2", other: "h1"})
    assert {one, other} <= set(exchanged.wrong)
    assert (reading.name(one), reading.name(other), reading.wrong) == ("h1", "h2", [])
    assert exchanged.with_names({one: ""}).column("h2") is None
    assert best((exchanged, reading)) is reading
    assert first_right(one, exchanged, [exchanged, reading]) is reading
    with pytest.raises(FrozenInstanceError):
        reading.rate = 1.0  # type: ignore[misc]


def test_headers_exchanged_are_taken_back(reading: Reading) -> None:
    one, other = reading.column("h1"), reading.column("h2")
    assert one is not None
    assert other is not None
    exchanged = reading.with_names({one: "h2", other: "h1"})
    renamed = rename(exchanged)
    assert renamed.resolver.names == reading.resolver.names == names_by_headers(reading.table)
    assert exchanged.name(one) == "h2"
    assert not renamed.misnamed  # for these are what the headers say


def test_cells_outside_make_another_reading(reading: Reading) -> None:
    assert reading.outside == {"lr": ("descent", (1, 2))}
    given = reading.with_roles({("descent", (99, 1)): "t1"})
    assert set(given.outside) == {"lr", "t1"}
    assert set(reading.outside) == {"lr"}
