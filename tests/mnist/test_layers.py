"""What a network is made of, against PyTorch's own modules."""

import json
import math

import hypothesis
import pytest
import torch
from hypothesis import strategies
from torch import nn

from s6xl.mnist import layers, model
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
from s6xl.mnist.recipe import RECIPES

EACH_KIND = {
    "convolution": (Convolution(2, 5, 3, 2, 1), nn.Conv2d(2, 5, 3, stride=2, padding=1)),
    "relu": (ReLU(), nn.ReLU(inplace=True)),
    "batch norm": (BatchNorm(2), nn.BatchNorm2d(2)),
    "max pool": (MaxPool(3), nn.MaxPool2d(3)),
    "average pool": (AveragePool(3), nn.AvgPool2d(3)),
    "dropout": (Dropout(0.3), nn.Dropout(0.3)),
    "flatten": (Flatten(), nn.Flatten()),
    "linear": (Linear(11, 4), nn.Linear(11, 4)),
    "log-softmax": (LogSoftmax(), nn.LogSoftmax(dim=1)),
}


def test_each_kind_of_layer_has_a_sentence_of_its_own() -> None:
    sentences = {kind.sentence for kind in layers.KINDS.values()}
    assert len(sentences) == len(layers.KINDS)
    assert all(sentence.endswith(".") for sentence in sentences)


def trained(module: nn.Module) -> int:
    return sum(weight.numel() for weight in module.parameters())


def test_the_original_has_19_242_parameters() -> None:
    assert RECIPES["original"].parameters == 19_242


@pytest.mark.parametrize("name", RECIPES)
def test_every_recipe_stays_below_20_000_parameters(name: str) -> None:
    assert trained(model.build(RECIPES[name].layers)) == RECIPES[name].parameters < 20_000


@pytest.mark.parametrize("name", RECIPES)
def test_every_recipe_makes_ten_numbers_of_an_image(name: str) -> None:
    assert layers.shapes(RECIPES[name].layers)[-1] == (10,)
    probabilities = model.build(RECIPES[name].layers).eval()(torch.zeros(3, 1, 28, 28)).exp()
    assert probabilities.shape == (3, 10)
    assert torch.allclose(probabilities.sum(dim=1), torch.ones(3))


@pytest.mark.parametrize("name", RECIPES)
def test_every_recipes_shapes_are_pytorchs(name: str) -> None:
    check_against_pytorch(RECIPES[name].layers)


def check_against_pytorch(stack: tuple[Layer, ...]) -> None:
    """Two images go through the modules one by one."""
    numbers = torch.zeros(2, *layers.IMAGE)
    modules = model.build(stack)
    assert len(modules) == len(stack)
    for layer, shape, module in zip(stack, layers.shapes(stack), modules, strict=True):
        numbers = module(numbers)
        assert tuple(numbers.shape[1:]) == shape, layer
        assert trained(module) == layer.parameters, layer
    assert layers.parameters(stack) == trained(modules)


@strategies.composite
def stacks(draw: strategies.DrawFn) -> tuple[Layer, ...]:
    """A few layers that fit on each other; their sizes are kept by hand, not by what is tested."""
    stack: list[Layer] = []
    channels, side = 1, 28
    for kind in draw(strategies.lists(strategies.sampled_from("crbmad"), max_size=8)):
        if kind == "c":
            padding, stride = draw(strategies.integers(0, 2)), draw(strategies.integers(1, 3))
            kernel = draw(strategies.integers(1, min(5, side + 2 * padding)))
            outputs = draw(strategies.integers(1, 6))
            stack.append(Convolution(channels, outputs, kernel, stride, padding))
            channels, side = outputs, math.floor((side + 2 * padding - kernel) / stride) + 1
        elif kind in "ma":
            kernel = draw(strategies.integers(1, min(3, side)))
            stack.append({"m": MaxPool, "a": AveragePool}[kind](kernel))
            side //= kernel
        else:
            stack.append({"r": ReLU(), "b": BatchNorm(channels), "d": Dropout(0.25)}[kind])
    if draw(strategies.booleans()):
        size = channels * side * side
        stack.append(Flatten())
        for outputs in draw(strategies.lists(strategies.integers(1, 12), max_size=2)):
            stack += [Linear(size, outputs), ReLU()]
            size = outputs
        stack.append(LogSoftmax())
    return tuple(stack)


@hypothesis.given(stacks())
def test_any_stacks_shapes_and_parameters_are_pytorchs(stack: tuple[Layer, ...]) -> None:
    check_against_pytorch(stack)


@hypothesis.given(stacks())
def test_any_stack_survives_a_file(stack: tuple[Layer, ...]) -> None:
    assert layers.from_data(json.loads(json.dumps(layers.as_data(stack)))) == stack


@pytest.mark.parametrize("kind", EACH_KIND)
def test_a_layer_becomes_the_module_of_its_name(kind: str) -> None:
    layer, module = EACH_KIND[kind]
    assert repr(model.build([layer])[0]) == repr(module)


@pytest.mark.parametrize(("padding", "kernel", "fits"), [(0, 28, True), (0, 29, False), (1, 30, True), (1, 31, False)])
def test_a_window_may_reach_into_the_padding(padding: int, kernel: int, fits: bool) -> None:
    convolution = Convolution(1, 3, kernel=kernel, padding=padding)
    assert convolution.takes((1, 28, 28)) == fits
    if fits:
        check_against_pytorch((convolution,))


def test_every_kind_of_layer_is_known() -> None:
    assert {type(layer) for layer, _ in EACH_KIND.values()} == set(layers.KINDS.values())


def test_a_layer_without_a_module_is_a_fault_of_the_program() -> None:
    with pytest.raises(TypeError, match="no module"):
        model.build([Layer()])


def test_a_dropout_says_how_much() -> None:
    assert (Dropout(0.05).title, ReLU().title, Convolution(1, 2).title) == ("Dropout 0.05", "ReLU", "Convolution")
