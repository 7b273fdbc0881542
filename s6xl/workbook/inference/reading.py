"""Reads a network that works in a workbook's cells, and the image that it is shown, back out of the file."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from s6xl.audit.book import Book, Cell
from s6xl.audit.reading import read
from s6xl.audit.sheet_xml import block
from s6xl.errors import UserError
from s6xl.mnist.layers import DIGITS, KINDS, SIDE, Dropout, Layer
from s6xl.mnist.trained import TrainedNetwork
from s6xl.workbook.cnn.model import LAYERS
from s6xl.workbook.inference.digit import NAMES
from s6xl.workbook.inference.neuron import defined_name
from s6xl.workbook.inference.stages import stages

_PLACE = re.compile(r"(?:'((?:[^']|'')+)'|([^'!]+))!(\$?[A-Z]+\$?\d+(?::\$?[A-Z]+\$?\d+)?)")
_SIZES = ("inputs", "outputs", "kernel", "stride", "padding")
_NO_NETWORK = "has no network in its cells: give a workbook that `python -m s6xl build --run DIR` has made"


@dataclass(frozen=True)
class Shown:
    """A network, the image on the sheet Digit, and the probabilities that the workbook has of it.

    The image is of shape (28, 28), 0 for paper and 255 for ink, the probabilities of shape (10,).
    """

    network: TrainedNetwork
    pixels: NDArray[np.float64]
    probabilities: NDArray[np.float64]


def read_shown(path: Path) -> Shown:
    """What a workbook shows, as its file was last saved.

    Raises:
        UserError: if the file cannot be read, or holds no such network.
    """
    reader = _Reader(path)
    pixels = reader.numbers(_name("digit_pixels"), "image").reshape(SIDE, SIDE)
    return Shown(reader.network(), pixels, reader.numbers(_name("digit_probabilities"), "answer").reshape(DIGITS))


def _name(name: str) -> str:
    assert name in NAMES
    return name


class _Reader:
    def __init__(self, path: Path) -> None:
        self._path = path
        self._book: Book = read(path, lambda: None)
        self._sheets = {sheet.title.casefold(): sheet for sheet in self._book.sheets}

    def _cells(self, name: str) -> Iterator[list[Cell | None]]:
        """The rows of cells that a name stands for.

        Raises:
            UserError: if there is no such name.
        """
        match = _PLACE.fullmatch(self._book.names.get(name.casefold(), ""))
        title = (match[1] or match[2]).replace("''", "'").casefold() if match else ""
        if match is None or title not in self._sheets:
            raise UserError(f"{self._path} {_NO_NETWORK}.")
        cells = self._sheets[title].cells
        first_row, first_column, last_row, last_column = block(match[3])
        for row in range(first_row, last_row + 1):
            yield [cells.get((row, column)) for column in range(first_column, last_column + 1)]

    def numbers(self, name: str, what: str) -> NDArray[np.float64]:
        """The numbers in the cells of a name, row by row; cells that others are merged into are left out.

        Raises:
            UserError: if one of them is no number.
        """
        found = []
        for row in self._cells(name):
            for cell in row:
                if cell is None:
                    continue
                if cell.number is None:
                    raise UserError(
                        f"{self._path} has no number in {cell.address}, where its {what} is: open it in a spreadsheet "
                        "program, let it calculate, mend what is wrong, and save it."
                    )
                found.append(float(cell.number))
        return np.array(found)

    def network(self) -> TrainedNetwork:
        """The network, from the layers' names and sizes and the weights in their cells."""
        try:
            layers = tuple(map(_layer, self._cells(LAYERS)))
            state = {}
            for stage in stages(layers):
                for index, layer in ((stage.first, stage.layer), *stage.pointwise):
                    for name, shape in layer.weights.items() if layer else ():
                        numbers = self.numbers(defined_name(index, name), "weights")
                        full = stage.weight(numbers) if name == "weight" and index == stage.first else numbers
                        state[f"{index}.{name}"] = full.reshape(shape).astype(np.float32)
            return TrainedNetwork(layers, state)
        except (ValueError, KeyError, TypeError, IndexError):
            raise UserError(f"{self._path} has been changed where its network's layers or weights are.") from None


def _layer(cells: list[Cell | None]) -> Layer:
    """A layer from its row on the sheet Model: its title, and its sizes, those that it has."""
    title, *sizes = (cell.value if cell else None for cell in cells)
    kind = next(kind for kind in KINDS.values() if str(title).startswith(kind.name))
    if kind is Dropout:
        return Dropout(float(str(title).removeprefix(kind.name)))
    given = {name: int(size) for name, size in zip(_SIZES, sizes, strict=True) if isinstance(size, float | int)}
    wanted = {"channels": given.get("inputs"), **given}
    return kind(**{name: wanted[name] for name in (field.name for field in fields(kind))})
