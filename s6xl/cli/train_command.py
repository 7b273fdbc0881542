"""``python -m s6xl train``."""

import os
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from s6xl.cli.exits import stopping_later
from s6xl.errors import FAILED, STOPPED, UserError
from s6xl.mnist.choices import AUTO, DEVICES, FULL, kept_choice
from s6xl.mnist.recipe import RECIPES

if TYPE_CHECKING:
    import torch

    from s6xl.cli.report import Report
    from s6xl.mnist.data import Data
    from s6xl.mnist.record import Run, Status

RUNS = Path("runs")


@click.command(short_help="Train a CNN on MNIST.")
@click.option(
    "--recipe",
    type=click.Choice(list(RECIPES)),
    help="best (the default), or original: as the original trained.",
)
@click.option("--epochs", type=int, metavar="N", help="How often each image is seen; 19 if not given.")
@click.option("--batch-size", type=int, metavar="N", help="Images a step; the recipe's if not given.")
@click.option("--lr", type=float, metavar="RATE", help="Learning rate, of best the highest; the recipe's if not given.")
@click.option("--seed", type=int, metavar="N", help="Begins the random numbers; 1 if not given.")
@click.option("--device", type=click.Choice(DEVICES), help="auto (the default): CUDA, else MPS, else CPU.")
@click.option(
    "--data",
    metavar="mnist|sample|DIR",
    help="mnist (the default) is downloaded once; sample, of 6,000 images and 1,000 to test with, comes with s6xl; DIR "
    "is a folder as torchvision keeps it.",
)
@click.option(
    "--run",
    "folder",
    type=click.Path(path_type=Path, readable=False),
    metavar="DIR",
    help="A new folder for the training's record; one in runs if not given.",
)
@click.option(
    "--resume",
    type=click.Path(path_type=Path, readable=False),
    metavar="DIR",
    help="Go on with the training in this folder.",
)
@click.option(
    "--workbook",
    type=click.Path(path_type=Path, readable=False),
    metavar="FILE",
    help="A workbook that shows it: the sheet MNIST of one that is there is filled epoch by epoch, and nothing else in "
    "it changes; a new name gives a report.",
)
def train(
    recipe: str | None,
    epochs: int | None,
    batch_size: int | None,
    lr: float | None,
    seed: int | None,
    device: str | None,
    data: str | None,
    folder: Path | None,
    resume: Path | None,
    workbook: Path | None,
) -> int:
    """Train a CNN on MNIST, on the GPU where there is one. Ctrl-C stops it, and what it has found is kept."""
    settings = {"epochs": epochs, "batch_size": batch_size, "learning_rate": lr, "seed": seed}
    if resume is not None:
        given = [option for option, value in (("--recipe", recipe), ("--run", folder)) if value is not None]
        options = {"epochs": "--epochs", "batch_size": "--batch-size", "learning_rate": "--lr", "seed": "--seed"}
        given += [options[name] for name, value in settings.items() if value is not None]
        if given:
            raise UserError(f"--resume goes on as it was begun: leave {' and '.join(given)} out, or begin a new run.")
    with stopping_later():
        from s6xl.cli.report import Report
        from s6xl.cli.torch_check import check_torch

        check_torch("training", "torchvision")

    report = Report(workbook)
    if resume is not None and (finished := _finished(resume)) is not None:
        # All that is left is to show it; the images need not be there any more.
        _say(_outcome(finished, "finished", report.end(finished)))
        return 0
    if resume is not None:
        run, images, where = _resumed(resume, data, device)
    else:
        run, images, where = _begun(
            recipe or next(iter(RECIPES)), settings, folder, FULL if data is None else data, device or AUTO
        )
    return _train(run, images, where, report)


def _say(text: str) -> None:
    """Print; nobody being there to read it is no reason to stop the work."""
    try:
        click.echo(text)
    except OSError:
        # Else Python would complain at its end of what could not be printed.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _finished(folder: Path) -> "Run | None":
    """The run in a folder, if it has finished and all is there."""
    from s6xl.mnist.record import Run

    run = Run.open(folder)
    return run if run.is_complete() else None


def _begun(
    recipe: str, settings: dict[str, Any], folder: Path | None, choice: str, device: str
) -> "tuple[Run, Data, torch.device]":
    from s6xl.mnist import data
    from s6xl.mnist.device import choose
    from s6xl.mnist.recipe import recipe_named
    from s6xl.mnist.record import Run, new_folder
    from s6xl.mnist.training import configured

    chosen, where = recipe_named(recipe).changed(**settings), choose(device)
    images = data.load(choice)
    config = configured(chosen, images, kept_choice(choice), device, where)
    return Run.begin(folder or new_folder(RUNS, recipe), config), images, where


def _resumed(folder: Path, choice: str | None, device: str | None) -> "tuple[Run, Data, torch.device]":
    from s6xl.mnist import data
    from s6xl.mnist.device import choose
    from s6xl.mnist.record import Run
    from s6xl.mnist.training import check_data

    run = Run.open(folder)
    images = data.load(run.config.data if choice is None else choice)
    check_data(run, images)
    return run, images, choose(device or run.config.device)


def _train(run: "Run", images: "Data", where: "torch.device", report: "Report") -> int:
    from s6xl.cli.watching import watching
    from s6xl.mnist.device import describe
    from s6xl.mnist.training import train

    _say(f"{run.folder}: {run.config.recipe.title}; {images.title}; {describe(where)}.")
    try:
        on_begin, on_epoch = partial(report.begin, run), partial(report.update, run)
        with watching(run, on_cpu=where.type == "cpu", on_begin=on_begin, on_epoch=on_epoch) as watcher:
            status = train(run, images, where, watcher)
        workbook = None
        try:
            workbook = report.end(run)
        finally:
            _say(_outcome(run, status, workbook))
    except KeyboardInterrupt:
        _say(f"Stopped at once; what had been saved is kept. Go on with: {_way_on(run)}")
        return STOPPED
    return {"finished": 0, "stopped": STOPPED}.get(status, FAILED)


def _way_on(run: "Run") -> str:
    from s6xl.files import quoted

    return f"python -m s6xl train --resume {quoted(run.folder)}"


def _outcome(run: "Run", status: "Status", workbook: Path | None) -> str:
    """How it ended, and how to go on; `workbook` shows it."""
    from s6xl.files import quoted
    from s6xl.wording import counted

    epochs = run.epochs()
    done = f"{len(epochs)} of {counted(run.config.recipe.epochs, 'epoch')}"
    if status == "diverged":
        return f"Diverged in epoch {len(epochs) + 1}: the loss is no number any more. Take a lower learning rate."
    if status == "stopped":
        return f"Stopped after {done}, and kept. Go on with: {_way_on(run)}"
    seconds = sum(epoch.seconds for epoch in epochs)
    speed = len(epochs) * run.config.train_images / seconds
    build = f"A workbook of it: python -m s6xl build --run {quoted(run.folder)}"
    shown = f"{workbook} shows it." if workbook else build
    return (
        f"Finished: test accuracy {epochs[-1].test_accuracy:.2%}, test loss {epochs[-1].test_loss:.4f}, "
        f"train accuracy {epochs[-1].train_accuracy:.2%}; {seconds:,.1f} s of training, {speed:,.0f} images a second. "
        f"{shown}"
    )
