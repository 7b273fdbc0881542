"""Numbers as short text, rounded to some significant digits: the same in a cell's formula and in Python."""

import math
from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Decimal

# Powers of ten between which a number is written without an exponent.
_SMALLEST, _LARGEST = -4, 5
# How many digits a number is shown with: more than 15 a spreadsheet does not keep for its readers.
FEWEST, _MOST = 4, 15
# Of a difference smaller than this little but rounding is left.
_FINEST = 1e-12


def digits_formula(value: str, finest: Sequence[str], digits: int) -> str:
    """Return the formula of how many digits a number needs, so that others computed from it show enough of theirs.

    Args:
        value: the cell of the number.
        finest: the formulas of the others, such as the difference of `value` and another cell.
        digits: how many significant digits of each of the others are to be seen.
    """
    first = _first_digit_formula(value)
    needed = (f"{first}-INT(LOG10(MAX({_FINEST:.0E},ABS({number}))))+{digits}" for number in finest)
    return f"IFERROR(MIN({_MOST},MAX({FEWEST},{','.join(needed)})),{FEWEST})"


def exponent_formula(value: str, digits: str) -> str:
    """Return the formula of the power of ten of a number's first digit, once rounded.

    Args:
        value: the cell of the number.
        digits: the cell with the number of significant digits.
    """
    first = _first_digit_formula(value)
    return f"{first}+(ABS(ROUND({value}/10^{first},{digits}-1))>=10)"


def text_formula(value: str, exponent: str, digits: str) -> str:
    """Return the formula of a number as short text.

    It avoids TEXT, whose format codes change with the language of the computer.

    Args:
        value: the cell of the number.
        exponent: the cell of its `exponent_formula`.
        digits: the cell with the number of significant digits.
    """
    plain = f'ROUND({value},{digits}-1-{exponent})&""'
    scientific = f'ROUND({value}/10^{exponent},{digits}-1)&"E"&{exponent}'
    chosen = f"IF(AND({exponent}>={_SMALLEST},{exponent}<={_LARGEST}),{plain},{scientific})"
    return f'SUBSTITUTE({chosen},"-","−")'


def enclosed_formula(value: str, text: str) -> str:
    """Return the formula of the short text in the cell `text`, in parentheses if its number is negative."""
    return f'IF({value}<0,"("&{text}&")",{text})'


def digits_needed(value: float, finest: Sequence[float], digits: int) -> int:
    """Return what `digits_formula` computes."""
    if not all(map(math.isfinite, (value, *finest))):
        return FEWEST
    needed = (_first_digit(value) - _first_digit(max(_FINEST, abs(number))) + digits for number in finest)
    return min(_MOST, max(FEWEST, *needed))


def exponent(value: float, digits: int) -> int:
    """Return what `exponent_formula` computes."""
    first = _first_digit(value)
    return first + (abs(_rounded(Decimal(repr(value)).scaleb(-first), digits - 1)) >= 10)


def short_text(value: float, digits: int) -> str:
    """Return what `text_formula` computes; #NUM! for a number that is not finite."""
    if not math.isfinite(value):
        return "#NUM!"
    power = exponent(value, digits)
    if _SMALLEST <= power <= _LARGEST:
        text = _plain(_rounded(Decimal(repr(value)), digits - 1 - power))
    else:
        text = f"{_plain(_rounded(Decimal(repr(value)).scaleb(-power), digits - 1))}E{power}"
    return text.replace("-", "−")


def enclosed_text(value: float, digits: int) -> str:
    """Return what `enclosed_formula` computes."""
    text = short_text(value, digits)
    return f"({text})" if value < 0 else text


def _first_digit_formula(value: str) -> str:
    return f"IF({value}=0,0,INT(LOG10(ABS({value}))))"


def _first_digit(value: float) -> int:
    return 0 if value == 0 else math.floor(math.log10(abs(value)))


def _rounded(value: Decimal, places: int) -> Decimal:
    # Spreadsheets round the shortest decimal that means this float64, and halves away from zero.
    return value.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)


def _plain(value: Decimal) -> str:
    text = f"{value:f}"
    return (text.rstrip("0").rstrip(".") if "." in text else text) if value else "0"
