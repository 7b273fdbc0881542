"""Whether PyTorch is there, asked before anything that needs it."""

from s6xl.errors import ImpossibleHereError


def check_torch(what: str) -> None:
    """Load PyTorch, for `what`, which cannot be done without.

    Raises:
        ImpossibleHereError: if it cannot be loaded.
    """
    try:
        import torch  # noqa: F401
        import torchvision  # noqa: F401
    except (ImportError, OSError, RuntimeError) as error:
        raise ImpossibleHereError(
            f"{what} needs PyTorch, which cannot be loaded ({(str(error) or 'no reason given').splitlines()[0]}): "
            "python -m pip install torch torchvision brings it, python -m s6xl doctor says more."
        ) from None
