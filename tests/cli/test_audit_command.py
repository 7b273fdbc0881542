"""The command audit: which workbooks it takes, what it prints, which copies it writes, and its exit status."""

import errno
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from s6xl.audit import annotating, auditing
from s6xl.audit.findings import FileReport, Finding, Kind, TableReport
from s6xl.cli.audit_command import audit
from s6xl.errors import UserError
from tests.support.places import ROOT
from tests.support.waiting import PATIENCE

FORMULA = "=((S33-B33)*S33*(1-S33)*O33 + (U33-C33)*U33*(1-U33)*Q33)*{0}33*(1-{0}33)*D33"


def table(sheet: str, *, wrong: bool = True, unchecked: bool = False) -> TableReport:
    slip = "uses a_h1 instead of a_h2"
    wrong_formula = Finding(Kind.FORMULA, sheet, "AA33:AA100", slip, "∂E/∂w3", FORMULA.format("K"), FORMULA.format("M"))
    chart = Finding(Kind.CHART, sheet, "S11", "starts a row late", "", f"'{sheet}'!X34:X100", f"'{sheet}'!X33:X100")
    return TableReport(
        sheet,
        *(32, 33, 100),
        "2-2-2, sigmoid, no biases",
        "G31",
        {"w1": "F"},
        [wrong_formula, chart] if wrong else [],
        ["column Q: it calls a function that is not known"] if unchecked else [],
    )


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., int]:
    """Run the command in a folder; what a workbook holds is told by its name."""

    def report(path: Path) -> FileReport:
        if "broken" in path.name:
            return FileReport(path, f"{path} is damaged: save it anew.")
        if "wrong" in path.name:
            return FileReport(path, tables=[table("LR=0.1"), table("LR=0.2")])
        if "other" in path.name:
            return FileReport(path, notes=["No table was found."])
        return FileReport(path, tables=[table("LR=0.1", wrong=False, unchecked=True)])

    monkeypatch.setattr(auditing, "audit", report)
    monkeypatch.setattr(annotating, "annotate", lambda report, out: out.write_text(report.status))
    monkeypatch.chdir(tmp_path)
    for name in ("NO_COLOR", "FORCE_COLOR", "COLUMNS"):
        monkeypatch.delenv(name, raising=False)
    return lambda *arguments: int(audit.main(list(arguments), standalone_mode=False))


def files(*names: str) -> None:
    for name in names:
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).touch()


def test_what_is_wrong_where(run: Callable[..., int], capsys: pytest.CaptureFixture[str]) -> None:
    assert run("wrong.xlsx") == 1
    assert capsys.readouterr().out == (
        "wrong.xlsx: 4 findings in 2 tables\n\n"
        "Sheet   Headers  Steps      Learning rate  Network                    Findings\n"
        "LR=0.1  row 32   33 to 100  G31            2-2-2, sigmoid, no biases         2\n"
        "LR=0.2  row 32   33 to 100  G31            2-2-2, sigmoid, no biases         2\n\n"
        "AA33:AA100 on LR=0.1, LR=0.2\n"
        "  wrong  ∂E/∂w3: uses a_h1 instead of a_h2\n"
        f"  found  {FORMULA.format('K')}\n"
        f"  right  {FORMULA.format('M')}\n\n"
        "Chart at S11 on LR=0.1, LR=0.2\n"
        "  wrong  starts a row late\n"
        "  found  X34:X100\n"
        "  right  X33:X100\n"
    )


def test_nothing_wrong_but_not_everything_checked(run: Callable[..., int], capsys: pytest.CaptureFixture[str]) -> None:
    assert run("right.xlsx") == 0
    out = capsys.readouterr().out
    assert out.startswith("right.xlsx: Nothing wrong was found in 1 table; not everything could be checked\n")
    assert out.endswith("\n\nNot checked:\n  LR=0.1: column Q: it calls a function that is not known\n")


def test_it_fits_a_terminal_of_80_columns(
    run: Callable[..., int], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "80")
    run("wrong.xlsx", "a name that is as long as the names that students give/to the workbooks they hand in.xlsx")
    out = capsys.readouterr().out
    assert max(map(len, out.splitlines())) <= 80
    unbroken = "".join(line.strip() for line in out.splitlines()).replace(" ", "")
    assert FORMULA.format("M").replace(" ", "") in unbroken


