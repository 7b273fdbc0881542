"""Whether PyTorch is there, asked before anything that needs it."""

from importlib import import_module

from s6xl.errors import ImpossibleHereError
from s6xl.mnist.waiting import wait_briefly


def check_torch(what: str, *modules: str) -> None:
    """Load PyTorch and modules that belong to it, for `what`, which cannot be done without.

    Raises:
        ImpossibleHereError: if one cannot be loaded.
    """
    wait_briefly()
    try:
        for name in ("torch", *modules):
            import_module(name)
    except (ImportError, OSError, RuntimeError, SystemError) as error:
        raise ImpossibleHereError(
            f"{what} needs PyTorch, which cannot be loaded ({(str(error) or 'no reason given').splitlines()[0]}): "
            "install it by python -m pip install torch torchvision; python -m s6xl doctor says more."
        ) from error
