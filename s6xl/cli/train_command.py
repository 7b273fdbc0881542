"""``python -m s6xl train``."""

import os
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from s6xl.cli.exits import stopping_later
from s6xl.cli.options import PATH
from s6xl.errors import FAILED, STOPPED, UserError
from s6xl.mnist.choices import AUTO, DEVICES, FULL
from s6xl.mnist.recipe import RECIPES

if TYPE_CHECKING:
    import torch

    from s6xl.cli.report import Report
    from s6xl.mnist.data import Data
    from s6xl.mnist.record import Run, Status


@click.command(
    short_help="Train a CNN on MNIST.",
    help="Train a CNN on MNIST, on a GPU if there is one. Ctrl-C stops the run, and everything so far is kept.",
)
@click.option(
    "--recipe",
    type=click.Choice(list(RECIPES)),
    help="best (the default), or original, which trains as the course's notebook did.",
)
@click.option("--epochs", type=int, metavar="N", help="Passes over the training images; 19 by default.")
@click.option("--batch-size", type=int, metavar="N", help="Images per step; the recipe's own by default.")
@click.option(
    "--lr", type=float, metavar="RATE", help="Learning rate (for best, its maximum); the recipe's own by default."
)
@click.option("--seed", type=int, metavar="N", help="Sets the random numbers; 1 by default.")
@click.option("--device", type=click.Choice(DEVICES), help="auto (the default): CUDA, else MPS, else CPU.")
@click.option(
    "--data",
    metavar="mnist|sample|DIR",
    help="mnist (the default), downloaded once; sample, 6,000 training and 1,000 test images that come with s6xl; or a "
    "folder in torchvision's layout.",
)
@click.option(
    "--run",
    "folder",
    type=PATH,
    metavar="DIR",
    help="A new folder for the run's record; one in runs by default.",
)
@click.option(
    "--resume",
    type=PATH,
    metavar="DIR",
    help="Go on with the run in this folder.",
)
@click.option(
    "--workbook",
    type=PATH,
    metavar="FILE",
    help="The workbook that shows the run. In an existing one, only the sheet MNIST is filled, epoch by epoch; a new "
    "name gives a report.",
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
    settings = {"epochs": epochs, "batch_size": batch_size, "learning_rate": lr, "seed": seed}
    if resume is not None:
        given = [option for option, value in (("--recipe", recipe), ("--run", folder)) if value is not None]
        options = {"epochs": "--epochs", "batch_size": "--batch-size", "learning_rate": "--lr", "seed": "--seed"}
        given += [options[name] for name, value in settings.items() if value is not None]
        if given:
            raise UserError(f"--resume keeps the run's settings: leave {' and '.join(given)} out, or start a new run.")
    with stopping_later():
        from s6xl.cli.report import Report
        from s6xl.cli.torch_check import check_torch

        check_torch("training", "torchvision")

    report = Report(workbook)
    if resume is not None and (finished := _finished(resume)) is not None:
        # It only has to be shown, which needs no images.
        _say(_outcome(finished, "finished", report.end(finished)))
        return 0
    from s6xl.mnist import starting

    if resume is not None:
        started = starting.resume(resume, data, device)
    else:
        choice = FULL if data is None else data
        started = starting.begin(recipe or next(iter(RECIPES)), settings, choice, device or AUTO, folder)
    return _train(*started, report)


def _say(text: str) -> None:
    """Print, and carry on if nobody reads the output any more."""
    try:
        click.echo(text)
    except OSError:
        # Otherwise Python would complain at its end about the text that it could not print.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _finished(folder: Path) -> "Run | None":
    """Return the run in a folder if it is complete."""
    from s6xl.mnist.record import Run

    run = Run.open(folder)
    return run if run.is_complete() else None


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
        _say(f"Stopped at once; what was saved is kept. Go on with: {_way_on(run)}")
        return STOPPED
    return {"finished": 0, "stopped": STOPPED}.get(status, FAILED)


def _way_on(run: "Run") -> str:
    from s6xl.files import quoted

    return f"python -m s6xl train --resume {quoted(run.folder)}"


def _outcome(run: "Run", status: "Status", workbook: Path | None) -> str:
    """Return how the run ended, and how to go on; `workbook` shows it, if there is one."""
    from s6xl.files import quoted
    from s6xl.wording import counted

    epochs = run.epochs()
    done = f"{len(epochs)} of {counted(run.config.recipe.epochs, 'epoch')}"
    if status == "diverged":
        return f"Diverged in epoch {len(epochs) + 1}: the loss is no longer finite. Use a lower learning rate."
    if status == "stopped":
        return f"Stopped after {done}; the run is kept. Go on with: {_way_on(run)}"
    seconds = sum(epoch.seconds for epoch in epochs)
    speed = len(epochs) * run.config.train_images / seconds
    build = f"Show it in a workbook: python -m s6xl build --run {quoted(run.folder)}"
    shown = f"{workbook} shows it." if workbook else build
    return (
        f"Finished: test accuracy {epochs[-1].test_accuracy:.2%}, test loss {epochs[-1].test_loss:.4f}, "
        f"train accuracy {epochs[-1].train_accuracy:.2%}; {seconds:,.1f} s of training, {speed:,.0f} images a second. "
        f"{shown}"
    )
