"""The command line. Each command imports what it needs when it runs, so that none waits for another's libraries."""

import gc
import io
import signal
import sys
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from s6xl import __version__
from s6xl.errors import ImpossibleHereError, UserError

if TYPE_CHECKING:
    from s6xl.addin.places import Places
    from s6xl.experiment import Experiment
    from s6xl.workbook import Engine

# Where a workbook goes by default, by what computes it; spelled out, for loading the engines takes time.
DEFAULT_OUT = {
    "formulas": Path("workbooks", "s6.xlsx"),
    "lambda": Path("workbooks", "s6_lambda.xlsx"),
    "udf": Path("workbooks", "s6.xlsm"),
}
DEFAULT_ADD_IN = Path("s6.xlam")
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
        return FAILED if isinstance(error, ImpossibleHereError) else BAD_ARGUMENTS
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
    as_submitted: bool,
) -> None:
    """Build the backpropagation workbook: every step at every learning rate, in live formulas."""
    # A build is short and drops next to nothing in cycles; looking for them would take a tenth of its time.
    gc.disable()
    from s6xl.derivation import NETWORK, NETWORK_AS_SUBMITTED
    from s6xl.experiment import Experiment, counted, parse_numbers, read_settings
    from s6xl.workbook import Engine

    chosen: dict[str, Any] = read_settings(settings) if settings else {}
    lists = {"learning_rates": ("--lr", lr), "inputs": ("--inputs", inputs), "targets": ("--targets", targets)}
    lists["weights"] = ("--weights", weights)
    chosen |= {key: parse_numbers(text, option) for key, (option, text) in lists.items() if text is not None}
    if steps is not None:
        chosen["steps"] = steps
    experiment = Experiment(**chosen, network=NETWORK_AS_SUBMITTED if as_submitted else NETWORK)
    if out is None:
        out = DEFAULT_OUT[engine]
        _make_folder(out.parent)
    _write_workbook(experiment, out, Engine(engine))
    rates = counted(len(experiment.learning_rates), "learning rate")
    click.echo(f"{out}: {rates}, {counted(experiment.steps, 'step')}.")
    if engine == Engine.UDF:
        _note_interpreter()


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(exist_ok=True)
    except OSError as error:
        raise UserError(f"cannot make the folder {folder} here ({error.strerror}): choose a file with --out.") from None


def _write_workbook(experiment: "Experiment", out: Path, engine: "Engine") -> None:
    from s6xl import workbook

    if engine is workbook.Engine.UDF:
        from s6xl.addin.package import build_macro_workbook as build
    else:
        build = partial(workbook.build, engine=engine)
    # Every row is reported twice: computed, and written.
    rows = 2 * experiment.steps * len(experiment.learning_rates)
    if rows < ROWS_WORTH_REPORTING:
        build(experiment, out)
        return
    from s6xl.progress import reporting

    with reporting("rows", rows) as progress:
        build(experiment, out, progress=progress)


def _note_interpreter() -> None:
    """Let Excel find this Python when the workbook is opened here; on another machine, its own is to be found."""
    try:
        here = _places()
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


def _places() -> "Places":
    """Where things are on this machine; asked first, so that nothing is loaded where there is no Excel."""
    from s6xl.addin.places import places

    return places()


@s6xl.group()
def addin() -> None:
    """The Excel add-in: the functions S6_... in every workbook, and the ribbon tab S6."""


@addin.command("build")
@click.option(
    "--out",
    type=click.Path(path_type=Path, readable=False),
    default=DEFAULT_ADD_IN,
    metavar="FILE",
    help=f"The add-in; {DEFAULT_ADD_IN} if not given.",
)
def build_addin(out: Path) -> None:
    """Build the add-in for the installed xlwings, on any system."""
    from s6xl.addin.package import build_add_in
    from s6xl.addin.sources import xlwings_version

    build_add_in(out)
    click.echo(f"{out}: for xlwings {xlwings_version()}.")


@addin.command("install")
def install_addin() -> None:
    """Put the add-in where Excel loads it, and note that it is to run this Python. Close Excel first."""
    here = _places()
    from s6xl.addin.install import install
    from s6xl.addin.status import status

    install(here)
    for line in status(here):
        click.echo(line.text)
    click.echo("Start Excel: it shows the tab S6.")


@addin.command("uninstall")
def uninstall_addin() -> None:
    """Take back exactly what install did. Close Excel first."""
    here = _places()
    from s6xl.addin.install import uninstall

    for line in uninstall(here):
        click.echo(line)


@addin.command("status")
def show_status() -> int:
    """Say what is installed where; the exit status is 1 where something is missing."""
    here = _places()
    from s6xl.addin.status import status

    lines = list(status(here))
    for line in lines:
        click.echo(line.text)
    return 0 if all(line.good for line in lines) else FAILED


@s6xl.command("doctor")
def run_doctor() -> int:
    """Check what s6xl needs here, Excel included, and say how to get what is missing."""
    from s6xl.doctor import examine

    return examine(click.echo)
