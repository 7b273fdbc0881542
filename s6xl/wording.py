"""Words and numbers as every part of s6xl writes them."""

from decimal import Decimal

# Numbers between these sizes are spelled without an exponent; with its rate spelled so, a sheet's name always fits.
_PLAIN_FROM, _PLAIN_BELOW = 1e-10, 1e16


def counted(number: int, noun: str) -> str:
    """Return a number of things: ``1 step``, ``1,000 steps``.

    Args:
        number: how many.
        noun: what one of them is called; several are called so with an s.
    """
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def number_text(value: float) -> str:
    """Return a number as a spreadsheet spells it: 1.0 as ``1``, 1e-05 as ``0.00001``, 1e300 as ``1E+300``."""
    if value == 0 or _PLAIN_FROM <= abs(value) < _PLAIN_BELOW:
        return f"{Decimal(repr(float(value))):f}".removesuffix(".0")
    return repr(float(value)).upper()


def shown_number(value: float) -> str:
    """Return a number as a cell shows it: in the 15 digits that spreadsheets keep for their readers."""
    return number_text(float(f"{value:.15g}"))
