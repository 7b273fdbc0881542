"""How PyTorch's threads wait is settled before PyTorch is loaded."""

import os
import subprocess
import sys

import pytest

LOOK = """
import importlib, os, sys
from s6xl.cli import torch_check
seen = []
torch_check.import_module = lambda name: seen.append((name, os.environ.get("GOMP_SPINCOUNT"), "torch" in sys.modules))
torch_check.check_torch("this")
print(seen)
"""


@pytest.mark.process
@pytest.mark.parametrize(("set_by_user", "seen"), [({}, "20000"), ({"GOMP_SPINCOUNT": "7"}, "7")])
def test_threads_wait_briefly_unless_the_user_has_said_how(set_by_user: dict[str, str], seen: str) -> None:
    others = {name: value for name, value in os.environ.items() if name != "GOMP_SPINCOUNT"}
    done = subprocess.run(
        [sys.executable, "-c", LOOK], env={**others, **set_by_user}, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == str([("torch", seen, False)])
