"""The functions that a spreadsheet offers: ``S6_DELTA_W5`` and its like, made from the table of quantities.

`FUNCTIONS` lists them; each takes blocks of cells and gives one back, so that any spreadsheet program can call them.
"""

from s6xl.backprop.worked_example import NETWORK
from s6xl.functions.arguments import MISSING
from s6xl.functions.definition import CellBlock, Function, Parameter, Result
from s6xl.functions.descents import descent_functions
from s6xl.functions.predictions import prediction_functions
from s6xl.functions.quantities import call, call_update, quantity_functions

__all__ = [
    "CATEGORY",
    "FUNCTIONS",
    "MISSING",
    "OF_NUMBERS",
    "OVER_IMAGES",
    "OVER_RANGES",
    "CellBlock",
    "Function",
    "Parameter",
    "Result",
    "call",
    "call_update",
]

# What the functions stand under in a list of functions.
CATEGORY = "S6"
OF_NUMBERS = quantity_functions(NETWORK)
OVER_RANGES = descent_functions(NETWORK)
OVER_IMAGES = prediction_functions()
FUNCTIONS = (*OF_NUMBERS, *OVER_RANGES, *OVER_IMAGES)
