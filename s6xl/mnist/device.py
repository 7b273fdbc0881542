"""Where a training runs."""

import ctypes
import sys
from contextlib import suppress

import torch

from s6xl.errors import ImpossibleHereError
from s6xl.experiment import counted
from s6xl.mnist.choices import AUTO

# mallopt's numbers for its settings, by malloc.h of the GNU C library.
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3


def choose(wanted: str) -> torch.device:
    """The device named, or for ``auto`` the first of CUDA, MPS and CPU that is here.

    Raises:
        ImpossibleHereError: if the device named is not here.
    """
    here = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    if wanted == AUTO:
        return torch.device(next(name for name, is_here in here.items() if is_here))
    if not here[wanted]:
        what = {
            "cuda": "no NVIDIA GPU that PyTorch can use",
            "mps": "no Apple GPU that PyTorch can use",
        }[wanted]
        raise ImpossibleHereError(f"there is {what} on this machine: choose another device, or auto.")
    return torch.device(wanted)


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
