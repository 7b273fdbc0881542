"""The run directory: the record of a training, from which everything else is shown.

``config.json`` says what was asked for, ``progress.jsonl`` has a line an epoch, ``checkpoint.pt`` is what a training
goes on from, ``model.pt`` the network for PyTorch and ``network.npz`` for all that does without, ``summary.json`` how
it ended, ``evaluation.npz`` what the network makes of the test images. Reading it needs no PyTorch.
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
_ANEW = "train anew, in another folder"
# How long a training waits for somebody who is only looking whether there is one.
_PATIENCE, _MOMENT = 10.0, 0.05
Status = Literal["training", "finished", "stopped", "interrupted", "diverged"]


@dataclass(frozen=True)
class Epoch:
    """What one epoch has given. Losses are negative log-likelihoods, accuracies parts of 1.

    The training's are taken on the way, while the weights change: the loss is the mean over batches, the test's the
    mean over images.
    """

    epoch: int
    train_loss: float
    train_accuracy: float
    test_loss: float
    test_accuracy: float
    seconds: float  # of training, without the test

    def __post_init__(self) -> None:
        check_types(self)
        if not all(map(math.isfinite, astuple(self))) or self.seconds <= 0:
            raise ValueError("these are no figures")


@dataclass(frozen=True)
class Config:
    """What was asked for, and where it was begun."""

    recipe: Recipe
    data: str  # as the user has named it: mnist, sample or a folder
    data_title: str
    fingerprint: str
    train_images: int
    device: str  # as the user has named it
    device_title: str
    started: str
    versions: Mapping[str, str]

    def __post_init__(self) -> None:
        check_types(self)
        if self.device not in DEVICES:
            raise ValueError(f"{self.device} is no device")
        if not 0 < self.train_images <= _MOST_IMAGES:
            raise ValueError(f"{self.train_images} images")

    def as_data(self) -> dict[str, Any]:
        """Plain data for a file."""
        content = {name: value for name, value in vars(self).items() if name != "recipe"}
        return {"format": _FORMAT, "recipe": self.recipe.as_data(), **content}

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> "Config":
        """What `as_data` has made data of."""
        content = {name: value for name, value in data.items() if name not in ("format", "recipe")}
        return cls(recipe=Recipe.from_data(data["recipe"]), **content)


class Run:
    """A run directory."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._lock = FileLock(folder / _LOCK)

    @classmethod
    def begin(cls, folder: Path, config: Config) -> "Run":
        """Make a run directory, in a new folder or an empty one.

        Raises:
            UserError: if the folder holds something already, cannot be written, or has the name of the run that comes
                with the package.
        """
        if folder == Path(PRETRAINED):
            raise UserError(f"{PRETRAINED} is what the run that comes with s6xl is called: {_OTHER_FOLDER}.")
        check_name(folder)
        run = cls(folder)
        held = UserError(
            f"{folder} holds a run already: go on with it by --resume {quoted(folder)}, or {_OTHER_FOLDER}."
        )
        try:
            folder.mkdir(parents=True, exist_ok=True)
            names = {path.name for path in folder.iterdir()} - {_LOCK}
            if CONFIG in names:
                raise held
            if names:
                raise UserError(f"{folder} is not empty: {_OTHER_FOLDER}.")
            # Of two that are begun at once one comes too late.
            with run._lock.acquire(timeout=0):
                if (folder / CONFIG).exists():
                    raise held
                _write_json(folder / CONFIG, config.as_data())
        except Timeout:
            raise held from None
        except OSError as error:
            raise UserError(
                f"{folder} cannot be used for a run ({error.strerror or error}): {_OTHER_FOLDER}."
            ) from None
        return run

    @classmethod
    def open(cls, folder: Path) -> "Run":
        """A run directory that is there; ``pretrained`` is the one that comes with the package.

        Raises:
            UserError: if it is none, or made by a later version.
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
        """What `open` finds it by from anywhere."""
        return PRETRAINED if self.folder == _SHIPPED else str(self.folder.resolve())

    @cached_property
    def config(self) -> Config:
        """What was asked for.

        Raises:
            UserError: if the file is damaged, or of a later version.
        """
        path = self.folder / CONFIG
        data = _read_json(path)
        if isinstance(data, dict) and isinstance(data.get("format"), int) and data["format"] > _FORMAT:
            raise UserError(f"{path} was made by a later version of s6xl: update s6xl.")
        try:
            return Config.from_data(data)
        except (KeyError, TypeError, ValueError, AttributeError, UserError):
            raise UserError(f"{path} is damaged: {_ANEW}.") from None

    def epochs(self) -> list[Epoch]:
        """The epochs that have ended. A line that is just being written, or was cut off, does not count.

        Raises:
            UserError: if the file is damaged, or the whole folder has gone.
        """
        try:
            text = (self.folder / PROGRESS).read_text(encoding="utf-8")
        except FileNotFoundError:
            if not exists(self.folder / CONFIG):
                raise _no_run(self.folder) from None
            return []
        except OSError as error:
            raise UserError(f"{self.folder / PROGRESS} cannot be read ({error.strerror or error}).") from None
        except UnicodeDecodeError:
            raise self._damaged(PROGRESS) from None
        epochs = []
        for line in text.splitlines(keepends=True):
            if line.endswith("\n"):
                try:
                    epochs.append(Epoch(**json.loads(line)))
                except (ValueError, TypeError, RecursionError):
                    raise self._damaged(PROGRESS) from None
        if len(epochs) > self.config.recipe.epochs:
            raise self._damaged(PROGRESS)
        return epochs

    def status(self) -> Status:
        """How the training stands; where the summary is damaged, as if it had not come to an end."""
        if self._is_claimed():
            return "training"
        if (self.folder / SUMMARY).exists():
            with contextlib.suppress(UserError, KeyError, TypeError):
                status: Status = _read_json(self.folder / SUMMARY)["status"]
                if status in get_args(Status):
                    return status
        return "interrupted"

    def is_complete(self) -> bool:
        """Whether it has finished and all that is shown of it is there and sound.

        It is not where an earlier version of s6xl has trained it, which kept no network, or a file was damaged since.
        """
        if self.status() != "finished" or not self.has_network:
            return False
        with contextlib.suppress(UserError):
            self.network(), self.evaluation()
            return len(self.epochs()) == self.config.recipe.epochs
        return False

    @property
    def has_network(self) -> bool:
        """Whether there is a network to be shown at work: not before the training has ended.

        Nor where it diverged, or an earlier version of s6xl has trained it.
        """
        return exists(self.folder / NETWORK) and self.has_evaluation

    @property
    def has_evaluation(self) -> bool:
        """Whether the training has ended, so that it is known what the network makes of the test images."""
        return exists(self.folder / EVALUATION)

    @property
    def lacks_network(self) -> bool:
        """Whether its training has ended and left none, as those of an earlier version of s6xl did."""
        left_none = self.has_evaluation and not exists(self.folder / NETWORK)
        return left_none and self.status() != "training"

    def network(self) -> TrainedNetwork:
        """The network.

        Raises:
            UserError: if there is none, or the file is damaged.
        """
        path = self.folder / NETWORK
        if not exists(path):
            raise UserError(
                f"the run in {self.folder} has no network yet: wait for its end, or go on with it by --resume "
                f"{quoted(self.folder)}."
            )
        network = TrainedNetwork.load(path, self._cure)
        if network.layers != self.config.recipe.layers:
            raise self._damaged(NETWORK)
        return network

    def evaluation(self) -> Evaluation | None:
        """What the network makes of the test images, once the training has ended."""
        return Evaluation.load(self.folder / EVALUATION, self._cure) if self.has_evaluation else None

    @property
    def _cure(self) -> str:
        """What helps where a file is damaged that a training has written."""
        if exists(self.folder / CHECKPOINT):
            return f"python -m s6xl train --resume {quoted(self.folder)} makes it anew"
        return _ANEW

    def _damaged(self, name: str) -> UserError:
        return UserError(f"{self.folder / name} is damaged: {self._cure}.")

    def ask_to_stop(self) -> None:
        """Let the training end after its current step, in whatever process it is."""
        (self.folder / _STOP).touch()

    def is_asked_to_stop(self) -> bool:
        """Whether `ask_to_stop` was called since the training was last begun."""
        return (self.folder / _STOP).exists()

    @contextlib.contextmanager
    def claimed(self) -> Iterator[None]:
        """While a training writes into the directory: no other can, and it counts as being trained.

        How an earlier one has ended stays until there is more than that: see `discard_results`.

        Raises:
            UserError: if another training does so, or the folder cannot be written.
        """
        try:
            with self._lock.acquire(timeout=_PATIENCE, poll_interval=0.05):
                (self.folder / _STOP).unlink(missing_ok=True)
                yield
        except Timeout:
            raise UserError(f"a training is running in {self.folder}: wait for it, or {_OTHER_FOLDER}.") from None
        except OSError as error:
            raise UserError(
                f"the run in {self.folder} cannot be written ({error.strerror or error}): what is there is kept; "
                f"make room or give write permission, then go on by --resume {quoted(self.folder)}."
            ) from None

    def _is_claimed(self) -> bool:
        if not (self.folder / _LOCK).exists():
            return False
        try:
            # Another who only looks holds it for no longer than a moment.
            with FileLock(self.folder / _LOCK).acquire(timeout=_MOMENT, poll_interval=_MOMENT / 5):
                return False
        except Timeout:
            return True
        except OSError:  # a folder that only can be read
            return False

    def add(self, epoch: Epoch) -> None:
        """Add an epoch's line."""
        with (self.folder / PROGRESS).open("a", encoding="utf-8", newline="\n") as file:
            file.write(_line(epoch))
            file.flush()
            os.fsync(file.fileno())

    def discard_results(self) -> None:
        """Take away what tells of an earlier end, which the next checkpoint will not be of."""
        for name in (SUMMARY, NETWORK, EVALUATION, MODEL):
            (self.folder / name).unlink(missing_ok=True)

    def set_back(self, epochs: Sequence[Epoch]) -> None:
        """Let the epochs be those that a training goes on from, if they are others or a line is cut off."""
        text = "".join(map(_line, epochs))
        path = self.folder / PROGRESS
        if not path.exists() or path.read_bytes() != text.encode():
            with self.replacing(PROGRESS) as new:
                new.write_text(text, encoding="utf-8", newline="\n")

    def end(self, status: Status, epochs: Sequence[Epoch]) -> None:
        """Note how it ended, with the last epoch's figures."""
        last = asdict(epochs[-1]) if epochs else {}
        _write_json(self.folder / SUMMARY, {"status": status, "ended": now(), **last})

    @contextlib.contextmanager
    def replacing(self, name: str) -> Iterator[Path]:
        """A path to write to that becomes the file of that name once the block has ended well."""
        instead = f"go on later by --resume {quoted(self.folder)}"
        with replacing(self.folder / name, Path(name).suffix, instead=instead) as path:
            yield path


def new_folder(parent: Path, recipe: str) -> Path:
    """A folder for a run that does not exist yet, named by this moment, so that the last name is the latest run's."""
    moment = datetime.datetime.now().strftime("%Y-%m-%d_%H.%M.%S")
    name = f"{moment}_{recipe}"
    return next(path for path in chain([parent / name], (parent / f"{name}_{n}" for n in count(2))) if not exists(path))


def now() -> str:
    """This moment, with the offset of the time zone."""
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
        raise UserError(f"{path} cannot be read ({error.strerror or error}).") from None
    except (ValueError, RecursionError):
        raise UserError(f"{path} is damaged: {_ANEW}.") from None


def _no_run(folder: Path) -> UserError:
    return UserError(f"{folder} holds no run: name a folder that `python -m s6xl train` has made.")
