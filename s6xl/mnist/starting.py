"""Starts a training run, or prepares one to go on: the run directory, the images and the device that it needs."""

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import torch

from s6xl.mnist.choices import kept_choice
from s6xl.mnist.data import Data, load
from s6xl.mnist.device import choose
from s6xl.mnist.recipe import recipe_named
from s6xl.mnist.record import Run, new_folder
from s6xl.mnist.training import check_data, configured

# New runs without a name of their own go into this folder of the current one.
RUNS = Path("runs")


class Started(NamedTuple):
    """What `training.train` takes."""

    run: Run
    data: Data
    device: torch.device


def begin(
    recipe: str, changes: Mapping[str, float | None], data: str, device: str, folder: Path | None = None
) -> Started:
    """Begin a run directory.

    Args:
        recipe: the recipe's name.
        changes: values of the recipe to use instead of its own, by `Recipe`'s names; None changes nothing.
        data: the choice, as `data.load` takes it.
        device: the choice, as `device.choose` takes it.
        folder: a new or an empty folder; by default a new one in `RUNS`.

    Raises:
        UserError: if a value is out of range, or the data or the folder cannot be used.
        ImpossibleHereError: if the device cannot be used, or the data cannot be downloaded.
    """
    chosen, where = recipe_named(recipe).changed(**changes), choose(device)
    images = load(data)
    config = configured(chosen, images, kept_choice(data), device, where)
    return Started(Run.begin(folder or new_folder(RUNS, recipe), config), images, where)


def resume(folder: Path, data: str | None = None, device: str | None = None) -> Started:
    """Open a run directory to resume its training.

    Args:
        folder: the run directory.
        data: the choice, as `data.load` takes it; by default the run's.
        device: the choice, as `device.choose` takes it; by default the run's.

    Raises:
        UserError: if the folder does not hold a run, or the data cannot be used or is not the run's.
        ImpossibleHereError: if the device cannot be used, or the data cannot be downloaded.
    """
    run = Run.open(folder)
    images = load(run.config.data if data is None else data)
    check_data(run, images)
    return Started(run, images, choose(device or run.config.device))
