"""The functions as Excel calls them, through xlwings. Excel imports this module; nothing else here needs it.

It is all that knows xlwings' decorators. They work where Excel runs xlwings' functions, on Windows.
"""

import inspect
from collections.abc import Callable
from typing import Any

import xlwings

from s6xl.functions import CATEGORY, FUNCTIONS, MISSING, Block, Function, Result


def _for_excel(function: Function) -> Callable[..., Result]:
    def udf(*arguments: Block) -> Result:
        return function(*arguments)

    udf.__name__ = function.name
    udf.__doc__ = function.help
    # Each argument may be left out: then it is named in the cell, where Excel would only say #VALUE!.
    kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
    parameters = [inspect.Parameter(p.name, kind, default=MISSING) for p in function.parameters]
    udf.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    decorated: Any = udf
    for parameter in function.parameters:
        # Always a block of cells, and errors by their names: an error must not look like an empty cell.
        decorated = xlwings.arg(parameter.name, ndim=2, err_to_str=True, doc=parameter.help)(decorated)
    # The result goes back as it is: there is no empty cell and no NaN in it that xlwings would have to look for.
    decorated = xlwings.ret("raw")(decorated)
    return xlwings.func(category=CATEGORY)(decorated)  # type: ignore[no-any-return]


# Excel's wrappers look for the functions by name.
globals().update({function.name: _for_excel(function) for function in FUNCTIONS})
