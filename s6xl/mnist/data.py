"""The images: the full MNIST, a sample of it that comes with the package, or what a folder holds."""

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

# What the full MNIST's images and labels give; anything else in a folder is named by the folder.
_FULL_FINGERPRINT = "1e35582d42a90940c55b956deb61875c020b567ed20e3c5b174f52bf7809ed9b"
_SAMPLE_FILE = Path(__file__).with_name("sample") / "digits.npz"
_TIMEOUT = 30.0  # seconds


@dataclass(frozen=True)
class Digits:
    """Images, uint8 of shape (n, 28, 28), 0 for paper and 255 for ink; and what they show, int64 of shape (n,)."""

    images: torch.Tensor
    labels: torch.Tensor

    def __len__(self) -> int:
        return len(self.labels)

    def to(self, device: torch.device) -> "Digits":
        """The same on a device."""
        return Digits(self.images.to(device), self.labels.to(device))


@dataclass(frozen=True)
class Data:
    """Images to train on and images to test with; the fingerprint is the same only for the same images and labels."""

    source: str
    train: Digits
    test: Digits
    fingerprint: str

    @property
    def title(self) -> str:
        """Which data it is, with its size."""
        return f"{self.source}: {len(self.train):,} training and {len(self.test):,} test images"


def load(choice: str) -> Data:
    """The data by the user's choice: ``mnist``, ``sample`` or a folder as torchvision keeps it.

    Where the full MNIST is missing, in the user's cache or in the folder, it is downloaded.

    Raises:
        UserError: if the folder holds something else, or cannot be written to.
        ImpossibleHereError: if MNIST is missing and cannot be downloaded.
    """
    if choice == SAMPLE:
        return _load_sample()
    if not choice:
        raise UserError(f"no data is named: give {FULL}, {SAMPLE} or a folder.")
    root = platformdirs.user_cache_path("s6xl", appauthor=False) if choice == FULL else Path(choice)
    check_name(root)
    if choice != FULL and not exists(root):
        # A slip of the pen must not be filled with a download.
        raise UserError(f"there is no folder {root}: give {FULL}, {SAMPLE} or a folder that is there.")
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
    """One part of what torchvision keeps in a folder."""
    from torchvision.datasets import MNIST

    folder = root / "MNIST" / "raw"
    try:
        stored = MNIST(root, train=train)
    except OSError as error:
        raise UserError(f"{error.filename or folder} cannot be read ({error.strerror or error}).") from None
    except MemoryError:
        raise
    except Exception as error:
        # A file that has been cut off fails wherever torchvision happens to notice it.
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
    return UserError(f"the files in {folder} are damaged or no digits: delete them, and they are downloaded anew.")


def _download_missing(root: Path) -> None:
    """Let torchvision fetch MNIST into the folder if it is missing there; each file appears whole or not at all."""
    from torchvision.datasets import MNIST

    raw = root / "MNIST" / "raw"
    names = [Path(name).stem for name, _ in MNIST.resources]
    missing = [name for name in names if not exists(raw / name)]
    if not missing:
        return
    if any(exists(root / name) for name in names):
        raise UserError(
            f"{root} holds MNIST's files themselves: put them into {raw}, or name the folder above their MNIST/raw."
        )
    try:
        raw.mkdir(parents=True, exist_ok=True)
        sweep(raw, ".download-*")
        with tempfile.TemporaryDirectory(prefix=".download-", dir=raw) as scratch, _patient_for(_TIMEOUT):
            fresh = Path(scratch, "MNIST", "raw")
            fresh.mkdir(parents=True)
            for archive in raw.glob("*.gz"):
                # Archives that somebody has brought here are unpacked, if they are sound, and not downloaded again.
                shutil.copy(archive, fresh)
            with redirect_stdout(sys.stderr):
                MNIST(scratch, download=True)
            for name in missing:
                (fresh / name).replace(raw / name)
    except (OSError, RuntimeError, HTTPException) as error:
        with suppress(OSError):  # of what else is there nothing is removed
            raw.rmdir()
            raw.parent.rmdir()
        if isinstance(error, OSError) and (error.filename or error.errno in (errno.ENOSPC, errno.EDQUOT)):
            raise UserError(
                f"MNIST cannot be stored in {raw} ({error.strerror or error}): give another folder with --data, "
                f"or take --data {SAMPLE}."
            ) from None
        reason = " ".join(str(error).split())
        raise ImpossibleHereError(
            f"MNIST is not in {raw} and cannot be downloaded: connect to the internet, give a folder that has it with "
            f"--data, or take --data {SAMPLE} ({reason})."
        ) from None


@contextmanager
def _patient_for(seconds: float) -> Iterator[None]:
    """Give up on a connection that says nothing for so long."""
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(seconds)
    try:
        yield
    finally:
        socket.setdefaulttimeout(before)
