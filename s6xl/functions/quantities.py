"""One function for each quantity that the network computes, made from the table."""

import math
import re
from collections.abc import Callable, Iterable, Sequence

from s6xl.backprop.descent import cell_function
from s6xl.backprop.expression import Expression, Name, names, substitute, to_excel
from s6xl.backprop.network import UPDATE, Network, Quantity, arguments
from s6xl.functions.arguments import number
from s6xl.functions.definition import PREFIX, Function, Parameter, Result, TooLargeError

SIGMOID = Quantity("sigmoid", "sigmoid(x)", "maps any number to a value between 0 and 1")
# A slope is called by the name of the functions that give it.
_UPDATE_EXPRESSION = substitute(UPDATE.expression, {"dE_dw": Name("delta")})
_UPDATE_MEANINGS = {
    "w": "the weight",
    "lr": "the learning rate",
    "delta": "how the total error changes with the weight",
}


def function_name(quantity: str) -> str:
    """Return the name of the function that computes a quantity: ``S6_A_H1``, ``S6_DELTA_W5``, ``S6_E_TOTAL``."""
    name = {"E_tot": "E_total"}.get(quantity, re.sub("^dE_d", "delta_", quantity))
    return PREFIX + name.upper()


UPDATE_NAME = function_name("update")


def call(quantity: Quantity, network: Network, cell: Callable[[str], str]) -> str:
    """Return a quantity of a network as a call of its function, without the leading ``=``.

    A network may compute a quantity from another name than the function does, as the original takes a_h1 instead of
    a_h2. Then that name's cell takes the place of the other's.

    Args:
        quantity: the quantity.
        network: the network, whose columns give the order of the arguments.
        cell: gives the cell of each name.
    """
    return _call(function_name(quantity.name), map(cell, arguments(quantity.expression, network.columns)))


def call_update(weight: str, lr: str, delta: str) -> str:
    """Return a weight's update as a call of its function over cells, without the leading ``=``.

    Args:
        weight: the cell of the weight.
        lr: the cell of the learning rate.
        delta: the cell of the loss's derivative by the weight.
    """
    return _call(UPDATE_NAME, (weight, lr, delta))


def _call(name: str, cells: Iterable[str]) -> str:
    return f"{name}({','.join(cells)})"


def quantity_functions(network: Network) -> tuple[Function, ...]:
    """Return the functions of a network: the sigmoid, each quantity in order of computation, and the update."""
    return (
        _function(function_name(SIGMOID.name), SIGMOID.meaning, SIGMOID.expression, ("x",), {"x": "any number"}),
        *(
            _function(
                function_name(quantity.name),
                quantity.meaning,
                quantity.expression,
                arguments(quantity.expression, network.columns),
                {name: network.meaning(name) for name in names(quantity.expression)},
            )
            for quantity in network.quantities
        ),
        _function(UPDATE_NAME, UPDATE.meaning, _UPDATE_EXPRESSION, tuple(_UPDATE_MEANINGS), _UPDATE_MEANINGS),
    )


def _function(
    name: str, meaning: str, expression: Expression, parameters: Sequence[str], meanings: dict[str, str]
) -> Function:
    compute = cell_function(parameters, expression)

    def value(*numbers: float) -> Result:
        result = compute(*numbers)
        if math.isnan(result):
            raise TooLargeError
        return [[result]]

    return Function(
        name=name,
        help=f"{_sentence(meaning)}: {to_excel(expression, str)}",
        parameters=tuple(Parameter(name, _sentence(meanings[name]), number) for name in parameters),
        compute=value,
        expression=expression,
    )


def _sentence(meaning: str) -> str:
    return meaning[0].upper() + meaning[1:]
