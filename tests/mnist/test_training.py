"""A training and its record: what it leaves, and that going on with it is the same as never having stopped."""

import json
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from s6xl.errors import ImpossibleHereError, UserError
from s6xl.mnist import model, record, training
from s6xl.mnist.data import Data
from s6xl.mnist.evaluation import Evaluation
from s6xl.mnist.recipe import RECIPES
from s6xl.mnist.record import Epoch, Run
from s6xl.mnist.trainer import Trainer
from s6xl.mnist.training import Moment, Watcher

CPU = torch.device("cpu")
# 3 epochs of 3 batches.
RECIPE = RECIPES["best"].changed(epochs=3, batch_size=50)


def begin(folder: Path, data: Data, **chosen: Any) -> Run:
    return Run.begin(folder, training.configured(RECIPE.changed(**chosen), data, "digits", "cpu", CPU))


def train(run: Run, data: Data, steps: int | None = None, **watcher: Any) -> str:
    """Train to the end, or so many steps."""
    done = 0

    def count(moment: Moment) -> None:
        nonlocal done
        done += 1

    stop: dict[str, Any] = {} if steps is None else {"on_step": count, "wants_to_stop": lambda: done >= steps}
    return training.train(Run.open(run.folder), data, CPU, Watcher(**stop, **watcher))


