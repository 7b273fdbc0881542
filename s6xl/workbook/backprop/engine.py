"""What computes the cells of a descent: plain formulas, or functions in the workbook or in Python."""

from collections.abc import Callable
from enum import StrEnum

from s6xl.backprop.expression import substitute, to_excel
from s6xl.backprop.network import UPDATE, Network, Quantity, gradient, update_of
from s6xl.functions.quantities import call, call_update
from s6xl.workbook.sheet import DynamicFormula


class Engine(StrEnum):
    """How the table of a learning rate's sheet computes.

    With `LAMBDA` and `UDF` a cell calls a function, as in ``S6_DELTA_W5(B33,K33,S33)``. With the first,
    the function is a name that holds a LAMBDA; with the second, which `s6xl.addin.package` builds, a macro that calls
    Python.
    """

    FORMULAS = "formulas"
    LAMBDA = "lambda"
    UDF = "udf"

    @property
    def description(self) -> str:
        """What the workbook's numbers are, in a sentence for its reader."""
        live = "Every number is a live formula"
        match self:
            case Engine.FORMULAS:
                return f"{live}."
            case Engine.LAMBDA:
                return (
                    f"{live}. The sheets LR=… call LAMBDA functions in the Name Manager, which need Excel 365 or 2024."
                )
            case Engine.UDF:
                return f"{live}. The sheets LR=… call functions that Python computes, in Excel on Windows."

    @property
    def macros(self) -> str:
        """Whether the workbook holds macros, in a sentence for its reader."""
        return "The macros call Python." if self is Engine.UDF else "There are no macros."

    def formula(self, quantity: Quantity, network: Network, cell: Callable[[str], str]) -> str:
        """Return what computes a quantity, without the leading ``=``; `cell` gives each name's cell."""
        if self is Engine.FORMULAS:
            return to_excel(quantity.expression, cell)
        return DynamicFormula(call(quantity, network, cell))

    def update(self, weight: str, cell: Callable[[str], str]) -> str:
        """Return what computes a weight's next value, without the leading ``=``; `cell` knows ``lr``, too."""
        if self is Engine.FORMULAS:
            return to_excel(substitute(UPDATE.expression, update_of(weight)), cell)
        return DynamicFormula(call_update(cell(weight), cell("lr"), cell(gradient(weight))))
