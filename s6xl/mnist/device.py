"""The device that training runs on: a GPU or the processor."""

import ctypes
import logging
import sys
import warnings
from contextlib import suppress

import torch

from s6xl.errors import ImpossibleHereError
from s6xl.mnist.choices import AUTO
from s6xl.wording import counted

_LOG = logging.getLogger(__name__)
# Parameters of mallopt, from malloc.h of the GNU C library.
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3


def choose(wanted: str) -> torch.device:
    """Return a device.

    Args:
        wanted: ``cpu``, ``cuda``, ``mps``, or ``auto`` for the first of CUDA, MPS and CPU that can be used.

    Raises:
        ImpossibleHereError: if the device cannot be used on this machine.
    """
    if wanted == AUTO:
        return torch.device(next(name for name in ("cuda", "mps", "cpu") if not trouble_with(name)))
    if trouble := trouble_with(wanted):
        raise ImpossibleHereError(f"{trouble}: choose another device, or auto.")
    return torch.device(wanted)


def trouble_with(name: str) -> str:
    """Return why a device cannot be used (missing, busy or too old for this PyTorch), or an empty text."""
    if name == "cuda" and sys.platform != "darwin" and torch.version.cuda is None and torch.version.hip is None:
        return "this PyTorch is built for processors only (pytorch.org, Get started, has the command for NVIDIA GPUs)"
    if name == "cuda" and not torch.cuda.is_available():
        return "there is no NVIDIA GPU that PyTorch can use on this machine"
    if name == "mps" and not torch.backends.mps.is_available():
        return "there is no Apple GPU that PyTorch can use on this machine"
    try:
        with warnings.catch_warnings():
            # PyTorch warns of a GPU that is too old; using it shows whether that matters.
            warnings.simplefilter("ignore")
            _use(torch.device(name))
    except Exception as error:  # PyTorch and drivers raise errors of many kinds
        _LOG.info("%s cannot be used", name, exc_info=True)
        return f"{name} cannot be used ({(str(error) or type(error).__name__).splitlines()[0]})"
    return ""


def _use(device: torch.device) -> None:
    (torch.zeros(1, device=device) + 1).item()


def keep_freed_memory() -> None:
    """Let the C library of Linux keep the memory that PyTorch frees instead of returning it to the system.

    A step on the processor uses tensors of some megabytes each; asking for their pages again took a fifth of its time.
    """
    if sys.platform == "linux":
        with suppress(OSError, AttributeError):  # not every C library has mallopt
            mallopt = ctypes.CDLL(None).mallopt
            mallopt(_M_TRIM_THRESHOLD, 2**31 - 1)
            mallopt(_M_MMAP_THRESHOLD, 2**25)


def describe(device: torch.device) -> str:
    """Return the device by name, such as ``CUDA: NVIDIA H100``."""
    match device.type:
        case "cuda":
            return f"CUDA: {torch.cuda.get_device_name(device)}"
        case "mps":
            return "MPS: Apple GPU"
    return f"CPU: {counted(torch.get_num_threads(), 'thread')}"