def test_what_a_terminal_would_obey_is_not_printed(
    run: Callable[..., int], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    report = FileReport(Path("x.xlsx"), tables=[table("\x1b[2J\rLR [bold]1[/bold]")], notes=["\u202eabc"])
    monkeypatch.setattr(auditing, "audit", lambda path: report)
    run("x.xlsx")
    out = capsys.readouterr().out
    assert all(line.isprintable() for line in out.split("\n"))
    assert "LR [bold]1[/bold]" in out


def test_a_table_on_its_side(
    run: Callable[..., int], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    report = TableReport("Across", 2, 3, 70, "2-2-2", "", {"w1": "7", "w2": "8"})
    monkeypatch.setattr(auditing, "audit", lambda path: FileReport(path, tables=[report]))
    assert run("x.xlsx") == 0
    assert "Across  column B  C to BR  not found      2-2-2           0\n" in capsys.readouterr().out


def test_a_folder_ends_with_a_summary(run: Callable[..., int], capsys: pytest.CaptureFixture[str]) -> None:
    names = ("anna/wrong.xlsx", "ben/right.XLSM", "broken.xlsx", "other.xlsx", "zoe/old broken.xls")
    files(*(f"handed in/{name}" for name in names))
    files("handed in/~$wrong.xlsx", "handed in/.right.xlsx", "handed in/.git/wrong.xlsx", "handed in/notes.docx")
    assert run("handed in") == 2
    place = Path("handed in")
    rows = [(str(place / name), *rest) for name, *rest in zip(names, *summaries(), strict=True)]
    width = max(len(name) for name, *_ in rows)
    lines = capsys.readouterr().out.splitlines()
    assert lines[-7:-2] == [f"{name:{width}}  {status:10}  {count:>8}".rstrip() for name, status, count in rows]
    assert lines[-1] == ("5 workbooks: 1 right, 1 with findings, 1 without a table, 2 unreadable.")
    assert f"{place / 'broken.xlsx'} is damaged: save it anew." in lines


def summaries() -> tuple[list[str], list[str]]:
    return ["findings", "right", "unreadable", "no table", "unreadable"], ["4", "0", "", "0", ""]


def test_a_progress_bar_or_lines_do_not_mix_with_the_tables(
    run: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    files(*(f"many/{number}.xlsx" for number in range(20)))
    assert run("many", "--json") == 0
    out, err = capsys.readouterr()
    assert len(json.loads(out)["files"]) == 20
    assert err.splitlines()[-1] == "workbooks: 20 of 20"


@pytest.mark.parametrize("names", [[], ["notes.docx"], [".hidden.xlsx"]])
def test_a_folder_without_workbooks(run: Callable[..., int], names: list[str]) -> None:
    Path("empty").mkdir()
    files(*(f"empty/{name}" for name in names))
    with pytest.raises(UserError, match=r"the folder empty holds no workbooks: name one with \.xlsx or \.xlsm files\."):
        run("right.xlsx", "empty")


def test_a_folder_that_cannot_be_read_is_not_passed_over(
    run: Callable[..., int], monkeypatch: pytest.MonkeyPatch
) -> None:
    files("handed in/anna/right.xlsx", "handed in/ben/right.xlsx")
    scan = os.scandir

    def closed(place: str) -> object:
        if Path(place).name == "ben":
            raise PermissionError(errno.EACCES, "Permission denied", place)
        return scan(place)

    monkeypatch.setattr(os, "scandir", closed)
    with pytest.raises(
        UserError, match=r"the folder .*ben cannot be read \(Permission denied\): change its permissions or"
    ):
        run("handed in")


@pytest.mark.parametrize(
    ("names", "status"),
    [
        (["right.xlsx"], 0),
        (["other.xlsx"], 0),
        (["right.xlsx", "wrong.xlsx"], 1),
        (["wrong.xlsx", "broken.xlsx", "right.xlsx"], 2),
    ],
)
def test_the_exit_status_is_the_worst(run: Callable[..., int], names: list[str], status: int) -> None:
    assert run(*names) == status
    assert run(*names, "--json") == status


def test_json_is_one_document(run: Callable[..., int], capsys: pytest.CaptureFixture[str]) -> None:
    run("wrong.xlsx", "broken.xlsx", "--json")
    out, err = capsys.readouterr()
    first, second = json.loads(out)["files"]
    assert (first["path"], first["status"], first["error"]) == ("wrong.xlsx", "findings", "")
    assert first["tables"][0]["findings"][0] == {
        "kind": "formula",
        "sheet": "LR=0.1",
        "cells": "AA33:AA100",
        "slip": "uses a_h1 instead of a_h2",
        "quantity": "∂E/∂w3",
        "stands": FORMULA.format("K"),
        "right": FORMULA.format("M"),
    }
    assert (second["status"], second["error"]) == ("unreadable", "broken.xlsx is damaged: save it anew.")
    assert (out.isascii(), err) == (True, "")


@pytest.mark.parametrize("name", ["wrong.xlsx", "right.xlsx"])
def test_the_annotated_copy_of_one_workbook(run: Callable[..., int], name: str) -> None:
    run(name, "--annotate", "copy.xlsx")
    assert Path("copy.xlsx").read_text() == ("findings" if name == "wrong.xlsx" else "right")


def test_of_what_cannot_be_read_there_is_no_copy(run: Callable[..., int]) -> None:
    assert run("broken.xlsx", "--annotate", "copy.xlsx") == 2
    assert not Path("copy.xlsx").exists()


def test_the_annotated_copies_of_a_folder(run: Callable[..., int]) -> None:
    names = ("anna/wrong.xlsx", "ben/wrong.xlsx", "ben/right.xlsx", "broken.xlsx")
    files(*(f"in/{name}" for name in names))
    for _ in range(2):  # the copies of the first time are not audited
        assert run("in", "--annotate", "in/annotated") == 2
        copies = sorted(path.relative_to("in/annotated").as_posix() for path in Path("in/annotated").rglob("*.*"))
        assert copies == ["anna/wrong.xlsx", "ben/wrong.xlsx"]


def test_a_folder_with_one_workbook_gives_a_folder(run: Callable[..., int]) -> None:
    files("in/wrong.xlsx")
    run("in", "--annotate", "annotated")
    assert Path("annotated/wrong.xlsx").read_text() == "findings"


def test_several_workbooks_and_one_file_for_copies(run: Callable[..., int]) -> None:
    files("copy.xlsx")
    with pytest.raises(UserError, match=r"copy\.xlsx is not a folder: for several workbooks or a folder, name one"):
        run("wrong.xlsx", "right.xlsx", "--annotate", "copy.xlsx")


def test_copies_that_would_overwrite_each_other(run: Callable[..., int]) -> None:
    with pytest.raises(
        UserError, match=r"anna.wrong\.xlsx and another workbook would both be copied to out.wrong\.xlsx"
    ):
        run("anna/wrong.xlsx", "ben/wrong.xlsx", "--annotate", "out")


def test_a_copy_that_cannot_be_written_stops_no_other(
    run: Callable[..., int], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def annotate(report: FileReport, out: Path) -> None:
        if out.name == "1 wrong.xlsx":
            raise UserError(f"the disk is too full for {out}.")
        out.touch()

    monkeypatch.setattr(annotating, "annotate", annotate)
    assert run("1 wrong.xlsx", "2 wrong.xlsx", "--annotate", "out", "--json") == 2
    out, err = capsys.readouterr()
    assert len(json.loads(out)["files"]) == 2
    assert err == f"s6xl: the disk is too full for {Path('out', '1 wrong.xlsx')}.\n"
    assert Path("out/2 wrong.xlsx").exists()


def test_a_folder_for_copies_that_cannot_be_made(run: Callable[..., int], capsys: pytest.CaptureFixture[str]) -> None:
    files("file")
    assert run("wrong.xlsx", "right.xlsx", "--annotate", "file/out") == 2
    assert capsys.readouterr().err.startswith(f"s6xl: cannot make the folder {Path('file', 'out')} (")


def test_the_documentation_lists_the_kinds() -> None:
    text = (ROOT / "docs" / "audit.md").read_text(encoding="utf-8")
    sentence = text.partition("`kind` is one of")[2].partition(";")[0]
    assert sentence.replace("`", "").replace(" and", ",").split() == [
        *(f"{kind}," for kind in list(Kind)[:-1]),
        "chart",
    ]


@pytest.mark.process
def test_as_a_person_starts_it(tmp_path: Path) -> None:
    """Nothing is loaded that the command does not need, and a missing file is one sentence."""
    heavy = {"torch", "xlwings", "openpyxl", "matplotlib"}
    script = f"import sys; from s6xl.cli import main\ntry: main()\nfinally: assert not {heavy!r} & sys.modules.keys()"
    done = subprocess.run(
        [sys.executable, "-c", script, "audit", "nowhere.xlsx"],
        cwd=tmp_path,
        capture_output=True,
        encoding="utf-8",
        timeout=PATIENCE,
    )
    assert (done.returncode, done.stdout, done.stderr) == (2, "nowhere.xlsx does not exist: check the name.\n", "")
