"""The run that comes with the package."""

from pathlib import Path

import pytest

from s6xl.mnist.record import Run


@pytest.fixture(scope="session")
def pretrained() -> Run:
    return Run.open(Path("pretrained"))
