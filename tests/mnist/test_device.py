"""Where a training runs."""

import pytest
import torch

from s6xl.errors import ImpossibleHereError
from s6xl.mnist import choices, device


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """What the machine has besides its processor."""
    found: set[str] = set()
    monkeypatch.setattr(torch.cuda, "is_available", lambda: "cuda" in found)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: "mps" in found)
    return found


@pytest.mark.parametrize(
    ("has", "chosen"), [(set(), "cpu"), ({"mps"}, "mps"), ({"cuda"}, "cuda"), ({"cuda", "mps"}, "cuda")]
)
def test_auto_takes_the_fastest_that_is_here(has: set[str], chosen: str, here: set[str]) -> None:
    here |= has
    assert device.choose("auto") == torch.device(chosen)


def test_a_device_by_name(here: set[str]) -> None:
    here |= {"cuda", "mps"}
    for name in set(choices.DEVICES) - {"auto"}:
        assert device.choose(name) == torch.device(name)


@pytest.mark.parametrize(("name", "words"), [("cuda", "no NVIDIA GPU"), ("mps", "no Apple GPU")])
def test_a_device_that_is_not_here(name: str, words: str, here: set[str]) -> None:
    here |= {"cuda", "mps"} - {name}
    with pytest.raises(ImpossibleHereError) as caught:
        device.choose(name)
    assert str(caught.value) == (
        f"there is {words} that PyTorch can use on this machine: choose another device, or auto."
    )


def test_the_processor_is_named_with_its_threads() -> None:
    """One here, as the other tests want it."""
    assert device.describe(torch.device("cpu")) == "CPU: 1 thread"


def test_a_gpu_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda where: f"NVIDIA {where.type}")
    assert device.describe(torch.device("cuda")) == "CUDA: NVIDIA cuda"
    assert device.describe(torch.device("mps")).startswith("MPS: ")
