"""What becomes of a weighted sum, or of a pool, within its stage: as one formula, and step by step."""

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
    """A number that each map has one of: a trained or measured one, or a formula of others beside it.

    `key` tells it apart within the stage; `name` is the defined name of all of them, for those that a file keeps; in
    `formula` the cells beside it stand in braces, by key.
    """

    key: str
    header: str
    values: NDArray[np.float64]
    name: str = ""
    formula: str = ""


def defined_name(index: int, name: str) -> str:
    """The name of the cells that hold a layer's weights, such as ``layer0_weight`` for PyTorch's ``0.weight``."""
    return f"layer{index}_{name}"


def parameters(stage: Stage, network: TrainedNetwork) -> list[MapParameter]:
    """The numbers of a stage that come one a map, in the order in which they are used."""
    found = []
    if stage.is_weighted:
        bias = network.weights(stage.first)["bias"]
        found.append(MapParameter(BIAS, "bias", bias, defined_name(stage.first, "bias")))
    for index, layer in stage.pointwise:
        if isinstance(layer, BatchNorm):
            found += _batch_norm(index, layer, network.weights(index))
    return found


def _batch_norm(index: int, layer: BatchNorm, weights: Mapping[str, NDArray[np.float64]]) -> list[MapParameter]:
    """The four numbers of a batch norm, and the two that they come to."""
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
    """One step from a weighted sum to what the neuron gives."""

    words: ClassVar[str]
    is_sum: ClassVar[bool]  # whether its formula has to stand in parentheses where it is multiplied

    def written(self, x: str, cells: Mapping[str, str]) -> str:
        """The formula without the leading ``=``; `x` is a formula, `cells` are the parameters by key."""
        raise NotImplementedError

    def computed(self, x: float, numbers: Mapping[str, float]) -> float:
        """What the formula gives."""
        raise NotImplementedError


class AddBias(Step):
    """The bias of a weighted sum."""

    words = "Bias: added"
    is_sum = True

    def written(self, x: str, cells: Mapping[str, str]) -> str:
        return f"{x}+{cells[BIAS]}"

    def computed(self, x: float, numbers: Mapping[str, float]) -> float:
        return x + numbers[BIAS]


class Rectify(Step):
    """ReLU."""

    words = "ReLU: what is negative becomes 0"
    is_sum = False

    def written(self, x: str, cells: Mapping[str, str]) -> str:
        return f"MAX(0,{x})"

    def computed(self, x: float, numbers: Mapping[str, float]) -> float:
        return max(0.0, x)


@dataclass(frozen=True)
class Normalise(Step):
    """The batch norm of the layer with this index; `x` can be multiplied as it is."""

    words = "Batch norm: × scale + shift"
    is_sum = True
    index: int

    def written(self, x: str, cells: Mapping[str, str]) -> str:
        return f"{x}*{cells[f'{SCALE}{self.index}']}+{cells[f'{SHIFT}{self.index}']}"

    def computed(self, x: float, numbers: Mapping[str, float]) -> float:
        return x * numbers[f"{SCALE}{self.index}"] + numbers[f"{SHIFT}{self.index}"]


def steps(stage: Stage) -> list[Step]:
    """The steps of a stage, behind the sum or pool that it begins with; dropout is none once the training is over."""
    found: list[Step] = [AddBias()] if stage.is_weighted else []
    for index, layer in stage.pointwise:
        match layer:
            case ReLU():
                found.append(Rectify())
            case BatchNorm():
                found.append(Normalise(index))
    return found


def formula(stage_steps: Sequence[Step], first: str, cells: Mapping[str, str]) -> str:
    """All steps in one formula, without the leading ``=``; `first` can be multiplied as it is."""
    x, is_sum = first, False
    for step in stage_steps:
        x = step.written(f"({x})" if is_sum and isinstance(step, Normalise) else x, cells)
        is_sum = step.is_sum
    return x
