"""Numbers as short text, rounded to some significant digits: the same in a cell's formula and in Python."""

import math
from decimal import ROUND_HALF_UP, Decimal

# Powers of ten between which a number is written without an exponent.
_SMALLEST, _LARGEST = -4, 5


def exponent_formula(value: str) -> str:
    """The power of ten of the first digit of the number in the cell `value`, without the leading ``=``."""
    return f"IF({value}=0,0,INT(LOG10(ABS({value}))))"


def text_formula(value: str, exponent: str, digits: int) -> str:
    """The number in the cell `value` as short text; `exponent` is the cell of its `exponent_formula`.

    It avoids TEXT, whose format codes change with the language of the computer.
    """
    plain = f'ROUND({value},{digits - 1}-{exponent})&""'
    scientific = f'ROUND({value}/10^{exponent},{digits - 1})&"E"&{exponent}'
    chosen = f"IF(AND({exponent}>={_SMALLEST},{exponent}<={_LARGEST}),{plain},{scientific})"
    return f'SUBSTITUTE({chosen},"-","−")'


def enclosed_formula(value: str, text: str) -> str:
    """The short text in the cell `text`, in parentheses where its number is negative."""
    return f'IF({value}<0,"("&{text}&")",{text})'


def exponent(value: float) -> int:
    """What `exponent_formula` computes."""
    return 0 if value == 0 else math.floor(math.log10(abs(value)))


def short_text(value: float, digits: int) -> str:
    """What `text_formula` computes; #NUM! for what is no finite number."""
    if not math.isfinite(value):
        return "#NUM!"
    power = exponent(value)
    if _SMALLEST <= power <= _LARGEST:
        text = _rounded(Decimal(repr(value)), digits - 1 - power)
    else:
        text = f"{_rounded(Decimal(repr(value)).scaleb(-power), digits - 1)}E{power}"
    return text.replace("-", "−")


def enclosed_text(value: float, digits: int) -> str:
    """What `enclosed_formula` computes."""
    text = short_text(value, digits)
    return f"({text})" if value < 0 else text


def _rounded(value: Decimal, places: int) -> str:
    # Spreadsheets round the shortest decimal that means this float64, and halves away from zero.
    rounded = value.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)
    text = f"{rounded:f}"
    return (text.rstrip("0").rstrip(".") if "." in text else text) if rounded else "0"
