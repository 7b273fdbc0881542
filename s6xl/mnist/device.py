"""Where a training runs."""

import ctypes
import sys
import warnings
from contextlib import suppress

import torch

from s6xl.errors import ImpossibleHereError
from s6xl.mnist.choices import AUTO
from s6xl.wording import counted

# mallopt's numbers for its settings, by malloc.h of the GNU C library.
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3


def choose(wanted: str) -> torch.device:
    """The device named, or for ``auto`` the first of CUDA, MPS and CPU that is here.

    Raises:
        ImpossibleHereError: if the device named is not here.
    """
    if wanted == AUTO:
        return torch.device(next(name for name in ("cuda", "mps", "cpu") if not trouble_with(name)))
    if trouble := trouble_with(wanted):
        raise ImpossibleHereError(f"{trouble}: choose another device, or auto.")
    return torch.device(wanted)


def trouble_with(name: str) -> str:
    """Why a device cannot be used, nothing if it can: it may be missing, taken, or too old for this PyTorch."""
    if name == "cuda" and sys.platform != "darwin" and torch.version.cuda is None and torch.version.hip is None:
        return "this PyTorch is built for processors only (pytorch.org, Get started, has the command for NVIDIA GPUs)"
    if name == "cuda" and not torch.cuda.is_available():
        return "there is no NVIDIA GPU that PyTorch can use on this machine"
    if name == "mps" and not torch.backends.mps.is_available():
        return "there is no Apple GPU that PyTorch can use on this machine"
    try:
        with warnings.catch_warnings():
            # What PyTorch warns of, such as a GPU that is too old, is found out here.
            warnings.simplefilter("ignore")
            _use(torch.device(name))
    except Exception as error:  # of many kinds, some of which PyTorch has no name for
        return f"{name} cannot be used ({(str(error) or type(error).__name__).splitlines()[0]})"
    return ""


def _use(device: torch.device) -> None:
    (torch.zeros(1, device=device) + 1).item()


def keep_freed_memory() -> None:
    """Let the C library of Linux keep what PyTorch frees, and not give it back to the system and ask for it again.

    Tensors of a step on the processor are some megabytes each; a fifth of its time would go into such pages.
    """
    if sys.platform == "linux":
        with suppress(OSError, AttributeError):  # not every C library has it
            mallopt = ctypes.CDLL(None).mallopt
            mallopt(_M_TRIM_THRESHOLD, 2**31 - 1)
            mallopt(_M_MMAP_THRESHOLD, 2**25)


def describe(device: torch.device) -> str:
    """The device by name, such as ``CUDA: NVIDIA H100``."""
    match device.type:
        case "cuda":
            return f"CUDA: {torch.cuda.get_device_name(device)}"
        case "mps":
            return "MPS: Apple GPU"
    return f"CPU: {counted(torch.get_num_threads(), 'thread')}"
