"""No workbook, however spoilt, breaks an audit: it ends in time with findings, or with one sentence of why not."""

import time
from pathlib import Path
from random import Random

import pytest

from s6xl.audit.auditing import UNFORESEEN, audit
from tests.support.audit.mutations import mutated
from tests.support.audit.small_book import small_book

CASES, GROUPS = 2_000, 20
SECONDS = 10.0


@pytest.fixture(scope="module")
def books() -> list[bytes]:
    return [small_book(), small_book(header=6, left=2, listed=True)]


@pytest.mark.parametrize("group", range(GROUPS))
def test_spoilt_workbooks(tmp_path: Path, books: list[bytes], group: int) -> None:
    path = tmp_path / "spoilt.xlsx"
    for seed in range(group, CASES, GROUPS):
        random = Random(seed)
        path.write_bytes(mutated(random.choice(books), random))
        start = time.process_time()
        report = audit(path)
        assert time.process_time() - start < SECONDS, seed
        assert report.status in ("right", "findings", "no table", "unreadable"), seed
        assert UNFORESEEN not in report.error, seed
        if report.error:
            assert report.error.endswith("."), seed
            assert "\n" not in report.error, seed
            assert ". " not in report.error.removeprefix(str(path)), seed
