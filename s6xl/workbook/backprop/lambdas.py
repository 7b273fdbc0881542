"""The functions as names in the workbook, each holding a LAMBDA: no macro, no add-in."""

from s6xl.backprop.expression import to_lambda
from s6xl.functions import OF_NUMBERS
from s6xl.workbook.book import NewBook


def define_functions(book: NewBook) -> None:
    """Define each function of numbers as a name that holds a LAMBDA.

    The file spells it ``_xlfn.LAMBDA`` and its parameters ``_xlpm.name``, as those that Excel writes.
    """
    for function in OF_NUMBERS:
        assert function.expression is not None
        parameters = [parameter.name for parameter in function.parameters]
        book.workbook.define_name(function.name, f"={to_lambda(function.expression, parameters)}")
