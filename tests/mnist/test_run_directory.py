"""The run directory: what it holds, who may write into it, and how the training in it stands."""

import datetime
import errno
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import asdict, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from filelock import FileLock

from s6xl.errors import UserError
from s6xl.mnist import record
from s6xl.mnist.recipe import RECIPES
from s6xl.mnist.record import Config, Epoch, Run
from tests.support.waiting import PATIENCE

CONFIG = Config(
    recipe=RECIPES["best"].changed(epochs=3),
    data="digits",
    data_title="a few digits",
    fingerprint="that of a few digits",
    train_images=130,
    device="auto",
    device_title="CPU: 1 thread",
    started="2026-01-02T03:04:05+00:00",
    versions={"s6xl": "0", "torch": "2", "python": "3"},
)
FIRST = Epoch(1, 2.25, 0.125, 2.5, 0.1, 1.5)
SECOND = Epoch(2, 1.0 / 3.0, 0.75, 0.5, 0.7, 1.25)


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return Run.begin(tmp_path / "run", CONFIG)


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_a_run_is_begun_in_a_new_folder_or_an_empty_one(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    for folder in (tmp_path / "empty", tmp_path / "new" / "in" / "new ones"):
        assert Run.begin(folder, CONFIG).folder == folder
        assert names(folder) == {"config.json", "lock"}
        found = Run.open(folder)
        assert found.config == CONFIG
        assert (found.epochs(), found.status(), found.evaluation()) == ([], "interrupted", None)


def test_the_config_can_be_read_without_s6xl(run: Run) -> None:
    found = json.loads((run.folder / "config.json").read_text(encoding="utf-8"))
    assert found["format"] == 1
    assert {name: found[name] for name in ("data", "device", "train_images")} == {
        "data": "digits",
        "device": "auto",
        "train_images": 130,
    }
    assert (found["recipe"]["name"], found["recipe"]["epochs"], found["recipe"]["learning_rate"]) == ("best", 3, 0.1)
    assert found["recipe"]["layers"][0] == {
        "kind": "Convolution",
        "inputs": 1,
        "outputs": 8,
        "kernel": 3,
        "stride": 1,
        "padding": 1,
    }
    assert found["recipe"]["shift"] == 2


def test_a_folder_with_something_in_it_is_refused(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").touch()
    with pytest.raises(UserError, match="is not empty: choose another folder with --run"):
        Run.begin(tmp_path, CONFIG)
    assert names(tmp_path) == {"thesis.txt"}


def test_a_folder_with_a_run_is_refused(run: Run) -> None:
    before = (run.folder / "config.json").read_bytes()
    with pytest.raises(UserError, match=f"already holds a run: resume it with --resume {run.folder}, or"):
        Run.begin(run.folder, replace(CONFIG, data="other"))
    assert (run.folder / "config.json").read_bytes() == before


@pytest.mark.parametrize("name", ["file", "file/run", "a" * 300])
def test_a_path_that_cannot_be_a_folder_is_refused(name: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    with pytest.raises(UserError, match=r"cannot be used for a run .*: choose another folder with --run"):
        Run.begin(tmp_path / name, CONFIG)
    assert names(tmp_path) == {"file"}
    assert (tmp_path / "file").read_text() == "mine"


@pytest.fixture
def read_only(tmp_path: Path, run: Run) -> Iterator[Path]:
    """A folder that takes nothing, with a run of one epoch in it that had ended."""
    with run.claimed():
        run.add(FIRST)
        run.end("stopped", [FIRST])
    folder = tmp_path / "read only"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "none", str(folder)]
    if sys.platform != "linux" or subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("this user may not mount a file system that can be made read-only")
    try:
        (folder / "empty").mkdir()
        run.folder.rename(tmp_path / "moved")
        subprocess.run(["cp", "-r", str(tmp_path / "moved"), str(folder / "run")], check=True)
        subprocess.run(["mount", "-o", "remount,ro", str(folder)], check=True)
        yield folder
    finally:
        subprocess.run(["umount", str(folder)], check=True)


@pytest.mark.process
@pytest.mark.parametrize("name", ["empty", "new"])
def test_nothing_is_begun_in_a_read_only_folder(name: str, read_only: Path) -> None:
    with pytest.raises(UserError, match="choose another folder with --run") as caught:
        Run.begin(read_only / name, CONFIG)
    assert os.strerror(errno.EROFS) in str(caught.value) or "read-only" in str(caught.value)


@pytest.mark.process
def test_a_read_only_run_can_be_read_but_not_trained(read_only: Path) -> None:
    found = Run.open(read_only / "run")
    assert (found.status(), found.epochs()) == ("stopped", [FIRST])
    with pytest.raises(UserError, match="cannot be written"), found.claimed():
        pytest.fail("it was claimed")
    assert found.status() == "stopped"


def test_what_is_no_run_is_not_opened(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "file").touch()
    (tmp_path / "odd" / "config.json").mkdir(parents=True)
    for name in ("missing", "empty", "file", "odd", "file/below"):
        with pytest.raises(UserError, match="does not hold a run: give a folder that `python -m s6xl train` has made"):
            Run.open(tmp_path / name)
    assert names(tmp_path) == {"empty", "file", "odd"}


def test_a_name_too_long_is_no_run(tmp_path: Path) -> None:
    with pytest.raises(UserError):
        Run.open(tmp_path / ("a" * 300))


DAMAGED_CONFIGS: dict[str, Any] = {
    "a number": 1,
    "a list": [],
    "nothing": {},
    "no recipe": {"recipe": None},
    "no layers": {"recipe": {**CONFIG.recipe.as_data(), "layers": None}},
    "an unknown layer": {"recipe": {**CONFIG.recipe.as_data(), "layers": [{"kind": "Attention"}]}},
    "a layer with too much": {"recipe": {**CONFIG.recipe.as_data(), "layers": [{"kind": "ReLU", "size": 1}]}},
    "no epochs": {"recipe": {**CONFIG.recipe.as_data(), "epochs": 0}},
    "epochs in words": {"recipe": {**CONFIG.recipe.as_data(), "epochs": "three"}},
    "no rate": {"recipe": {key: value for key, value in CONFIG.recipe.as_data().items() if key != "learning_rate"}},
    "too much": {"mood": "good"},
}


@pytest.mark.parametrize("damage", DAMAGED_CONFIGS)
def test_a_damaged_config_is_named(damage: str, run: Run) -> None:
    changed = DAMAGED_CONFIGS[damage]
    whole = {**CONFIG.as_data(), **changed} if isinstance(changed, dict) and changed else changed
    (run.folder / "config.json").write_text(json.dumps(whole), encoding="utf-8")
    with pytest.raises(UserError, match=r"config\.json is damaged: train again in another folder"):
        Run.open(run.folder)


@pytest.mark.parametrize("text", [b"", b'{"format": 1, "rec', b"\xff\xfe{}", b"\0" * 100])
def test_a_config_that_is_no_json_is_named(text: bytes, run: Run) -> None:
    (run.folder / "config.json").write_bytes(text)
    with pytest.raises(UserError, match=r"config\.json is damaged"):
        Run.open(run.folder)


def test_a_later_versions_run_is_left_to_it(run: Run) -> None:
    later = {"format": 2, "recipe": "in another form"}
    (run.folder / "config.json").write_text(json.dumps(later), encoding="utf-8")
    with pytest.raises(UserError, match=r"config\.json was made by a later version of s6xl: update s6xl"):
        Run.open(run.folder)


def test_an_epoch_is_a_line(run: Run) -> None:
    run.add(FIRST)
    run.add(SECOND)
    lines = (run.folder / "progress.jsonl").read_bytes().decode().split("\n")
    assert [json.loads(line) for line in lines[:-1]] == [asdict(FIRST), asdict(SECOND)]
    assert lines[-1] == ""
    assert run.epochs() == [FIRST, SECOND]


@pytest.mark.parametrize("length", [1, 40, -1])
def test_a_line_that_is_cut_off_does_not_count(length: int, run: Run) -> None:
    run.add(FIRST)
    run.add(SECOND)
    path = run.folder / "progress.jsonl"
    first, second = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(first + second[:length])
    assert run.epochs() == [FIRST]


@pytest.mark.parametrize("line", ["nonsense", "{}", "1", "[1, 2]", '{"epoch": 1}'])
def test_a_damaged_line_is_named(line: str, run: Run) -> None:
    run.add(FIRST)
    with (run.folder / "progress.jsonl").open("a") as file:
        file.write(f"{line}\n")
    with pytest.raises(UserError, match=r"progress\.jsonl is damaged"):
        run.epochs()


def test_nested_without_end_is_damaged(run: Run) -> None:
    for name in ("progress.jsonl", "summary.json", "config.json"):
        (run.folder / name).write_text("[" * 200_000 + "\n", encoding="utf-8")
    with pytest.raises(UserError, match=r"progress\.jsonl is damaged"):
        run.epochs()
    assert run.status() == "interrupted"
    with pytest.raises(UserError, match=r"config\.json is damaged"):
        Run.open(run.folder)


def test_what_is_damaged_is_made_anew_where_there_is_a_checkpoint(run: Run) -> None:
    (run.folder / "progress.jsonl").write_text("{}\n", encoding="utf-8")
    with pytest.raises(UserError, match="is damaged: train again in another folder"):
        run.epochs()
    (run.folder / "checkpoint.pt").touch()
    with pytest.raises(UserError, match=f"is damaged: python -m s6xl train --resume {run.folder} writes it again"):
        run.epochs()


def test_of_two_that_are_begun_at_once_one_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The one that comes second, while the first is about to write."""
    write, refused_one = record._write_json, threading.Event()

    def late(path: Path, data: object) -> None:
        assert refused_one.wait(PATIENCE)
        write(path, data)

    def begin(seed: int) -> None:
        try:
            Run.begin(tmp_path / "run", replace(CONFIG, recipe=CONFIG.recipe.changed(seed=seed)))
        except UserError:
            refused_one.set()
            raise

    monkeypatch.setattr(record, "_write_json", late)
    with ThreadPoolExecutor(2) as pool:
        errors = [future.exception() for future in [pool.submit(begin, seed) for seed in (1, 2)]]
    (refused,) = filter(None, errors)
    assert isinstance(refused, UserError)
    assert "already holds a run: resume it with --resume" in str(refused)
    assert Run.open(tmp_path / "run").config.recipe.seed == errors.index(None) + 1


def test_lines_that_are_no_text_are_named(run: Run) -> None:
    (run.folder / "progress.jsonl").write_bytes(b"\xff\n")
    with pytest.raises(UserError, match=r"progress\.jsonl is damaged"):
        run.epochs()


@pytest.mark.parametrize("before", [[], [FIRST], [FIRST, SECOND]])
@pytest.mark.parametrize("torn", ["", '{"epoch": 3, "tr'])
def test_progress_is_reset_to_what_a_run_resumes_from(before: list[Epoch], torn: str, run: Run) -> None:
    for epoch in before:
        run.add(epoch)
    with (run.folder / "progress.jsonl").open("a") as file:
        file.write(torn)
    run.reset_progress([FIRST])
    assert (run.folder / "progress.jsonl").read_text() == json.dumps(asdict(FIRST)) + "\n"
    run.add(SECOND)
    assert run.epochs() == [FIRST, SECOND]
    assert names(run.folder) == {"config.json", "lock", "progress.jsonl"}


def test_progress_that_is_right_is_left_alone(run: Run) -> None:
    """Whoever reads it at that moment finds the same file."""
    run.add(FIRST)
    before = (run.folder / "progress.jsonl").stat()
    run.reset_progress([FIRST])
    after = (run.folder / "progress.jsonl").stat()
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


CLAIM = """
import sys
import threading
import time
from pathlib import Path
from s6xl.mnist.record import Run

with Run.open(Path(sys.argv[1])).claimed():
    print("claimed", flush=True)
    sys.stdin.read()
assert "torch" not in sys.modules
"""


@pytest.fixture
def other(run: Run) -> Iterator["subprocess.Popen[str]"]:
    """Another process that has claimed the run until its input ends."""
    command = [sys.executable, "-W", "error", "-c", CLAIM, str(run.folder)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdin is not None
    assert process.stdout is not None
    with process:
        assert process.stdout.readline() == "claimed\n"
        yield process
        with suppress(OSError):
            process.stdin.close()


@pytest.mark.process
def test_a_run_counts_as_training_while_another_process_has_it(run: Run, other: "subprocess.Popen[str]") -> None:
    assert run.status() == "training"
    # Looking does not take it away.
    assert run.status() == "training"
    other.communicate("")
    assert other.returncode == 0
    assert run.status() == "interrupted"


@pytest.mark.process
def test_a_process_that_is_killed_leaves_an_interrupted_run(run: Run, other: "subprocess.Popen[str]") -> None:
    other.kill()
    other.wait()
    assert run.status() == "interrupted"
    with run.claimed():
        assert Run.open(run.folder).status() == "training"


@pytest.mark.process
def test_a_second_training_is_refused(
    run: Run, other: "subprocess.Popen[str]", monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(record, "_LOCK_TIMEOUT", 0.1)
    with pytest.raises(UserError) as caught, run.claimed():
        pytest.fail("it was claimed")
    assert str(caught.value) == (
        f"another training run uses {run.folder}: wait for its end, or choose another folder with --run."
    )
    assert run.status() == "training"


@pytest.mark.process
def test_a_training_waits_for_one_who_only_looks(
    run: Run, other: "subprocess.Popen[str]", monkeypatch: pytest.MonkeyPatch
) -> None:
    """It tries again until the other, who is asked to end when it has tried once, has ended."""
    tries = 0
    acquire = type(run._lock)._acquire

    def ask_the_other_to_end(lock: FileLock) -> None:
        nonlocal tries
        tries += 1
        acquire(lock)
        assert other.stdin is not None
        if tries == 1:
            assert not lock.is_locked
            other.stdin.close()

    monkeypatch.setattr(type(run._lock), "_acquire", ask_the_other_to_end)
    monkeypatch.setattr(record, "_LOCK_TIMEOUT", PATIENCE)
    with run.claimed():
        assert tries > 1
    assert other.wait(PATIENCE) == 0


@pytest.mark.parametrize("status", ["finished", "stopped", "diverged"])
def test_how_a_training_has_ended(status: Any, run: Run) -> None:
    with run.claimed():
        run.end(status, [FIRST, SECOND])
        assert run.status() == "training"
    assert run.status() == status
    summary = json.loads((run.folder / "summary.json").read_text(encoding="utf-8"))
    assert summary == {"status": status, "ended": summary["ended"], **asdict(SECOND)}
    # Whoever goes on with it, it has ended so until there is more.
    with run.claimed():
        pass
    assert run.status() == status
    run.discard_results()
    assert run.status() == "interrupted"


def test_a_training_that_ended_before_its_first_epoch(run: Run) -> None:
    run.end("diverged", [])
    assert run.status() == "diverged"


@pytest.mark.parametrize("text", ["", '{"status": "fin', "{}", "[]", "1"])
def test_with_a_damaged_summary_a_run_has_not_come_to_its_end(text: str, run: Run) -> None:
    """All that it is made from is still there, so that it can be gone on with."""
    (run.folder / "summary.json").write_text(text, encoding="utf-8")
    assert run.status() == "interrupted"


def test_a_request_to_stop_counts_for_the_training_that_runs(run: Run) -> None:
    run.ask_to_stop()
    with run.claimed():
        assert not run.is_asked_to_stop()
        Run.open(run.folder).ask_to_stop()
        assert run.is_asked_to_stop()


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EACCES])
def test_what_the_system_refuses_while_training_is_one_sentence(number: int, run: Run) -> None:
    def train() -> None:
        with run.claimed():
            raise OSError(number, os.strerror(number))

    with pytest.raises(UserError) as caught:
        train()
    assert str(caught.value) == (
        f"the run in {run.folder} cannot be written ({os.strerror(number)}), but what it has is kept: make room or "
        f"give write permission, then resume it with --resume {run.folder}."
    )


def test_other_errors_are_not_dressed_up(run: Run) -> None:
    def train() -> None:
        with run.claimed():
            raise ValueError("a fault of the program")

    with pytest.raises(ValueError, match="a fault"):
        train()
    assert run.status() == "interrupted"


def test_new_folders_sort_by_when_they_were_begun(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Even within one second."""
    moments = [datetime.datetime(2026, 1, 2, 3, 4, second) for second in (5, 5, 5, 6)]
    clock = SimpleNamespace(datetime=SimpleNamespace(now=lambda: moments[len(list(tmp_path.iterdir()))]))
    monkeypatch.setattr(record, "datetime", clock)
    begun = []
    for _ in moments:
        begun.append(record.new_folder(tmp_path, "best"))
        begun[-1].mkdir()
    assert begun == sorted(begun)
    assert all(path.name.startswith("2026-01-02_03") for path in begun)
    assert all("best" in path.name for path in begun)


def test_this_moment_has_its_time_zone() -> None:
    assert record.now()[-6] in "+-"
    assert record.now()[10] == "T"


@pytest.mark.parametrize(
    ("files", "lacks"),
    [([], False), (["evaluation.npz"], True), (["evaluation.npz", "network.npz"], False), (["network.npz"], False)],
)
def test_a_run_of_an_earlier_version_lacks_its_network(files: list[str], lacks: bool, run: Run) -> None:
    for name in files:
        (run.folder / name).touch()
    run.end("finished", [FIRST])
    assert run.lacks_network == lacks
    with run.claimed():
        assert not run.lacks_network


@pytest.mark.parametrize("figures", ['"seconds": 0.0', '"seconds": -1', '"test_loss": 1e999', '"train_loss": NaN'])
def test_figures_that_are_none(figures: str, run: Run) -> None:
    line = json.dumps(asdict(FIRST))[:-1]
    (run.folder / "progress.jsonl").write_text(f"{line}, {figures}}}\n", encoding="utf-8")
    with pytest.raises(UserError, match=r"progress\.jsonl is damaged"):
        run.epochs()


def test_more_epochs_than_there_are_to_be(run: Run) -> None:
    for number in range(1, 5):
        run.add(replace(FIRST, epoch=number))
    with pytest.raises(UserError, match=r"progress\.jsonl is damaged"):
        run.epochs()
