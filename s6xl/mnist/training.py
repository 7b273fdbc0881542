"""A training run: one function of a recipe, data and a run directory."""

import math
import platform
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from s6xl.errors import ImpossibleHereError, UserError
from s6xl.mnist import model
from s6xl.mnist.data import Data
from s6xl.mnist.device import describe, keep_freed_memory
from s6xl.mnist.evaluation import Evaluation
from s6xl.mnist.layers import DIGITS
from s6xl.mnist.recipe import Recipe
from s6xl.mnist.record import CHECKPOINT, EVALUATION, MODEL, NETWORK, Config, Epoch, Run, Status, now
from s6xl.mnist.trainer import Trainer, log_probabilities
from s6xl.version import __version__

# How many training images, and how many correct test images, are kept to be shown.
SAMPLES = 12
RIGHT = 50
# What PyTorch's allocators, and the libraries below them, say when memory runs out.
_NO_MEMORY = (
    "out of memory",
    "DefaultCPUAllocator",
    "ALLOC_FAILED",
    "ALLOCATION_FAILED",
    "could not create a primitive",
)


@dataclass(frozen=True)
class Moment:
    """A moment within an epoch.

    Attributes:
        epoch: the epoch, from 1.
        images: how many it has seen so far.
        figures: returns its loss and accuracy so far; waits for the device.
    """

    epoch: int
    images: int
    figures: Callable[[], tuple[float, float]]


@dataclass(frozen=True)
class Watcher:
    """Callbacks of a training run.

    Attributes:
        on_begin: called when the record is ready, before the first step.
        on_step: called after each step.
        on_epoch: called after each epoch, when it is in the record.
        wants_to_stop: called after each step; returns whether to stop.
    """

    on_begin: Callable[[], None] = lambda: None
    on_step: Callable[[Moment], None] = lambda moment: None
    on_epoch: Callable[[Epoch], None] = lambda epoch: None
    wants_to_stop: Callable[[], bool] = lambda: False


def configured(recipe: Recipe, data: Data, choice: str, wanted_device: str, device: torch.device) -> Config:
    """Return the settings of a run that starts now.

    Args:
        recipe: how to train.
        data: the images.
        choice: the data as the user named it.
        wanted_device: the device as the user named it.
        device: the device itself.
    """
    return Config(
        recipe=recipe,
        data=choice,
        data_title=data.title,
        fingerprint=data.fingerprint,
        train_images=len(data.train),
        device=wanted_device,
        device_title=describe(device),
        started=now(),
        versions={"s6xl": __version__, "torch": str(torch.__version__), "python": platform.python_version()},
    )


def train(run: Run, data: Data, device: torch.device, watcher: Watcher) -> Status:
    """Train until the last epoch or until stopped, from the run's checkpoint if it has one.

    Args:
        run: the run directory, with the recipe among its settings.
        data: the images that the run was started with.
        device: where to train.
        watcher: callbacks.

    Returns:
        How it ended: finished, stopped, or diverged, which means that the loss is no longer finite.

    Raises:
        UserError: if another process trains in the directory, it cannot be written, or it was started with other data.
        ImpossibleHereError: if the device does not have enough memory.
    """
    check_data(run, data)
    if run.is_complete():
        return "finished"
    keep_freed_memory()
    with run.claimed():
        try:
            trainer = Trainer(run.config.recipe, data.train, device)
            epochs = _restore(run, trainer)
            watcher.on_begin()
            status = _train(run, trainer, epochs, data, watcher)
            if status != "diverged":
                _conclude(run, trainer, data, device)
        except (MemoryError, RuntimeError) as error:
            if not _is_lack_of_memory(error):
                raise
            other = "" if device.type == "cpu" else ", or --device cpu"
            raise ImpossibleHereError(
                f"{describe(device)} does not have enough memory: use smaller batches{other}; the run so far is kept "
                f"in {run.folder}."
            ) from error
        run.end(status, epochs)
    return status


def _is_lack_of_memory(error: Exception) -> bool:
    """Return whether the processor or a device ran out of memory; PyTorch says so in many ways."""
    # An error at the end of a CUDA graph's recording may hide the first one.
    texts = [str(one) for one in (error, error.__context__) if one is not None]
    return isinstance(error, MemoryError | torch.OutOfMemoryError) or any(
        phrase in text for text in texts for phrase in _NO_MEMORY
    )


def check_data(run: Run, data: Data) -> None:
    """Check that these are the images that a run was started with.

    Raises:
        UserError: if they are not.
    """
    if data.fingerprint != run.config.fingerprint:
        raise UserError(
            f"the run in {run.folder} was started with other data ({run.config.data_title}) than this "
            f"({data.title}): give the same data with --data."
        )


