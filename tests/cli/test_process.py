"""The command line as a process of its own: signals, streams, environment, memory and disks."""

import os
import subprocess
import sys
from pathlib import Path

import openpyxl
import pytest

from tests.support.waiting import PATIENCE

pytestmark = pytest.mark.process


def s6xl(
    *arguments: str, folder: Path, warnings: str = "error", **environment: str
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-W", warnings, "-m", "s6xl", *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONIOENCODING": "utf-8", **environment},
        capture_output=True,
        encoding="utf-8",
        timeout=PATIENCE,
    )


def test_build_without_arguments(tmp_path: Path) -> None:
    done = s6xl("build", folder=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert "6 learning rates, 68 steps" in done.stdout
    assert openpyxl.load_workbook(tmp_path / "workbooks" / "s6.xlsx", read_only=True).sheetnames[0] == "Start"
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == ["s6.xlsx"]


def test_the_script_is_the_same_program(tmp_path: Path) -> None:
    script = Path(sys.executable).with_name("s6xl.exe" if os.name == "nt" else "s6xl")
    if not script.exists():
        pytest.skip("the package is not installed, only importable")
    printed = {
        subprocess.run([*command, "--version"], capture_output=True, text=True, cwd=tmp_path).stdout
        for command in ([str(script)], [sys.executable, "-m", "s6xl"])
    }
    assert len(printed) == 1
    assert printed.pop().startswith("s6xl ")


def test_help_prints_where_it_cannot_be_shown(tmp_path: Path) -> None:
    """As in a Windows pipe of an old code page, which has no ∂."""
    done = s6xl("build", "--help", folder=tmp_path, PYTHONIOENCODING="cp1252")
    assert done.returncode == 0
    assert "?E/?w3" in done.stdout


def test_the_help_is_there_where_python_drops_docstrings(tmp_path: Path) -> None:
    script = (
        "from click.testing import CliRunner\n"
        "from s6xl.cli import s6xl\n"
        "for name in ('', *s6xl.commands, *(f'addin {name}' for name in s6xl.commands['addin'].commands)):\n"
        "    print(CliRunner().invoke(s6xl, [*name.split(), '--help'], prog_name='s6xl').output)\n"
    )
    plain, without = (
        subprocess.run([sys.executable, *options, "-c", script], cwd=tmp_path, capture_output=True, check=True).stdout
        for options in ((), ("-OO",))
    )
    assert plain == without
    assert plain.count(b"Usage: s6xl") >= 10


def test_a_training_does_not_take_the_place_of_the_run_that_comes_along(tmp_path: Path) -> None:
    done = s6xl("train", "--run", "pretrained", "--data", "sample", folder=tmp_path, warnings="default")
    assert done.returncode == 2
    assert "s6xl: pretrained is the name of the run" in done.stderr


def test_completion_in_bash(tmp_path: Path) -> None:
    done = s6xl(folder=tmp_path, _S6XL_COMPLETE="bash_source")
    assert done.returncode == 0
    assert "complete -o nosort -F _s6xl_completion s6xl" in done.stdout


@pytest.mark.skipif(sys.platform != "linux", reason="/dev/full is Linux's")
def test_a_console_that_takes_nothing(tmp_path: Path) -> None:
    """A build whose progress cannot be shown is built; only the last line's loss is a failure."""
    command = [
        sys.executable,
        "-m",
        "s6xl",
        "build",
        "--lr",
        "1",
        "--steps",
        "30000",
        "--out",
        str(tmp_path / "s6.xlsx"),
    ]
    with Path("/dev/full").open("w") as full:
        assert subprocess.run(command, stderr=full, stdout=subprocess.PIPE).returncode == 0
        (tmp_path / "s6.xlsx").unlink()
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True)
    assert done.returncode == 1
    assert "cannot print" in done.stderr
    assert "Traceback" not in done.stderr
    assert (tmp_path / "s6.xlsx").is_file()


@pytest.mark.skipif(sys.platform != "linux", reason="/dev/full is Linux's")
def test_complaints_that_cannot_be_printed(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "s6xl"]
    with Path("/dev/full").open("w") as full:
        assert subprocess.run([*command, "build", "--lr", "x"], stderr=full, cwd=tmp_path).returncode == 2
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, cwd=tmp_path)
    assert (done.returncode, done.stderr) == (1, "s6xl: cannot print: No space left on device.\n")


