"""The command line. Each command imports what it needs when it runs, so that none waits for another's libraries."""

import io
import signal
import sys
from contextlib import suppress

import click

from s6xl import __version__
from s6xl.cli.addin_commands import addin
from s6xl.cli.audit_command import audit
from s6xl.cli.build_command import build
from s6xl.cli.doctor_command import doctor
from s6xl.cli.exits import STOP_SIGNALS
from s6xl.cli.predict_command import predict
from s6xl.cli.train_command import train
from s6xl.errors import BAD_ARGUMENTS, FAILED, STOPPED, ImpossibleHereError, UserError


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
        # What can be read or written fails with a sentence of its own; without a name it is the console or the pipe.
        _complain(f"{error.filename or 'cannot print'}: {error.strerror or error}.")
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
        _complain("there is not enough memory for this: close other programs, or ask for less.")
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
    """Backpropagation you can click through, and a CNN trained on handwritten digits: workbooks of both."""


for command in (build, train, predict, audit, addin, doctor):
    s6xl.add_command(command)
