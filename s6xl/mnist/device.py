"""Where a training runs."""

import platform

import torch

from s6xl.errors import ImpossibleHereError
from s6xl.experiment import counted
from s6xl.mnist.choices import AUTO


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


def describe(device: torch.device) -> str:
    """The device by name, such as ``CUDA: NVIDIA H100``."""
    match device.type:
        case "cuda":
            return f"CUDA: {torch.cuda.get_device_name(device)}"
        case "mps":
            return f"MPS: {platform.processor()} GPU"
    return f"CPU: {counted(torch.get_num_threads(), 'thread')}"
