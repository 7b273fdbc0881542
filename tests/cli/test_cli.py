"""The command line: what it prints, what it leaves behind, and its exit status."""

import shutil
from pathlib import Path

import openpyxl
import pytest

from s6xl import __version__
from s6xl.backprop.experiment import Experiment
from s6xl.cli import build_command
from s6xl.cli.build_command import DEFAULT_OUT
from s6xl.mnist.record import Run
from s6xl.workbook.backprop.engine import Engine
from tests.support.command_line import Command


def test_a_run_of_an_earlier_version_has_no_network_to_show(tmp_path: Path, s6xl: Command) -> None:
    shutil.copytree(Run.open(Path("pretrained")).folder, tmp_path / "run")
    (tmp_path / "run" / "network.npz").unlink()
    done = s6xl("build", "--run", "run", "--out", "report.xlsx")
    assert (done.returncode, done.stderr) == (0, "")
    assert "It has no sheet Digit, for run has no network: python -m s6xl train --resume run adds it." in done.stdout
    names = openpyxl.load_workbook(tmp_path / "report.xlsx", read_only=True).sheetnames
    assert names[-5:] == ["MNIST", "Model", "Samples", "Confusion", "Mistakes"]


@pytest.mark.slow
def test_a_workbook_of_the_run_that_comes_along(tmp_path: Path, s6xl: Command) -> None:
    done = s6xl("build", "--run", "pretrained", "--out", "digits.xlsx")
    assert (done.returncode, done.stderr) == (0, "")
    assert (tmp_path / "digits.xlsx").read_bytes().startswith(b"PK")
    assert "Digit" in openpyxl.load_workbook(tmp_path / "digits.xlsx", read_only=True).sheetnames


def test_a_folder_that_cannot_be_made(tmp_path: Path, s6xl: Command) -> None:
    (tmp_path / "workbooks").touch()
    done = s6xl("build")
    assert done.returncode == 2
    assert done.stderr.startswith("s6xl: cannot make the folder workbooks here")
    assert done.stderr.count("\n") == 1


def test_build_with_everything(tmp_path: Path, s6xl: Command) -> None:
    (tmp_path / "mine.toml").write_text("inputs = [1, 2]\nsteps = 7\n", encoding="utf-8")
    done = s6xl(
        *("build", "--out", "mine.xlsx", "--settings", "mine.toml", "--lr", "0.05,0.5,3", "--steps", "4"),
        *("--targets", "-0.5,1", "--weights", "-1,2,-3,4,-5,6,-7,8", "--as-submitted"),
    )
    assert (done.returncode, done.stderr) == (0, "")
    book = openpyxl.load_workbook(tmp_path / "mine.xlsx", data_only=True)
    assert book.sheetnames[2:5] == ["LR=0.05", "LR=0.5", "LR=3"]
    sheet = book["LR=3"]
    assert [sheet.cell(33, column).value for column in range(2, 7)] == [-0.5, 1, 1, 2, -1]
    assert sheet["A36"].value == 4
    assert sheet["B37"].value is None


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
        (("--out", "s6.xls"), "is not the name of a .xlsx file"),
        (("--out", ".xlsx"), "is not the name of a .xlsx file"),
        (("--out", "open.xlsx/s6.xlsx"), "open.xlsx is not a folder"),
        (("--out", "folder.xlsx"), "is a folder"),
        (("--out", "locked.xlsx"), "open in another program"),
        (("--out", "open.xlsx"), "open in another program"),
        (("--unknown",), "--unknown"),
        (("further", "words"), "(further words). s6xl build --help"),
    ],
)
def test_bad_input_gets_one_sentence(tmp_path: Path, s6xl: Command, arguments: tuple[str, ...], words: str) -> None:
    (tmp_path / "folder.xlsx").mkdir()
    for name in (".~lock.locked.xlsx#", "locked.xlsx", "~$open.xlsx", "open.xlsx"):
        (tmp_path / name).touch()
    before = sorted(tmp_path.rglob("*"))
    done = s6xl("build", *arguments)
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.startswith("s6xl: ")
    assert done.stderr.count("\n") == 1
    assert words in done.stderr
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize("option", ["-V", "--version"])
def test_the_version(option: str, s6xl: Command) -> None:
    assert s6xl(option) == (0, f"s6xl {__version__}\n", "")


