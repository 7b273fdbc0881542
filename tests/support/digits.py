"""Fixtures: a few digits, in memory and in folders as torchvision keeps them; and nothing from the network."""

import socket
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from torchvision.datasets import MNIST

from s6xl.mnist import data
from s6xl.mnist.data import Data, Digits


@pytest.fixture
def alone(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Downloads meet a closed door at once, and the user's cache is an empty folder of the test's own."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
    monkeypatch.setenv("no_proxy", "*")
    # Bound but not listening: nobody else gets the port, and connections are refused.
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        monkeypatch.setattr(MNIST, "mirrors", [f"http://127.0.0.1:{closed.getsockname()[1]}/"])
        yield


@pytest.fixture(scope="module")
def one_thread() -> Iterator[None]:
    """Two threads may sum in another order than one: what is compared bit for bit runs on one."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="session")
def few() -> Data:
    """130 training images, 3 batches of 50 of which the last one is smaller, and 70 test images."""
    sample = data.load("sample")
    train = Digits(sample.train.images[:130], sample.train.labels[:130])
    test = Digits(sample.test.images[:70], sample.test.labels[:70])
    return Data("a few digits", train, test, fingerprint="that of a few digits")


@pytest.fixture(scope="session")
def many_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """1,000 training images and 100 test images: enough for a process to be stopped within an epoch."""
    sample = data.load("sample")
    folder = tmp_path_factory.mktemp("many")
    _write(folder, sample.train, 1_000, sample.test, 100)
    return folder


@pytest.fixture
def few_folder(tmp_path: Path, few: Data) -> Path:
    """The few digits in a folder."""
    folder = tmp_path / "digits"
    _write(folder, few.train, len(few.train), few.test, len(few.test))
    return folder


def _write(folder: Path, train: Digits, trains: int, test: Digits, tests: int) -> None:
    raw = folder / "MNIST" / "raw"
    raw.mkdir(parents=True)
    for name, part, count in (("train", train, trains), ("t10k", test, tests)):
        images, labels = part.images[:count].numpy(), part.labels[:count].numpy().astype(np.uint8)
        for kind, array in (("images-idx3", images), ("labels-idx1", labels)):
            # Two zero bytes, 8 for uint8, the number of axes, and the axes' lengths; big-endian.
            head = bytes([0, 0, 8, array.ndim]) + np.array(array.shape, ">i4").tobytes()
            (raw / f"{name}-{kind}-ubyte").write_bytes(head + array.tobytes())
