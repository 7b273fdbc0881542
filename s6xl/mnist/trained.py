"""A trained network as plain numbers, which need no PyTorch: what a workbook shows and a cell's function computes with.

Computing is in float64, so that it can be held against PyTorch's and a spreadsheet's to many digits.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from s6xl.mnist import arrays
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
    as_data,
    check_chain,
    from_data,
    normalised,
)

Numbers = NDArray[np.float64]
_LAYERS = "layers"


@dataclass(frozen=True)
class TrainedNetwork:
    """Layers, and their weights by PyTorch's names such as ``0.weight``, in the shapes that the layers give them.

    Trained weights are float32; those that somebody has typed into cells are float64.
    """

    layers: tuple[Layer, ...]
    state: Mapping[str, NDArray[np.floating]]

    def __post_init__(self) -> None:
        """Hold the weights against the layers.

        Raises:
            ValueError: if they do not fit, or the network is none that tells digits apart.
        """
        check_chain(self.layers)
        wanted = {
            f"{index}.{name}": shape for index, layer in enumerate(self.layers) for name, shape in layer.weights.items()
        }
        if {name: weights.shape for name, weights in self.state.items()} != wanted:
            raise ValueError("the weights are others than the layers'")

    @property
    def is_finite(self) -> bool:
        """Whether every weight is a number."""
        return all(np.isfinite(weights).all() for weights in self.state.values())

    def weights(self, index: int) -> dict[str, Numbers]:
        """The weights of the layer with this index, by their names within the layer."""
        return {name: self.state[f"{index}.{name}"].astype(np.float64) for name in self.layers[index].weights}

    def save(self, path: Path) -> None:
        """Write it to a file; the same network is the same bytes."""
        content: dict[str, Any] = {_LAYERS: np.array(json.dumps(as_data(self.layers))), **self.state}
        np.savez_compressed(path, **content)

    @classmethod
    def load(cls, path: Path, cure: str) -> "TrainedNetwork":
        """What `save` has written; `cure` is what helps if it is damaged.

        Raises:
            UserError: if the file cannot be read or holds something else.
        """
        return arrays.read(path, cls._from_arrays, f"is damaged or no network that s6xl has trained: {cure}")

    @classmethod
    def _from_arrays(cls, content: Mapping[str, NDArray[Any]]) -> "TrainedNetwork":
        state = {name: content[name].astype(np.float32) for name in content if name != _LAYERS}
        network = cls(from_data(json.loads(content[_LAYERS].item())), state)
        if not network.is_finite:
            raise ValueError("some weights are no numbers")
        return network

    def forward(self, pixels: NDArray[np.float64]) -> list[Numbers]:
        """What comes out of each layer for an image of shape (28, 28), 0 for paper and 255 for ink.

        Before them stands the image as it goes in, of shape (1, 28, 28). The last are the logarithms of the digits'
        probabilities, of shape (10,). What outgrows float64 is infinite or NaN.
        """
        value: Numbers = normalised(pixels).reshape(IMAGE)
        values = [value]
        with np.errstate(over="ignore", invalid="ignore"):
            for index, layer in enumerate(self.layers):
                value = _output(layer, self.weights(index), value)
                values.append(value)
        return values

    def probabilities(self, pixels: NDArray[np.float64]) -> Numbers:
        """The probability of each digit, of shape (10,), for an image as `forward` takes it."""
        return np.exp(self.forward(pixels)[-1])


def _output(layer: Layer, weights: Mapping[str, Numbers], value: Numbers) -> Numbers:
    result: Numbers = value
    match layer:
        case Convolution(_, _, kernel, stride, padding):
            padded = np.pad(value, ((0, 0), (padding, padding), (padding, padding)))
            windows = sliding_window_view(padded, (kernel, kernel), axis=(1, 2))[:, ::stride, ::stride]
            sums = np.tensordot(weights["weight"], windows, axes=([1, 2, 3], [0, 3, 4]))
            result = sums + weights["bias"][:, None, None]
        case ReLU():
            result = np.maximum(value, 0)
        case BatchNorm():
            mean, variance, scale, shift = (
                weights[name][:, None, None] for name in ("running_mean", "running_var", "weight", "bias")
            )
            result = (value - mean) / np.sqrt(variance + layer.epsilon) * scale + shift
        case MaxPool(kernel):
            result = _windows(value, kernel).max(axis=(2, 4))
        case AveragePool(kernel):
            result = _windows(value, kernel).mean(axis=(2, 4))
        case Flatten():
            result = value.ravel()
        case Linear():
            result = weights["weight"] @ value + weights["bias"]
        case LogSoftmax():
            above = value - value.max()
            result = above - np.log(np.exp(above).sum())
        case Dropout():
            pass  # it drops numbers only while the network learns
        case _:
            raise TypeError(f"{layer} cannot be computed")
    return result


def _windows(value: Numbers, kernel: int) -> Numbers:
    """Maps cut into windows, of shape (maps, rows, kernel, columns, kernel); what is left over is dropped."""
    channels, height, width = value.shape
    rows, columns = height // kernel, width // kernel
    return value[:, : rows * kernel, : columns * kernel].reshape(channels, rows, kernel, columns, kernel)