def _train(run: Run, trainer: Trainer, epochs: list[Epoch], data: Data, watcher: Watcher) -> Status:
    """Train epoch by epoch, adding to `epochs`."""
    test = data.test.to(trainer.device)

    def go_on(images: int) -> bool:
        watcher.on_step(Moment(trainer.epoch, images, trainer.so_far))
        return not watcher.wants_to_stop()

    while len(epochs) < trainer.recipe.epochs:
        if not trainer.run_epoch(go_on):
            _save(run, trainer, epochs)
            return "stopped"
        loss, accuracy = trainer.so_far()
        test_loss, test_accuracy = trainer.test(test)
        if not np.isfinite([loss, test_loss]).all():
            return "diverged"
        epochs.append(Epoch(trainer.epoch, loss, accuracy, test_loss, test_accuracy, trainer.seconds))
        trainer.begin_epoch(trainer.epoch + 1)
        # The checkpoint comes first: a missing line can be written again, but a line without its checkpoint is wrong.
        _save(run, trainer, epochs)
        run.add(epochs[-1])
        watcher.on_epoch(epochs[-1])
    return "finished"


def _save(run: Run, trainer: Trainer, epochs: list[Epoch]) -> None:
    with run.replacing(CHECKPOINT) as path:
        model.write({"epochs": [asdict(epoch) for epoch in epochs], "trainer": trainer.save()}, path)
        run.discard_results()


def _restore(run: Run, trainer: Trainer) -> list[Epoch]:
    """Restore the trainer from the checkpoint, if there is one, and return the epochs so far."""
    epochs: list[Epoch] = []
    if (run.folder / CHECKPOINT).exists():
        saved, epochs = _saved(run)
        try:
            trainer.load(saved)
            if trainer.epoch != len(epochs) + 1 or not math.isfinite(trainer.seconds):
                raise ValueError("its parts do not fit together")
        except Exception as error:
            if _is_lack_of_memory(error):
                raise
            raise _no_way_on(run, "is damaged") from error
    elif run.epochs() or run.has_network:
        raise _no_way_on(run, "is missing")
    else:
        trainer.begin_epoch(1)
    run.reset_progress(epochs)
    return epochs


def _saved(run: Run) -> tuple[dict[str, Any], list[Epoch]]:
    """Return the checkpoint's content: the trainer's state and the epochs so far."""
    path = run.folder / CHECKPOINT
    try:
        content: dict[str, Any] = model.read(path)
        return content["trainer"], [Epoch(**epoch) for epoch in content["epochs"]]
    except OSError as error:
        raise UserError(f"{path} cannot be read ({error.strerror or error}).") from error
    except MemoryError:
        raise
    except Exception as error:
        raise _no_way_on(run, "is damaged") from error


def _no_way_on(run: Run, reason: str) -> UserError:
    return UserError(
        f"{run.folder / CHECKPOINT} {reason}, so the run cannot go on: train again in another folder. The epochs in "
        f"{run.folder} can still be shown."
    )


def _conclude(run: Run, trainer: Trainer, data: Data, device: torch.device) -> None:
    """Keep the network and its predictions for the test images."""
    trained = model.trained(trainer.recipe.layers, trainer.network)
    if not trained.is_finite:
        # It diverged in the epoch in which it was stopped.
        return
    with run.replacing(MODEL) as path:
        model.write(model.to_file(trainer.recipe.layers, trainer.network), path)
    with run.replacing(NETWORK) as path:
        trained.save(path)
    with run.replacing(EVALUATION) as path:
        evaluate(trainer.network, data, device).save(path)


def evaluate(network: torch.nn.Module, data: Data, device: torch.device) -> Evaluation:
    """Return a network's predictions for the test images, and images to show."""
    test = data.test.to(device)
    probabilities = log_probabilities(network, test).cpu().double().exp().numpy()
    predictions, labels = probabilities.argmax(axis=1), data.test.labels.numpy()
    mistakes = np.flatnonzero(predictions != labels)
    right = _in_turn(labels, np.flatnonzero(predictions == labels))[:RIGHT]
    return Evaluation(
        sample_images=data.train.images[:SAMPLES].numpy(),
        sample_labels=data.train.labels[:SAMPLES].numpy(),
        labels=labels,
        predictions=predictions,
        mistakes=mistakes,
        mistaken_images=data.test.images.numpy()[mistakes],
        probabilities=probabilities[mistakes, predictions[mistakes]],
        right=right,
        right_images=data.test.images.numpy()[right],
    )


def _in_turn(labels: NDArray[np.int64], which: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the indices `which`, ordered so that each digit comes once before any comes again."""
    earlier = np.zeros(len(which), np.int64)
    for digit in range(DIGITS):
        same = labels[which] == digit
        earlier[same] = np.arange(same.sum())
    return which[np.lexsort((labels[which], earlier))]
