"""How PyTorch's threads wait for one another on a processor; to be set before PyTorch is loaded."""

import os

# Turns of a busy loop, about 50 µs. The GNU OpenMP library's own 300,000 take a core from other programs.
_TURNS = 20_000


def wait_briefly() -> None:
    """Let a waiting thread sleep soon, unless the user has set GOMP_SPINCOUNT.

    Where nothing else runs, this makes no difference. Beside a program that kept one of two cores busy, a step of the
    recipe `original` took 70 to 150 ms instead of 160 to 270.
    """
    os.environ.setdefault("GOMP_SPINCOUNT", str(_TURNS))
