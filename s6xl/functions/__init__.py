"""The functions that a spreadsheet offers: ``S6_DELTA_W5`` and its like, made from the table of quantities.

`FUNCTIONS` lists them; each takes blocks of cells and gives one back, so that any spreadsheet program can call them.
"""

from s6xl.backprop.worked_example import NETWORK
from s6xl.functions.descents import descent_functions
from s6xl.functions.predictions import prediction_functions
from s6xl.functions.quantities import quantity_functions

# The functions' category in a spreadsheet's list of functions.
CATEGORY = "S6"
OF_NUMBERS = quantity_functions(NETWORK)
OVER_RANGES = descent_functions(NETWORK)
OVER_IMAGES = prediction_functions()
FUNCTIONS = (*OF_NUMBERS, *OVER_RANGES, *OVER_IMAGES)
