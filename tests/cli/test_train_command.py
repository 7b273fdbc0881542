"""The command train, as a person starts it: what it prints, what it leaves behind, and its exit status."""

import json
import os
import re
import shlex
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from s6xl import cli
from s6xl.cli import watching
from s6xl.cli.exits import STOP_SIGNALS
from s6xl.mnist import record
from s6xl.mnist.recipe import RECIPES
from s6xl.mnist.record import Epoch, Run
from s6xl.mnist.trainer import Trainer
from tests.support.waiting import PATIENCE

pytestmark = pytest.mark.usefixtures("one_thread", "alone")
posix_only = pytest.mark.skipif(os.name == "nt", reason="processes are stopped as POSIX does it")


def s6xl(*arguments: object) -> int:
    """The command line in this process, which saves loading PyTorch again; returns the exit status."""
    before = {number: signal.getsignal(number) for number in STOP_SIGNALS}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["s6xl", *map(str, arguments)])
        with pytest.raises(SystemExit) as end:
            cli.main()
    for number, handler in before.items():
        signal.signal(number, handler)
    assert isinstance(end.value.code, int)
    return end.value.code


# The command line, but that it says when it is amid the second epoch, and waits there until its input ends.
PAUSING = """
import sys
from s6xl import cli
from s6xl.mnist.trainer import Trainer
from tests.support.waiting import PATIENCE

def pausing(self, go_on, run_epoch=Trainer.run_epoch):
    def pause(images):
        if (self.epoch, images) == (2, 500):
            print("amid epoch 2", file=sys.stderr, flush=True)
            sys.stdin.read()
        return go_on(images)
    return run_epoch(self, pause)

Trainer.run_epoch = pausing
sys.argv[0] = "s6xl"
cli.main()
"""


def started(*arguments: object, program: Sequence[str] = ("-m", "s6xl"), **options: Any) -> "subprocess.Popen[str]":
    """A process of its own that counts on one thread, as this one does."""
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONIOENCODING": "utf-8"}
    return subprocess.Popen(
        [sys.executable, "-W", "error", *program, *map(str, arguments)],
        env={**environment, **options.pop("env", {})},
        encoding="utf-8",
        **options,
    )


def complaint(capsys: pytest.CaptureFixture[str]) -> str:
    """What was printed on standard error, which is one sentence."""
    text = capsys.readouterr().err
    assert text.startswith("s6xl: ")
    assert text.count("\n") == 1
    return text


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.name != "lock"}


