"""What the options of several commands share."""

from pathlib import Path

import click

# A file or folder; the command itself says what is wrong with it.
PATH = click.Path(path_type=Path, readable=False)


def show_help_alone(group: click.Context) -> None:
    """Show a group's help where no command is given."""
    if group.invoked_subcommand is None:
        click.echo(group.get_help())
