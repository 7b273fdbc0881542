"""``python -m s6xl doctor``."""

import click


@click.command(
    short_help="Check what s6xl needs.",
    help="Check what s6xl needs on this machine, Excel included, and say how to get what is missing. The exit status "
    "is 1 if something is at fault.",
)
def doctor() -> int:
    from s6xl.doctor import examine

    return examine(click.echo)
