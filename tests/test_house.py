"""What holds for the code itself."""

import ast
from pathlib import Path

import pytest

from tests.support.places import ROOT

LONGEST = 40  # lines of a function, from its def to its end


@pytest.mark.parametrize("path", sorted((ROOT / "s6xl" / "audit").glob("*.py")), ids=lambda path: path.name)
def test_functions_are_short(path: Path) -> None:
    nodes = ast.walk(ast.parse(path.read_text(encoding="utf-8")))
    functions = [node for node in nodes if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    assert [node.name for node in functions if (node.end_lineno or 0) - node.lineno + 1 > LONGEST] == []