@pytest.fixture(scope="module")
def whole(few: Data, one_thread: None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run that was never interrupted."""
    run = begin(tmp_path_factory.mktemp("whole") / "run", few)
    assert train(run, few) == "finished"
    return run.folder


def weights(folder: Path) -> dict[str, torch.Tensor]:
    state: dict[str, torch.Tensor] = torch.load(folder / "model.pt", weights_only=True)["state"]
    return state


def figures(folder: Path) -> list[dict[str, float]]:
    """What the epochs' lines say, without how long they took."""
    lines = map(json.loads, (folder / "progress.jsonl").read_text(encoding="utf-8").splitlines())
    return [{name: value for name, value in line.items() if name != "seconds"} for line in lines]


def check_same(folder: Path, whole: Path) -> None:
    """Both runs have ended with the same network bit for bit, on the same way."""
    assert Run.open(folder).status() == "finished"
    found, wanted = weights(folder), weights(whole)
    assert found.keys() == wanted.keys()
    assert [name for name in wanted if not torch.equal(found[name], wanted[name])] == []
    assert figures(folder) == figures(whole)
    evaluations = (
        Evaluation.load(folder / "evaluation.npz", "train anew"),
        Evaluation.load(whole / "evaluation.npz", "train anew"),
    )
    assert np.array_equal(evaluations[0].predictions, evaluations[1].predictions)


def test_what_a_finished_run_holds(whole: Path) -> None:
    names = (
        "config.json",
        "progress.jsonl",
        "checkpoint.pt",
        "model.pt",
        "network.npz",
        "summary.json",
        "evaluation.npz",
    )
    assert {path.name for path in whole.iterdir()} - {"lock"} == set(names)
    config = json.loads((whole / "config.json").read_text(encoding="utf-8"))
    assert config["data_title"] == "a few digits: 130 training and 70 test images"
    assert config["versions"]["torch"] == torch.__version__
    summary = json.loads((whole / "summary.json").read_text(encoding="utf-8"))
    lines = figures(whole)
    assert [line["epoch"] for line in lines] == [1, 2, 3]
    assert summary["status"] == "finished"
    assert {name: summary[name] for name in lines[-1]} == lines[-1]
    for name in ("checkpoint.pt", "model.pt"):
        torch.load(whole / name, weights_only=True)


def test_the_lines_figures_are_the_networks(few: Data, whole: Path) -> None:
    network = model.load(whole / "model.pt")
    with torch.no_grad():
        outputs = network((few.test.images.unsqueeze(1) / 255 - 0.1307) / 0.3081)
    last = figures(whole)[-1]
    assert last["test_accuracy"] == int((outputs.argmax(dim=1) == few.test.labels).sum()) / 70
    assert last["test_loss"] == pytest.approx(float(-outputs[range(70), few.test.labels].double().mean()), rel=1e-5)


def test_the_evaluation_is_the_networks(few: Data, whole: Path) -> None:
    network = model.load(whole / "model.pt")
    with torch.no_grad():
        probabilities = network((few.test.images.unsqueeze(1) / 255 - 0.1307) / 0.3081).exp()
    predictions, labels = probabilities.argmax(dim=1).tolist(), few.test.labels.tolist()
    wrong = [number for number in range(70) if predictions[number] != labels[number]]
    found = Run.open(whole).evaluation()
    assert found is not None
    assert (found.predictions.tolist(), found.labels.tolist(), found.mistakes.tolist()) == (predictions, labels, wrong)
    # Few epochs on few images: there are some of both.
    assert 0 < len(wrong) < 70
    assert found.confusion.tolist() == [
        [sum(pair == (digit, prediction) for pair in zip(labels, predictions, strict=True)) for prediction in range(10)]
        for digit in range(10)
    ]
    assert found.probabilities == pytest.approx([float(probabilities[number].max()) for number in wrong], rel=1e-5)
    assert np.array_equal(found.mistaken_images, few.test.images.numpy()[wrong])
    assert np.array_equal(found.sample_images, few.train.images.numpy()[:12])
    assert found.sample_labels.tolist() == few.train.labels.tolist()[:12]


def test_who_looks_on_is_told_everything(few: Data, tmp_path: Path) -> None:
    run = begin(tmp_path / "run", few, epochs=2)
    steps: list[tuple[int, int]] = []
    epochs: list[Epoch] = []

    def on_epoch(epoch: Epoch) -> None:
        epochs.append(epoch)
        # It can already be read by others.
        assert Run.open(run.folder).epochs() == epochs

    train(run, few, on_step=lambda moment: steps.append((moment.epoch, moment.images)), on_epoch=on_epoch)
    assert steps == [(1, 50), (1, 100), (1, 130), (2, 50), (2, 100), (2, 130)]
    assert [epoch.epoch for epoch in epochs] == [1, 2]
    assert all(epoch.seconds > 0 for epoch in epochs)


@pytest.mark.parametrize("steps", range(1, 9))
def test_stopped_after_any_step_and_gone_on_with_it_is_the_same(
    steps: int, few: Data, whole: Path, tmp_path: Path
) -> None:
    run = begin(tmp_path / "run", few)
    assert train(run, few, steps) == "stopped"
    assert Run.open(run.folder).status() == "stopped"
    # At an epoch's end there is nothing to stop any more, but the next one can be stopped after its first step.
    assert len(run.epochs()) == steps // 3
    # What there is by then is a network, too.
    assert weights(run.folder).keys() == weights(whole).keys()
    torch.manual_seed(0)
    assert train(run, few) == "finished"
    check_same(run.folder, whole)


def test_stopped_again_and_again_is_the_same(few: Data, whole: Path, tmp_path: Path) -> None:
    run = begin(tmp_path / "run", few)
    statuses: list[str] = []
    while "finished" not in statuses and len(statuses) < 20:
        statuses.append(train(run, few, 1))
    # 9 steps; behind an epoch's last one goes on to the next epoch's first.
    assert statuses == ["stopped"] * (len(statuses) - 1) + ["finished"]
    assert len(statuses) >= 6
    check_same(run.folder, whole)


def test_stopping_at_the_very_end_is_too_late(few: Data, whole: Path, tmp_path: Path) -> None:
    run = begin(tmp_path / "run", few)
    assert train(run, few, 9) == "finished"
    check_same(run.folder, whole)


class Killed(BaseException):
    """Nothing that anybody would catch."""


def killed(run: Run, data: Data, epoch: int, images: int) -> None:
    """Let a training end abruptly."""

    def on_step(moment: Moment) -> None:
        if (moment.epoch, moment.images) == (epoch, images):
            raise Killed

    with pytest.raises(Killed):
        train(run, data, on_step=on_step)


@pytest.mark.parametrize(("epoch", "images"), [(1, 50), (1, 130), (2, 100), (3, 130)])
def test_killed_within_an_epoch_goes_on_from_the_one_before(
    epoch: int, images: int, few: Data, whole: Path, tmp_path: Path
) -> None:
    run = begin(tmp_path / "run", few)
    killed(run, few, epoch, images)
    assert Run.open(run.folder).status() == "interrupted"
    assert len(run.epochs()) == epoch - 1
    assert train(run, few) == "finished"
    check_same(run.folder, whole)


def cut_line(folder: Path, *, keep: int) -> None:
    """Cut the last line off so far that so many bytes of it are left."""
    path = folder / "progress.jsonl"
    *lines, last = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(lines) + last[:keep])


