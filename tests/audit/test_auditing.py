"""Whole audits: the original, this project's own workbooks, and files that are hard to bear."""

import itertools
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import openpyxl
import pytest

import s6xl.audit.auditing
from s6xl.addin.package import build_macro_workbook
from s6xl.audit.auditing import UNFORESEEN, audit
from s6xl.audit.findings import FileReport, Kind
from s6xl.backprop.experiment import Experiment
from s6xl.workbook.backprop.engine import Engine
from s6xl.workbook.composition.build import build
from tests.support.audit.hostile import READABLE
from tests.support.audit.small_book import small_book
from tests.support.places import ROOT
from tests.support.sheets import boundaries
from tests.support.waiting import PATIENCE

RATES = {"LR=0.1": 0.1, "LR=0.2": 0.2, "LR=0.5": 0.5, "LR=0.8": 0.8, "LR=1": 1.0, "LR=2": 2.0}
MEMORY = 1 << 30


def cells_of(report: FileReport, kind: Kind) -> int:
    """How many cells the findings of a kind cover."""
    count = 0
    for finding in report.findings:
        if finding.kind is kind:
            left, top, right, bottom = boundaries(finding.cells)
            count += (right - left + 1) * (bottom - top + 1)
    return count


def test_the_original(reference: Path) -> None:
    """Exactly what is known to be wrong in it, and nothing else."""
    report = audit(reference / "original_workbook.xlsx")
    assert report.status == "findings"
    assert [table.sheet for table in report.tables] == list(RATES)
    for table in report.tables:
        assert (table.header_row, table.first_row, table.last_row, table.rate) == (32, 33, 100, "G31")
        assert not table.not_checked
        assert not table.notes
        formulas, charts = table.findings[:-1], table.findings[-1:]
        assert [(finding.cells, finding.quantity) for finding in formulas] == [
            ("AA33:AA100", "∂E/∂w3"),
            ("AB33:AB100", "∂E/∂w4"),
        ]
        for finding in formulas:
            assert (finding.kind, finding.slip) == (Kind.FORMULA, "uses a_h1 instead of a_h2")
            assert "K33*(1-K33)" in finding.stands
            assert finding.right == finding.stands.replace("K33", "M33")
        assert [(finding.kind, finding.cells) for finding in charts] == [(Kind.CHART, "S11")]
        assert "starts a row late" in charts[0].slip
        assert (charts[0].stands, charts[0].right) == (f"'{table.sheet}'!X34:X100", f"'{table.sheet}'!X33:X100")
    assert cells_of(report, Kind.FORMULA) == 816


@pytest.mark.slow
def test_the_mistake_that_this_project_shows_on_demand(submitted_book: Path) -> None:
    report = audit(submitted_book)
    assert {(finding.cells, finding.slip) for finding in report.findings} == {
        (cells, "uses a_h1 instead of a_h2") for cells in ("AA33:AA100", "AB33:AB100")
    }
    assert len(report.findings) == 12


@pytest.mark.parametrize("engine", Engine)
def test_own_workbooks_are_right(engine: Engine, tmp_path: Path) -> None:
    experiment = Experiment(targets=(0.01, 0.99), learning_rates=(0.1, 0.5), steps=5)
    path = tmp_path / f"own.{'xlsm' if engine is Engine.UDF else 'xlsx'}"
    if engine is Engine.UDF:
        build_macro_workbook(experiment, path)
    else:
        build(experiment, path, engine=engine)
    report = audit(path)
    assert report.findings == []
    tables = {table.sheet: table for table in report.tables}
    for sheet in ("LR=0.1", "LR=0.5"):
        table = tables[sheet]
        assert (table.header_row, table.first_row, table.last_row, table.rate) == (32, 33, 37, "G31")
        assert not table.not_checked
        assert len(table.columns) == 32


@pytest.mark.slow
def test_committed_workbooks_are_right() -> None:
    for path in (ROOT / "workbooks").glob("*.xlsx"):
        assert audit(path).findings == []


def audited(argument: str) -> tuple["subprocess.CompletedProcess[str]", float]:
    """The command in a process of its own with little memory, and the processor time that it took."""
    import resource  # which Windows does not have

    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(
        [sys.executable, "-m", "s6xl", "audit", argument],
        capture_output=True,
        text=True,
        encoding="utf-8",
        env={**os.environ, "PYTHONUTF8": "1", "OPENBLAS_NUM_THREADS": "1"},
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY)),
        timeout=PATIENCE,
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return done, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


@pytest.mark.process
@pytest.mark.skipif(sys.platform != "linux", reason="memory can be limited so on Linux only")
@pytest.mark.parametrize("name", READABLE)
def test_hostile_files_end(name: str, tmp_path: Path) -> None:
    """Within the time and the memory that one workbook may take, as a process of its own."""
    path = tmp_path / name
    READABLE[name](path)
    done, seconds = audited(str(path))
    # As many times what it takes to start as a machine of any speed may need to end in time.
    _, start = audited("--help")
    assert seconds < s6xl.audit.auditing.SECONDS + 60 * start
    assert "Traceback" not in done.stderr
    assert done.returncode in (0, 1, 2)


@pytest.fixture
def small(tmp_path: Path) -> Path:
    """A workbook that is audited at once."""
    path = tmp_path / "small.xlsx"
    path.write_bytes(small_book())
    return path


def test_what_other_programs_take_does_not_count(monkeypatch: pytest.MonkeyPatch, small: Path) -> None:
    hours = itertools.count(step=3_600.0)
    clock = SimpleNamespace(monotonic=lambda: next(hours), process_time=lambda: 1.0)
    monkeypatch.setattr(s6xl.audit.auditing, "time", clock)
    assert audit(small).error == ""


def test_takes_too_long(monkeypatch: pytest.MonkeyPatch, small: Path) -> None:
    monkeypatch.setattr(s6xl.audit.auditing, "SECONDS", 0.0)
    report = audit(small)
    assert report.status == "unreadable"
    assert "takes longer than 0 seconds to audit" in report.error


def test_an_unforeseen_error_leaves_its_traceback_in_the_log(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, small: Path
) -> None:
    """For the user it is one sentence, and the report holds nothing that is half done."""

    def fail(*arguments: object) -> None:
        raise ZeroDivisionError("an error in s6xl")

    monkeypatch.setattr(s6xl.audit.auditing, "chart_findings", fail)
    report = audit(small)
    assert report.error.startswith(f"{small} {UNFORESEEN} (ZeroDivisionError): ")
    assert report.error.count(".") == str(small).count(".") + 1
    assert not report.tables
    assert not report.notes
    (record,) = caplog.records
    assert (record.levelname, record.name) == ("ERROR", "s6xl.audit.auditing")
    assert str(small) in record.getMessage()
    assert "in fail\n" in caplog.text
    assert "ZeroDivisionError: an error in s6xl" in caplog.text


def test_nothing_to_audit(tmp_path: Path) -> None:
    path = tmp_path / "grades.xlsx"
    workbook = openpyxl.Workbook()
    workbook.worksheets[0].append(["Name", "Points"])
    workbook.save(path)
    report = audit(path)
    assert (report.status, report.tables) == ("no table", [])
    assert report.notes == [
        "No table of gradient descent was found: a table needs headers such as w1, a_h1 and ∂E/∂w1."
    ]
