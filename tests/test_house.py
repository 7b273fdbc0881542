"""What holds for the code itself."""

import ast
import tomllib
from pathlib import Path

import pytest

from tests.support.places import ROOT

LONGEST = 40  # lines of a function, from its def to its end


@pytest.mark.parametrize("path", sorted((ROOT / "s6xl" / "audit").glob("*.py")), ids=lambda path: path.name)
def test_functions_are_short(path: Path) -> None:
    nodes = ast.walk(ast.parse(path.read_text(encoding="utf-8")))
    functions = [node for node in nodes if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    assert [node.name for node in functions if (node.end_lineno or 0) - node.lineno + 1 > LONGEST] == []


def test_the_order_of_imports_is_described_as_it_is_checked() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    layers = project["tool"]["importlinter"]["contracts"][0]["layers"]
    described = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    assert "\n\n" + "".join(f"    {layer}\n" for layer in layers) + "\n" in described
