"""The command line, as a person starts it: what it prints, what it leaves behind, and its exit status."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import openpyxl
import pytest

from s6xl.backprop.experiment import Experiment
from s6xl.cli.build_command import DEFAULT_OUT
from s6xl.mnist.record import Run
from s6xl.workbook.backprop.engine import Engine

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
        timeout=120,
    )


def test_build_without_arguments(tmp_path: Path) -> None:
    done = s6xl("build", folder=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert "6 learning rates, 68 steps" in done.stdout
    assert openpyxl.load_workbook(tmp_path / "workbooks" / "s6.xlsx", read_only=True).sheetnames[0] == "Start"
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == ["s6.xlsx"]


def test_a_run_of_an_earlier_version_has_no_network_to_show(tmp_path: Path) -> None:
    shutil.copytree(Run.open(Path("pretrained")).folder, tmp_path / "run")
    (tmp_path / "run" / "network.npz").unlink()
    done = s6xl("build", "--run", "run", "--out", "report.xlsx", folder=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert "It has no sheet Digit, for run has no network: python -m s6xl train --resume run adds it." in done.stdout
    names = openpyxl.load_workbook(tmp_path / "report.xlsx", read_only=True).sheetnames
    assert names[-5:] == ["MNIST", "Model", "Samples", "Confusion", "Mistakes"]


def test_a_workbook_of_the_run_that_comes_along(tmp_path: Path) -> None:
    done = s6xl("build", "--run", "pretrained", "--out", "digits.xlsx", folder=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert (tmp_path / "digits.xlsx").read_bytes().startswith(b"PK")
    assert "Digit" in openpyxl.load_workbook(tmp_path / "digits.xlsx", read_only=True).sheetnames
    assert (
        "s6xl: pretrained is the name of the run"
        in s6xl("train", "--run", "pretrained", "--data", "sample", folder=tmp_path).stderr
    )


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "workbooks").touch()
    done = s6xl("build", folder=tmp_path)
    assert done.returncode == 2
    assert done.stderr.startswith("s6xl: cannot make the folder workbooks here")
    assert done.stderr.count("\n") == 1


def test_build_with_everything(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text("inputs = [1, 2]\nsteps = 7\n", encoding="utf-8")
    done = s6xl(
        *("build", "--out", "mine.xlsx", "--settings", "mine.toml", "--lr", "0.05,0.5,3", "--steps", "4"),
        *("--targets", "-0.5,1", "--weights", "-1,2,-3,4,-5,6,-7,8", "--as-submitted"),
        folder=tmp_path,
    )
    assert (done.returncode, done.stderr) == (0, "")
    book = openpyxl.load_workbook(tmp_path / "mine.xlsx", data_only=True)
    assert book.sheetnames[2:5] == ["LR=0.05", "LR=0.5", "LR=3"]
    sheet = book["LR=3"]
    assert [sheet.cell(33, column).value for column in range(2, 7)] == [-0.5, 1, 1, 2, -1]
    assert sheet["A36"].value == 4
    assert sheet["B37"].value is None


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


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--lr", "0"), "above 0"),
        (("--lr", "-1"), "above 0"),
        (("--lr", "nan"), "finite"),
        (("--lr", "inf"), "finite"),
        (("--lr", "abc"), "'abc'"),
        (("--lr", ""), "''"),
        (("--lr", "1,1"), "twice"),
        (("--lr", ",".join(map(str, range(1, 300)))), "1 to 255"),
        (("--lr", ",".join(str(1 / k) for k in range(1, 256)), "--out", "long.xlsx"), "fewer or shorter"),
        (("--steps", "0"), "1 to 1,000,000"),
        (("--steps", "1000001"), "1 to 1,000,000"),
        (("--steps", "1.5"), "--steps"),
        (("--steps", "1e3"), "s6xl build --help"),
        (("--lr", "1e-320"), "give a larger number"),
        (("--weights", "1,2"), "w1, w2"),
        (("--inputs", "nan,1"), "i1 is nan"),
        (("--settings", "missing.toml"), "missing.toml"),
        (("--out", "nowhere/s6.xlsx"), "folder nowhere does not exist"),
        (("--out", "s6.xls"), "is no name of a .xlsx file"),
        (("--out", ".xlsx"), "is no name of a .xlsx file"),
        (("--out", "open.xlsx/s6.xlsx"), "open.xlsx is no folder"),
        (("--out", "folder.xlsx"), "is a folder"),
        (("--out", "locked.xlsx"), "open in another program"),
        (("--out", "open.xlsx"), "open in another program"),
        (("--unknown",), "--unknown"),
        (("further", "words"), "(further words). s6xl build --help"),
    ],
)
def test_bad_input_gets_one_sentence(tmp_path: Path, arguments: tuple[str, ...], words: str) -> None:
    (tmp_path / "folder.xlsx").mkdir()
    for name in (".~lock.locked.xlsx#", "locked.xlsx", "~$open.xlsx", "open.xlsx"):
        (tmp_path / name).touch()
    before = sorted(tmp_path.rglob("*"))
    done = s6xl("build", *arguments, folder=tmp_path)
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.startswith("s6xl: ")
    assert done.stderr.count("\n") == 1
    assert words in done.stderr
    assert sorted(tmp_path.rglob("*")) == before


def test_no_command_shows_the_help(tmp_path: Path) -> None:
    done = s6xl(folder=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert "build" in done.stdout


def test_help_names_every_option(tmp_path: Path) -> None:
    done = s6xl("build", "--help", folder=tmp_path, COLUMNS="120")
    assert done.returncode == 0
    experiment = Experiment()
    for values in (experiment.learning_rates, experiment.inputs, experiment.targets, experiment.weights):
        assert ",".join(f"{value:g}" for value in values) in done.stdout
    assert f"{experiment.steps} if not given" in done.stdout
    for option in ("--out", "--lr", "--steps", "--inputs", "--targets", "--weights", "--settings", "--as-submitted"):
        assert option in done.stdout


def test_help_prints_where_it_cannot_be_shown(tmp_path: Path) -> None:
    """As in a Windows pipe of an old code page, which has no ∂."""
    done = s6xl("build", "--help", folder=tmp_path, PYTHONIOENCODING="cp1252")
    assert done.returncode == 0
    assert "?E/?w3" in done.stdout


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


def test_divergence_is_built(tmp_path: Path) -> None:
    done = s6xl("build", "--lr", "1e300,1e308", "--steps", "20", "--out", "far.xlsx", folder=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    book = openpyxl.load_workbook(tmp_path / "far.xlsx", data_only=True)
    assert book["LR=1E+300"]["X52"].value == "#NUM!"
    assert book["Start"]["J7"].value == "diverged"


def test_long_work_reports_in_lines_off_a_terminal(tmp_path: Path) -> None:
    done = s6xl("build", "--lr", "0.5", "--steps", "30000", "--out", "long.xlsx", folder=tmp_path)
    assert done.returncode == 0
    lines = done.stderr.splitlines()
    assert 2 <= len(lines) <= 10
    assert lines[-1] == "rows: 60,000 of 60,000"


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
    assert process.wait(60) == 0
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


@pytest.mark.parametrize(
    ("engine", "name", "cell"),
    [
        ("formulas", "s6.xlsx", "=(S33-B33)*S33*(1-S33)*K33"),
        ("lambda", "s6_lambda.xlsx", "=S6_DELTA_W5(B33,K33,S33)"),
        ("udf", "s6.xlsm", "=S6_DELTA_W5(B33,K33,S33)"),
    ],
)
def test_each_engine_has_a_file_of_its_own(engine: str, name: str, cell: str, tmp_path: Path) -> None:
    done = s6xl("build", "--engine", engine, "--steps", "3", folder=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(
        f"6 learning rates, 3 steps.\nThe workbook is {(tmp_path / 'workbooks' / name).resolve()}\n"
    )
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == [name]
    value = openpyxl.load_workbook(tmp_path / "workbooks" / name)["LR=0.5"]["AC33"].value
    assert getattr(value, "text", value) == cell


def test_the_command_line_knows_every_engine() -> None:
    assert list(DEFAULT_OUT) == list(Engine)


def test_an_engine_that_does_not_exist(tmp_path: Path) -> None:
    done = s6xl("build", "--engine", "cobol", folder=tmp_path)
    assert done.returncode == 2
    assert "'cobol' is not one of 'formulas', 'lambda', 'udf'" in done.stderr
    assert not list(tmp_path.iterdir())


def test_the_add_in_is_built_anywhere(tmp_path: Path) -> None:
    for arguments in ((), ("--out", "other.xlam")):
        done = s6xl("addin", "build", *arguments, folder=tmp_path)
        assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("other.xlam: for xlwings ")
    assert (tmp_path / "s6.xlam").read_bytes() == (tmp_path / "other.xlam").read_bytes()


@pytest.mark.parametrize("out", ["no/where.xlam", "s6.xlsx", ".", ""])
def test_an_add_in_that_cannot_be_written(out: str, tmp_path: Path) -> None:
    done = s6xl("addin", "build", "--out", out, folder=tmp_path)
    assert done.returncode == 2
    assert done.stderr.startswith("s6xl: ")
    assert done.stderr.count("\n") == 1
    assert not list(tmp_path.iterdir())


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