AFTER_2_EPOCHS: dict[str, tuple[int, Callable[[Path], object]]] = {
    # The checkpoint is written before the line.
    "before the last line": (1, lambda folder: cut_line(folder, keep=0)),
    "within the last line": (1, lambda folder: cut_line(folder, keep=30)),
    "at the end of the last line": (1, lambda folder: cut_line(folder, keep=-1)),
    "before the first line": (0, lambda folder: (folder / "progress.jsonl").unlink()),
    "within a line that the checkpoint does not have": (2, lambda folder: append(folder, '{"epoch": 3, "train')),
    "while a checkpoint was written": (2, lambda folder: leave_partial(folder, ".checkpoint-01234567")),
}


def append(folder: Path, text: str) -> None:
    with (folder / "progress.jsonl").open("a") as file:
        file.write(text)


def leave_partial(folder: Path, name: str) -> None:
    (folder / name).mkdir()
    (folder / name / "partial.pt").write_bytes(b"half")


@pytest.mark.parametrize("moment", AFTER_2_EPOCHS)
def test_killed_while_writing(moment: str, few: Data, whole: Path, tmp_path: Path) -> None:
    run = begin(tmp_path / "run", few)
    killed(run, few, 3, 50)
    lines, leave = AFTER_2_EPOCHS[moment]
    leave(run.folder)
    assert len(run.epochs()) == lines
    assert train(run, few) == "finished"
    check_same(run.folder, whole)


def test_killed_between_checkpoint_and_line(
    few: Data, whole: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = begin(tmp_path / "run", few)

    def add(self: Run, epoch: Epoch) -> None:
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(Run, "add", add)
        with pytest.raises(Killed):
            train(run, few)
    assert run.epochs() == []
    # The epoch is not trained again.
    epochs: list[int] = []
    train(run, few, on_step=lambda moment: epochs.append(moment.epoch))
    assert epochs == [2, 2, 2, 3, 3, 3]
    check_same(run.folder, whole)


@pytest.mark.parametrize("name", ["model.pt", "evaluation.npz", "summary.json"])
def test_killed_behind_the_last_epoch(name: str, few: Data, whole: Path, tmp_path: Path) -> None:
    run = Run(tmp_path / "run")
    shutil.copytree(whole, run.folder)
    (run.folder / name).unlink()
    (run.folder / "summary.json").unlink(missing_ok=True)
    assert train(run, few, on_step=lambda moment: pytest.fail("it was trained")) == "finished"
    check_same(run.folder, whole)


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.name != "lock"}


def test_going_on_with_a_finished_run_does_nothing(few: Data, whole: Path) -> None:
    before = {path.name: path.stat().st_mtime_ns for path in whole.iterdir() if path.name != "lock"}
    assert train(Run(whole), few, on_step=lambda moment: pytest.fail("it was trained")) == "finished"
    assert {path.name: path.stat().st_mtime_ns for path in whole.iterdir() if path.name != "lock"} == before


def test_other_data_is_refused(few: Data, tmp_path: Path) -> None:
    run = begin(tmp_path / "run", few)
    train(run, few, 4)
    before = contents(run.folder)
    other = replace(few, source="other digits", fingerprint="that of other digits")
    with pytest.raises(UserError) as caught:
        train(run, other)
    assert str(caught.value) == (
        f"the run in {run.folder} was started with other data (a few digits: 130 training and 70 test images) than "
        "this (other digits: 130 training and 70 test images): give the same data with --data."
    )
    assert contents(run.folder) == before