def test_settings_for_plots_of_ones_own_change_nothing(tmp_path: Path) -> None:
    """A notebook's backend, a matplotlibrc in the folder, no folder for a cache of fonts."""
    (tmp_path / "matplotlibrc").write_text("text.hinting: none\nnonsense\n", encoding="utf-8")
    (tmp_path / "file").touch()
    own = {"MPLBACKEND": "module://no.such.backend", "MPLCONFIGDIR": str(tmp_path / "file" / "folder")}
    done = s6xl("build", "--steps", "1", "--out", "own.xlsx", folder=tmp_path, **own)
    assert (done.returncode, done.stderr) == (0, "")
    (tmp_path / "matplotlibrc").unlink()
    assert s6xl("build", "--steps", "1", "--out", "plain.xlsx", folder=tmp_path).returncode == 0
    assert (tmp_path / "own.xlsx").read_bytes() == (tmp_path / "plain.xlsx").read_bytes()


def test_too_little_memory_is_said(tmp_path: Path) -> None:
    source = (
        "import sys, s6xl.backprop.descent, s6xl.cli\n"
        "def descend(*arguments): raise MemoryError\n"
        "s6xl.backprop.descent.descend = descend\n"
        "sys.argv = ['s6xl', 'build', '--out', 's6.xlsx']\n"
        "s6xl.cli.main()"
    )
    done = subprocess.run([sys.executable, "-c", source], capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 1
    assert done.stderr == "s6xl: there is not enough memory for this: close other programs, or ask for less.\n"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(os.name == "nt", reason="a pseudo-terminal is POSIX's")
def test_long_work_shows_a_bar_on_a_terminal(tmp_path: Path) -> None:
    import pty

    terminal, inside = pty.openpty()
    command = [sys.executable, "-m", "s6xl", "build", "--lr", "0.5", "--steps", "30000", "--out", "long.xlsx"]
    environment = {**os.environ, "TERM": "xterm", "COLUMNS": "80"}
    process = subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=inside, env=environment)
    os.close(inside)
    seen = b""
    try:
        while part := os.read(terminal, 65_536):
            seen += part
    except OSError:
        pass  # how Linux says that nobody writes to the terminal any more
    os.close(terminal)
    assert process.wait(PATIENCE) == 0
    assert "━" in seen.decode()
    assert "60000/60000" in seen.decode()


@pytest.mark.skipif(sys.platform != "linux", reason="a small file system is mounted as Linux does it")
@pytest.mark.parametrize("size", ["4k", "256k"])
def test_a_full_disk_is_named(tmp_path: Path, size: str) -> None:
    """The workbook's folder is a file system that takes so much and no more; the least has not a byte left."""
    small = tmp_path / "small"
    small.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={size}", "none", str(small)]
    if subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("this user may not mount a small file system")
    try:
        (small / "s6.xlsx").write_bytes(b"what was there before")
        # XlsxWriter leaves a file for the garbage collector to close when a write fails, which Python warns of.
        done = s6xl(
            *("build", "--steps", "2000", "--out", str(small / "s6.xlsx")),
            folder=tmp_path,
            warnings="ignore::ResourceWarning",
        )
        assert done.returncode == 2
        assert "disk is full" in done.stderr
        assert done.stderr.count("\n") == 1
        assert (small / "s6.xlsx").read_bytes() == b"what was there before"
        assert [path.name for path in small.iterdir()] == ["s6.xlsx"]
    finally:
        subprocess.run(["umount", str(small)], check=True)


@pytest.mark.skipif(sys.platform in {"win32", "darwin"}, reason="here Excel may be")
@pytest.mark.parametrize("command", ["install", "uninstall", "status"])
def test_where_there_is_no_excel_nothing_is_installed(command: str, tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    done = s6xl("addin", command, folder=tmp_path, HOME=str(home))
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("s6xl: Excel runs on Windows and macOS, not on Linux: ")
    assert done.stderr.count("\n") == 1
    assert not list(home.iterdir())


@pytest.mark.skipif(sys.platform == "win32", reason="there it starts Excel, which the marker excel is for")
def test_the_doctor(tmp_path: Path) -> None:
    done = s6xl("doctor", folder=tmp_path, warnings="default")
    assert done.returncode == 0
    assert done.stdout.splitlines()[-1] == "no faults"
    assert not list(tmp_path.iterdir())
