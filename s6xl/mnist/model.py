"""The network in PyTorch, made from its layers, and the file that a trained one is kept in."""

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch import nn

from s6xl.errors import UserError
from s6xl.mnist import layers as plain
from s6xl.mnist.layers import MEAN, STD
from s6xl.mnist.trained import TrainedNetwork

# What is paper in an image that is normalised.
BACKGROUND = -MEAN / STD


def build(layers: Sequence[plain.Layer]) -> nn.Sequential:
    """The network with fresh weights; it takes images of shape (n, 1, 28, 28) and gives (n, 10) log-probabilities."""
    return nn.Sequential(*map(_module, layers))


def _module(layer: plain.Layer) -> nn.Module:
    match layer:
        case plain.Convolution(inputs, outputs, kernel, stride, padding):
            return nn.Conv2d(inputs, outputs, kernel, stride, padding)
        case plain.ReLU():
            # In place, for nothing needs what it was given any more.
            return nn.ReLU(inplace=True)
        case plain.BatchNorm(channels):
            return nn.BatchNorm2d(channels)
        case plain.MaxPool(kernel):
            return nn.MaxPool2d(kernel)
        case plain.AveragePool(kernel):
            return nn.AvgPool2d(kernel)
        case plain.Dropout(probability):
            return nn.Dropout(probability)
        case plain.Flatten():
            return nn.Flatten()
        case plain.Linear(inputs, outputs):
            return nn.Linear(inputs, outputs)
        case plain.LogSoftmax():
            return nn.LogSoftmax(dim=1)
    raise TypeError(f"{layer} has no module")


def normalised(images: torch.Tensor) -> torch.Tensor:
    """Images as the network takes them: uint8 of shape (n, 28, 28) as float32 of shape (n, 1, 28, 28), around 0."""
    return plain.normalised(images.float()).unsqueeze(1)


def to_file(layers: Sequence[plain.Layer], model: nn.Module) -> dict[str, Any]:
    """What `load` makes a network of again: plain data and tensors."""
    state = {name: value.detach().cpu() for name, value in model.state_dict().items()}
    return {"layers": plain.as_data(layers), "state": state}


def trained(layers: Sequence[plain.Layer], model: nn.Module) -> TrainedNetwork:
    """The network as plain numbers."""
    state = model.state_dict()
    names = [f"{index}.{name}" for index, layer in enumerate(layers) for name in layer.weights]
    return TrainedNetwork(tuple(layers), {name: state[name].detach().cpu().numpy() for name in names})


def of(network: TrainedNetwork) -> nn.Sequential:
    """The network that `trained` gives the numbers of, in float64, ready to be used."""
    model = build(network.layers).double()
    model.load_state_dict({name: torch.from_numpy(value) for name, value in network.state.items()})
    return model.eval()


def write(content: object, path: Path) -> None:
    """Write tensors and plain data to a file; PyTorch's own writing of files does not tell that a disk is full."""
    memory = io.BytesIO()
    torch.save(content, memory)
    path.write_bytes(memory.getbuffer())


def read(path: Path) -> Any:
    """What `write` has written; nothing but tensors and plain data is taken from a file.

    Raises:
        OSError: if the file cannot be read.
        Exception: of many kinds, if it is damaged.
    """
    return torch.load(io.BytesIO(path.read_bytes()), map_location="cpu", weights_only=True)


def load(path: Path) -> nn.Sequential:
    """The trained network in a file, ready to be used.

    Raises:
        UserError: if the file cannot be read or is no such file.
    """
    try:
        content = read(path)
        model = build(plain.from_data(content["layers"]))
        model.load_state_dict(content["state"])
    except OSError as error:
        raise UserError(f"{path} cannot be read ({error.strerror or error}).") from None
    except Exception as error:
        raise UserError(f"{path} is damaged or no network that s6xl has trained.") from error
    return model.eval()
