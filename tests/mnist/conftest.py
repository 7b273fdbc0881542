"""How every test of the CNN runs."""

import pytest


@pytest.fixture(autouse=True)
def _alone_on_one_thread(one_thread: None, alone: None) -> None:
    """Nothing comes from the network, and PyTorch counts on one thread."""
