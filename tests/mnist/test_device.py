"""The device that training runs on."""

import sys

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
    monkeypatch.setattr(torch.version, "cuda", "13.0")
    monkeypatch.setattr(device, "_use", lambda where: None)
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


def test_a_gpu_that_does_not_work_is_none(
    here: set[str], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """As one that is too old for this PyTorch, or taken by another program; the log has the whole error."""
    caplog.set_level("INFO")

    def fail(where: torch.device) -> None:
        if where.type != "cpu":
            raise RuntimeError(f"CUDA error: no kernel image for {where.type}\nand much more")

    monkeypatch.setattr(device, "_use", fail)
    here |= {"cuda", "mps"}
    assert device.choose("auto") == torch.device("cpu")
    with pytest.raises(ImpossibleHereError) as caught:
        device.choose("cuda")
    assert str(caught.value) == (
        "cuda cannot be used (CUDA error: no kernel image for cuda): choose another device, or auto."
    )
    assert "cuda cannot be used" in caplog.text
    assert "and much more" in caplog.text


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has an NVIDIA GPU")
def test_a_gpu_that_only_seems_to_be_there(monkeypatch: pytest.MonkeyPatch) -> None:
    """PyTorch's own error where there is no driver."""
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.version, "cuda", "13.0")
    assert device.choose("auto").type in ("cpu", "mps")
    with pytest.raises(ImpossibleHereError, match=r"^cuda cannot be used \(.*\): choose another device, or auto\.$"):
        device.choose("cuda")


def test_a_pytorch_for_processors_only(here: set[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """As Windows gets it if nobody says otherwise."""
    monkeypatch.setattr(torch.version, "cuda", None)
    monkeypatch.setattr(torch.version, "hip", None)
    monkeypatch.setattr(sys, "platform", "win32")
    with pytest.raises(ImpossibleHereError, match=r"built for processors only \(pytorch\.org, Get started, has the"):
        device.choose("cuda")


def test_the_processor_is_named_with_its_threads() -> None:
    """One here, as the other tests want it."""
    assert device.describe(torch.device("cpu")) == "CPU: 1 thread"


def test_a_gpu_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda where: f"NVIDIA {where.type}")
    assert device.describe(torch.device("cuda")) == "CUDA: NVIDIA cuda"
    assert device.describe(torch.device("mps")).startswith("MPS: ")
