"""The command line. Each command imports what it needs when it runs, so that none waits for another's libraries."""

import gc
import io
import signal
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from s6xl import __version__
from s6xl.errors import UserError

if TYPE_CHECKING:
    from s6xl.experiment import Experiment

DEFAULT_OUT = Path("workbooks", "s6.xlsx")
# A build of fewer rows is over before a progress bar could be read.
ROWS_WORTH_REPORTING = 50_000
FAILED, BAD_ARGUMENTS, STOPPED = 1, 2, 130
STOP_SIGNALS = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]


def main() -> None:
    """Run the command line.

    The exit status is 0 for done, 1 for failed, 2 for what the user can mend, and 130 for stopped.
    """
    for number in STOP_SIGNALS:
        signal.signal(number, _stop)
    for stream in (sys.stdout, sys.stderr):
        # A console or pipe that cannot show ∂ shows a question mark for it.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
    try:
        sys.exit(_run())
    except OSError as error:
        # What can be written to fails with a sentence of its own; this is the console or the pipe.
        _complain(f"cannot print: {error.strerror or error}.")
        sys.exit(FAILED)


def _run() -> int:
    try:
        return int(s6xl.main(prog_name="s6xl", standalone_mode=False) or 0)
    except click.exceptions.NoArgsIsHelpError as help_text:
        click.echo(help_text.format_message())
        return BAD_ARGUMENTS
    except UserError as error:
        _complain(str(error))
        return BAD_ARGUMENTS
    except click.ClickException as error:
        context = error.ctx if isinstance(error, click.UsageError) else None
        cure = f" {context.command_path} --help lists what is possible." if context else ""
        _complain(f"{error.format_message().removesuffix('.')}.{cure}")
        return BAD_ARGUMENTS
    except MemoryError:
        _complain("there is not enough memory for this: ask for fewer steps or learning rates.")
        return FAILED
    except click.Abort:
        _complain("stopped; what was there before is as it was.")
        return STOPPED


def _complain(message: str) -> None:
    """Say on standard error what is wrong; where that cannot be written to, the exit status says it alone."""
    with suppress(OSError):
        click.echo(f"s6xl: {message}", err=True)


def _stop(number: int, frame: object) -> None:
    """Ctrl-C, and as politely the task manager or a closed terminal: stop and tidy up, undisturbed by a second one."""
    for further in STOP_SIGNALS:
        signal.signal(further, signal.SIG_IGN)
    raise KeyboardInterrupt


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, message="s6xl %(version)s")
def s6xl() -> None:
    """Backpropagation you can click through: workbooks of live formulas, generated from one table."""


@s6xl.command()
@click.option(
    "--out",
    type=click.Path(path_type=Path, readable=False),
    metavar="FILE",
    help=f"The workbook; {DEFAULT_OUT} if not given.",
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
@click.option("--as-submitted", is_flag=True, help="Keep the original's mistake in ∂E/∂w3 and ∂E/∂w4.")
def build(
    out: Path | None,
    lr: str | None,
    steps: int | None,
    inputs: str | None,
    targets: str | None,
    weights: str | None,
    settings: Path | None,
    as_submitted: bool,
) -> None:
    """Build the backpropagation workbook: every step at every learning rate, in live formulas."""
    # A build is short and drops next to nothing in cycles; looking for them would take a tenth of its time.
    gc.disable()
    from s6xl.derivation import NETWORK, NETWORK_AS_SUBMITTED
    from s6xl.experiment import Experiment, counted, parse_numbers, read_settings

    chosen: dict[str, Any] = read_settings(settings) if settings else {}
    lists = {"learning_rates": ("--lr", lr), "inputs": ("--inputs", inputs), "targets": ("--targets", targets)}
    lists["weights"] = ("--weights", weights)
    chosen |= {key: parse_numbers(text, option) for key, (option, text) in lists.items() if text is not None}
    if steps is not None:
        chosen["steps"] = steps
    experiment = Experiment(**chosen, network=NETWORK_AS_SUBMITTED if as_submitted else NETWORK)
    if out is None:
        out = DEFAULT_OUT
        _make_folder(out.parent)
    _write_workbook(experiment, out)
    rates = counted(len(experiment.learning_rates), "learning rate")
    click.echo(f"{out}: {rates}, {counted(experiment.steps, 'step')}.")


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(exist_ok=True)
    except OSError as error:
        raise UserError(f"cannot make the folder {folder} here ({error.strerror}): choose a file with --out.") from None


def _write_workbook(experiment: "Experiment", out: Path) -> None:
    from s6xl import workbook

    # Every row is reported twice: computed, and written.
    rows = 2 * experiment.steps * len(experiment.learning_rates)
    if rows < ROWS_WORTH_REPORTING:
        workbook.build(experiment, out)
        return
    from s6xl.progress import reporting

    with reporting("rows", rows) as progress:
        workbook.build(experiment, out, progress=progress)