def figures(folder: Path) -> list[dict[str, float]]:
    """What the epochs' lines say, without how long they took."""
    lines = map(json.loads, (folder / "progress.jsonl").read_text(encoding="utf-8").splitlines())
    return [{name: value for name, value in line.items() if name != "seconds"} for line in lines]


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder."""
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def stopped_run(few_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    """A run of 3 epochs that was stopped in its second one."""
    folder = tmp_path / "stopped"

    def press_ctrl_c(run: Run, epoch: Epoch, add: Callable[[Run, Epoch], None] = Run.add) -> None:
        add(run, epoch)
        signal.raise_signal(signal.SIGINT)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Run, "add", press_ctrl_c)
        given = ("--data", few_folder, "--epochs", 3, "--batch-size", 50, "--device", "cpu", "--run", folder)
        assert s6xl("train", *given) == 130
    capsys.readouterr()
    assert Run.open(folder).status() == "stopped"
    return folder


def test_help_names_every_option(capsys: pytest.CaptureFixture[str]) -> None:
    assert s6xl("train", "--help") == 0
    text = capsys.readouterr().out
    options = ["recipe", "epochs", "batch-size", "lr", "seed", "device", "data", "run", "resume", "workbook"]
    assert set(re.findall(r"--[a-z-]+", text)) >= {f"--{option}" for option in options}
    assert f"{RECIPES['best'].epochs} by default" in " ".join(text.split())
    assert f"{RECIPES['best'].seed} by default" in " ".join(text.split())


def test_every_recipe_has_the_epochs_that_the_help_names() -> None:
    assert {recipe.epochs for recipe in RECIPES.values()} == {19}


def test_a_training_from_beginning_to_end(few_folder: Path, here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert s6xl("train", "--data", few_folder, "--epochs", 2, "--device", "cpu") == 0
    out, err = capsys.readouterr()
    (folder,) = (here / "runs").iterdir()
    assert re.fullmatch(r"\d{4}-\d\d-\d\d_\d\d.\d\d.\d\d_best", folder.name)
    first, last = out.splitlines()
    assert first == (
        f"{folder.relative_to(here)}: best: 2 epochs, batches of 128, learning rate up to 0.1, seed 1; "
        f"images in {few_folder.resolve()}: 130 training and 70 test images; CPU: 1 thread."
    )
    epochs = [json.loads(line) for line in (folder / "progress.jsonl").read_text().splitlines()]
    seconds = sum(epoch["seconds"] for epoch in epochs)
    assert last == (
        f"Finished: test accuracy {100 * epochs[1]['test_accuracy']:.2f}%, test loss {epochs[1]['test_loss']:.4f}, "
        f"train accuracy {100 * epochs[1]['train_accuracy']:.2f}%; {seconds:,.1f} s of training, "
        f"{2 * 130 / seconds:,.0f} images a second. "
        f"Show it in a workbook: python -m s6xl build --run {folder.relative_to(here)}"
    )
    lines = err.splitlines()
    assert len(lines) == 2
    for number, (line, epoch) in enumerate(zip(lines, epochs, strict=True), start=1):
        assert line.startswith(
            f"epoch {number} of 2: train loss {epoch['train_loss']:.4f}, "
            f"accuracy {100 * epoch['train_accuracy']:.2f}%; test loss {epoch['test_loss']:.4f}, "
            f"accuracy {100 * epoch['test_accuracy']:.2f}%; {130 / epoch['seconds']:,.0f} images a second, "
        )
        assert re.search(r", \d+ s left$", line)
    assert lines[-1].endswith(", 0 s left")
    assert [path.name for path in here.iterdir()] == ["runs"]


def test_what_is_chosen_is_what_is_trained(few_folder: Path, here: Path) -> None:
    given = ("--recipe", "original", "--epochs", 1, "--batch-size", 65, "--lr", 0.25, "--seed", 7, "--device", "cpu")
    assert s6xl("train", *given, "--data", few_folder, "--run", "mine") == 0
    recipe = json.loads((here / "mine" / "config.json").read_text())["recipe"]
    wanted = {"name": "original", "epochs": 1, "batch_size": 65, "learning_rate": 0.25, "seed": 7, "one_cycle": False}
    assert {name: recipe[name] for name in wanted} == wanted


BAD_INPUT = [
    (2, ("--recipe", "worst"), "'worst' is not one of 'best', 'original'"),
    (2, ("--device", "tpu"), "'tpu' is not one of 'auto', 'cpu', 'cuda', 'mps'"),
    (1, ("--device", "cuda"), "no NVIDIA GPU that PyTorch can use"),
    (1, ("--device", "mps"), "no Apple GPU that PyTorch can use"),
    (2, ("--epochs", "0"), "1 to 200"),
    (2, ("--epochs", "201"), "1 to 200"),
    (2, ("--epochs", "1.5"), "--epochs"),
    (2, ("--batch-size", "0"), "give 1 to 60,000"),
    (2, ("--batch-size", "-1"), "give 1 to 60,000"),
    (2, ("--lr", "0"), "above 0"),
    (2, ("--lr", "nan"), "above 0"),
    (2, ("--lr", "inf"), "up to 1,000"),
    (2, ("--lr", "fast"), "--lr"),
    (2, ("--seed", "-1"), "0 to 2,147,483,647"),
    (2, ("--seed", "2147483648"), "0 to 2,147,483,647"),
    (2, ("--data", ""), "the data has no name"),
    (1, ("--data", "mnist"), "connect to the internet"),
    (2, ("--data", "../file"), "cannot be stored"),
    (2, ("--data", "a" * 300), "there is no folder"),
    (2, ("--run", "../file"), "cannot be used for a run"),
    (2, ("--run", ".."), "is not empty"),
    (2, ("--run", "a" * 300), "too long"),
    (2, ("--run", "../taken"), "already holds a run: resume it with --resume ../taken"),
    (2, ("--resume", "nowhere"), "does not hold a run"),
    (2, ("--resume", ""), "does not hold a run"),
    (2, ("--resume", "a" * 300), "does not hold a run"),
    (2, ("--workbook", "report.txt"), "is not the name of a .xlsx file"),
    (2, ("--workbook", "nowhere/report.xlsx"), "does not exist"),
    (2, ("--workbook", "a" * 300 + ".xlsx"), "too long"),
    (2, ("further",), "further"),
]


@pytest.mark.parametrize(("status", "arguments", "words"), BAD_INPUT)
def test_bad_input_gets_one_sentence(
    status: int,
    arguments: tuple[str, ...],
    words: str,
    few_folder: Path,
    here: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    (tmp_path / "file").touch()
    (tmp_path / "taken").mkdir()
    (tmp_path / "taken" / "config.json").touch()
    given = [*arguments]
    if "--resume" not in arguments:
        given += ["--data", str(few_folder)] if "--data" not in arguments else []
        given += ["--run", "new"] if "--run" not in arguments else []
    before = sorted(tmp_path.rglob("*"))
    assert s6xl("train", *given) == status
    assert words in complaint(capsys)
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--epochs", 4), "leave --epochs out"),
        (("--lr", 0.5), "leave --lr out"),
        (("--batch-size", 5, "--seed", 0), "leave --batch-size and --seed out"),
        (("--recipe", "best", "--run", "new"), "leave --recipe and --run out"),
    ],
)
def test_a_training_goes_on_as_it_was_begun(
    arguments: tuple[object, ...], words: str, stopped_run: Path, here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = contents(stopped_run)
    assert s6xl("train", "--resume", stopped_run, *arguments) == 2
    assert words in complaint(capsys)
    assert contents(stopped_run) == before
    assert not list(here.iterdir())


@pytest.mark.parametrize(
    ("name", "file", "words"),
    [
        ("train-images-idx3-ubyte", b"\0\0\x08\x03", "damaged or not digits: delete them"),
        ("t10k-labels-idx1-ubyte", b"\0\0\x08\x01\0\0\0\x46" + b"\x0a" * 70, "damaged or not digits: delete them"),
        ("train-labels-idx1-ubyte", None, "cannot be downloaded"),
    ],
)
def test_a_run_is_not_harmed_by_data_that_is_damaged(
    name: str, file: bytes | None, words: str, few_folder: Path, stopped_run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = contents(stopped_run)
    path = few_folder / "MNIST" / "raw" / name
    path.unlink()
    if file is not None:
        path.write_bytes(file)
    assert s6xl("train", "--resume", stopped_run) == (1 if file is None else 2)
    assert words in complaint(capsys)
    assert contents(stopped_run) == before


def test_other_data_is_refused(stopped_run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = contents(stopped_run)
    assert s6xl("train", "--resume", stopped_run, "--data", "sample") == 2
    assert "was started with other data" in complaint(capsys)
    assert contents(stopped_run) == before


def test_data_that_has_moved_can_be_named(few_folder: Path, stopped_run: Path, tmp_path: Path) -> None:
    few_folder.rename(tmp_path / "moved")
    assert s6xl("train", "--resume", stopped_run, "--data", tmp_path / "moved") == 0
    assert Run.open(stopped_run).status() == "finished"


def test_a_training_goes_on_from_anywhere(
    few_folder: Path, here: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The data was named from another folder than the one it is resumed in."""
    given = ("--data", "../digits", "--epochs", 1, "--device", "cpu", "--run", "run")
    assert s6xl("train", *given) == 0
    (here / "run" / "summary.json").unlink()
    elsewhere = tmp_path / "else" / "where"
    elsewhere.mkdir(parents=True)
    monkeypatch.chdir(elsewhere)
    assert s6xl("train", "--resume", here / "run") == 0
    assert not list(elsewhere.iterdir())