def test_a_second_training_leaves_the_first_one_alone(
    few: Data, whole: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(record, "_LOCK_TIMEOUT", 0.05)
    run = begin(tmp_path / "run", few)
    refusals = []

    def on_epoch(epoch: Epoch) -> None:
        with pytest.raises(UserError, match="another training run uses") as caught:
            train(run, few)
        refusals.append(caught)

    assert train(run, few, on_epoch=on_epoch) == "finished"
    assert len(refusals) == 3
    check_same(run.folder, whole)


def diverging(monkeypatch: pytest.MonkeyPatch, epoch: int) -> None:
    """Let the loss be no number from an epoch on."""
    begin_epoch = Trainer.begin_epoch

    def poisoned(self: Trainer, number: int) -> None:
        begin_epoch(self, number)
        if number >= epoch:
            next(self.network.parameters()).data.fill_(torch.nan)

    monkeypatch.setattr(Trainer, "begin_epoch", poisoned)


@pytest.mark.parametrize("epoch", [1, 2])
def test_divergence_ends_a_training_and_keeps_the_epochs_before(
    epoch: int, few: Data, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    diverging(monkeypatch, epoch)
    run = begin(tmp_path / "run", few)
    assert train(run, few) == "diverged"
    assert run.status() == "diverged"
    assert [each.epoch for each in run.epochs()] == list(range(1, epoch))
    assert not (run.folder / "model.pt").exists()
    json.loads((run.folder / "summary.json").read_text(), parse_constant=pytest.fail)


def test_a_high_rate_diverges(few: Data, tmp_path: Path) -> None:
    run = begin(tmp_path / "run", few, learning_rate=1_000.0, epochs=20)
    assert train(run, few) == "diverged"


def without_trainer(content: dict[str, Any]) -> dict[str, Any]:
    return {"epochs": content["epochs"]}


def without_a_weight(content: dict[str, Any]) -> dict[str, Any]:
    del content["trainer"]["tensors"]["0.weight"]
    return content


def with_another_epoch(content: dict[str, Any]) -> dict[str, Any]:
    content["epochs"][0]["mood"] = "good"
    return content


def with_another_shape(content: dict[str, Any]) -> dict[str, Any]:
    content["trainer"]["tensors"]["0.weight"] = torch.zeros(7)
    return content


@pytest.mark.parametrize("change", [without_trainer, without_a_weight, with_another_epoch, with_another_shape])
def test_a_checkpoint_that_holds_something_else(
    change: Callable[[dict[str, Any]], dict[str, Any]], few: Data, tmp_path: Path
) -> None:
    run = begin(tmp_path / "run", few)
    train(run, few, 4)
    path = run.folder / "checkpoint.pt"
    torch.save(change(torch.load(path, weights_only=True)), path)
    check_checkpoint_refused(run, few, "is damaged, so the run cannot go on: .* can still be shown")


def check_checkpoint_refused(run: Run, data: Data, words: str) -> None:
    before = contents(run.folder)
    with pytest.raises(UserError, match=rf"checkpoint\.pt {words}"):
        train(run, data)
    after = contents(run.folder)
    for name in ("config.json", "progress.jsonl", "checkpoint.pt", "model.pt", "evaluation.npz"):
        assert after[name] == before[name], name


@pytest.mark.parametrize("length", [0, 1, 1_000, 5_000, -100])
def test_a_checkpoint_that_is_cut_off(length: int, few: Data, tmp_path: Path) -> None:
    run = begin(tmp_path / "run", few)
    train(run, few, 4)
    path = run.folder / "checkpoint.pt"
    path.write_bytes(path.read_bytes()[:length])
    check_checkpoint_refused(run, few, "is damaged")


def test_a_checkpoint_that_cannot_be_read(few: Data, tmp_path: Path) -> None:
    run = begin(tmp_path / "run", few)
    (run.folder / "checkpoint.pt").mkdir()
    with pytest.raises(UserError, match=r"checkpoint\.pt cannot be read \(Is a directory\)|damaged|denied"):
        train(run, few)


@pytest.mark.parametrize(
    "error",
    [
        torch.OutOfMemoryError(),
        MemoryError(),
        RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory"),
        RuntimeError("could not create a primitive"),  # oneDNN
        RuntimeError("MPS backend out of memory (MPS allocated: 8 GB)"),
        RuntimeError("CUDA error: out of memory"),
        RuntimeError("cuDNN error: CUDNN_STATUS_INTERNAL_ERROR_DEVICE_ALLOCATION_FAILED"),
        RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`"),
    ],
    ids=str,
)
def test_too_little_memory_on_the_device(error: Exception, few: Data, tmp_path: Path) -> None:
    run = begin(tmp_path / "run", few)

    def on_step(moment: Moment) -> None:
        if moment.epoch == 2:
            raise error

    with pytest.raises(ImpossibleHereError, match=r"CPU.* does not have enough memory: use smaller batches; the run"):
        train(run, few, on_step=on_step)
    assert (run.status(), len(run.epochs())) == ("interrupted", 1)


@pytest.mark.skipif(sys.platform != "linux", reason="/dev/full is Linux's")
@pytest.mark.parametrize("name", ["checkpoint.pt", "model.pt", "evaluation.npz"])
def test_a_disk_that_is_full_at_any_moment_is_one_sentence(
    name: str, few: Data, whole: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With room again, the training goes on."""
    run = begin(tmp_path / "run", few)
    killed(run, few, 2, 50)
    replacing = Run.replacing

    @contextmanager
    def full(self: Run, wanted: str) -> Iterator[Path]:
        with replacing(self, wanted) as path:
            if wanted == name:
                path.symlink_to("/dev/full")
            yield path

    with monkeypatch.context() as patch:
        patch.setattr(Run, "replacing", full)
        with pytest.raises(
            UserError, match=f"(disk is full|cannot be written).*resume the run later with --resume {run.folder}"
        ):
            train(run, few)
    assert Run.open(run.folder).status() == "interrupted"
    assert train(run, few) == "finished"
    check_same(run.folder, whole)


def test_the_network_for_what_does_without_pytorch_is_the_same(few: Data, whole: Path) -> None:
    state = weights(whole)
    network = Run.open(whole).network()
    assert network.layers == RECIPE.layers
    assert {name for name in state if not name.endswith("num_batches_tracked")} == set(network.state)
    for name, numbers in network.state.items():
        assert np.array_equal(numbers, state[name].numpy()), name


def test_some_that_it_got_right_are_kept_digit_by_digit_in_turn(few: Data, whole: Path) -> None:
    found = Run.open(whole).evaluation()
    assert found is not None
    assert np.array_equal(found.predictions[found.right], found.labels[found.right])
    assert np.array_equal(found.right_images, few.test.images.numpy()[found.right])
    assert len({*found.right.tolist()}) == len(found.right) == min(50, int((found.predictions == found.labels).sum()))
    # No digit comes again before all that are left have come.
    labels = found.labels[found.right].tolist()
    counts = [labels[:place].count(label) for place, label in enumerate(labels)]
    assert counts == sorted(counts)


def test_a_run_of_an_earlier_version_gets_what_it_lacks(few: Data, whole: Path, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    shutil.copytree(whole, folder)
    network = (folder / "network.npz").read_bytes()
    (folder / "network.npz").unlink()
    with np.load(folder / "evaluation.npz") as content:
        kept = {name: content[name] for name in content if not name.startswith("right")}
    np.savez_compressed(folder / "evaluation.npz", **kept)
    run = Run.open(folder)
    earlier = run.evaluation()
    assert earlier is not None
    assert len(earlier.right) == 0
    assert (run.status(), run.has_network, run.is_complete()) == ("finished", False, False)
    assert train(run, few) == "finished"
    assert run.is_complete()
    assert (folder / "network.npz").read_bytes() == network
    check_same(folder, whole)


def test_a_network_that_diverged_before_it_was_stopped_is_not_kept(
    few: Data, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = begin(tmp_path / "run", few)
    assert train(run, few, steps=3) == "stopped"
    assert run.has_network

    def diverge_and_stop(trainer: Trainer, go_on: object) -> bool:
        trainer.tensors["0.weight"].fill_(float("nan"))
        return False

    monkeypatch.setattr(Trainer, "run_epoch", diverge_and_stop)
    assert train(run, few) == "stopped"
    assert not run.has_network


def test_a_training_that_goes_on_shows_no_earlier_network(few: Data, tmp_path: Path) -> None:
    """From the moment on that it has come further, also if it is killed then."""
    ends = ("summary.json", "network.npz", "evaluation.npz", "model.pt")
    run = begin(tmp_path / "run", few)
    assert train(run, few, steps=4) == "stopped"
    before = {name: (run.folder / name).read_bytes() for name in ends}
    killed(run, few, 2, 130)
    assert {name: (run.folder / name).read_bytes() for name in ends} == before
    assert Run.open(run.folder).status() == "stopped"
    killed(run, few, 3, 50)
    assert not [name for name in ends if (run.folder / name).exists()]
    assert Run.open(run.folder).status() == "interrupted"
    assert train(run, few) == "finished"
    assert run.has_network
