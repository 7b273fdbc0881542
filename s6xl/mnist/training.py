"""A training: one function of a recipe, data and a run directory."""

import math
import platform
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from s6xl import __version__
from s6xl.errors import ImpossibleHereError, UserError
from s6xl.mnist import model
from s6xl.mnist.data import Data
from s6xl.mnist.device import describe, keep_freed_memory
from s6xl.mnist.evaluation import Evaluation
from s6xl.mnist.layers import DIGITS
from s6xl.mnist.recipe import Recipe
from s6xl.mnist.record import CHECKPOINT, EVALUATION, MODEL, NETWORK, Config, Epoch, Run, Status, now
from s6xl.mnist.trainer import Trainer, log_probabilities

SAMPLES = 12
RIGHT = 50
# What PyTorch's allocators, and the libraries beneath, say where memory is short.
_NO_MEMORY = (
    "out of memory",
    "DefaultCPUAllocator",
    "ALLOC_FAILED",
    "ALLOCATION_FAILED",
    "could not create a primitive",
)


@dataclass(frozen=True)
class Moment:
    """Where a training stands within an epoch."""

    epoch: int
    images: int  # of this epoch so far
    figures: Callable[[], tuple[float, float]]  # loss and accuracy of this epoch so far; asking waits for the device


@dataclass(frozen=True)
class Watcher:
    """Who looks on."""

    on_begin: Callable[[], None] = lambda: None  # once the record is as it is gone on with
    on_step: Callable[[Moment], None] = lambda moment: None
    on_epoch: Callable[[Epoch], None] = lambda epoch: None
    wants_to_stop: Callable[[], bool] = lambda: False


def configured(recipe: Recipe, data: Data, choice: str, wanted_device: str, device: torch.device) -> Config:
    """What a run directory says of a training that is begun now; `choice` is what the user has called the data."""
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
    """Train from the beginning, or from where the run directory's checkpoint has it, to the end or until stopped.

    Returns:
        How it ended: finished, stopped, or diverged, which means that the loss is no number any more.

    Raises:
        UserError: if another training writes into the directory, it cannot be written, or it was trained on other
            data.
        ImpossibleHereError: if the device has not enough memory.
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
                f"{describe(device)} has not enough memory: take smaller batches{other}; what there is of the run "
                f"stays in {run.folder}."
            ) from None
        run.end(status, epochs)
    return status


def _is_lack_of_memory(error: Exception) -> bool:
    """Whether there was too little memory, of the processor or of a device; PyTorch says so in many ways."""
    # The end of a recording that has failed may hide why.
    texts = [str(one) for one in (error, error.__context__) if one is not None]
    return isinstance(error, MemoryError | torch.OutOfMemoryError) or any(
        phrase in text for text in texts for phrase in _NO_MEMORY
    )


def check_data(run: Run, data: Data) -> None:
    """See that a run goes on with the images that it was begun with.

    Raises:
        UserError: if these are others.
    """
    if data.fingerprint != run.config.fingerprint:
        raise UserError(
            f"the run in {run.folder} was trained on other data ({run.config.data_title}) than this ({data.title}): "
            "name its own with --data."
        )


def _train(run: Run, trainer: Trainer, epochs: list[Epoch], data: Data, watcher: Watcher) -> Status:
    """Train epoch after epoch, adding to `epochs`."""
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
        # The checkpoint comes first: a line too few can be written again, an epoch too many cannot be taken back.
        _save(run, trainer, epochs)
        run.add(epochs[-1])
        watcher.on_epoch(epochs[-1])
    return "finished"


def _save(run: Run, trainer: Trainer, epochs: list[Epoch]) -> None:
    with run.replacing(CHECKPOINT) as path:
        model.write({"epochs": [asdict(epoch) for epoch in epochs], "trainer": trainer.save()}, path)
        run.discard_results()


def _restore(run: Run, trainer: Trainer) -> list[Epoch]:
    """Bring the trainer to where the checkpoint has it; returns the epochs so far."""
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
    run.set_back(epochs)
    return epochs


def _saved(run: Run) -> tuple[dict[str, Any], list[Epoch]]:
    """What the checkpoint holds: the trainer's state, and the epochs so far."""
    path = run.folder / CHECKPOINT
    try:
        content: dict[str, Any] = model.read(path)
        return content["trainer"], [Epoch(**epoch) for epoch in content["epochs"]]
    except OSError as error:
        raise UserError(f"{path} cannot be read ({error.strerror or error}).") from None
    except MemoryError:
        raise
    except Exception as error:
        raise _no_way_on(run, "is damaged") from error


def _no_way_on(run: Run, reason: str) -> UserError:
    return UserError(
        f"{run.folder / CHECKPOINT} {reason}: the epochs in {run.folder} can still be shown, but to go on is not "
        "possible; train anew, in another folder."
    )


def _conclude(run: Run, trainer: Trainer, data: Data, device: torch.device) -> None:
    """Keep the network, and what it makes of the test images."""
    trained = model.trained(trainer.recipe.layers, trainer.network)
    if not trained.is_finite:
        # It was stopped in an epoch in which it diverged.
        return
    with run.replacing(MODEL) as path:
        model.write(model.to_file(trainer.recipe.layers, trainer.network), path)
    with run.replacing(NETWORK) as path:
        trained.save(path)
    with run.replacing(EVALUATION) as path:
        evaluate(trainer.network, data, device).save(path)


def evaluate(network: torch.nn.Module, data: Data, device: torch.device) -> Evaluation:
    """What a network makes of the test images; beside it, the first training images."""
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
    """Those images, ordered so that each digit comes once before any comes again, as far as there are enough."""
    earlier = np.zeros(len(which), np.int64)
    for digit in range(DIGITS):
        same = labels[which] == digit
        earlier[same] = np.arange(same.sum())
    return which[np.lexsort((labels[which], earlier))]
