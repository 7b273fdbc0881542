"""What a person sees of a failure, and what the log keeps of it."""

import logging
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from s6xl import cli
from s6xl.cli import build_command
from s6xl.errors import UserError
from s6xl.logs import log_path


@pytest.fixture(autouse=True)
def _own_log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The log is in the test's folder, and what a command adds to logging is gone after it."""
    monkeypatch.setattr("platformdirs.user_log_path", lambda *arguments, **options: tmp_path / "log")
    yield
    assert not logging.getLogger("s6xl").handlers


def run(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int | str | None:
    monkeypatch.setattr(sys, "argv", ["s6xl", *arguments])
    monkeypatch.setattr("signal.signal", lambda number, handler: None)
    with pytest.raises(SystemExit) as ended:
        cli.main()
    return ended.value.code


def fail(error: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    def build(*arguments: object) -> None:
        raise error

    monkeypatch.setattr(build_command, "_write_workbook", build)


def test_an_unforeseen_error_is_a_sentence_and_a_traceback_in_the_log(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    fail(ZeroDivisionError("by nothing"), monkeypatch)
    assert run(monkeypatch, "build", "--out", str(tmp_path / "x.xlsx")) == 1
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err == (
        "s6xl: build failed in a way that was not foreseen (ZeroDivisionError: by nothing): please report it, with the "
        f"traceback at the end of {log_path()}.\n"
    )
    logged = log_path().read_text(encoding="utf-8")
    assert "Traceback (most recent call last)" in logged
    assert "raise error\nZeroDivisionError: by nothing" in logged


@pytest.mark.parametrize("place", ["before the command", "behind it"])
def test_debug_shows_the_traceback(
    place: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["build", "--steps", "0"]
    assert run(monkeypatch, *(["--debug", *command] if place == "before the command" else [*command, "--debug"])) == 2
    printed = capsys.readouterr().err
    assert "Traceback (most recent call last)" in printed
    assert printed.endswith("s6xl: 0 steps are not possible: give a number from 1 to 1,000,000.\n")


def test_a_mistake_of_the_users_leaves_no_log(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, "build", "--steps", "0") == 2
    assert capsys.readouterr().err.count("\n") == 1
    assert not log_path().exists()


def test_what_lies_behind_a_sentence_is_in_the_log(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    error = UserError("the file is damaged: copy it again.")
    error.__cause__ = ValueError("byte 17")
    fail(error, monkeypatch)
    assert run(monkeypatch, "build", "--out", str(tmp_path / "x.xlsx")) == 2
    assert capsys.readouterr().err == "s6xl: the file is damaged: copy it again.\n"
    assert "ValueError: byte 17" in log_path().read_text(encoding="utf-8")


def test_a_log_that_cannot_be_written_changes_nothing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    (tmp_path / "log").write_text("a file where the folder should be")
    fail(ZeroDivisionError("by nothing"), monkeypatch)
    assert run(monkeypatch, "build", "--out", str(tmp_path / "x.xlsx")) == 1
    assert capsys.readouterr().err == (
        "s6xl: build failed in a way that was not foreseen (ZeroDivisionError: by nothing): please report it, with "
        "what it prints with --debug.\n"
    )


def test_an_unforeseen_error_of_the_systems_is_named_with_its_file(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    fail(PermissionError(13, "Permission denied", "some file"), monkeypatch)
    assert run(monkeypatch, "build", "--out", str(tmp_path / "x.xlsx")) == 1
    assert "(PermissionError: [Errno 13] Permission denied: 'some file'): " in capsys.readouterr().err
    assert "Traceback" in log_path().read_text(encoding="utf-8")


def test_an_unforeseen_error_of_an_audit_is_in_the_log(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def read(*arguments: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("s6xl.audit.auditing.read", read)
    assert run(monkeypatch, "audit", "one.xlsx", "two.xlsx") == 2
    printed = capsys.readouterr()
    assert "one.xlsx could not be audited because of an error in s6xl (ZeroDivisionError)" in printed.out
    assert printed.err == f"s6xl: add the traceback at the end of {log_path()} to the report.\n"
    assert log_path().read_text(encoding="utf-8").count("Traceback") == 2


def test_a_large_log_makes_room(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    log_path().parent.mkdir()
    log_path().write_bytes(b"old" * 400_000)
    fail(ZeroDivisionError("by nothing"), monkeypatch)
    run(monkeypatch, "build", "--out", str(tmp_path / "x.xlsx"))
    assert log_path().with_name("s6xl.log.1").read_bytes().startswith(b"old")
    assert "by nothing" in log_path().read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ("buidl", "No such command 'buidl'. Did you mean 'build'? s6xl --help shows what can be given."),
        (
            "build --stepz 3",
            "No such option '--stepz'. (Did you mean one of: '--help', '--steps'?) s6xl build --help shows what",
        ),
        ("build --steps x", "Invalid value for '--steps': 'x' is not a valid integer. s6xl build --help shows"),
        ("build more", "Got unexpected extra argument (more). s6xl build --help shows what can be given."),
        ("addin instal", "No such command 'instal'. (Did you mean one of: 'install', 'uninstall'?) s6xl addin --help"),
        ("audit", "Missing argument 'FILE...'. s6xl audit --help shows what can be given."),
    ],
)
def test_mistyped_arguments(
    arguments: str, sentence: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, *arguments.split()) == 2
    printed = capsys.readouterr().err
    assert printed.startswith(f"s6xl: {sentence}")
    assert printed.count("\n") == 1
    assert "?." not in printed
    assert ".." not in printed.replace("FILE...", "")


@pytest.mark.parametrize("arguments", [(), ("addin",)])
def test_a_group_alone_shows_its_help(
    arguments: tuple[str, ...], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, *arguments) == 0
    assert "Commands:" in capsys.readouterr().out


def test_open(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    opened: list[str] = []
    status = 0

    def launch(path: str) -> int:
        opened.append(path)
        return status

    monkeypatch.setattr(click, "launch", launch)
    monkeypatch.setattr(build_command, "_write_workbook", lambda *arguments: None)
    out = tmp_path / "mine.xlsx"
    assert run(monkeypatch, "build", "--out", str(out)) == 0
    assert not opened
    assert run(monkeypatch, "build", "--out", str(out), "--open") == 0
    assert opened == [str(out)]
    assert capsys.readouterr().out.endswith(f"The workbook is {out}\n")
    status = 1
    assert run(monkeypatch, "build", "--out", str(out), "--open") == 1
    sentence = f"no program here opens {out}: install a spreadsheet program, or open it elsewhere."
    assert capsys.readouterr().err == f"s6xl: {sentence}\n"


@pytest.mark.parametrize(
    ("words", "offered"), [("s6xl tr", "train"), ("s6xl build --as", "--as-submitted"), ("s6xl addin i", "install")]
)
def test_completion_offers_commands_and_options(
    words: str, offered: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("_S6XL_COMPLETE", "bash_complete")
    monkeypatch.setenv("COMP_WORDS", words)
    monkeypatch.setenv("COMP_CWORD", str(words.count(" ")))
    assert run(monkeypatch) == 0
    assert capsys.readouterr().out == f"plain,{offered}\n"
