"""The steps from a weighted sum or a pool to a neuron's output: as one formula, and one by one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from s6xl.mnist.layers import BatchNorm, ReLU
from s6xl.mnist.trained import TrainedNetwork
from s6xl.workbook.inference.stages import Stage

BIAS, SCALE, SHIFT = "bias", "scale", "shift"


@dataclass(frozen=True)
class MapParameter:
    """A number that each map has: a trained or measured one, or one that a formula computes from these.

    Attributes:
        key: its name within the stage.
        header: its name on the sheet.
        values: its value for each map.
        name: the defined name of its cells, if it is not computed.
        formula: how it is computed, if it is; other numbers of the same map are in braces, by key.
    """

    key: str
    header: str
    values: NDArray[np.float64]
    name: str = ""
    formula: str = ""


def defined_name(index: int, name: str) -> str:
    """Return the name of the cells with a layer's weights, such as ``layer0_weight`` for PyTorch's ``0.weight``."""
    return f"layer{index}_{name}"


def parameters(stage: Stage, network: TrainedNetwork) -> list[MapParameter]:
    """Return the numbers that each map of a stage has, in the order in which they are used."""
    found = []
    if stage.is_weighted:
        bias = network.weights(stage.first)["bias"]
        found.append(MapParameter(BIAS, "bias", bias, defined_name(stage.first, "bias")))
    for index, layer in stage.pointwise:
        if isinstance(layer, BatchNorm):
            found += _batch_norm(index, layer, network.weights(index))
    return found


def _batch_norm(index: int, layer: BatchNorm, weights: Mapping[str, NDArray[np.float64]]) -> list[MapParameter]:
    """Return the four numbers of a batch norm, and the scale and shift that they amount to."""
    headers = {"weight": "gamma", "bias": "beta", "running_mean": "mean", "running_var": "variance"}
    kept = [
        MapParameter(f"{name}{index}", header, weights[name], defined_name(index, name))
        for name, header in headers.items()
    ]
    scale = weights["weight"] / np.sqrt(weights["running_var"] + layer.epsilon)
    shift = weights["bias"] - weights["running_mean"] * scale
    scale_formula = f"={{weight{index}}}/SQRT({{running_var{index}}}+{layer.epsilon:.5f})"
    shift_formula = f"={{bias{index}}}-{{running_mean{index}}}*{{{SCALE}{index}}}"
    return [
        *kept,
        MapParameter(f"{SCALE}{index}", SCALE, scale, formula=scale_formula),
        MapParameter(f"{SHIFT}{index}", SHIFT, shift, formula=shift_formula),
    ]


@dataclass(frozen=True)
class Step:
    """One step from a weighted sum to the neuron's output.

    Attributes:
        words: what it does, for the sheet.
        is_sum: whether its formula needs parentheses when it is multiplied.
    """

    words: ClassVar[str]
    is_sum: ClassVar[bool]

    def written(self, x: str, cells: Mapping[str, str]) -> str:
        """Return the formula of the step for the formula `x`, without ``=``; `cells` are the parameters by key."""
        raise NotImplementedError

    def computed(self, x: float, numbers: Mapping[str, float]) -> float:
        """Return the value of the formula."""
        raise NotImplementedError


class AddBias(Step):
    """Adds the bias to a weighted sum."""

    words = "Plus the bias"
    is_sum = True

    def written(self, x: str, cells: Mapping[str, str]) -> str:
        return f"{x}+{cells[BIAS]}"

    def computed(self, x: float, numbers: Mapping[str, float]) -> float:
        return x + numbers[BIAS]


class Rectify(Step):
    """ReLU."""

    words = "ReLU: negative numbers become 0"
    is_sum = False

    def written(self, x: str, cells: Mapping[str, str]) -> str:
        return f"MAX(0,{x})"

    def computed(self, x: float, numbers: Mapping[str, float]) -> float:
        return max(0.0, x)


@dataclass(frozen=True)
class Normalise(Step):
    """The batch norm of the layer with this index; its formula `x` needs no parentheses."""

    words = "Batch norm: × scale + shift"
    is_sum = True
    index: int

    def written(self, x: str, cells: Mapping[str, str]) -> str:
        return f"{x}*{cells[f'{SCALE}{self.index}']}+{cells[f'{SHIFT}{self.index}']}"

    def computed(self, x: float, numbers: Mapping[str, float]) -> float:
        return x * numbers[f"{SCALE}{self.index}"] + numbers[f"{SHIFT}{self.index}"]


def steps(stage: Stage) -> list[Step]:
    """Return the steps that follow the sum or pool of a stage; outside training, dropout does nothing."""
    found: list[Step] = [AddBias()] if stage.is_weighted else []
    for index, layer in stage.pointwise:
        match layer:
            case ReLU():
                found.append(Rectify())
            case BatchNorm():
                found.append(Normalise(index))
    return found


def formula(stage_steps: Sequence[Step], first: str, cells: Mapping[str, str]) -> str:
    """Return all steps as one formula, without ``=``; the formula `first` needs no parentheses."""
    x, is_sum = first, False
    for step in stage_steps:
        x = step.written(f"({x})" if is_sum and isinstance(step, Normalise) else x, cells)
        is_sum = step.is_sum
    return x
