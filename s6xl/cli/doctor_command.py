"""``python -m s6xl doctor``."""

import click


@click.command(short_help="Check what s6xl needs here.")
def doctor() -> int:
    """Check what s6xl needs here, Excel included, and say how to get what is missing."""
    from s6xl.doctor import examine

    return examine(click.echo)
