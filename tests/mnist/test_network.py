"""The network in PyTorch and its file."""

from pathlib import Path

import numpy as np
import pytest
import torch

from s6xl.errors import UserError
from s6xl.mnist import data, model
from s6xl.mnist.recipe import RECIPES

LAYERS = RECIPES["original"].layers


def test_pixels_become_numbers_around_0() -> None:
    """Mean and deviation are MNIST's, which the sample's are near."""
    images = data.load("sample").train.images
    before = images.clone()
    normalised = model.normalised(images)
    assert torch.equal(images, before)
    assert (normalised.shape, normalised.dtype) == ((6_000, 1, 28, 28), torch.float32)
    assert np.allclose(normalised[:, 0], (images.numpy() / 255 - 0.1307) / 0.3081, rtol=0, atol=1e-6)
    # Paper.
    assert float(normalised[0, 0, 0, 0]) == pytest.approx(model.BACKGROUND)
    assert abs(float(normalised.mean())) < 0.01
    assert abs(float(normalised.std()) - 1) < 0.01


def test_a_network_survives_its_file(tmp_path: Path) -> None:
    network = model.build(LAYERS)
    images = torch.rand(5, 1, 28, 28)
    network(images)  # moves the batch norms' running means away from where they begin
    torch.save(model.to_file(LAYERS, network), tmp_path / "model.pt")
    loaded = model.load(tmp_path / "model.pt")
    assert not loaded.training
    assert torch.equal(loaded(images), network.eval()(images))


def damaged(kind: str) -> object:
    content = model.to_file(LAYERS, model.build(LAYERS))
    match kind:
        case "no layers":
            del content["layers"]
        case "an unknown layer":
            content["layers"][0]["kind"] = "Attention"
        case "other layers":
            content["layers"][0]["outputs"] = 17
        case "a weight missing":
            del content["state"]["0.weight"]
        case "no dictionary":
            return [1, 2]
        case "code":
            return {**content, "state": Path("a class that is not loaded from a file")}
    return content


@pytest.mark.parametrize(
    "kind", ["no layers", "an unknown layer", "other layers", "a weight missing", "no dictionary", "code"]
)
def test_a_file_that_holds_something_else(tmp_path: Path, kind: str) -> None:
    torch.save(damaged(kind), tmp_path / "model.pt")
    with pytest.raises(UserError, match="damaged or not a network"):
        model.load(tmp_path / "model.pt")


@pytest.mark.parametrize("length", [0, 1_000, 5_000, -100])
def test_a_file_that_is_cut_off(length: int, tmp_path: Path) -> None:
    path = tmp_path / "model.pt"
    torch.save(damaged("not at all"), path)
    model.load(path)
    path.write_bytes(path.read_bytes()[:length])
    with pytest.raises(UserError, match="damaged or not a network"):
        model.load(path)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"model\.pt cannot be read \(No such file"):
        model.load(tmp_path / "model.pt")
