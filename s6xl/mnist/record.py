"""The run directory: the record of a training run, from which everything else is shown.

``config.json`` has the settings, ``progress.jsonl`` a line an epoch, ``checkpoint.pt`` the state that a run resumes
from, ``model.pt`` the network for PyTorch, ``network.npz`` the same without PyTorch, ``summary.json`` how the run
ended, ``evaluation.npz`` the predictions for the test images. Only the two ``.pt`` files need PyTorch to be read.
"""

import contextlib
import datetime
import json
import math
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, astuple, dataclass
from functools import cached_property
from itertools import chain, count
from pathlib import Path
from typing import Any, Literal, get_args

from filelock import FileLock, Timeout

from s6xl.errors import UserError
from s6xl.files import check_name, exists, quoted, replacing
from s6xl.mnist.checking import check_types
from s6xl.mnist.choices import DEVICES, PRETRAINED
from s6xl.mnist.evaluation import Evaluation
from s6xl.mnist.recipe import Recipe
from s6xl.mnist.trained import TrainedNetwork

CONFIG, PROGRESS, SUMMARY = "config.json", "progress.jsonl", "summary.json"
CHECKPOINT, MODEL, NETWORK, EVALUATION = "checkpoint.pt", "model.pt", "network.npz", "evaluation.npz"
# The run that comes with the package.
_SHIPPED = Path(__file__).with_name(PRETRAINED)
_LOCK, _STOP = "lock", "stop"
_FORMAT = 1
_MOST_IMAGES = 10**9
_OTHER_FOLDER = "choose another folder with --run"
_TRAIN_AGAIN = "train again in another folder"
# Seconds that a training run waits for its lock, which others hold for a moment when they look for a run, and that
# those others wait.
_LOCK_TIMEOUT, _LOOK_TIMEOUT = 10.0, 0.05
Status = Literal["training", "finished", "stopped", "interrupted", "diverged"]


@dataclass(frozen=True)
class Epoch:
    """The figures of one epoch. Losses are negative log-likelihoods, accuracies are from 0 to 1.

    Attributes:
        epoch: its number, from 1.
        train_loss: the mean over batches, each taken before its step, while the weights change.
        train_accuracy: likewise, over images.
        test_loss: the mean over images, at the end of the epoch.
        test_accuracy: likewise.
        seconds: the time that training took, without the test.
    """

    epoch: int
    train_loss: float
    train_accuracy: float
    test_loss: float
    test_accuracy: float
    seconds: float

    def __post_init__(self) -> None:
        check_types(self)
        if not all(map(math.isfinite, astuple(self))) or self.seconds <= 0:
            raise ValueError("these are not the figures of an epoch")


@dataclass(frozen=True)
class Config:
    """The settings of a run, and where it was started.

    Attributes:
        recipe: how to train.
        data: the data as the user named it: mnist, sample or a folder.
        data_title: the data in words.
        fingerprint: that of the data.
        train_images: how many images an epoch has.
        device: the device as the user named it.
        device_title: the device in words.
        started: when, in ISO format with the offset of the time zone.
        versions: of s6xl, PyTorch and Python.
    """

    recipe: Recipe
    data: str
    data_title: str
    fingerprint: str
    train_images: int
    device: str
    device_title: str
    started: str
    versions: Mapping[str, str]

    def __post_init__(self) -> None:
        check_types(self)
        if self.device not in DEVICES:
            raise ValueError(f"{self.device} is not a device")
        if not 0 < self.train_images <= _MOST_IMAGES:
            raise ValueError(f"{self.train_images} images")

    def as_data(self) -> dict[str, Any]:
        """Return the settings as plain data for a file."""
        content = {name: value for name, value in vars(self).items() if name != "recipe"}
        return {"format": _FORMAT, "recipe": self.recipe.as_data(), **content}

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> "Config":
        """Return the settings from what `as_data` gave."""
        content = {name: value for name, value in data.items() if name not in ("format", "recipe")}
        return cls(recipe=Recipe.from_data(data["recipe"]), **content)


