"""``python -m s6xl doctor``."""

import click


@click.command(
    short_help="Check what s6xl needs here.",
    help=("Check what s6xl needs here, Excel included, and say how to get what is missing."),
)
def doctor() -> int:
    from s6xl.doctor import examine

    return examine(click.echo)