def test_a_damaged_checkpoint_is_named_and_the_epochs_stay(
    stopped_run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (stopped_run / "checkpoint.pt").write_bytes(b"damaged")
    before = contents(stopped_run)
    assert s6xl("train", "--resume", stopped_run) == 2
    assert "checkpoint.pt is damaged, so the run cannot go on" in complaint(capsys)
    after = contents(stopped_run)
    assert {name: after[name] for name in before if name != "summary.json"} == {
        name: before[name] for name in before if name != "summary.json"
    }
    assert len(Run.open(stopped_run).epochs()) == 1


def test_a_run_that_is_being_trained_is_refused(
    stopped_run: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(record, "_LOCK_TIMEOUT", 0.05)
    with Run.open(stopped_run).claimed():
        before = contents(stopped_run)
        assert s6xl("train", "--resume", stopped_run) == 2
        assert f"another training run uses {stopped_run}" in complaint(capsys)
        assert contents(stopped_run) == before


def test_going_on_with_a_finished_run_does_nothing(stopped_run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert s6xl("train", "--resume", stopped_run) == 0
    before, said = contents(stopped_run), capsys.readouterr().out
    assert s6xl("train", "--resume", stopped_run) == 0
    assert contents(stopped_run) == before
    again = capsys.readouterr()
    assert again.err == ""
    assert again.out.splitlines() == said.splitlines()[-1:]
    assert again.out.startswith("Finished: ")


@pytest.mark.parametrize("name", ["progress.jsonl", "network.npz", "evaluation.npz"])
@pytest.mark.parametrize(
    "damage", [None, *(pytest.param(damage, marks=pytest.mark.slow) for damage in (b"", b"\xff\n", b"{}\n"))]
)
def test_what_a_finished_run_has_lost_comes_back(
    damage: bytes | None, name: str, stopped_run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert s6xl("train", "--resume", stopped_run) == 0
    before = contents(stopped_run)
    (stopped_run / name).unlink()
    if damage is not None:
        (stopped_run / name).write_bytes(damage)
    capsys.readouterr()
    assert s6xl("train", "--resume", stopped_run) == 0
    assert capsys.readouterr().out.splitlines()[-1].startswith("Finished: ")
    after = contents(stopped_run)
    assert [path for path in before if before[path] != after[path]] in ([], ["summary.json"])


@pytest.mark.parametrize("damage", [b"\xff\n", b"[]\n", b"{}\n", b""])
def test_damaged_lines_are_no_end_of_a_training(damage: bytes, stopped_run: Path) -> None:
    before = (stopped_run / "progress.jsonl").read_bytes()
    (stopped_run / "progress.jsonl").write_bytes(damage)
    assert s6xl("train", "--resume", stopped_run) == 0
    assert (stopped_run / "progress.jsonl").read_bytes().startswith(before)


def test_going_on_that_fails_leaves_what_is_there(
    stopped_run: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(trainer: Trainer, go_on: object) -> bool:
        raise RuntimeError("could not create a primitive")

    before = contents(stopped_run)
    with monkeypatch.context() as patch:
        patch.setattr(Trainer, "run_epoch", fail)
        assert s6xl("train", "--resume", stopped_run) == 1
    assert "does not have enough memory" in complaint(capsys)
    assert contents(stopped_run) == before
    (stopped_run / "checkpoint.pt").write_bytes(b"")
    assert s6xl("train", "--resume", stopped_run) == 2
    assert contents(stopped_run) == {**before, "checkpoint.pt": b""}


def test_a_high_learning_rate_diverges(few_folder: Path, here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    given = ("--lr", 1000, "--batch-size", 10, "--epochs", 20, "--device", "cpu")
    assert s6xl("train", *given, "--data", few_folder, "--run", "run") == 1
    out, err = capsys.readouterr()
    lines = err.splitlines()
    assert all(line.startswith("epoch ") for line in lines)
    assert out.splitlines()[-1] == (
        f"Diverged in epoch {len(lines) + 1}: the loss is no longer finite. Use a lower learning rate."
    )
    assert Run.open(here / "run").status() == "diverged"
    # Going on ends in the same way.
    assert s6xl("train", "--resume", "run") == 1


@pytest.mark.skipif(sys.platform != "linux", reason="/dev/full is Linux's")
def test_nobody_reading_the_lines_is_no_reason_to_stop(
    few_folder: Path, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    full = Path("/dev/full").open("w")  # noqa: SIM115 - closing it fails, too
    monkeypatch.setattr(sys, "stderr", full)
    try:
        assert s6xl("train", "--data", few_folder, "--epochs", 1, "--device", "cpu", "--run", "run") == 0
    finally:
        with suppress(OSError):
            full.close()
    assert Run.open(here / "run").status() == "finished"


@pytest.mark.process
@pytest.mark.skipif(sys.platform != "linux", reason="a small file system is mounted as Linux does it")
@pytest.mark.parametrize(("size", "epochs"), [("4k", None), ("12k", 0), ("100k", 0), ("280k", 1)])
def test_a_full_disk_is_named_and_what_is_there_is_kept(
    size: str, epochs: int | None, few_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The run's folder is a file system that takes so much and no more; the least has no room for a run at all."""
    small = tmp_path / "small"
    small.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={size}", "none", str(small)]
    if subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("this user may not mount a small file system")
    try:
        (small / "something else").write_bytes(b"takes 4k")
        given = ("--data", few_folder, "--epochs", 3, "--device", "cpu", "--run", small / "run")
        assert s6xl("train", *given) == 2
        *lines, last = capsys.readouterr().err.splitlines()
        assert last.startswith("s6xl: ")
        assert "disk is full" in last or os.strerror(28) in last
        if epochs is None:
            assert not (small / "run" / "config.json").exists()
            return
        assert len(lines) == len(Run.open(small / "run").epochs()) == epochs
        subprocess.run(["mount", "-o", "remount,size=10m", str(small)], check=True)
        assert s6xl("train", "--resume", small / "run") == 0
        assert len(figures(small / "run")) == 3
    finally:
        # Lazily, for a write that failed may have left its file open.
        subprocess.run(["umount", "-l", str(small)], check=True)


BROKEN_TORCH = """
from pathlib import Path
Path(__file__).with_name("loaded").touch()
raise {error}
"""


@pytest.fixture
def without_torch(tmp_path: Path) -> Callable[..., "subprocess.CompletedProcess[str]"]:
    """Runs the command line where PyTorch cannot be loaded; that it was tried leaves a file."""
    modules = tmp_path / "modules"
    modules.mkdir()

    def run(
        *arguments: object, error: str = "ImportError('no such library')", tried: bool
    ) -> "subprocess.CompletedProcess[str]":
        (modules / "torch.py").write_text(BROKEN_TORCH.format(error=error))
        path = os.pathsep.join(filter(None, [str(modules), os.environ.get("PYTHONPATH")]))
        done = subprocess.run(
            [sys.executable, "-W", "error", *map(str, arguments)],
            env={**os.environ, "PYTHONPATH": path, "PYTHONIOENCODING": "utf-8", "PYTHONDONTWRITEBYTECODE": "1"},
            cwd=tmp_path,
            capture_output=True,
            encoding="utf-8",
            timeout=PATIENCE,
        )
        assert (modules / "loaded").exists() is tried
        return done

    return run


@pytest.mark.process
@pytest.mark.parametrize(
    ("error", "words"),
    [
        ("ModuleNotFoundError(\"No module named 'torch'\")", "No module named 'torch'"),
        ("OSError('libtorch.so: cannot open\\nshared object file')", "libtorch.so: cannot open"),
        ("ImportError()", ""),
    ],
)
def test_without_pytorch_nothing_is_trained(
    error: str, words: str, without_torch: Callable[..., "subprocess.CompletedProcess[str]"], tmp_path: Path
) -> None:
    done = without_torch("-m", "s6xl", "train", "--data", "sample", "--run", "run", error=error, tried=True)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("s6xl: training needs PyTorch, which cannot be loaded (")
    assert words in done.stderr
    assert "python -m pip install torch torchvision" in done.stderr
    assert done.stderr.count("\n") == 1
    assert not (tmp_path / "run").exists()


@pytest.mark.process
def test_what_trains_nothing_does_not_load_pytorch(
    without_torch: Callable[..., "subprocess.CompletedProcess[str]"], stopped_run: Path
) -> None:
    for arguments in (
        ("-c", "import s6xl.cli, s6xl.mnist.record, s6xl.mnist.recipe, s6xl.mnist.layers, s6xl.mnist.choices"),
        ("-m", "s6xl", "--help"),
        ("-m", "s6xl", "train", "--help"),
        ("-m", "s6xl", "train", "--epochs", "some"),
        ("-m", "s6xl", "build", "--steps", 1, "--out", "s6.xlsx"),
    ):
        done = without_torch(*arguments, tried=False)
        assert (done.returncode, bool(done.stderr)) == ((2, True) if "some" in arguments else (0, False)), arguments


MANY = ("--epochs", 3, "--batch-size", 10, "--device", "cpu")


@pytest.fixture(scope="module")
def whole(many_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run that was never interrupted."""
    folder = tmp_path_factory.mktemp("whole") / "run"
    assert s6xl("train", "--data", many_folder, *MANY, "--run", folder) == 0
    return folder


def check_same(folder: Path, whole: Path) -> None:
    """Both runs have ended with the same network bit for bit, on the same way."""
    found, wanted = (torch.load(each / "model.pt", weights_only=True)["state"] for each in (folder, whole))
    assert found.keys() == wanted.keys()
    assert [name for name in wanted if not torch.equal(found[name], wanted[name])] == []
    assert figures(folder) == figures(whole)
    assert Run.open(folder).status() == "finished"


@pytest.fixture
def training(many_folder: Path, tmp_path: Path) -> Iterator["subprocess.Popen[str]"]:
    """A process amid the second of 3 epochs of the run "my run"; it goes on when its input ends."""
    process = started(
        *("train", "--data", many_folder, *MANY, "--run", tmp_path / "my run"),
        program=("-c", PAUSING),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    with process:
        try:
            assert process.stderr is not None
            assert process.stderr.readline().startswith("epoch 1 of 3: ")
            assert process.stderr.readline() == "amid epoch 2\n"
            yield process
        finally:
            process.kill()


@pytest.mark.process
@posix_only
def test_a_killed_process_goes_on_to_the_same_network(
    training: "subprocess.Popen[str]", whole: Path, tmp_path: Path
) -> None:
    run = Run.open(tmp_path / "my run")
    assert run.status() == "training"
    training.kill()
    assert training.wait(PATIENCE) == -signal.SIGKILL
    assert run.status() == "interrupted"
    assert len(run.epochs()) == 1
    assert s6xl("train", "--resume", run.folder) == 0
    check_same(run.folder, whole)


@pytest.mark.process
@posix_only
def test_what_is_to_be_ignored_is_ignored(many_folder: Path, tmp_path: Path) -> None:
    """As nohup has it for a terminal that is closed."""
    given = ("--data", many_folder, "--epochs", 2, "--batch-size", 10, "--device", "cpu", "--run", tmp_path / "run")
    process = started(
        *("train", *given),
        program=("-c", PAUSING),
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN),
    )
    assert process.stderr
    while process.stderr.readline() != "amid epoch 2\n":
        assert process.poll() is None
    process.send_signal(signal.SIGHUP)
    process.communicate("", timeout=PATIENCE)
    assert process.returncode == 0
    assert Run.open(tmp_path / "run").status() == "finished"


@pytest.mark.process
@posix_only
def test_ctrl_c_within_an_epoch_goes_on_to_the_same_network(
    training: "subprocess.Popen[str]", whole: Path, tmp_path: Path
) -> None:
    training.send_signal(signal.SIGINT)
    out, err = training.communicate("", timeout=PATIENCE)
    assert (training.returncode, err) == (130, "")
    folder = tmp_path / "my run"
    said, _, command = out.splitlines()[-1].partition("python -m ")
    assert said == "Stopped after 1 of 3 epochs; the run is kept. Go on with: "
    assert shlex.split(command) == ["s6xl", "train", "--resume", str(folder)]
    assert Run.open(folder).status() == "stopped"
    place = torch.load(folder / "checkpoint.pt", weights_only=True)["trainer"]["tensors"]["place"]
    assert int(place) == 500
    assert s6xl(*shlex.split(command)[1:]) == 0
    check_same(folder, whole)


@pytest.mark.process
@posix_only
def test_a_bar_on_a_terminal(few_folder: Path, tmp_path: Path) -> None:
    import pty

    terminal, inside = pty.openpty()
    given = ("--data", few_folder, "--epochs", 2, "--batch-size", 10, "--device", "cpu", "--run", tmp_path / "run")
    process = started(
        *("train", *given),
        stdout=subprocess.DEVNULL,
        stderr=inside,
        env={"TERM": "xterm", "COLUMNS": "160"},
    )
    os.close(inside)
    seen = b""
    with process, suppress(OSError):  # an error is how Linux says that nobody writes to the terminal any more
        while part := os.read(terminal, 65_536):
            seen += part
    os.close(terminal)
    assert process.returncode == 0
    text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", seen.decode())
    assert "━" in text
    assert re.search(r"epoch 1 of 2 .*loss \d\.\d{4}, accuracy \d+\.\d\d%, [\d,]+ images a second .* left", text)
    # The last picture has the test's figure, too, and all of the bar.
    assert re.search(r"epoch 2 of 2 ━{20} loss .* test accuracy \d+\.\d\d%, [\d,]+ images a second 0:00:00 left", text)
    for number, line in enumerate(figures(tmp_path / "run"), start=1):
        assert f"epoch {number} of 2: train loss {line['train_loss']:.4f}, " in text


@pytest.fixture
def run(stopped_run: Path) -> Run:
    return Run.open(stopped_run)


@pytest.mark.parametrize("number", STOP_SIGNALS)
def test_the_first_signal_asks_and_the_second_is_obeyed(number: signal.Signals, run: Run) -> None:
    before = [signal.getsignal(each) for each in STOP_SIGNALS]
    with watching.watching(run, on_cpu=True, on_begin=lambda: None, on_epoch=lambda: None) as watcher:
        assert not watcher.wants_to_stop()
        signal.raise_signal(number)
        assert watcher.wants_to_stop()
        assert watcher.wants_to_stop()
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(number)
    assert [signal.getsignal(each) for each in STOP_SIGNALS] == before


def test_a_request_in_the_folder_stops_it(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watching, "_INTERVAL", 0.0)
    with watching.watching(run, on_cpu=True, on_begin=lambda: None, on_epoch=lambda: None) as watcher:
        assert not watcher.wants_to_stop()
        run.ask_to_stop()
        assert watcher.wants_to_stop()


def test_a_request_in_the_folder_stops_the_command(
    few_folder: Path, here: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(watching, "_INTERVAL", 0.0)
    add = Run.add

    def ask(self: Run, epoch: Epoch) -> None:
        add(self, epoch)
        Run.open(self.folder).ask_to_stop()

    monkeypatch.setattr(Run, "add", ask)
    assert s6xl("train", "--data", few_folder, "--epochs", 3, "--device", "cpu", "--run", "run") == 130
    assert "Stopped after 1 of 3 epochs" in capsys.readouterr().out


def test_time_left_is_by_the_epochs_of_this_sitting(
    run: Run, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """1 of 3 epochs was trained before: if the next one takes 40 seconds, with test and all, one more is left."""
    clock = SimpleNamespace(now=1_000.0)
    clock.monotonic = lambda: clock.now
    monkeypatch.setattr(watching, "time", clock)
    shown = []
    with watching.watching(
        run, on_cpu=True, on_begin=lambda: None, on_epoch=lambda: shown.append(capsys.readouterr().err)
    ) as watcher:
        for number in (2, 3):
            clock.now += 40
            watcher.on_epoch(Epoch(number, 1.5, 0.5, 1.25, 0.75, 26.0))
    assert shown == [
        "epoch 2 of 3: train loss 1.5000, accuracy 50.00%; test loss 1.2500, accuracy 75.00%; "
        "5 images a second, 40 s left\n",
        "epoch 3 of 3: train loss 1.5000, accuracy 50.00%; test loss 1.2500, accuracy 75.00%; "
        "5 images a second, 0 s left\n",
    ]
