"""Audit this workbook: from the button to the sheet Audit of the open workbook, over xlwings' real objects."""

import copy
import random
import sys
import tempfile
import types
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from s6xl.audit.audit_sheet import lines, matrix
from s6xl.audit.auditing import audit
from s6xl.audit.findings import FileReport, Finding, Kind, TableReport
from s6xl.backprop.experiment import Experiment
from s6xl.backprop.worked_example import NETWORK_AS_SUBMITTED
from s6xl.errors import ImpossibleHereError, UserError
from s6xl.live import auditing, retrying
from s6xl.live.excel import Excel
from s6xl.live.leftovers import fail_at_once
from s6xl.workbook.composition.build import build
from tests.support.live.desk import Desk
from tests.support.live.open_excel import SAYINGS, Hazard, OpenExcel, Store, reach, refusal

pytestmark = pytest.mark.usefixtures("xlwings_as_it_was")
BOOK = "My bööк.xlsx"
RATE_SHEET = "LR=0.5"
SLIP = "uses a_h1 instead of a_h2"
FOUND = [
    Finding(Kind.FORMULA, RATE_SHEET, f"{column}33:{column}37", SLIP, "∂E/∂w3", "=K33", "=M33")
    for column in ("AA", "AB")
]
TABLE = TableReport(RATE_SHEET, 32, 33, 37, "2-2-2", "G31", {"w1": "F", "w2": "G"}, FOUND, ["this", "that"], ["a note"])
REPORT = FileReport(Path("copy.xlsx"), tables=[TABLE])
NAME_ERROR = 0x800A03EC - 2**32  # what Excel says of nearly everything that it does not do


