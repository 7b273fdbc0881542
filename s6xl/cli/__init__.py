"""The command line. Each command imports what it needs when it runs, so that none waits for another's libraries."""

import io
import logging
import signal
import sys
from contextlib import suppress

import click

from s6xl.cli.addin_commands import addin
from s6xl.cli.audit_command import audit
from s6xl.cli.build_command import build
from s6xl.cli.doctor_command import doctor
from s6xl.cli.exits import STOP_SIGNALS
from s6xl.cli.options import show_help_alone
from s6xl.cli.predict_command import predict
from s6xl.cli.train_command import train
from s6xl.errors import FAILED, STOPPED, USER_ERROR, ImpossibleHereError, UserError
from s6xl.logs import show_log, where_the_traceback_is, writing_log
from s6xl.version import __version__

_LOG = logging.getLogger(__name__)


def main() -> None:
    """Run the command line, and end with an exit status that `s6xl.errors` lists.

    Every failure is one sentence on standard error; the log has the traceback of each that was not foreseen.
    """
    for number in STOP_SIGNALS:
        signal.signal(number, _stop)
    for stream in (sys.stdout, sys.stderr):
        # A console or pipe that cannot show ∂ shows a question mark for it.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
    with writing_log():
        sys.exit(_run())


def _run() -> int:
    try:
        return int(s6xl.main(prog_name="s6xl", standalone_mode=False) or 0)
    except UserError as error:
        # One without a cause is nothing for the log; with --debug it is on the screen.
        _LOG.log(logging.INFO if error.__cause__ else logging.DEBUG, "%s", error, exc_info=True)
        _complain(str(error))
        return FAILED if isinstance(error, ImpossibleHereError) else USER_ERROR
    except click.ClickException as error:
        _complain(_sentence(error))
        return USER_ERROR
    except MemoryError:
        _LOG.info("out of memory", exc_info=True)
        _complain("there is not enough memory for this: close other programs, or ask for less.")
        return FAILED
    except click.Abort:
        _complain("stopped; the files that were there before are unchanged.")
        return STOPPED
    except Exception as error:
        _complain(_unforeseen(error))
        return FAILED


def _unforeseen(error: Exception) -> str:
    """Log an error that nobody foresaw, and return what to say of it."""
    if isinstance(error, OSError) and error.filename is None:
        # Files have names; without one it is the console or the pipe.
        _LOG.info("cannot print", exc_info=True)
        return f"cannot print: {error.strerror or error}."
    command = next((argument for argument in sys.argv[1:] if argument in s6xl.commands), "s6xl")
    _LOG.exception("%s failed", command)
    reason = " ".join(str(error).split()) or "no message"
    return (
        f"{command} failed in a way that was not foreseen ({type(error).__name__}: {reason}): please report it, with "
        f"{where_the_traceback_is()}."
    )


def _sentence(error: click.ClickException) -> str:
    """Return what is wrong with the arguments, and which help page tells more."""
    message = error.format_message()
    if not message.endswith((".", "?", "?)")):
        message += "."
    context = error.ctx if isinstance(error, click.UsageError) else None
    return f"{message} {context.command_path} --help shows what can be given." if context else message


def _complain(message: str) -> None:
    """Say on standard error what is wrong; where that cannot be written to, the exit status says it alone."""
    with suppress(OSError):
        click.echo(f"s6xl: {message}", err=True)


def _stop(number: int, frame: object) -> None:
    """Stop and tidy up at Ctrl-C, a task manager's request or a closed terminal; a second one changes nothing."""
    for further in STOP_SIGNALS:
        signal.signal(further, signal.SIG_IGN)
    raise KeyboardInterrupt


@click.group(
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    help="Backpropagation you can click through: workbooks in which every step of gradient descent is a live formula, "
    "and a CNN for handwritten digits, trained here and shown in a workbook.",
    epilog='\b\nTab completion, in ~/.bashrc:  eval "$(_S6XL_COMPLETE=bash_source s6xl)"\n'
    "In ~/.zshrc use zsh_source; in fish:  _S6XL_COMPLETE=fish_source s6xl | source",
)
@click.version_option(__version__, "-V", "--version", message="s6xl %(version)s")
@click.pass_context
def s6xl(context: click.Context) -> None:
    show_help_alone(context)


def _add_debug(command: click.Command) -> None:
    """Let a command and all below it take --debug."""
    debug = click.Option(
        ["--debug"],
        is_flag=True,
        is_eager=True,
        expose_value=False,
        callback=lambda context, option, given: show_log() if given else None,
        help="Show the traceback of an error.",
    )
    command.params.append(debug)
    if isinstance(command, click.Group):
        for further in command.commands.values():
            _add_debug(further)


for command in (build, train, predict, audit, addin, doctor):
    s6xl.add_command(command)
_add_debug(s6xl)
