"""What holds for the code itself."""

import ast
import tomllib
from pathlib import Path

import pytest

from tests.support.places import ROOT

LONGEST = 40  # lines of a function, from its def to its end
SOURCE = ROOT / "s6xl"


@pytest.mark.parametrize("path", sorted((SOURCE / "audit").glob("*.py")), ids=lambda path: path.name)
def test_functions_are_short(path: Path) -> None:
    nodes = ast.walk(ast.parse(path.read_text(encoding="utf-8")))
    functions = [node for node in nodes if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    assert [node.name for node in functions if (node.end_lineno or 0) - node.lineno + 1 > LONGEST] == []


def test_the_order_of_imports_is_described_as_it_is_checked() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    layers = project["tool"]["importlinter"]["contracts"][0]["layers"]
    described = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    assert "\n\n" + "".join(f"    {layer}\n" for layer in layers) + "\n" in described


def trees() -> dict[str, ast.Module]:
    """Every module's syntax tree, by its name."""
    paths = {".".join(path.relative_to(ROOT).with_suffix("").parts): path for path in SOURCE.rglob("*.py")}
    return {name.removesuffix(".__init__"): ast.parse(path.read_text(encoding="utf-8")) for name, path in paths.items()}


def wing(module: str) -> str:
    return f"{module}.".split(".")[1]


def test_what_other_wings_use_says_what_its_arguments_are() -> None:
    modules = trees()
    imports = [
        (importer, node.module, alias.name)
        for importer, tree in modules.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module in modules
        for alias in node.names
    ]
    shared = {(module, name) for importer, module, name in imports if wing(importer) != wing(module)}
    silent, found = [], 0
    for module, tree in modules.items():
        for node in tree.body:
            if isinstance(node, ast.FunctionDef) and (module, node.name) in shared:
                found += 1
                documented = "Args:" in (ast.get_docstring(node) or "")
                if len(node.args.args) + len(node.args.kwonlyargs) > 1 and not documented:
                    silent.append(f"{module}.{node.name}")
    assert silent == []
    assert found > 100
