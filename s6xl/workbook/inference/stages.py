"""A network as stages with a sheet each: a layer that makes new maps, with the layers after it that keep the shape."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from s6xl.mnist.layers import (
    IMAGE,
    AveragePool,
    BatchNorm,
    Convolution,
    Dropout,
    Flatten,
    Layer,
    Linear,
    LogSoftmax,
    MaxPool,
    ReLU,
    Shape,
)
from s6xl.workbook.layout import INPUT

# Channels, height, width: a vector is as many maps of one cell each.
MapShape = tuple[int, int, int]
_TITLES: dict[type[Layer], str] = {
    Convolution: "Conv",
    MaxPool: "Max pool",
    AveragePool: "Average pool",
    Linear: "Linear",
}


@dataclass(frozen=True)
class Window:
    """The window of the input maps that one neuron sees."""

    rows: int
    columns: int
    stride: int
    padding: int = 0


@dataclass(frozen=True)
class Stage:
    """A stage of the network, which is shown on one sheet.

    Attributes:
        title: the sheet's name.
        first: the index of its first layer, or -1 for the image itself, which has no layer.
        layer: that layer.
        inputs: the shape of what goes in.
        outputs: the shape of what comes out.
        sees_no_negative: whether what goes in is never negative, whatever the image.
        pointwise: the layers that keep the shape, with their indices.
    """

    title: str
    first: int
    layer: Layer | None
    inputs: MapShape
    outputs: MapShape
    sees_no_negative: bool = False
    pointwise: tuple[tuple[int, Layer], ...] = ()

    @property
    def last(self) -> int:
        """The index of the last of its layers."""
        return self.pointwise[-1][0] if self.pointwise else self.first

    @property
    def window(self) -> Window:
        """The window that a neuron sees."""
        match self.layer:
            case Convolution(_, _, kernel, stride, padding):
                return Window(kernel, kernel, stride, padding)
            case MaxPool(kernel) | AveragePool(kernel):
                return Window(kernel, kernel, kernel)
            case Linear():
                return Window(self.inputs[1], self.inputs[2], 1)
        return Window(1, 1, 1)

    @property
    def is_weighted(self) -> bool:
        """Whether its neurons are weighted sums."""
        return isinstance(self.layer, Convolution | Linear)

    @property
    def is_never_negative(self) -> bool:
        """Whether what comes out is never negative: after a ReLU, or a pool of such numbers."""
        result = self.sees_no_negative and not self.is_weighted
        for _, layer in self.pointwise:
            result = isinstance(layer, ReLU) or (result and isinstance(layer, Dropout))
        return result

    def kernels(self, weight: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return a layer's weights in the shape (output maps, window rows, window columns, input maps)."""
        shape = self.outputs[0], self.inputs[0], self.window.rows, self.window.columns
        return weight.reshape(shape).transpose(0, 2, 3, 1)

    def weight(self, kernels: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return PyTorch's weights from the kernels in cells, one below the other: the reverse of `kernels`."""
        assert self.layer is not None
        shape = self.outputs[0], self.window.rows, self.window.columns, self.inputs[0]
        return kernels.reshape(shape).transpose(0, 3, 1, 2).reshape(self.layer.weights["weight"])


def stages(layers: Sequence[Layer]) -> list[Stage]:
    """Return the image and a stage for each layer that makes new maps; the log-softmax at the end has none."""
    shape = _as_maps(IMAGE)
    found = [Stage(INPUT, -1, None, shape, shape)]
    counts = Counter(map(type, layers))
    numbers: Counter[type[Layer]] = Counter()
    for index, layer in enumerate(layers):
        match layer:
            case ReLU() | BatchNorm() | Dropout():
                found[-1] = replace(found[-1], pointwise=(*found[-1].pointwise, (index, layer)))
            case Flatten() | LogSoftmax():
                # The maps stay as they are: the next layer reads them in the same order.
                continue
            case _:
                kind = type(layer)
                numbers[kind] += 1
                title = _TITLES[kind] if counts[kind] == 1 else f"{_TITLES[kind]} {numbers[kind]}"
                outputs = _as_maps(layer.output(shape))
                found.append(Stage(title, index, layer, shape, outputs, found[-1].is_never_negative))
                shape = outputs
    return found


def _as_maps(shape: Shape) -> MapShape:
    channels, *sides = shape
    height, width = sides or (1, 1)
    return channels, height, width
