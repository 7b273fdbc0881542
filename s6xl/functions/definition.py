"""What a function of the spreadsheet is: a name, parameters with their help, and what it computes from cells.

Nothing here knows which program calls: arguments come as blocks of cells, a result goes back as one.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from s6xl.backprop.expression import Expression

PREFIX = "S6_"
# What a cell may hold on its way in, and on its way back: a number or a text.
CellValue = object
CellBlock = Sequence[Sequence[CellValue]]
Result = list[list[float | str]]


class ArgumentError(ValueError):
    """An argument that cannot be used; the text says what is wrong with it, and the cure."""


class TooLargeError(ArithmeticError):
    """A result on the way is too large for a spreadsheet."""


@dataclass(frozen=True)
class Parameter:
    """One argument: `read` turns the block of cells that it came as into what the function computes with."""

    name: str
    help: str
    read: Callable[["Parameter", CellBlock], object]


@dataclass(frozen=True)
class Function:
    """A function for cells; calling it with a block of cells an argument always gives a block of numbers and texts.

    `expression` is what it computes where that is one formula over its parameters.
    """

    name: str
    help: str
    parameters: tuple[Parameter, ...]
    compute: Callable[..., Result]
    expression: Expression | None = None

    def __call__(self, *arguments: CellBlock) -> Result:
        """Return the result, or one cell with a sentence: what is wrong with which argument, and the cure.

        An argument that is the sentence of another of these functions is passed on, so that it is read where the
        mistake is and everywhere that it matters.
        """
        try:
            return self.compute(*map(self._value, self.parameters, arguments))
        except _PassedOnError as passed:
            return [[str(passed)]]
        except ArgumentError as error:
            return [[f"{self.name}: {error}"]]
        except TooLargeError:
            return [[f"{self.name}: an intermediate result is too large for a spreadsheet: use numbers closer to 0."]]

    def _value(self, parameter: Parameter, block: CellBlock) -> object:
        for row in block:
            for cell in row:
                if isinstance(cell, str) and cell.startswith(PREFIX) and ": " in cell:
                    raise _PassedOnError(cell)
        return parameter.read(parameter, block)


class _PassedOnError(Exception):
    """The sentence of another function, found in an argument."""
