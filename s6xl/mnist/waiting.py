"""How the threads of PyTorch wait for one another on a processor; to be settled before PyTorch is loaded."""

import os

# Turns of a loop, some 50 µs. The GNU library's own 300,000 keep a core busy that another program has to do with.
_TURNS = 20_000


def wait_briefly() -> None:
    """Let a thread that waits for others sleep soon, as long as the user has not said otherwise.

    Where nothing else runs this makes no difference. Beside a program that keeps one of two cores busy, a step of the
    recipe `original` took 70 to 150 ms instead of 160 to 270.
    """
    os.environ.setdefault("GOMP_SPINCOUNT", str(_TURNS))
