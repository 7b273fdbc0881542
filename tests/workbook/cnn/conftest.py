"""A finished run that nobody had to train, and workbooks for it."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from s6xl.backprop.experiment import Experiment
from s6xl.mnist.evaluation import Evaluation
from s6xl.mnist.recipe import Recipe, recipe_named
from s6xl.mnist.record import EVALUATION, Epoch, Run
from s6xl.workbook.composition.build import build
from tests.support.runs import config

EPOCHS = 5
CONFIG = config(
    recipe_named("original").changed(epochs=EPOCHS, seed=3),
    data_title="sample of MNIST: 6,000 training and 1,000 test images",
    device="cpu",
)


def epochs(count: int = EPOCHS) -> list[Epoch]:
    return [Epoch(n, 1 / n, 1 - 0.1 / n, 2 / n, 1 - 0.2 / n, 1.5 + n / 10) for n in range(1, count + 1)]


def make_run(folder: Path, count: int = EPOCHS, *, recipe: Recipe = CONFIG.recipe, mistakes: int = 30) -> Run:
    """A run of so many epochs, with drawn images in place of handwritten ones."""
    run = Run.begin(folder, replace(CONFIG, recipe=recipe.changed(epochs=count)))
    for epoch in epochs(count):
        run.add(epoch)
    draw = np.random.default_rng(1)
    labels = np.repeat(np.arange(10), 100)
    predictions = labels.copy()
    wrong = np.sort(draw.choice(1_000, mistakes, replace=False))
    predictions[wrong] = (labels[wrong] + draw.integers(1, 10, mistakes)) % 10
    Evaluation(
        sample_images=draw.integers(0, 256, (12, 28, 28), np.uint8),
        sample_labels=draw.integers(0, 10, 12),
        labels=labels,
        predictions=predictions,
        mistakes=wrong,
        mistaken_images=draw.integers(0, 256, (mistakes, 28, 28), np.uint8),
        probabilities=draw.uniform(0.3, 1, mistakes),
    ).save(folder / EVALUATION)
    run.end("finished", run.epochs())
    return run


@pytest.fixture(scope="session", name="make_run")
def make_run_() -> Callable[..., Run]:
    return make_run


@pytest.fixture(scope="session")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return make_run(tmp_path_factory.mktemp("runs") / "a run")


@pytest.fixture(scope="session")
def report(run: Run, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workbook of that run."""
    path = tmp_path_factory.mktemp("report") / "report.xlsx"
    build(Experiment(), path, run=run)
    return path
