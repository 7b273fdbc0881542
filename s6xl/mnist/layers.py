"""The layers of a network as plain values, from which PyTorch's modules and the workbook's rows are made."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, ClassVar, TypeVar

from s6xl.mnist.checking import check_types

# A number, or an array or tensor of numbers.
Number = TypeVar("Number", bound=Any)
# Channels, height and width; for a vector its length alone.
Shape = tuple[int, ...]
IMAGE: Shape = (1, 28, 28)
SIDE = 28
DIGITS = 10
# A pixel is a number from 0, the background, to this.
INK = 255
# Mean and standard deviation of all pixels / 255 of MNIST's 60,000 training images.
MEAN, STD = 0.1307, 0.3081


@dataclass(frozen=True)
class Layer:
    """A layer; unless a kind says otherwise, one without weights that keeps the shape.

    Attributes:
        name: the kind of layer, as the sheets title it.
        sentence: what it does, as the sheets explain it, with a verb in front. It is not a docstring, which ``python
            -OO`` drops.
    """

    name: ClassVar[str]
    sentence: ClassVar[str]

    def __post_init__(self) -> None:
        """Check that sizes, which may come from a file, are numbers.

        Raises:
            TypeError: if one is not.
        """
        check_types(self)

    @property
    def title(self) -> str:
        """The layer's name with what tells it from others of its kind."""
        return self.name

    def output(self, shape: Shape) -> Shape:
        """Return the output's shape for an input of this shape."""
        return shape

    def takes(self, shape: Shape) -> bool:
        """Return whether an input can have this shape."""
        return True

    @property
    def parameters(self) -> int:
        """The number of trained weights."""
        return 0

    @property
    def weights(self) -> Mapping[str, Shape]:
        """The shapes of trained weights and of running averages, by PyTorch's names."""
        return {}


