"""A workbook appears whole or not at all, the same bytes each time, and fit for the programs that read it."""

import os
import signal
import subprocess
import sys
import tempfile
import time
import zipfile
from pathlib import Path

import openpyxl
import pytest
from pyopenvba import check_file

from s6xl.errors import UserError
from s6xl.experiment import Experiment
from s6xl.workbook import build

SMALL = Experiment(learning_rates=(0.5,), steps=3)
BEFORE = b"what was there before"


def test_same_arguments_same_bytes(book: Path, tmp_path: Path) -> None:
    again = tmp_path / "a" / "again.xlsx"
    again.parent.mkdir()
    build(Experiment(), again)
    assert again.read_bytes() == book.read_bytes()


def test_same_bytes_from_another_process_on_another_day(book: Path, tmp_path: Path) -> None:
    environment = {**os.environ, "PYTHONHASHSEED": "1", "TZ": "Asia/Tokyo", "LC_ALL": "C"}
    command = [sys.executable, "-m", "s6xl", "build", "--out", str(tmp_path / "s6.xlsx")]
    subprocess.run(command, check=True, env=environment, capture_output=True)
    assert (tmp_path / "s6.xlsx").read_bytes() == book.read_bytes()


def test_the_file_is_sound(book: Path) -> None:
    report = check_file(book)
    assert report.complete
    assert report.issues == ()
    with zipfile.ZipFile(book) as archive:
        assert archive.testzip() is None
        assert len(archive.namelist()) == len(set(archive.namelist()))


def test_nothing_in_the_file_tells_of_the_machine(book: Path) -> None:
    with zipfile.ZipFile(book) as archive:
        text = b"".join(archive.read(name) for name in archive.namelist())
    for trace in (str(Path.home()), str(book.parent), os.environ.get("USER", "no user")):
        assert trace.encode() not in text or trace in ("/", "no user")


def test_a_failed_build_leaves_the_file_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "s6.xlsx"
    path.write_bytes(BEFORE)

    def fail(rows: int) -> None:
        raise RuntimeError("midway")

    with pytest.raises(RuntimeError, match="midway"):
        build(SMALL, path, progress=fail)
    assert path.read_bytes() == BEFORE
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.skipif(os.name == "nt", reason="signals are sent as POSIX does it")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_a_killed_build_leaves_the_file(tmp_path: Path, number: signal.Signals) -> None:
    path = tmp_path / "s6.xlsx"
    path.write_bytes(BEFORE)
    command = [sys.executable, "-m", "s6xl", "build", "--lr", "0.5", "--steps", "200000", "--out", str(path)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        deadline = time.monotonic() + 60
        while not list(tmp_path.glob(".s6-*")):
            assert time.monotonic() < deadline
            time.sleep(0.05)
        time.sleep(0.5)
        process.send_signal(number)
        _, errors = process.communicate()
    assert process.returncode != 0
    assert "Traceback" not in errors
    assert path.read_bytes() == BEFORE
    if number == signal.SIGINT:
        assert "stopped" in errors
        assert list(tmp_path.iterdir()) == [path]


def test_a_file_is_replaced_where_its_link_points(tmp_path: Path) -> None:
    target, link = tmp_path / "target.xlsx", tmp_path / "link.xlsx"
    target.write_bytes(BEFORE)
    try:
        link.symlink_to(target)
    except OSError:
        pytest.skip("this user may not make links")
    build(SMALL, link)
    assert link.is_symlink()
    assert openpyxl.load_workbook(target).sheetnames[0] == "Start"


def test_a_file_that_another_program_holds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Windows lets nobody replace a file that Excel has open."""
    path = tmp_path / "s6.xlsx"
    path.write_bytes(BEFORE)

    def refuse(self: Path, target: Path) -> None:
        raise PermissionError(13, "The process cannot access the file", str(target))

    monkeypatch.setattr(Path, "replace", refuse)
    with pytest.raises(UserError, match="close it if it is open in another program"):
        build(SMALL, path)
    assert path.read_bytes() == BEFORE
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(
    ("number", "words"), [(28, "disk is full"), (30, "read-only"), (5, "could not be written: .*input/output")]
)
def test_other_failures_of_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, words: str) -> None:
    def fail(self: Path, target: Path) -> None:
        raise OSError(number, os.strerror(number), str(target))

    monkeypatch.setattr(Path, "replace", fail)
    with pytest.raises(UserError, match=f"(?i){words}"):
        build(SMALL, tmp_path / "s6.xlsx")
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_may_not_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*arguments: object, **options: object) -> str:
        raise PermissionError(13, "Permission denied", str(tmp_path))

    # Taken away by hand, since no permission keeps an administrator out.
    monkeypatch.setattr(tempfile, "mkdtemp", refuse)
    with pytest.raises(UserError, match="no permission"):
        build(SMALL, tmp_path / "s6.xlsx")


def test_a_file_that_may_not_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "s6.xlsx"
    path.write_bytes(BEFORE)
    monkeypatch.setattr(os, "access", lambda file, mode: (Path(file), mode) != (path, os.W_OK))
    with pytest.raises(UserError, match="write-protected"):
        build(SMALL, path)
    assert path.read_bytes() == BEFORE
