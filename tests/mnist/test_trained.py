"""The network as plain numbers: what NumPy makes of it is what PyTorch does, and its file keeps it."""

from pathlib import Path

import numpy as np
import pytest
import torch

from s6xl.errors import UserError
from s6xl.mnist import model
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
    as_data,
    check_chain,
    shapes,
)
from s6xl.mnist.trained import TrainedNetwork
from tests.support.networks import NETWORKS, made, probabilities

IMAGES = np.random.default_rng(5).integers(0, 256, (5, 28, 28)).astype(float)
SMALL = NETWORKS["one linear layer"]


@pytest.mark.parametrize("layers", NETWORKS.values(), ids=NETWORKS)
def test_each_layer_gives_what_pytorch_gives(layers: tuple[Layer, ...]) -> None:
    network = made(layers)
    trained = model.trained(layers, network)
    for image in IMAGES:
        value = ((torch.from_numpy(image) / 255 - 0.1307) / 0.3081)[None, None]
        found = trained.forward(image)
        assert np.allclose(found[0], value[0], rtol=0, atol=1e-15)
        with torch.no_grad():
            for module, layer, shape, numbers in zip(network.double(), layers, shapes(layers), found[1:], strict=True):
                # A ReLU works in place.
                value = module(value.clone())
                assert numbers.shape == shape, layer
                assert np.abs(numbers - value[0].numpy()).max() <= 1e-12 * max(1, float(value.abs().max())), layer


def test_large_scores_have_probabilities_too() -> None:
    """Their powers of e outgrow float64."""
    layers = (Flatten(), Linear(784, 10), LogSoftmax())
    weight, bias = np.zeros((10, 784), np.float32), np.arange(0, 10_000, 1_000, dtype=np.float32)
    found = TrainedNetwork(layers, {"1.weight": weight, "1.bias": bias}).forward(IMAGES[0])[-1]
    assert np.array_equal(found, torch.log_softmax(torch.from_numpy(bias).double(), 0).numpy())


@pytest.mark.parametrize("layers", NETWORKS.values(), ids=NETWORKS)
def test_it_goes_to_pytorch_and_back(layers: tuple[Layer, ...]) -> None:
    network = made(layers)
    trained = model.trained(layers, network)
    expected = probabilities(network, IMAGES)
    assert np.array_equal(probabilities(model.of(trained), IMAGES), expected)
    assert np.abs(trained.probabilities(IMAGES[0]) - expected[0]).max() <= 1e-14


def test_it_survives_its_file(tmp_path: Path) -> None:
    layers = NETWORKS["best"]
    trained = model.trained(layers, made(layers))
    trained.save(tmp_path / "network.npz")
    found = TrainedNetwork.load(tmp_path / "network.npz", "train anew")
    assert found.layers == layers
    assert found.state.keys() == trained.state.keys()
    for name, weights in trained.state.items():
        assert found.state[name].dtype == np.float32
        assert np.array_equal(found.state[name], weights), name


def test_the_same_network_is_the_same_bytes(tmp_path: Path) -> None:
    for name in ("one.npz", "two.npz"):
        model.trained(SMALL, made(SMALL)).save(tmp_path / name)
    assert (tmp_path / "one.npz").read_bytes() == (tmp_path / "two.npz").read_bytes()


@pytest.mark.parametrize(
    "layers",
    [
        (Flatten(), Linear(784, 10)),
        (Flatten(), Linear(784, 11), LogSoftmax()),
        (Flatten(), LogSoftmax(), Linear(784, 10), LogSoftmax()),
        (Flatten(), Linear(784, 10), LogSoftmax(), ReLU()),
        (Flatten(), Linear(5, 10), LogSoftmax()),
        (Linear(28, 10), Flatten(), LogSoftmax()),
        (Convolution(1, 1, 30), Flatten(), Linear(1, 10), LogSoftmax()),
        (Convolution(2, 10, 28), Flatten(), LogSoftmax()),
        (Convolution(1, 10, 28, stride=0), Flatten(), LogSoftmax()),
        (Convolution(1, 10, 10_028, padding=5_000), Flatten(), LogSoftmax()),
        (AveragePool(29), Flatten(), Linear(1, 10), LogSoftmax()),
        (MaxPool(0), Flatten(), Linear(784, 10), LogSoftmax()),
        (BatchNorm(2), Flatten(), Linear(784, 10), LogSoftmax()),
        (Flatten(), Linear(784, 10), BatchNorm(10), LogSoftmax()),
        (Flatten(), MaxPool(2), Linear(784, 10), LogSoftmax()),
        (Dropout(5), Flatten(), Linear(784, 10), LogSoftmax()),
        (Convolution(1, 10, 28), LogSoftmax()),
        (),
    ],
)
def test_a_network_whose_layers_make_no_chain_to_ten_digits_is_refused(layers: tuple[Layer, ...]) -> None:
    """Whatever its weights are."""
    with pytest.raises(ValueError, match=r"cannot follow an output of shape|the output has the shape"):
        check_chain(layers)
    with pytest.raises(ValueError, match=r"cannot follow an output of shape|the output has the shape"):
        TrainedNetwork(layers, {})


@pytest.mark.parametrize("layers", NETWORKS.values(), ids=NETWORKS)
def test_a_chain_to_ten_digits_is_not(layers: tuple[Layer, ...]) -> None:
    check_chain(layers)


def damaged(kind: str, path: Path) -> None:
    trained = model.trained(SMALL, made(SMALL))
    state = {name: weights.copy() for name, weights in trained.state.items()}
    match kind:
        case "text":
            path.write_text("no archive")
        case "nothing":
            path.touch()
        case "another archive":
            np.savez(path, a=np.zeros(3))
        case "cut off":
            trained.save(path)
            path.write_bytes(path.read_bytes()[:-200])
        case "objects":
            np.savez(path, layers=np.array([object()]), allow_pickle=True)
        case "another shape":
            state["1.weight"] = state["1.weight"][:, :-1]
            TrainedNetwork.save(replaced(trained, state), path)
        case "a weight too many":
            TrainedNetwork.save(replaced(trained, {**state, "7.weight": np.zeros(3, np.float32)}), path)
        case "a weight missing":
            del state["1.bias"]
            TrainedNetwork.save(replaced(trained, state), path)
        case "no number":
            state["1.bias"][3] = np.nan
            TrainedNetwork.save(replaced(trained, state), path)


def replaced(trained: TrainedNetwork, state: dict[str, np.ndarray]) -> TrainedNetwork:
    """With other weights, unchecked."""
    other = object.__new__(TrainedNetwork)
    other.__dict__.update(layers=trained.layers, state=state)
    return other


@pytest.mark.parametrize(
    "kind",
    [
        *("text", "nothing", "another archive", "cut off", "objects", "another shape"),
        *("a weight too many", "a weight missing", "no number"),
    ],
)
def test_a_damaged_file_is_named(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "network.npz"
    damaged(kind, path)
    with pytest.raises(UserError, match=r"network\.npz is damaged or not a network that s6xl has trained"):
        TrainedNetwork.load(path, "train anew")


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"network\.npz cannot be read \(No such file"):
        TrainedNetwork.load(tmp_path / "network.npz", "train anew")


def test_layers_give_the_shapes_of_pytorchs_weights() -> None:
    for layers in NETWORKS.values():
        for layer, module in zip(layers, model.build(layers), strict=True):
            found = {name: tuple(value.shape) for name, value in module.state_dict().items() if value.ndim}
            assert dict(layer.weights) == found, as_data([layer])
