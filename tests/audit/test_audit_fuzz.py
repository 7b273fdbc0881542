"""No workbook, however spoilt, breaks an audit: it ends with findings, or with one sentence of why not."""

from pathlib import Path
from random import Random

import pytest

from s6xl.audit import auditing
from s6xl.audit.auditing import UNFORESEEN, audit
from tests.support.audit.mutations import mutated
from tests.support.audit.small_book import small_book
from tests.support.waiting import PATIENCE

CASES, GROUPS = 2_000, 20


@pytest.fixture(scope="module")
def books() -> list[bytes]:
    return [small_book(), small_book(header=6, left=2, listed=True)]


@pytest.mark.parametrize("group", [0, *(pytest.param(group, marks=pytest.mark.slow) for group in range(1, GROUPS))])
def test_spoilt_workbooks(tmp_path: Path, books: list[bytes], group: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(auditing, "SECONDS", PATIENCE)
    path = tmp_path / "spoilt.xlsx"
    for seed in range(group, CASES, GROUPS):
        random = Random(seed)
        path.write_bytes(mutated(random.choice(books), random))
        report = audit(path)
        assert report.status in ("right", "findings", "no table", "unreadable"), seed
        assert UNFORESEEN not in report.error, seed
        assert "takes longer" not in report.error, seed
        if report.error:
            assert report.error.endswith("."), seed
            assert "\n" not in report.error, seed
            assert ". " not in report.error.removeprefix(str(path)), seed
