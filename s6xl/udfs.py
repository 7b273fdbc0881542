"""The functions as Excel calls them, through xlwings. Excel imports this module; nothing else here needs it.

It is all that knows xlwings' decorators. They work where Excel runs xlwings' functions, on Windows.
"""

import inspect
from collections.abc import Callable

import xlwings

from s6xl.functions import CATEGORY, FUNCTIONS
from s6xl.functions.arguments import MISSING
from s6xl.functions.definition import CellBlock, Function, Result
from s6xl.live.leftovers import spare_other_excels

# COM hands an error over as a whole number from 0x800A07D0 on; as what nobody typed, no cell with a number is one.
_FIRST_ERROR, _LAST_ERROR = -2146826288, -2146826189


def _for_excel(function: Function) -> Callable[..., Result]:
    def udf(*arguments: CellBlock) -> Result:
        return function(*map(_with_errors_named, arguments))

    udf.__name__ = function.name
    udf.__doc__ = function.help
    # Each argument may be left out: then it is named in the cell, where Excel would only say #VALUE!.
    kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
    parameters = [inspect.Parameter(p.name, kind, default=MISSING) for p in function.parameters]
    udf.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    decorated: Callable[..., Result] = udf
    for parameter in function.parameters:
        # Always a block of cells, and errors by their names: an error must not look like an empty cell.
        decorated = xlwings.arg(parameter.name, ndim=2, err_to_str=True, doc=parameter.help)(decorated)
    # The result goes back as it is: there is no empty cell and no NaN in it that xlwings would have to look for.
    decorated = xlwings.ret("raw")(decorated)
    return xlwings.func(category=CATEGORY)(decorated)


def _with_errors_named(block: CellBlock) -> CellBlock:
    """Return the cells with those errors named, too, that xlwings does not know."""
    return [["#ERROR!" if _is_error(cell) else cell for cell in row] for row in block]


def _is_error(cell: object) -> bool:
    return isinstance(cell, int) and _FIRST_ERROR <= cell <= _LAST_ERROR


# This module is imported by the process that serves Excel, and xlwings before it.
spare_other_excels()
# Excel's wrappers look for the functions by name.
globals().update({function.name: _for_excel(function) for function in FUNCTIONS})
