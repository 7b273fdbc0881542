"""The images: the full MNIST, a sample of it that comes with the package, or those in a folder."""

import errno
import hashlib
import shutil
import socket
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout, suppress
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path

import numpy as np
import platformdirs
import torch

from s6xl.errors import ImpossibleHereError, UserError
from s6xl.files import check_name, exists, sweep
from s6xl.mnist.choices import FULL, SAMPLE
from s6xl.mnist.layers import SIDE

# The fingerprint of the full MNIST; other images in a folder are named after the folder.
_FULL_FINGERPRINT = "1e35582d42a90940c55b956deb61875c020b567ed20e3c5b174f52bf7809ed9b"
_SAMPLE_FILE = Path(__file__).with_name("sample") / "digits.npz"
_TIMEOUT = 30.0  # seconds


@dataclass(frozen=True)
class Digits:
    """Images and their labels.

    Attributes:
        images: uint8 of shape (n, 28, 28), from 0 for background to 255 for ink.
        labels: the digits that they show, int64 of shape (n,).
    """

    images: torch.Tensor
    labels: torch.Tensor

    def __len__(self) -> int:
        return len(self.labels)

    def to(self, device: torch.device) -> "Digits":
        """Return the same images and labels on a device."""
        return Digits(self.images.to(device), self.labels.to(device))


@dataclass(frozen=True)
class Data:
    """Images to train on and images to test with.

    Attributes:
        source: what the images are, in a few words.
        fingerprint: a SHA-256 of all images and labels, in hexadecimal.
    """

    source: str
    train: Digits
    test: Digits
    fingerprint: str

    @property
    def title(self) -> str:
        """The source with the number of images."""
        return f"{self.source}: {len(self.train):,} training and {len(self.test):,} test images"


def load(choice: str) -> Data:
    """Return the images that a user chose; where MNIST's files are missing, download them.

    Args:
        choice: ``mnist``, which is kept in the user's cache, ``sample``, or a folder in torchvision's layout.

    Raises:
        UserError: if the folder does not exist, holds something else, or cannot be written to.
        ImpossibleHereError: if MNIST is missing and cannot be downloaded.
    """
    if choice == SAMPLE:
        return _load_sample()
    if not choice:
        raise UserError(f"the data has no name: give {FULL}, {SAMPLE} or a folder.")
    root = platformdirs.user_cache_path("s6xl", appauthor=False) if choice == FULL else Path(choice)
    check_name(root)
    if choice != FULL and not exists(root):
        # A mistyped name must not start a download.
        raise UserError(f"there is no folder {root}: give {FULL}, {SAMPLE} or an existing folder.")
    _download_missing(root)
    train, test = (_read(root, train=part) for part in (True, False))
    fingerprint = _fingerprint(train, test)
    return Data(
        "MNIST" if fingerprint == _FULL_FINGERPRINT else f"images in {root.resolve()}", train, test, fingerprint
    )


def _load_sample() -> Data:
    with np.load(_SAMPLE_FILE) as content:
        train, test = (
            Digits(torch.from_numpy(content[f"{part}_images"]), torch.from_numpy(content[f"{part}_labels"]).long())
            for part in ("train", "test")
        )
    return Data("sample of MNIST", train, test, _fingerprint(train, test))


def _fingerprint(*parts: Digits) -> str:
    digest = hashlib.sha256()
    for part in parts:
        digest.update(part.images.numpy().tobytes())
        digest.update(part.labels.numpy().tobytes())
    return digest.hexdigest()


def _read(root: Path, *, train: bool) -> Digits:
    """Return the training or the test images that torchvision keeps in a folder."""
    from torchvision.datasets import MNIST

    folder = root / "MNIST" / "raw"
    try:
        stored = MNIST(root, train=train)
    except OSError as error:
        raise UserError(f"{error.filename or folder} cannot be read ({error.strerror or error}).") from error
    except MemoryError:
        raise
    except Exception as error:
        # A damaged file fails wherever torchvision happens to notice it, with errors of many kinds.
        raise _damaged(folder) from error
    images, labels = stored.data, stored.targets
    good = (
        images.ndim == 3
        and images.dtype == torch.uint8
        and images.shape[1:] == (SIDE, SIDE)
        and 0 < len(images) == len(labels)
        and int(labels.min()) >= 0
        and int(labels.max()) <= 9
    )
    if not good:
        raise _damaged(folder)
    return Digits(images, labels.long())


def _damaged(folder: Path) -> UserError:
    return UserError(f"the files in {folder} are damaged or not digits: delete them to download MNIST again.")


def _download_missing(root: Path) -> None:
    """Let torchvision download MNIST into the folder if it is missing there; each file appears whole or not at all."""
    from torchvision.datasets import MNIST

    raw = root / "MNIST" / "raw"
    names = [Path(name).stem for name, _ in MNIST.resources]
    missing = [name for name in names if not exists(raw / name)]
    if not missing:
        return
    if any(exists(root / name) for name in names):
        raise UserError(
            f"{root} holds MNIST's files itself: move them to {raw}, or give the folder that contains MNIST/raw."
        )
    try:
        raw.mkdir(parents=True, exist_ok=True)
        sweep(raw, ".download-*")
        with tempfile.TemporaryDirectory(prefix=".download-", dir=raw) as scratch, _socket_timeout(_TIMEOUT):
            fresh = Path(scratch, "MNIST", "raw")
            fresh.mkdir(parents=True)
            for archive in raw.glob("*.gz"):
                # Archives that the user has put here are unpacked, if they are sound, and not downloaded again.
                shutil.copy(archive, fresh)
            with redirect_stdout(sys.stderr):
                MNIST(scratch, download=True)
            for name in missing:
                (fresh / name).replace(raw / name)
    except (OSError, RuntimeError, HTTPException) as error:
        with suppress(OSError):  # only empty folders are removed
            raw.rmdir()
            raw.parent.rmdir()
        if isinstance(error, OSError) and (error.filename or error.errno in (errno.ENOSPC, errno.EDQUOT)):
            raise UserError(
                f"MNIST cannot be stored in {raw} ({error.strerror or error}): give another folder with --data, "
                f"or use --data {SAMPLE}."
            ) from error
        reason = " ".join(str(error).split())
        raise ImpossibleHereError(
            f"MNIST is not in {raw} and cannot be downloaded: connect to the internet, give a folder that has it with "
            f"--data, or use --data {SAMPLE} ({reason})."
        ) from error


@contextmanager
def _socket_timeout(seconds: float) -> Iterator[None]:
    """Let connections that are opened in this block fail after that long a silence."""
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(seconds)
    try:
        yield
    finally:
        socket.setdefaulttimeout(before)
