"""The command line. Each command imports what it needs when it runs, so that none waits for another's libraries."""

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from s6xl import __version__
from s6xl.errors import UserError

app = typer.Typer(add_completion=False, no_args_is_help=True)

DEFAULT_OUT = Path("workbooks", "s6.xlsx")
# A build of fewer rows is over before a progress bar could be read.
ROWS_WORTH_REPORTING = 50_000


def main() -> None:
    """Run the command line; the exit status is 0 for done, 1 for found or failed, 2 for bad arguments."""
    try:
        sys.exit(app(standalone_mode=False) or 0)
    except (UserError, typer.TyperException) as error:
        message = error.format_message() if isinstance(error, typer.TyperException) else str(error)
        # Without arguments the help has been printed by now, and there is no message.
        if message.strip():
            print(f"s6xl: {message}", file=sys.stderr)
        sys.exit(2)


def _print_version(wanted: bool) -> None:
    if wanted:
        print(f"s6xl {__version__}")
        raise typer.Exit


@app.callback()
def s6xl(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and stop.")
    ] = False,
) -> None:
    """Backpropagation you can click through: workbooks of live formulas, generated from one table."""


@app.command()
def build(
    out: Annotated[
        Path | None, typer.Option("--out", metavar="FILE", help=f"Where the workbook goes. Default: {DEFAULT_OUT}")
    ] = None,
    lr: Annotated[
        str | None, typer.Option(metavar="RATES", help="Learning rates, one sheet each. Default: 0.1,0.2,0.5,0.8,1,2")
    ] = None,
    steps: Annotated[int | None, typer.Option(metavar="N", help="Steps of gradient descent. Default: 68")] = None,
    inputs: Annotated[str | None, typer.Option(metavar="I1,I2", help="Default: 0.05,0.1")] = None,
    targets: Annotated[str | None, typer.Option(metavar="T1,T2", help="Default: 0.5,0.5")] = None,
    weights: Annotated[
        str | None, typer.Option(metavar="W1,...,W8", help="Default: 0.15,0.2,0.25,0.3,0.4,0.45,0.5,0.55")
    ] = None,
    settings: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="A TOML file with any of inputs, targets, weights, learning_rates and steps; options win over it.",
        ),
    ] = None,
    as_submitted: Annotated[
        bool, typer.Option("--as-submitted", help="Keep the original's mistake in ∂E/∂w3 and ∂E/∂w4.")
    ] = False,
) -> None:
    """Build the backpropagation workbook: every step at every learning rate, in live formulas."""
    from s6xl.experiment import Experiment, counted, parse_numbers, read_settings

    chosen: dict[str, Any] = read_settings(settings) if settings else {}
    options = {"learning_rates": (lr, "--lr"), "inputs": (inputs, "--inputs"), "targets": (targets, "--targets")}
    options["weights"] = (weights, "--weights")
    chosen |= {key: parse_numbers(text, option) for key, (text, option) in options.items() if text is not None}
    if steps is not None:
        chosen["steps"] = steps
    experiment = Experiment(**chosen)
    if out is None:
        out = DEFAULT_OUT
        _make_folder(out.parent)
    _build(experiment, out, as_submitted)
    print(f"{out}: {counted(len(experiment.learning_rates), 'learning rate')}, {counted(experiment.steps, 'step')}.")


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(exist_ok=True)
    except OSError as error:
        raise UserError(f"cannot make the folder {folder} here ({error.strerror}): choose a file with --out.") from None


def _build(experiment: Any, out: Path, as_submitted: bool) -> None:
    from s6xl.workbook import build as build_workbook
    from s6xl.workbook.book import check_target

    check_target(out)
    # Every row is reported twice: computed, and written.
    rows = 2 * experiment.steps * len(experiment.learning_rates)
    if rows < ROWS_WORTH_REPORTING:
        build_workbook(experiment, out, as_submitted=as_submitted)
        return
    from s6xl.progress import reporting

    with reporting("rows", rows) as progress:
        build_workbook(experiment, out, as_submitted=as_submitted, progress=progress)
