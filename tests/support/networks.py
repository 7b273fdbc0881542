"""Networks of the package's family, the usual ones and odd ones, with weights that nobody had to train."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from s6xl.mnist import data, model
from s6xl.mnist.layers import (
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
)
from s6xl.mnist.recipe import RECIPES, recipe_named
from s6xl.mnist.record import EVALUATION, NETWORK, Config, Epoch, Run
from s6xl.mnist.training import evaluate

NETWORKS: dict[str, tuple[Layer, ...]] = {
    **{name: recipe.layers for name, recipe in RECIPES.items()},
    "batch norm before and after, large strides, two linear layers": (
        Convolution(1, 3, kernel=5, stride=3, padding=2),
        BatchNorm(3),
        ReLU(),
        BatchNorm(3),
        MaxPool(3),
        ReLU(),
        Convolution(3, 5, kernel=2, stride=2, padding=1),
        ReLU(),
        Flatten(),
        Dropout(0.5),
        Linear(20, 12),
        ReLU(),
        Linear(12, 10),
        LogSoftmax(),
    ),
    "batch norm of the image, no convolution": (
        BatchNorm(1),
        AveragePool(3),
        BatchNorm(1),
        Flatten(),
        Linear(81, 10),
        LogSoftmax(),
    ),
    "one linear layer": (Flatten(), Linear(784, 10), LogSoftmax()),
    "a window of hundreds of numbers": (
        Convolution(1, 2, stride=1, padding=1),
        BatchNorm(2),
        Flatten(),
        Linear(1568, 10),
        LogSoftmax(),
    ),
    "scores by a convolution": (
        Convolution(1, 2, kernel=1),
        ReLU(),
        AveragePool(4),
        Convolution(2, 10, kernel=7),
        Flatten(),
        LogSoftmax(),
    ),
}


def made(layers: Sequence[Layer], seed: int = 1) -> nn.Sequential:
    """A network that is neither trained nor the same for all images, its batch norms' numbers drawn as well."""
    torch.manual_seed(seed)
    network = model.build(layers)
    for module in network:
        if isinstance(module, nn.BatchNorm2d):
            for tensor in (module.weight.data, module.bias.data, module.running_mean):
                assert tensor is not None
                tensor.add_(torch.randn_like(tensor) * 0.3)
            assert module.running_var is not None
            module.running_var.mul_(torch.rand_like(module.running_var) + 0.5)
    return network.eval()


def probabilities(network: nn.Sequential, pixels: NDArray[np.generic]) -> NDArray[np.float64]:
    """What PyTorch makes of images of shape (n, 28, 28), in float64: shape (n, 10)."""
    images = (torch.from_numpy(pixels.astype(np.float64)) / 255 - 0.1307) / 0.3081
    with torch.no_grad():
        found: NDArray[np.float64] = network.double()(images.unsqueeze(1)).exp().numpy()
    return found


def run_of(folder: Path, layers: Sequence[Layer], seed: int = 1) -> tuple[Run, nn.Sequential]:
    """The run of such a network on the sample, and the network."""
    sample = data.load("sample")
    recipe = replace(recipe_named("original"), layers=tuple(layers), epochs=1)
    run = Run.begin(folder, Config(recipe, "sample", sample.title, "", 6_000, "cpu", "CPU", "2026-11-28T12:00:00", {}))
    network = made(layers, seed)
    model.trained(layers, network).save(folder / NETWORK)
    evaluate(network, sample, torch.device("cpu")).save(folder / EVALUATION)
    run.add(Epoch(1, 2.0, 0.1, 2.0, 0.1, 1.0))
    run.end("finished", run.epochs())
    return run, network
