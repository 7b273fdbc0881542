"""What all parts of a stage's sheet need: the stage, its layout, and its numbers for the first digit."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from s6xl.mnist.layers import INK, MEAN, STD, MaxPool
from s6xl.mnist.trained import TrainedNetwork
from s6xl.workbook.inference.maps import Maps
from s6xl.workbook.inference.neuron import MapParameter, Step, parameters, steps
from s6xl.workbook.inference.plan import Plan
from s6xl.workbook.inference.stages import Stage
from s6xl.workbook.layout import on_sheet

Values = NDArray[np.float64]


@dataclass(frozen=True)
class Scene:
    """A stage on its sheet.

    Attributes:
        stage: the stage.
        network: the trained network.
        before: the maps that go in; for the first stage they are on the sheet Digit.
        inputs: their numbers, of shape (maps, rows, columns).
        outputs: the numbers of the stage's own maps, of the same kind of shape.
    """

    stage: Stage
    network: TrainedNetwork
    before: Maps
    inputs: Values
    outputs: Values

    @cached_property
    def parameters(self) -> list[MapParameter]:
        """The numbers that each map has."""
        return parameters(self.stage, self.network)

    @cached_property
    def steps(self) -> list[Step]:
        """The steps that follow a sum or a pool."""
        return steps(self.stage)

    @cached_property
    def plan(self) -> Plan:
        """The layout of the sheet."""
        return Plan(self.stage, self.parameters, self.steps)

    @cached_property
    def kernels(self) -> Values:
        """The weights, of shape (output maps, window rows, window columns, input maps)."""
        return self.stage.kernels(self.network.weights(self.stage.first)["weight"])

    def numbers(self, channel: int) -> Mapping[str, float]:
        """Return a map's parameters by key."""
        return {parameter.key: float(parameter.values[channel]) for parameter in self.parameters}

    def seen(self, y: int, x: int) -> Values:
        """Return what a neuron sees, of shape (window rows, window columns, input maps)."""
        window = self.stage.window
        around = window.padding, window.padding
        top, left = y * window.stride, x * window.stride
        padded = np.pad(self.inputs, ((0, 0), around, around))
        return padded[:, top : top + window.rows, left : left + window.columns].transpose(1, 2, 0)

    @property
    def pool(self) -> str:
        """The spreadsheet function of a stage that pools."""
        return "MAX" if isinstance(self.stage.layer, MaxPool) else "AVERAGE"

    def first_formula(self, channel: int, y: int, x: int) -> str:
        """Return the formula that a neuron begins with, without ``=``; it needs no parentheses."""
        stage, window = self.stage, self.stage.window
        if stage.layer is None:
            return normalising(self.before.cell_from_afar(channel, y, x))
        if stage.is_weighted:
            return f"SUMPRODUCT({self.plan.seen(y, x).relative_area},{self.plan.kernel(channel).area})"
        top, left = y * window.stride, x * window.stride
        corner = self.before.cell(channel, top, left)
        opposite = self.before.cell(channel, top + window.rows - 1, left + window.columns - 1)
        return f"{self.pool}({on_sheet(self.before.sheet, f'{corner}:{opposite}')})"


def normalising(pixel: str) -> str:
    """Return the formula that normalises a pixel, without ``=``."""
    return f"({pixel}/{INK}-{MEAN})/{STD}"
