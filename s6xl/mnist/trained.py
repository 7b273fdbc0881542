"""A trained network without PyTorch: the numbers that a workbook shows and a cell's function computes with.

It computes in float64, so that its results agree with PyTorch's and a spreadsheet's to many digits.
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
    """Layers and their weights.

    Attributes:
        layers: the layers in their order.
        state: the weights by PyTorch's names such as ``0.weight``, in the shapes of `Layer.weights`: float32 from a
            training run, float64 from a workbook's cells.
    """

    layers: tuple[Layer, ...]
    state: Mapping[str, NDArray[np.floating]]

    def __post_init__(self) -> None:
        """Check that the weights fit the layers.

        Raises:
            ValueError: if they do not, or the layers do not fit each other.
        """
        check_chain(self.layers)
        wanted = {
            f"{index}.{name}": shape for index, layer in enumerate(self.layers) for name, shape in layer.weights.items()
        }
        if {name: weights.shape for name, weights in self.state.items()} != wanted:
            raise ValueError("the weights do not fit the layers")

    @property
    def is_finite(self) -> bool:
        """Whether every weight is finite."""
        return all(np.isfinite(weights).all() for weights in self.state.values())

    def weights(self, index: int) -> dict[str, Numbers]:
        """Return the weights of the layer with this index, in float64, by their names within the layer."""
        return {name: self.state[f"{index}.{name}"].astype(np.float64) for name in self.layers[index].weights}

    def save(self, path: Path) -> None:
        """Write layers and weights to an ``.npz`` file; the same network gives the same bytes."""
        content: dict[str, Any] = {_LAYERS: np.array(json.dumps(as_data(self.layers))), **self.state}
        np.savez_compressed(path, **content)

    @classmethod
    def load(cls, path: Path, cure: str) -> "TrainedNetwork":
        """Read what `save` wrote; `cure` says what helps if the file is damaged.

        Raises:
            UserError: if the file cannot be read or holds something else.
        """
        return arrays.read(path, cls._from_arrays, f"is damaged or not a network that s6xl has trained: {cure}")

    @classmethod
    def _from_arrays(cls, content: Mapping[str, NDArray[Any]]) -> "TrainedNetwork":
        state = {name: content[name].astype(np.float32) for name in content if name != _LAYERS}
        network = cls(from_data(json.loads(content[_LAYERS].item())), state)
        if not network.is_finite:
            raise ValueError("some weights are not finite")
        return network

    def forward(self, pixels: NDArray[np.float64]) -> list[Numbers]:
        """Compute every layer's output for one image.

        Args:
            pixels: of shape (28, 28), from 0 for background to 255 for ink.

        Returns:
            The normalised image, of shape (1, 28, 28), then each layer's output in the shape that `layers.shapes`
            gives; the last are ten log-probabilities. Numbers that overflow float64 are infinite or NaN.
        """
        value: Numbers = normalised(pixels).reshape(IMAGE)
        values = [value]
        with np.errstate(over="ignore", invalid="ignore"):
            for index, layer in enumerate(self.layers):
                value = _output(layer, self.weights(index), value)
                values.append(value)
        return values

    def probabilities(self, pixels: NDArray[np.float64]) -> Numbers:
        """Return the probability of each digit, of shape (10,), for an image as `forward` takes it."""
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
            # Without the largest score exp cannot overflow.
            above = value - value.max()
            result = above - np.log(np.exp(above).sum())
        case Dropout():
            pass  # it drops numbers only in training
        case _:
            raise TypeError(f"{layer} cannot be computed")
    return result


def _windows(value: Numbers, kernel: int) -> Numbers:
    """Return maps cut into windows, of shape (maps, rows, kernel, columns, kernel), without what is left over."""
    channels, height, width = value.shape
    rows, columns = height // kernel, width // kernel
    return value[:, : rows * kernel, : columns * kernel].reshape(channels, rows, kernel, columns, kernel)