@dataclass(frozen=True)
class _Window(Layer):
    """A layer that moves a square window over its input's rows and columns."""

    def _fits(self, shape: Shape, kernel: int, stride: int, padding: int = 0) -> bool:
        """Return whether there is room for a window, and padding is not larger than an image."""
        return (
            len(shape) == len(IMAGE)
            and 0 <= padding < SIDE
            and stride >= 1
            and 1 <= kernel <= min(shape[1:]) + 2 * padding
        )

    def _slid(self, shape: Shape, kernel: int, stride: int, padding: int = 0) -> tuple[int, int]:
        height, width = ((size + 2 * padding - kernel) // stride + 1 for size in shape[1:])
        return height, width


@dataclass(frozen=True)
class Convolution(_Window):
    """A two-dimensional convolution, as ``torch.nn.Conv2d``; its kernel is square."""

    name = "Convolution"
    sentence = "Computes each output as a weighted sum over a window of all input channels, plus a bias."
    inputs: int
    outputs: int
    kernel: int = 3
    stride: int = 1
    padding: int = 0

    def takes(self, shape: Shape) -> bool:
        fits = self._fits(shape, self.kernel, self.stride, self.padding)
        return fits and shape[0] == self.inputs and self.outputs >= 1

    def output(self, shape: Shape) -> Shape:
        return self.outputs, *self._slid(shape, self.kernel, self.stride, self.padding)

    @property
    def parameters(self) -> int:
        return self.outputs * (self.inputs * self.kernel**2 + 1)

    @property
    def weights(self) -> Mapping[str, Shape]:
        return {"weight": (self.outputs, self.inputs, self.kernel, self.kernel), "bias": (self.outputs,)}


@dataclass(frozen=True)
class ReLU(Layer):
    """The rectified linear unit, max(0, x)."""

    name = "ReLU"
    sentence = "Sets negative numbers to 0."


@dataclass(frozen=True)
class BatchNorm(Layer):
    """Batch normalisation of each channel, as ``torch.nn.BatchNorm2d``.

    Source: Ioffe and Szegedy, "Batch Normalization", 2015, arXiv 1502.03167.
    """

    name = "Batch norm"
    sentence = (
        "Subtracts each channel's mean, divides by its standard deviation (the batch's in training, running "
        "averages later), then scales and shifts."
    )
    # Added to the variance to avoid a division by 0; PyTorch's default.
    epsilon: ClassVar[float] = 1e-5
    channels: int

    def takes(self, shape: Shape) -> bool:
        return len(shape) == len(IMAGE) and shape[0] == self.channels

    @property
    def parameters(self) -> int:
        return 2 * self.channels

    @property
    def weights(self) -> Mapping[str, Shape]:
        return dict.fromkeys(("weight", "bias", "running_mean", "running_var"), (self.channels,))


@dataclass(frozen=True)
class _Pool(_Window):
    """A layer that reduces each channel window by window."""

    kernel: int

    def takes(self, shape: Shape) -> bool:
        return self._fits(shape, self.kernel, self.kernel)

    def output(self, shape: Shape) -> Shape:
        return shape[0], *self._slid(shape, self.kernel, self.kernel)


@dataclass(frozen=True)
class MaxPool(_Pool):
    """Max pooling over windows that do not overlap, as ``torch.nn.MaxPool2d``."""

    name = "Max pool"
    sentence = "Keeps the largest number of each window; windows do not overlap."


@dataclass(frozen=True)
class AveragePool(_Pool):
    """Average pooling over windows that do not overlap, as ``torch.nn.AvgPool2d``."""

    name = "Average pool"
    sentence = "Takes the mean of each window; windows do not overlap."


@dataclass(frozen=True)
class Dropout(Layer):
    """Dropout, as ``torch.nn.Dropout``.

    Source: Srivastava et al., "Dropout: A Simple Way to Prevent Neural Networks from Overfitting", 2014.
    """

    name = "Dropout"
    sentence = "Sets each number to 0 with this probability in training, and scales the others up to make up for it."
    probability: float

    def takes(self, shape: Shape) -> bool:
        return 0 <= self.probability < 1

    @property
    def title(self) -> str:
        return f"{self.name} {self.probability:g}"


@dataclass(frozen=True)
class Flatten(Layer):
    """All numbers in one vector: channel by channel, row by row."""

    name = "Flatten"
    sentence = "Puts all numbers in one row."

    def output(self, shape: Shape) -> Shape:
        return (math.prod(shape),)


@dataclass(frozen=True)
class Linear(Layer):
    """A fully connected layer, as ``torch.nn.Linear``."""

    name = "Linear"
    sentence = "Computes each output as a weighted sum of all inputs, plus a bias."
    inputs: int
    outputs: int

    def takes(self, shape: Shape) -> bool:
        return shape == (self.inputs,) and self.outputs >= 1

    def output(self, shape: Shape) -> Shape:
        return (self.outputs,)

    @property
    def parameters(self) -> int:
        return self.outputs * (self.inputs + 1)

    @property
    def weights(self) -> Mapping[str, Shape]:
        return {"weight": (self.outputs, self.inputs), "bias": (self.outputs,)}


@dataclass(frozen=True)
class LogSoftmax(Layer):
    """The logarithm of the softmax of ten scores, as ``torch.nn.LogSoftmax``."""

    name = "Log-softmax"
    sentence = "Turns ten scores into the logarithms of the digits' probabilities."

    def takes(self, shape: Shape) -> bool:
        return len(shape) == 1


KINDS: Mapping[str, type[Layer]] = {
    kind.__name__: kind
    for kind in (Convolution, ReLU, BatchNorm, MaxPool, AveragePool, Dropout, Flatten, Linear, LogSoftmax)
}


def normalised(pixels: Number) -> Number:
    """Return pixels as they go into a network: MNIST's then have mean 0 and standard deviation 1.

    Args:
        pixels: from 0 for background to 255 for ink, of any shape.
    """
    result: Number = (pixels / INK - MEAN) / STD
    return result


def check_chain(layers: Sequence[Layer]) -> None:
    """Check that each layer accepts the output of the one before, and that the last gives ten log-probabilities.

    Raises:
        ValueError: if not.
    """
    shape: Shape = IMAGE
    for index, layer in enumerate(layers):
        if not layer.takes(shape) or isinstance(layer, LogSoftmax) != (index == len(layers) - 1):
            raise ValueError(f"{layer} cannot follow an output of shape {shape}")
        shape = layer.output(shape)
    if shape != (DIGITS,):
        raise ValueError(f"the output has the shape {shape}, not ({DIGITS},)")


def shapes(layers: Sequence[Layer], shape: Shape = IMAGE) -> list[Shape]:
    """Return the shape of each layer's output.

    Args:
        layers: the layers, from the input on.
        shape: that of the input: channels, rows, columns; or the number of features.
    """
    result = []
    for layer in layers:
        shape = layer.output(shape)
        result.append(shape)
    return result


def parameters(layers: Sequence[Layer]) -> int:
    """Return the number of trained weights of all layers."""
    return sum(layer.parameters for layer in layers)


def as_data(layers: Sequence[Layer]) -> list[dict[str, Any]]:
    """Return layers as plain data for a file."""
    return [{"kind": type(layer).__name__, **asdict(layer)} for layer in layers]


def from_data(data: Sequence[Mapping[str, Any]]) -> tuple[Layer, ...]:
    """Return the layers from what `as_data` gave."""
    return tuple(KINDS[entry["kind"]](**{key: entry[key] for key in entry if key != "kind"}) for entry in data)