def test_help_names_every_option(s6xl: Command) -> None:
    done = s6xl("build", "--help")
    assert done.returncode == 0
    experiment = Experiment()
    for values in (experiment.learning_rates, experiment.inputs, experiment.targets, experiment.weights):
        assert ",".join(f"{value:g}" for value in values) in done.stdout
    assert f"{experiment.steps} by default" in done.stdout
    options = (
        "--out",
        "--lr",
        "--steps",
        "--inputs",
        "--targets",
        "--weights",
        "--settings",
        "--as-submitted",
        "--open",
    )
    for option in (*options, "--debug"):
        assert option in done.stdout


def test_divergence_is_built(tmp_path: Path, s6xl: Command) -> None:
    done = s6xl("build", "--lr", "1e300,1e308", "--steps", "20", "--out", "far.xlsx")
    assert (done.returncode, done.stderr) == (0, "")
    book = openpyxl.load_workbook(tmp_path / "far.xlsx", data_only=True)
    assert book["LR=1E+300"]["X52"].value == "#NUM!"
    assert book["Start"]["J7"].value == "diverged"


def test_long_work_reports_in_lines_off_a_terminal(s6xl: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(build_command, "ROWS_WORTH_REPORTING", 2_000)
    done = s6xl("build", "--lr", "0.5", "--steps", "1000", "--out", "long.xlsx")
    assert done.returncode == 0
    lines = done.stderr.splitlines()
    assert 2 <= len(lines) <= 10
    assert lines[-1] == "rows: 2,000 of 2,000"


@pytest.mark.parametrize(
    ("engine", "name", "cell"),
    [
        ("formulas", "s6.xlsx", "=(S33-B33)*S33*(1-S33)*K33"),
        ("lambda", "s6_lambda.xlsx", "=S6_DELTA_W5(B33,K33,S33)"),
        ("udf", "s6.xlsm", "=S6_DELTA_W5(B33,K33,S33)"),
    ],
)
def test_each_engine_has_a_file_of_its_own(engine: str, name: str, cell: str, tmp_path: Path, s6xl: Command) -> None:
    done = s6xl("build", "--engine", engine, "--steps", "3")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("6 learning rates, 3 steps.\n")
    assert done.stdout.endswith(f"\nThe workbook is {tmp_path / 'workbooks' / name}\n")
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == [name]
    value = openpyxl.load_workbook(tmp_path / "workbooks" / name)["LR=0.5"]["AC33"].value
    assert getattr(value, "text", value) == cell


def test_the_command_line_knows_every_engine() -> None:
    assert list(DEFAULT_OUT) == list(Engine)


def test_an_engine_that_does_not_exist(tmp_path: Path, s6xl: Command) -> None:
    done = s6xl("build", "--engine", "cobol")
    assert done.returncode == 2
    assert "'cobol' is not one of 'formulas', 'lambda', 'udf'" in done.stderr
    assert not list(tmp_path.iterdir())


def test_the_add_in_is_built_anywhere(tmp_path: Path, s6xl: Command) -> None:
    for arguments in ((), ("--out", "other.xlam")):
        done = s6xl("addin", "build", *arguments)
        assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.endswith(f"\nThe add-in is {tmp_path / 'other.xlam'}\n")
    assert (tmp_path / "s6.xlam").read_bytes() == (tmp_path / "other.xlam").read_bytes()


@pytest.mark.parametrize("out", ["no/where.xlam", "s6.xlsx", ".", ""])
def test_an_add_in_that_cannot_be_written(out: str, tmp_path: Path, s6xl: Command) -> None:
    done = s6xl("addin", "build", "--out", out)
    assert done.returncode == 2
    assert done.stderr.startswith("s6xl: ")
    assert done.stderr.count("\n") == 1
    assert not list(tmp_path.iterdir())
