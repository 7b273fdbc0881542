"""``python -m s6xl build``."""

import gc
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from s6xl.errors import ImpossibleHereError, UserError
from s6xl.files import quoted

if TYPE_CHECKING:
    from s6xl.backprop.experiment import Experiment
    from s6xl.mnist.record import Run

# Where a workbook goes by default, by what computes it; spelled out, for loading the engines takes time.
DEFAULT_OUT = {
    "formulas": Path("workbooks", "s6.xlsx"),
    "lambda": Path("workbooks", "s6_lambda.xlsx"),
    "udf": Path("workbooks", "s6.xlsm"),
}
# A build of fewer rows is over before a progress bar could be read.
ROWS_WORTH_REPORTING = 50_000


@click.command(
    short_help="Build the backpropagation workbook.",
    help=("Build the backpropagation workbook: every step at every learning rate, in live formulas."),
)
@click.option(
    "--out",
    type=click.Path(path_type=Path, readable=False),
    metavar="FILE",
    help=f"The workbook; if not given {', '.join(f'{path} ({engine})' for engine, path in DEFAULT_OUT.items())}.",
)
@click.option(
    "--engine",
    type=click.Choice(list(DEFAULT_OUT)),
    default=next(iter(DEFAULT_OUT)),
    help="What computes the cells: plain formulas (the default); functions that are names in the workbook, for Excel "
    "365; or functions that Python answers, in a workbook with macros for Excel on Windows.",
)
@click.option("--lr", metavar="RATES", help="Learning rates, a sheet each; 0.1,0.2,0.5,0.8,1,2 if not given.")
@click.option("--steps", type=int, metavar="N", help="Steps of gradient descent; 68 if not given.")
@click.option("--inputs", metavar="I1,I2", help="0.05,0.1 if not given.")
@click.option("--targets", metavar="T1,T2", help="0.5,0.5 if not given.")
@click.option("--weights", metavar="W1,...,W8", help="0.15,0.2,0.25,0.3,0.4,0.45,0.5,0.55 if not given.")
@click.option(
    "--settings",
    type=click.Path(path_type=Path, readable=False),
    metavar="FILE",
    help="A TOML file with any of inputs, targets, weights, learning_rates and steps; options win over it.",
)
@click.option(
    "--run",
    "run_folder",
    type=click.Path(path_type=Path, readable=False),
    metavar="DIR",
    help="A run directory that train has made, or pretrained, which comes with s6xl: its training fills the sheet "
    "MNIST, and its network works on the sheet Digit and those behind it.",
)
@click.option("--open", "open_it", is_flag=True, help="Open the workbook when it is built.")
@click.option("--as-submitted", is_flag=True, help="Keep the original's mistake in ∂E/∂w3 and ∂E/∂w4.")
def build(
    out: Path | None,
    engine: str,
    lr: str | None,
    steps: int | None,
    inputs: str | None,
    targets: str | None,
    weights: str | None,
    settings: Path | None,
    run_folder: Path | None,
    open_it: bool,
    as_submitted: bool,
) -> None:
    # A build is short and drops next to nothing in cycles; looking for them would take a tenth of its time.
    gc.disable()
    from s6xl.backprop.experiment import Experiment, parse_numbers, read_settings
    from s6xl.backprop.worked_example import NETWORK, NETWORK_AS_SUBMITTED
    from s6xl.wording import counted
    from s6xl.workbook.backprop.engine import Engine

    chosen: dict[str, Any] = read_settings(settings) if settings else {}
    lists = {"learning_rates": ("--lr", lr), "inputs": ("--inputs", inputs), "targets": ("--targets", targets)}
    lists["weights"] = ("--weights", weights)
    chosen |= {key: parse_numbers(text, option) for key, (option, text) in lists.items() if text is not None}
    if steps is not None:
        chosen["steps"] = steps
    experiment = Experiment(**chosen, network=NETWORK_AS_SUBMITTED if as_submitted else NETWORK)
    run = None
    if run_folder is not None:
        from s6xl.mnist.record import Run

        run = Run.open(run_folder)
    if out is None:
        out = DEFAULT_OUT[engine]
        _make_folder(out.parent)
    _write_workbook(experiment, out, engine, run)
    rates = counted(len(experiment.learning_rates), "learning rate")
    click.echo(f"{rates}, {counted(experiment.steps, 'step')}.\nThe workbook is {out.resolve()}")
    if run is not None and run.lacks_network:
        click.echo(
            f"It has no sheet Digit, for {run.folder} has no network: python -m s6xl train --resume "
            f"{quoted(run.folder)} adds it."
        )
    if engine == Engine.UDF:
        _note_interpreter()
    if open_it and click.launch(str(out.resolve())):
        raise ImpossibleHereError(f"{out} is written, but no program could be started that opens it.")


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(exist_ok=True)
    except OSError as error:
        raise UserError(f"cannot make the folder {folder} here ({error.strerror}): choose a file with --out.") from None


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


def _note_interpreter() -> None:
    """Let Excel find this Python when the workbook is opened here; on another machine, its own is to be found."""
    from s6xl.addin.places import places

    try:
        here = places()
    except ImpossibleHereError:
        click.echo("Where Excel is, `python -m s6xl addin install` lets it find Python.")
        return
    from s6xl.addin.install import note_interpreter

    try:
        noted = note_interpreter(here)
    except UserError as error:
        raise ImpossibleHereError(f"the workbook is written, but not which Python Excel is to run: {error}") from None
    if noted:
        click.echo(f"Excel will run {sys.executable}, as {here.settings} says.")
