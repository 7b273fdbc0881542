"""The functions for Python; the package `s6xl` offers them with the types that they use."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray

from s6xl.audit.findings import FileReport
from s6xl.backprop.experiment import Experiment
from s6xl.errors import UserError
from s6xl.mnist.choices import AUTO, FULL, PRETRAINED
from s6xl.mnist.layers import INK, SIDE
from s6xl.mnist.record import Epoch, Run


def build_workbook(
    experiment: Experiment,
    path: str | Path,
    *,
    engine: str = "formulas",
    run: str | Path | Run | None = None,
    progress: Callable[[int], None] = lambda rows: None,
) -> None:
    """Write the workbook of an experiment, whole or not at all; a file that is already there is replaced.

    Args:
        experiment: the start values, the learning rates and the number of steps.
        path: the file, ending in ``.xlsx``; with the engine ``udf`` in ``.xlsm``.
        engine: what computes the cells: ``formulas``, plain ones; ``lambda``, functions that are names in the
            workbook, for Excel 365; or ``udf``, functions that Python computes, for Excel on Windows.
        run: a training run or its folder; its results and network get sheets of their own.
        progress: called with a number of rows, once when they are computed and again when they are written.

    Raises:
        UserError: if the file cannot be written, or the run cannot be read.
        ValueError: if there is no such engine.
    """
    from s6xl.workbook.backprop.engine import Engine
    from s6xl.workbook.composition.build import build

    kind, opened = Engine(engine), None if run is None else _opened(run)
    if kind is Engine.UDF:
        from s6xl.addin.package import build_macro_workbook

        build_macro_workbook(experiment, Path(path), run=opened, progress=progress)
    else:
        build(experiment, Path(path), engine=kind, run=opened, progress=progress)


def train(
    recipe: str = "best",
    *,
    data: str | Path = FULL,
    device: str = AUTO,
    epochs: int | None = None,
    batch_size: int | None = None,
    learning_rate: float | None = None,
    seed: int | None = None,
    run: str | Path | None = None,
    on_epoch: Callable[[Epoch], None] = lambda epoch: None,
) -> Run:
    """Train a CNN on handwritten digits. This needs PyTorch.

    Args:
        recipe: ``best`` or ``original``; what is None below is the recipe's own.
        data: ``mnist``, which is downloaded once; ``sample``, 6,000 images that come with s6xl; or a folder in
            torchvision's layout.
        device: ``cpu``, ``cuda``, ``mps``, or ``auto`` for the best that there is.
        epochs: how often each training image is seen.
        batch_size: images a step.
        learning_rate: the learning rate; of ``best`` the highest one.
        seed: sets the random numbers. The same seed gives the same weights on the same processor.
        run: a new folder for the record of the run; by default one in ``runs``, named after the time.
        on_epoch: called with the figures of each epoch.

    Returns:
        The run: ``run.status()`` says whether it finished or diverged, ``run.epochs()`` has losses and accuracies.

    Raises:
        UserError: if a value is out of range, or the data or the folder cannot be used.
        ImportError: if PyTorch is not installed.
    """
    from s6xl.mnist.starting import begin
    from s6xl.mnist.training import Watcher
    from s6xl.mnist.training import train as train_run

    changes = {"epochs": epochs, "batch_size": batch_size, "learning_rate": learning_rate, "seed": seed}
    begun = begin(recipe, changes, str(data), device, None if run is None else Path(run))
    train_run(*begun, Watcher(on_epoch=on_epoch))
    return begun.run


def predict(image: str | Path | ArrayLike, run: str | Path | Run = PRETRAINED) -> NDArray[np.float64]:
    """Predict a digit with a trained network. This does not need PyTorch.

    Args:
        image: a picture file of one digit, dark on light or light on dark; or pixels of shape (28, 28), from 0 for
            background to 255 for ink.
        run: a training run or its folder; by default the one that comes with s6xl.

    Returns:
        The probability of each digit from 0 to 9, of shape (10,).

    Raises:
        UserError: if the picture or the run cannot be read, or the image is not 28 by 28 finite numbers.
    """
    if isinstance(image, str | Path):
        from s6xl.mnist.picture import read_picture

        pixels = read_picture(Path(image))
    else:
        pixels = np.asarray(image, np.float64)
        if pixels.shape != (SIDE, SIDE) or not ((pixels >= 0) & (pixels <= INK)).all():
            raise UserError(f"this is not an image: give {SIDE} by {SIDE} numbers from 0 to {INK}.")
    return _opened(run).network().probabilities(pixels)


def audit_workbook(path: str | Path, *, annotated: str | Path | None = None) -> FileReport:
    """Check the backpropagation in a workbook, whoever made it, by what its formulas mean.

    Args:
        path: the workbook, which is only read.
        annotated: where to write a copy in which the wrong cells are marked and a sheet explains them.

    Returns:
        The report: ``report.findings`` has the mistakes; ``report.status`` is ``right``, ``findings``, ``no table``
        or ``unreadable``, and then ``report.error`` says why.

    Raises:
        UserError: if the annotated copy cannot be written.
    """
    from s6xl.audit.auditing import audit

    report = audit(Path(path))
    if annotated is not None and not report.error:
        from s6xl.audit.annotating import annotate

        annotate(report, Path(annotated))
    return report


def _opened(run: str | Path | Run) -> Run:
    return run if isinstance(run, Run) else Run.open(Path(run))