class Run:
    """A run directory."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._lock = FileLock(folder / _LOCK)

    @classmethod
    def begin(cls, folder: Path, config: Config) -> "Run":
        """Make a run directory in a new or an empty folder.

        Raises:
            UserError: if the folder is not empty, cannot be written, or has the name of the run that comes with the
                package.
        """
        if folder == Path(PRETRAINED):
            raise UserError(f"{PRETRAINED} is the name of the run that comes with s6xl: {_OTHER_FOLDER}.")
        check_name(folder)
        run = cls(folder)
        held = UserError(f"{folder} already holds a run: resume it with --resume {quoted(folder)}, or {_OTHER_FOLDER}.")
        try:
            folder.mkdir(parents=True, exist_ok=True)
            names = {path.name for path in folder.iterdir()} - {_LOCK}
            if CONFIG in names:
                raise held
            if names:
                raise UserError(f"{folder} is not empty: {_OTHER_FOLDER}.")
            # Of two runs that begin in it at once, one comes too late.
            with run._lock.acquire(timeout=0):
                if (folder / CONFIG).exists():
                    raise held
                _write_json(folder / CONFIG, config.as_data())
        except Timeout:
            raise held from None
        except OSError as error:
            raise UserError(
                f"{folder} cannot be used for a run ({error.strerror or error}): {_OTHER_FOLDER}."
            ) from error
        return run

    @classmethod
    def open(cls, folder: Path) -> "Run":
        """Open an existing run directory; ``pretrained`` is the one that comes with the package.

        Raises:
            UserError: if the folder does not hold a run, or one of a later version.
        """
        if folder == Path(PRETRAINED):
            folder = _SHIPPED
        if not exists(folder / CONFIG) or not (folder / CONFIG).is_file():
            raise _no_run(folder)
        check_name(folder)
        run = cls(folder)
        _ = run.config
        return run

    @property
    def name(self) -> str:
        """The name that `open` finds the run by, whatever the current folder."""
        return PRETRAINED if self.folder == _SHIPPED else str(self.folder.resolve())

    @cached_property
    def config(self) -> Config:
        """The settings.

        Raises:
            UserError: if the file is damaged or of a later version.
        """
        path = self.folder / CONFIG
        data = _read_json(path)
        if isinstance(data, dict) and isinstance(data.get("format"), int) and data["format"] > _FORMAT:
            raise UserError(f"{path} was made by a later version of s6xl: update s6xl.")
        try:
            return Config.from_data(data)
        except (KeyError, TypeError, ValueError, AttributeError, UserError) as error:
            raise UserError(f"{path} is damaged: {_TRAIN_AGAIN}.") from error

    def epochs(self) -> list[Epoch]:
        """Return the epochs that have ended; an incomplete last line, which may be being written, does not count.

        Raises:
            UserError: if the file is damaged, or the folder has gone.
        """
        try:
            text = (self.folder / PROGRESS).read_text(encoding="utf-8")
        except FileNotFoundError:
            if not exists(self.folder / CONFIG):
                raise _no_run(self.folder) from None
            return []
        except OSError as error:
            raise UserError(f"{self.folder / PROGRESS} cannot be read ({error.strerror or error}).") from error
        except UnicodeDecodeError as error:
            raise self._damaged(PROGRESS) from error
        epochs = []
        for line in text.splitlines(keepends=True):
            if line.endswith("\n"):
                try:
                    epochs.append(Epoch(**json.loads(line)))
                except (ValueError, TypeError, RecursionError) as error:
                    raise self._damaged(PROGRESS) from error
        if len(epochs) > self.config.recipe.epochs:
            raise self._damaged(PROGRESS)
        return epochs

    def status(self) -> Status:
        """Return the state of the training run; with a damaged summary it counts as interrupted."""
        if self._is_claimed():
            return "training"
        if (self.folder / SUMMARY).exists():
            with contextlib.suppress(UserError, KeyError, TypeError):
                status: Status = _read_json(self.folder / SUMMARY)["status"]
                if status in get_args(Status):
                    return status
        return "interrupted"

    def is_complete(self) -> bool:
        """Return whether the run has finished and all files that are shown are there and sound.

        Runs of earlier versions of s6xl are not complete: they kept no network.
        """
        if self.status() != "finished" or not self.has_network:
            return False
        with contextlib.suppress(UserError):
            self.network(), self.evaluation()
            return len(self.epochs()) == self.config.recipe.epochs
        return False

    @property
    def has_network(self) -> bool:
        """Whether there is a trained network to show.

        There is none before the end of the run, after it diverged, and in runs of earlier versions of s6xl.
        """
        return exists(self.folder / NETWORK) and self.has_evaluation

    @property
    def has_evaluation(self) -> bool:
        """Whether the run has ended and the test images have been evaluated."""
        return exists(self.folder / EVALUATION)

    @property
    def lacks_network(self) -> bool:
        """Whether the run has ended without keeping a network, as runs of earlier versions of s6xl did."""
        left_none = self.has_evaluation and not exists(self.folder / NETWORK)
        return left_none and self.status() != "training"

    def network(self) -> TrainedNetwork:
        """Return the trained network.

        Raises:
            UserError: if there is none, or the file is damaged.
        """
        path = self.folder / NETWORK
        if not exists(path):
            raise UserError(
                f"the run in {self.folder} has no network yet: wait until it ends, or resume it with --resume "
                f"{quoted(self.folder)}."
            )
        network = TrainedNetwork.load(path, self._cure)
        if network.layers != self.config.recipe.layers:
            raise self._damaged(NETWORK)
        return network

    def evaluation(self) -> Evaluation | None:
        """Return the predictions for the test images, if the run has ended.

        Raises:
            UserError: if the file is damaged.
        """
        return Evaluation.load(self.folder / EVALUATION, self._cure) if self.has_evaluation else None

    @property
    def _cure(self) -> str:
        """What helps if a file of the run is damaged."""
        if exists(self.folder / CHECKPOINT):
            return f"python -m s6xl train --resume {quoted(self.folder)} writes it again"
        return _TRAIN_AGAIN

    def _damaged(self, name: str) -> UserError:
        return UserError(f"{self.folder / name} is damaged: {self._cure}.")

    def ask_to_stop(self) -> None:
        """Ask the training run, in whatever process, to stop after its current step."""
        (self.folder / _STOP).touch()

    def is_asked_to_stop(self) -> bool:
        """Return whether `ask_to_stop` was called since training last began."""
        return (self.folder / _STOP).exists()

    @contextlib.contextmanager
    def claimed(self) -> Iterator[None]:
        """Lock the directory for training: no other process can, and the status is ``training``.

        The results of an earlier end stay until `discard_results` is called.

        Raises:
            UserError: if another process has locked it, or the folder cannot be written.
        """
        try:
            with self._lock.acquire(timeout=_LOCK_TIMEOUT, poll_interval=0.05):
                (self.folder / _STOP).unlink(missing_ok=True)
                yield
        except Timeout:
            raise UserError(f"another training run uses {self.folder}: wait for its end, or {_OTHER_FOLDER}.") from None
        except OSError as error:
            raise UserError(
                f"the run in {self.folder} cannot be written ({error.strerror or error}), but what it has is kept: "
                f"make room or give write permission, then resume it with --resume {quoted(self.folder)}."
            ) from error

    def _is_claimed(self) -> bool:
        if not (self.folder / _LOCK).exists():
            return False
        try:
            # Another process that only looks holds the lock for a moment.
            with FileLock(self.folder / _LOCK).acquire(timeout=_LOOK_TIMEOUT, poll_interval=_LOOK_TIMEOUT / 5):
                return False
        except Timeout:
            return True
        except OSError:  # the folder is read-only
            return False

    def add(self, epoch: Epoch) -> None:
        """Add an epoch's line."""
        with (self.folder / PROGRESS).open("a", encoding="utf-8", newline="\n") as file:
            file.write(_line(epoch))
            file.flush()
            os.fsync(file.fileno())

    def discard_results(self) -> None:
        """Delete the results of an earlier end, which do not belong to the next checkpoint."""
        for name in (SUMMARY, NETWORK, EVALUATION, MODEL):
            (self.folder / name).unlink(missing_ok=True)

    def reset_progress(self, epochs: Sequence[Epoch]) -> None:
        """Let the progress file hold just these epochs, from which training resumes."""
        text = "".join(map(_line, epochs))
        path = self.folder / PROGRESS
        if not path.exists() or path.read_bytes() != text.encode():
            with self.replacing(PROGRESS) as new:
                new.write_text(text, encoding="utf-8", newline="\n")

    def end(self, status: Status, epochs: Sequence[Epoch]) -> None:
        """Write how the run ended, with the last epoch's figures."""
        last = asdict(epochs[-1]) if epochs else {}
        _write_json(self.folder / SUMMARY, {"status": status, "ended": now(), **last})

    @contextlib.contextmanager
    def replacing(self, name: str) -> Iterator[Path]:
        """Give a path to write to, which becomes the file of that name if the block ends without an error."""
        instead = f"resume the run later with --resume {quoted(self.folder)}"
        with replacing(self.folder / name, Path(name).suffix, instead=instead) as path:
            yield path


