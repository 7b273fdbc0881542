"""A workbook appears whole or not at all, the same bytes each time, and fit for the programs that read it."""

import os
import signal
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from pyopenvba import check_file

from s6xl.backprop.experiment import Experiment
from s6xl.workbook.composition.build import build

SMALL = Experiment(learning_rates=(0.5,), steps=3)
BEFORE = b"what was there before"
# The command line, but that it says when it has written a table, and waits there until its input ends.
PAUSING = """
import sys
from s6xl import cli
from s6xl.workbook.sheet import NewSheet

def pausing(self, table, write=NewSheet._write_table_rows):
    write(self, table)
    print("amid a sheet", file=sys.stderr, flush=True)
    sys.stdin.read()

NewSheet._write_table_rows = pausing
sys.argv[0] = "s6xl"
cli.main()
"""


def test_same_arguments_same_bytes(book: Path, tmp_path: Path) -> None:
    again = tmp_path / "a" / "again.xlsx"
    again.parent.mkdir()
    build(Experiment(), again)
    assert again.read_bytes() == book.read_bytes()


@pytest.mark.process
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
    for trace in (Path(__file__).parent, book.parent, Path(sys.prefix)):
        assert str(trace).encode() not in text


def test_a_failed_build_leaves_the_file_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "s6.xlsx"
    path.write_bytes(BEFORE)

    def fail(rows: int) -> None:
        raise RuntimeError("midway")

    with pytest.raises(RuntimeError, match="midway"):
        build(SMALL, path, progress=fail)
    assert path.read_bytes() == BEFORE
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.process
@pytest.mark.skipif(os.name == "nt", reason="signals are sent as POSIX does it")
@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP", "SIGKILL"])
def test_a_killed_build_leaves_the_file(tmp_path: Path, name: str) -> None:
    path = tmp_path / "s6.xlsx"
    path.write_bytes(BEFORE)
    command = [sys.executable, "-c", PAUSING, "build", "--lr", "0.5", "--out", str(path)]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, text=True, stdin=pipe, stdout=pipe, stderr=pipe) as process:
        assert process.stderr is not None
        assert process.stderr.readline() == "amid a sheet\n"
        assert list(tmp_path.glob(".s6-*"))
        process.send_signal(getattr(signal, name))
        if name == "SIGINT":
            # A wrapper may pass a terminal's Ctrl-C on a second time, at once or amid the tidying up.
            process.send_signal(signal.SIGINT)
        _, errors = process.communicate()
    assert process.returncode == (-signal.SIGKILL if name == "SIGKILL" else 130)
    assert "Traceback" not in errors
    assert path.read_bytes() == BEFORE
    if name != "SIGKILL":
        assert "stopped" in errors
        assert list(tmp_path.iterdir()) == [path]
