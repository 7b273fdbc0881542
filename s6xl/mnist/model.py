"""The network as a PyTorch module, and the file that keeps a trained one."""

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

# The background's value in a normalised image.
BACKGROUND = -MEAN / STD


def build(layers: Sequence[plain.Layer]) -> nn.Sequential:
    """Return a network with random weights, as PyTorch initialises them.

    It maps normalised images of shape (n, 1, 28, 28) to log-probabilities of shape (n, 10).
    """
    return nn.Sequential(*map(_module, layers))


def _module(layer: plain.Layer) -> nn.Module:
    match layer:
        case plain.Convolution(inputs, outputs, kernel, stride, padding):
            return nn.Conv2d(inputs, outputs, kernel, stride, padding)
        case plain.ReLU():
            # In place: nothing else needs its input.
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
    raise TypeError(f"there is no module for {layer}")


def normalised(images: torch.Tensor) -> torch.Tensor:
    """Return images as the network takes them: from uint8 of shape (n, 28, 28) to float32 of shape (n, 1, 28, 28)."""
    return plain.normalised(images.float()).unsqueeze(1)


def to_file(layers: Sequence[plain.Layer], model: nn.Module) -> dict[str, Any]:
    """Return layers and weights as the plain data and tensors that `load` reads."""
    state = {name: value.detach().cpu() for name, value in model.state_dict().items()}
    return {"layers": plain.as_data(layers), "state": state}


def trained(layers: Sequence[plain.Layer], model: nn.Module) -> TrainedNetwork:
    """Return the network's numbers without PyTorch."""
    state = model.state_dict()
    names = [f"{index}.{name}" for index, layer in enumerate(layers) for name in layer.weights]
    return TrainedNetwork(tuple(layers), {name: state[name].detach().cpu().numpy() for name in names})


def of(network: TrainedNetwork) -> nn.Sequential:
    """Return a network, in float64 and in evaluation mode, from its numbers."""
    model = build(network.layers).double()
    model.load_state_dict({name: torch.from_numpy(value) for name, value in network.state.items()})
    return model.eval()


def write(content: object, path: Path) -> None:
    """Write tensors and plain data to a file.

    They go through memory: where PyTorch writes the file itself, a full disk raises no OSError.
    """
    memory = io.BytesIO()
    torch.save(content, memory)
    path.write_bytes(memory.getbuffer())


def read(path: Path) -> Any:
    """Read what `write` wrote, and nothing but tensors and plain data.

    Raises:
        OSError: if the file cannot be read.
        Exception: of many kinds, if it is damaged.
    """
    return torch.load(io.BytesIO(path.read_bytes()), map_location="cpu", weights_only=True)


def load(path: Path) -> nn.Sequential:
    """Return the trained network in a file, in evaluation mode.

    Raises:
        UserError: if the file cannot be read or holds something else.
    """
    try:
        content = read(path)
        model = build(plain.from_data(content["layers"]))
        model.load_state_dict(content["state"])
    except OSError as error:
        raise UserError(f"{path} cannot be read ({error.strerror or error}).") from error
    except Exception as error:
        raise UserError(f"{path} is damaged or not a network that s6xl has trained.") from error
    return model.eval()
