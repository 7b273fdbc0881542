"""``python -m s6xl addin build|install|uninstall|status``."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from s6xl.cli.options import PATH, show_help_alone
from s6xl.errors import FAILED

if TYPE_CHECKING:
    from s6xl.addin.places import Places

DEFAULT_ADD_IN = Path("s6.xlam")


@click.group(
    invoke_without_command=True,
    short_help="Build or install the Excel add-in.",
    help="The Excel add-in: the functions S6_... in every workbook, and the ribbon tab S6.",
)
@click.pass_context
def addin(context: click.Context) -> None:
    show_help_alone(context)


@addin.command("build", help="Build the add-in for the installed xlwings, on any system.")
@click.option(
    "--out", type=PATH, default=DEFAULT_ADD_IN, metavar="FILE", help=f"The add-in; {DEFAULT_ADD_IN} by default."
)
def build_addin(out: Path) -> None:
    from s6xl.addin.package import build_add_in
    from s6xl.addin.sources import xlwings_version

    build_add_in(out)
    click.echo(f"For xlwings {xlwings_version()}.\nThe add-in is {out.absolute()}")


@addin.command(
    "install",
    short_help="Install the add-in in Excel.",
    help="Put the add-in where Excel loads it, and let it run this Python. Close Excel first.",
)
def install_addin() -> None:
    here = _places()
    from s6xl.addin.install import install
    from s6xl.addin.status import status

    install(here)
    for line in status(here):
        click.echo(line.text)
    click.echo("Start Excel: it shows the tab S6.")


@addin.command(
    "uninstall", short_help="Undo the installation.", help="Undo exactly what install did. Close Excel first."
)
def uninstall_addin() -> None:
    here = _places()
    from s6xl.addin.install import uninstall

    for line in uninstall(here):
        click.echo(line)


@addin.command(
    "status",
    short_help="Show what is installed.",
    help="Show what is installed, and where. The exit status is 1 if something is missing.",
)
def show_status() -> int:
    here = _places()
    from s6xl.addin.status import status

    lines = list(status(here))
    for line in lines:
        click.echo(line.text)
    return 0 if all(line.good for line in lines) else FAILED


def _places() -> "Places":
    """Return where things are on this machine; called first, so that nothing is loaded if there is no Excel."""
    from s6xl.addin.places import places

    return places()
