"""Reads a network that works in a workbook's cells, and the image that it is shown, back out of the file."""

import math
from collections.abc import Iterator
from dataclasses import dataclass, fields
from itertools import groupby
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from s6xl.errors import UserError
from s6xl.mnist.layers import DIGITS, KINDS, SIDE, Dropout, Layer, check_chain
from s6xl.mnist.trained import TrainedNetwork
from s6xl.ooxml.addresses import area_of_name
from s6xl.ooxml.book import Book, Cell
from s6xl.ooxml.reading import read
from s6xl.workbook.cnn.model import LAYERS
from s6xl.workbook.inference.digit import PIXELS_NAME, PROBABILITIES_NAME
from s6xl.workbook.inference.neuron import defined_name
from s6xl.workbook.inference.stages import stages

_SIZES = ("inputs", "outputs", "kernel", "stride", "padding")
_NO_NETWORK = "has no network in its cells: give a workbook that `python -m s6xl build --run DIR` has made"


@dataclass(frozen=True)
class Shown:
    """A network, the image on the sheet Digit, and the probabilities that the workbook has of it.

    Attributes:
        network: the network.
        pixels: the image, of shape (28, 28), 0 for background and 255 for ink.
        probabilities: of shape (10,).
    """

    network: TrainedNetwork
    pixels: NDArray[np.float64]
    probabilities: NDArray[np.float64]


def read_shown(path: Path) -> Shown:
    """Return what a workbook shows, as its file was last saved.

    Raises:
        UserError: if the file cannot be read, holds no such network, or has been changed where that is.
    """
    reader = _Reader(path)
    pixels = reader.numbers(PIXELS_NAME, "image", SIDE * SIDE).reshape(SIDE, SIDE)
    return Shown(reader.network(), pixels, reader.numbers(PROBABILITIES_NAME, "probabilities", DIGITS))


class _Reader:
    def __init__(self, path: Path) -> None:
        self._path = path
        self._book: Book = read(path, lambda: None)
        self._sheets = {sheet.title.casefold(): sheet for sheet in self._book.sheets}

    def _rows(self, name: str) -> Iterator[list[Cell]]:
        """Yield the cells that hold something of those that a name stands for, row by row.

        Raises:
            UserError: if there is no such name.
        """
        area = area_of_name(self._book.names.get(name.casefold(), ""))
        sheet = self._sheets.get(area.sheet.casefold()) if area else None
        if area is None or sheet is None:
            raise UserError(f"{self._path} {_NO_NETWORK}.")
        inside = [cell for place, cell in sheet.cells.items() if area.rectangle.holds(place)]
        inside.sort(key=lambda cell: (cell.row, cell.column))
        for _, row in groupby(inside, key=lambda cell: cell.row):
            yield list(row)

    def numbers(self, name: str, what: str, count: int) -> NDArray[np.float64]:
        """Return the numbers in the cells of a name, row by row; cells that others are merged into hold none.

        Raises:
            UserError: if one of them is not a number, or there are more or fewer than `count`.
        """
        cells = [cell for row in self._rows(name) for cell in row]
        found = [cell.number for cell in cells if cell.number is not None]
        if len(found) < len(cells):
            wrong = next(cell for cell in cells if cell.number is None)
            raise UserError(
                f"{self._path} has no number in {wrong.address}, where the network's {what} should be: open it in a "
                "spreadsheet program, let it calculate, correct what is wrong, and save it."
            )
        if len(found) != count:
            raise self._changed(what)
        return np.array(found, np.float64)

    def network(self) -> TrainedNetwork:
        """Return the network, from the layers' names and sizes and the weights in their cells."""
        try:
            layers = tuple(map(_layer, self._rows(LAYERS)))
            check_chain(layers)
            state = {}
            for stage in stages(layers):
                for index, layer in ((stage.first, stage.layer), *stage.pointwise):
                    for name, shape in layer.weights.items() if layer else ():
                        numbers = self.numbers(defined_name(index, name), "weights", math.prod(shape))
                        full = stage.weight(numbers) if name == "weight" and index == stage.first else numbers
                        state[f"{index}.{name}"] = full.reshape(shape)
            network = TrainedNetwork(layers, state)
        except (ValueError, KeyError, TypeError, IndexError, ZeroDivisionError, OverflowError) as error:
            raise self._changed("layers") from error
        return network

    def _changed(self, what: str) -> UserError:
        return UserError(
            f"{self._path} has been changed where the network's {what} should be: "
            "build the workbook again from its run."
        )


def _layer(cells: list[Cell]) -> Layer:
    """Return a layer from its row on the sheet Model: its title, and its sizes, those that it has.

    Raises:
        ValueError: or another error, if it is not one.
    """
    title, *sizes = cells
    kind = next((kind for kind in KINDS.values() if str(title.value).startswith(kind.name)), None)
    if kind is None:
        raise ValueError(f"{title.value} is not a layer")
    if kind is Dropout:
        return Dropout(float(str(title.value).removeprefix(kind.name)))
    given = {_SIZES[cell.column - title.column - 1]: int(cell.number or 0) for cell in sizes}
    wanted = {"channels": given.get("inputs"), **given}
    return kind(**{field.name: wanted[field.name] for field in fields(kind)})