def new_folder(parent: Path, recipe: str) -> Path:
    """Return a folder for a new run, named after the time, so that the last name is the latest run's.

    Args:
        parent: where it is to be.
        recipe: the name of the run's recipe, with which its own ends.
    """
    moment = datetime.datetime.now().strftime("%Y-%m-%d_%H.%M.%S")
    name = f"{moment}_{recipe}"
    return next(path for path in chain([parent / name], (parent / f"{name}_{n}" for n in count(2))) if not exists(path))


def now() -> str:
    """Return the time in ISO format, with the offset of the time zone."""
    return datetime.datetime.now().astimezone().isoformat(timespec="seconds")


def _line(epoch: Epoch) -> str:
    return json.dumps(asdict(epoch)) + "\n"


def _write_json(path: Path, data: object) -> None:
    with replacing(path, path.suffix, instead=_OTHER_FOLDER) as new:
        new.write_text(json.dumps(data, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def _read_json(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UserError(f"{path} cannot be read ({error.strerror or error}).") from error
    except (ValueError, RecursionError) as error:
        raise UserError(f"{path} is damaged: {_TRAIN_AGAIN}.") from error


def _no_run(folder: Path) -> UserError:
    return UserError(f"{folder} does not hold a run: give a folder that `python -m s6xl train` has made.")
