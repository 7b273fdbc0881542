"""What the options of several commands share."""

from pathlib import Path

import click

# A file or folder; the command itself says what is wrong with it.
PATH = click.Path(path_type=Path, readable=False)
