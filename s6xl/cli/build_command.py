"""``python -m s6xl build``."""

import gc
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from s6xl.cli.options import PATH
from s6xl.errors import ImpossibleHereError, UserError
from s6xl.files import quoted

if TYPE_CHECKING:
    from s6xl.backprop.experiment import Experiment
    from s6xl.mnist.record import Run

# Where a workbook goes by default, by its engine; spelled out here, because loading the engines takes time.
DEFAULT_OUT = {
    "formulas": Path("workbooks", "s6.xlsx"),
    "lambda": Path("workbooks", "s6_lambda.xlsx"),
    "udf": Path("workbooks", "s6.xlsm"),
}
# A build of fewer rows ends before anyone could read a progress bar.
ROWS_WORTH_REPORTING = 50_000


@click.command(
    short_help="Build the backpropagation workbook.",
    help="Build the backpropagation workbook: every step at every learning rate, in live formulas.",
)
@click.option(
    "--out",
    type=PATH,
    metavar="FILE",
    help=f"The workbook; by default {', '.join(f'{path} ({engine})' for engine, path in DEFAULT_OUT.items())}.",
)
@click.option(
    "--engine",
    type=click.Choice(list(DEFAULT_OUT)),
    default=next(iter(DEFAULT_OUT)),
    help="What computes the cells: plain formulas (the default); lambda, functions that are names in the workbook, for "
    "Excel 365; or udf, functions that Python computes, in a workbook with macros for Excel on Windows.",
)
@click.option("--lr", metavar="RATES", help="Learning rates, one sheet each; 0.1,0.2,0.5,0.8,1,2 by default.")
@click.option("--steps", type=int, metavar="N", help="Steps of gradient descent; 68 by default.")
@click.option("--inputs", metavar="I1,I2", help="0.05,0.1 by default.")
@click.option("--targets", metavar="T1,T2", help="0.5,0.5 by default.")
@click.option("--weights", metavar="W1,...,W8", help="0.15,0.2,0.25,0.3,0.4,0.45,0.5,0.55 by default.")
@click.option(
    "--settings",
    type=PATH,
    metavar="FILE",
    help="A TOML file with any of inputs, targets, weights, learning_rates and steps; an option comes before it.",
)
@click.option(
    "--run",
    "run_folder",
    type=PATH,
    metavar="DIR",
    help="The folder of a training run, or pretrained, which comes with s6xl: the run fills the sheet MNIST, and its "
    "network predicts on the sheet Digit and those behind it.",
)
@click.option("--as-submitted", is_flag=True, help="Keep the course workbook's mistake in ∂E/∂w3 and ∂E/∂w4.")
@click.option("--open", "opens", is_flag=True, help="Open the workbook in your spreadsheet program.")
def build(out: Path | None, engine: str, run_folder: Path | None, opens: bool, **described: Any) -> None:
    # A build is short and leaves next to no cycles; looking for them would take a tenth of its time.
    gc.disable()
    from s6xl.wording import counted
    from s6xl.workbook.backprop.engine import Engine

    experiment = _experiment(**described)
    run = None
    if run_folder is not None:
        from s6xl.mnist.record import Run

        run = Run.open(run_folder)
    if out is None:
        out = DEFAULT_OUT[engine]
        _make_folder(out.parent)
    _write_workbook(experiment, out, engine, run)
    rates = counted(len(experiment.learning_rates), "learning rate")
    click.echo(f"{rates}, {counted(experiment.steps, 'step')}.")
    if run is not None and run.lacks_network:
        click.echo(
            f"It has no sheet Digit, for {run.folder} has no network: python -m s6xl train --resume "
            f"{quoted(run.folder)} adds it."
        )
    if engine == Engine.UDF:
        _note_interpreter(out)
    click.echo(f"The workbook is {out.absolute()}")
    if opens and click.launch(str(out.absolute())):
        raise ImpossibleHereError(f"no program here opens {out}: install a spreadsheet program, or open it elsewhere.")


def _experiment(
    lr: str | None,
    steps: int | None,
    inputs: str | None,
    targets: str | None,
    weights: str | None,
    settings: Path | None,
    as_submitted: bool,
) -> "Experiment":
    """Return the experiment that the options and the file of settings describe."""
    from s6xl.backprop.experiment import Experiment, parse_numbers, read_settings
    from s6xl.backprop.worked_example import NETWORK, NETWORK_AS_SUBMITTED

    chosen: dict[str, Any] = read_settings(settings) if settings else {}
    options = {
        "learning_rates": ("--lr", lr),
        "inputs": ("--inputs", inputs),
        "targets": ("--targets", targets),
        "weights": ("--weights", weights),
    }
    chosen |= {key: parse_numbers(text, option) for key, (option, text) in options.items() if text is not None}
    if steps is not None:
        chosen["steps"] = steps
    return Experiment(**chosen, network=NETWORK_AS_SUBMITTED if as_submitted else NETWORK)


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(exist_ok=True)
    except OSError as error:
        raise UserError(
            f"cannot make the folder {folder} here ({error.strerror}): choose a file with --out."
        ) from error


def _write_workbook(experiment: "Experiment", out: Path, engine: str, run: "Run | None") -> None:
    from s6xl.api import build_workbook

    # Every row is reported twice: computed, and written.
    rows = 2 * experiment.steps * len(experiment.learning_rates)
    if rows < ROWS_WORTH_REPORTING:
        build_workbook(experiment, out, engine=engine, run=run)
        return
    from s6xl.progress import reporting

    with reporting("rows", rows) as progress:
        build_workbook(experiment, out, engine=engine, run=run, progress=progress)


def _note_interpreter(out: Path) -> None:
    """Let Excel on this machine run this Python for the workbook; on another one, installing the add-in does."""
    from s6xl.addin.places import places

    try:
        here = places()
    except ImpossibleHereError:
        click.echo("On the machine with Excel, `python -m s6xl addin install` lets Excel find Python.")
        return
    from s6xl.addin.install import note_interpreter

    try:
        noted = note_interpreter(here)
    except UserError as error:
        raise ImpossibleHereError(f"{out} is built, but Excel was not told which Python to run: {error}") from error
    if noted:
        click.echo(f"Excel will run {sys.executable}, as {here.settings} says.")