@pytest.fixture(scope="module")
def workbook(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small workbook with the original's mistake."""
    path = tmp_path_factory.mktemp("workbook") / "s6.xlsx"
    build(Experiment(learning_rates=(0.5,), steps=5, network=NETWORK_AS_SUBMITTED), path)
    return path


class Scene:
    """A workbook that is open in Excel, time that passes only while Excel is waited for, and a folder for copies."""

    def __init__(self, workbook: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.store, self.time, self.temporary = Store(), 0.0, folder / "temporary"
        self.temporary.mkdir()
        self.store.open(workbook, BOOK)
        self.during: Callable[[], object] = lambda: None
        clock = types.SimpleNamespace(monotonic=lambda: self.time, sleep=self._sleep)
        monkeypatch.setattr(retrying, "time", clock)
        monkeypatch.setattr(tempfile, "tempdir", str(self.temporary))
        monkeypatch.setenv("XDG_CACHE_HOME", str(folder))
        monkeypatch.setattr(auditing, "audit", self._audit)
        self.report: FileReport | None = REPORT
        self.reach()

    def reach(self, hazard: Hazard = lambda name: None, loses: Callable[[], bool] = lambda: False) -> None:
        reach(OpenExcel(self.store, hazard, loses))
        fail_at_once()

    def _sleep(self, seconds: float) -> None:
        self.time += seconds

    def _audit(self, path: Path) -> FileReport:
        self.during()
        return copy.deepcopy(self.report) if self.report else audit(path)

    def press(self) -> None:
        auditing.audit_workbook(Excel(BOOK, 1))

    @property
    def sheets(self) -> dict[str, Any]:
        sheets: dict[str, Any] = self.store.read()["books"][BOOK]["sheets"]
        return sheets

    def check_shown(self, sheet: str = "Audit") -> None:
        """The sheet says what the audit has found, all of it as text, and nothing else."""
        assert self.report
        rows = lines(replace(self.report, path=Path(BOOK)))
        shown = {place: text for place, text in self.store.cells(BOOK, sheet).items() if text}
        assert shown == {
            (row, column): text
            for row, texts in enumerate(matrix(rows), 1)
            for column, text in enumerate(texts, 1)
            if text
        }
        assert self.store.read()["status"] is False
        assert not list(self.temporary.iterdir())


@pytest.fixture
def scene(workbook: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Scene:
    return Scene(workbook, tmp_path, monkeypatch)


@pytest.mark.process
@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere a message box would wait for a click")
def test_from_the_button_to_the_sheet(workbook: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    desk = Desk(tmp_path)
    (tmp_path / "temporary").mkdir()
    desk.environment["TMPDIR"] = str(tmp_path / "temporary")
    before = workbook.read_bytes()
    desk.open(workbook)
    sheets_before = desk.store.read()["books"][BOOK]["sheets"]
    desk.press("audit")
    desk.until(lambda: desk.store.read()["books"][BOOK].get("active") == "Audit")
    desk.until(lambda: desk.store.read()["status"] is False)
    sheets = desk.store.read()["books"][BOOK]["sheets"]
    assert {title: sheet for title, sheet in sheets.items() if title != "Audit"} == sheets_before
    assert list(sheets)[-1] == "Audit"
    texts = [text for text in sheets["Audit"]["cells"].values() if text]
    assert texts[0] == f"Audit of {BOOK}"
    assert texts.count(SLIP) == 2
    assert f"#'{RATE_SHEET}'!AA33:AA37" in sheets["Audit"]["links"].values()
    assert workbook.read_bytes() == before
    assert not list((tmp_path / "temporary").iterdir())
    assert "Traceback" not in desk.log
    assert "The log is" not in desk.log


def test_it_says_meanwhile_what_it_does_and_shows_the_sheet(scene: Scene) -> None:
    said = []
    scene.during = lambda: said.append(scene.store.read()["status"])
    scene.press()
    assert said == [auditing.AUDITING]
    assert scene.store.read()["books"][BOOK]["active"] == "Audit"
    scene.check_shown()


def test_another_audit_rewrites_the_sheet(scene: Scene) -> None:
    scene.press()
    scene.sheets["Audit"]["cells"]["90,4"] = "left of an audit with more findings"
    scene.press()
    assert [title for title in scene.sheets if title.startswith("Audit")] == ["Audit"]
    scene.check_shown()


def test_a_sheet_of_the_users_with_that_name_stays(scene: Scene) -> None:
    scene.sheets["AUDIT"] = {"names": {}, "cells": {"1,1": "Auditors", "2,1": "=1+1"}}
    scene.sheets["Audit 2"] = {"names": {}, "cells": {"7,7": 1.0}}
    before = copy.deepcopy(scene.sheets)
    scene.press()
    scene.press()
    assert {title: scene.sheets[title] for title in before} == before
    assert list(scene.sheets) == [*before, "Audit 3"]
    scene.check_shown("Audit 3")


def test_an_empty_sheet_with_that_name_is_taken(scene: Scene) -> None:
    """As an audit leaves it that Excel was too busy for."""
    scene.sheets["Audit"] = {"names": {}, "cells": {}}
    scene.press()
    scene.check_shown()


@pytest.mark.parametrize("refusing", [0.002, 0.01, pytest.param(0.03, marks=pytest.mark.slow)])
def test_an_excel_that_is_often_busy_gets_one_sheet_with_everything(scene: Scene, refusing: float) -> None:
    refused = 0
    before = list(scene.sheets)
    for seed in range(100):
        chance = random.Random(seed)
        scene.time = 0.0

        def is_refused(chance: random.Random = chance) -> bool:
            nonlocal refused
            # What keeps Excel busy ends some day.
            is_it = chance.random() < (refusing if scene.time < 40 else 0.0)
            refused += is_it
            return is_it

        def hazard(name: str, is_refused: Callable[[], bool] = is_refused, chance: random.Random = chance) -> None:
            if is_refused():
                raise chance.choice(list(SAYINGS.values()))()

        scene.reach(hazard, is_refused)
        scene.press()
        # One that Excel has added and then refused to move stays before the last one.
        assert sorted(scene.sheets) == sorted([*before, "Audit"]), seed
        scene.check_shown()
        del scene.sheets["Audit"]
    assert refused > 50


def test_text_is_never_a_formula(scene: Scene) -> None:
    sheet = """It's "=1+1"!"""
    found = [
        Finding(Kind.FORMULA, sheet, "A1", "+1", "=1+1", '=HYPERLINK("x")', "'@"),
        Finding(Kind.FORMULA, sheet, ", ".join(f"A{row}" for row in range(1, 140, 2)), "-1", "", "=cmd|'/c calc'!A1"),
    ]
    table = TableReport(sheet, 1, 2, 3, "=network", "=rate", {"w1": "A"}, found, ["=x"], ["@y"])
    scene.report = FileReport(Path("x"), tables=[table], notes=["=1+1"])
    scene.press()
    scene.check_shown()
    links = scene.sheets["Audit"]["links"]
    assert list(links.values()) == ["#'It''s \"=1+1\"!'!A1", "#'It''s \"=1+1\"!'!A1:A3"]


def test_a_workbook_closed_meanwhile_is_one_message(scene: Scene) -> None:
    scene.store.open(Path(scene.store.read()["books"][BOOK]["file"]), "Other.xlsx")
    before = copy.deepcopy(scene.store.read()["books"]["Other.xlsx"])
    scene.during = lambda: scene.store.read()["books"].pop(BOOK)
    with pytest.raises(UserError, match=f"the workbook {BOOK} was closed or renamed while it was audited: open it"):
        scene.press()
    assert scene.store.read() | {"writes": []} == {"books": {"Other.xlsx": before}, "status": False, "writes": []}
    assert not list(scene.temporary.iterdir())


def test_a_workbook_saved_under_another_name_meanwhile_is_one_message(scene: Scene) -> None:
    def rename() -> None:
        books = scene.store.read()["books"]
        books["Copy.xlsx"] = books.pop(BOOK)

    scene.during = rename
    with pytest.raises(UserError, match="was closed or renamed while it was audited"):
        scene.press()
    assert "Audit" not in scene.store.read()["books"]["Copy.xlsx"]["sheets"]


def test_a_protected_structure_is_one_message(scene: Scene) -> None:
    def hazard(name: str) -> None:
        if name == "Add":
            raise refusal(NAME_ERROR)

    scene.reach(hazard)
    before = list(scene.sheets)
    with pytest.raises(ImpossibleHereError, match=f"the workbook {BOOK} takes no sheet Audit: unprotect its structure"):
        scene.press()
    assert list(scene.sheets) == before
    assert scene.store.read()["status"] is False
    assert not list(scene.temporary.iterdir())


def test_a_protected_sheet_is_one_message(scene: Scene) -> None:
    scene.press()

    def hazard(name: str) -> None:
        if name == "Clear":
            raise refusal(NAME_ERROR)

    scene.reach(hazard)
    with pytest.raises(
        ImpossibleHereError, match="Excel does not take the findings: unprotect the sheet Audit, unhide"
    ):
        scene.press()


def test_an_excel_that_stays_busy_is_one_message(scene: Scene) -> None:
    def hazard(name: str) -> None:
        if name == "Add":
            raise refusal(0x800AC472 - 2**32)

    scene.reach(hazard)
    with pytest.raises(ImpossibleHereError, match="Excel is busy: finish what you are typing"):
        scene.press()
    assert 60 < scene.time < 61


def test_a_sheet_removed_meanwhile_is_one_message(scene: Scene) -> None:
    def hazard(name: str) -> None:
        if name == "ColumnWidth":
            scene.sheets.pop("Audit", None)

    scene.reach(hazard)
    with pytest.raises(UserError, match="the sheet Audit is gone: press the button again"):
        scene.press()


def test_a_copy_that_cannot_be_saved_is_one_message(scene: Scene) -> None:
    def hazard(name: str) -> None:
        if name == "SaveCopyAs":
            raise refusal(NAME_ERROR)

    scene.reach(hazard)
    with pytest.raises(ImpossibleHereError, match=f"Excel cannot save a copy of the workbook {BOOK} in "):
        scene.press()
    assert "Audit" not in scene.sheets


def test_a_workbook_that_cannot_be_read_is_one_message(scene: Scene, tmp_path: Path) -> None:
    (tmp_path / "broken").write_bytes(b"PK and nothing else")
    scene.store.read()["books"][BOOK]["file"] = str(tmp_path / "broken")
    scene.report = None
    with pytest.raises(UserError, match=f"^the workbook {BOOK} is cut short or damaged"):
        scene.press()
    assert "Audit" not in scene.sheets


def test_an_old_format_is_one_message(scene: Scene) -> None:
    books = scene.store.read()["books"]
    books["old.xls"] = books.pop(BOOK)
    with pytest.raises(
        UserError, match=r"the workbook old\.xls is not an \.xlsx or \.xlsm file: save it as one and press"
    ):
        auditing.audit_workbook(Excel("old.xls", 1))


def test_no_workbook_is_open(scene: Scene) -> None:
    with pytest.raises(UserError, match="there is no workbook open to work on"):
        auditing.audit_workbook(Excel("", 1))


def test_behind_a_sheet_that_only_programs_can_show_nothing_is_put(scene: Scene) -> None:
    """Excel does not move such a one, and xlwings adds a sheet at the end by moving the last one."""
    scene.sheets["s6.conf"] = {"names": {}, "cells": {"1,1": "INTERPRETER_WIN"}, "visible": 2}
    scene.press()
    scene.check_shown()
    assert list(scene.sheets)[-2:] == ["Audit", "s6.conf"]


def test_a_hidden_sheet_audit_is_one_message(scene: Scene) -> None:
    scene.press()
    scene.sheets["Audit"]["visible"] = 0
    with pytest.raises(ImpossibleHereError, match="unhide it if it is hidden, and press the button again"):
        scene.press()
