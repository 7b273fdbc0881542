"""The package: what a wheel carries, what an import loads, and that the documents' commands and links work."""

import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import s6xl
from s6xl.addin.package import build_add_in
from tests.support.places import ROOT

README = (ROOT / "README.md").read_text(encoding="utf-8")
COMMANDS = (ROOT / "docs" / "commands.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """The files in a wheel built as pip builds it."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "build", "--no-isolation", "--wheel", "--outdir", str(folder), str(ROOT)]
    subprocess.run(command, check=True, capture_output=True)
    (path,) = folder.glob("*.whl")
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


@pytest.mark.process
def test_the_wheel_carries_the_package_and_the_add_in(wheel: dict[str, bytes]) -> None:
    modules = {path.relative_to(ROOT).as_posix() for path in (ROOT / "s6xl").rglob("*.py")}
    addin = {f"s6xl/_addin/{path.relative_to(ROOT / 'addin').as_posix()}" for path in (ROOT / "addin").rglob("*.*")}
    assert addin
    assert modules | addin | {"s6xl/py.typed", "s6xl/_docs/excel.md"} <= set(wheel)
    assert not [name for name in wheel if name.startswith(("tests/", "bench/"))]


@pytest.mark.process
def test_an_installed_wheel_builds_the_same_add_in_and_shows_its_help(wheel: dict[str, bytes], tmp_path: Path) -> None:
    for name, content in wheel.items():
        (tmp_path / "site" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "site" / name).write_bytes(content)
    build_add_in(tmp_path / "from_clone.xlam")
    statement = (
        "import s6xl, platformdirs; from pathlib import Path\n"
        "from s6xl.addin.package import build_add_in; from s6xl.live.help_page import write_help_page\n"
        "build_add_in(Path('from_wheel.xlam')); print(s6xl.__file__); print(write_help_page())"
    )
    environment = {**os.environ, "PYTHONPATH": str(tmp_path / "site"), "XDG_CACHE_HOME": str(tmp_path)}
    command = [sys.executable, "-c", statement]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=True)
    imported, page = map(Path, done.stdout.split())
    assert imported.is_relative_to(tmp_path / "site")
    assert (tmp_path / "from_wheel.xlam").read_bytes() == (tmp_path / "from_clone.xlam").read_bytes()
    assert "S6 in Excel" in page.read_text(encoding="utf-8")


@pytest.mark.process
def test_only_what_excel_calls_loads_xlwings() -> None:
    modules = [path for path in (ROOT / "s6xl").rglob("*.py") if path.name not in {"udfs.py", "__main__.py"}]
    names = [".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__") for path in modules]
    statement = f"import sys, {', '.join(names)}; sys.exit('xlwings' in sys.modules)"
    subprocess.run([sys.executable, "-c", statement], check=True)


@pytest.mark.process
def test_the_wheel_has_the_script(wheel: dict[str, bytes]) -> None:
    (entry_points,) = [content for name, content in wheel.items() if name.endswith("entry_points.txt")]
    assert "s6xl = s6xl.cli:main" in entry_points.decode().splitlines()


@pytest.mark.process
def test_the_wheel_has_version_and_licences(wheel: dict[str, bytes]) -> None:
    folder = f"s6xl-{s6xl.__version__}.dist-info"
    assert f"\nVersion: {s6xl.__version__}\n" in wheel[f"{folder}/METADATA"].decode()
    for name in ("LICENSE", "NOTICE"):
        assert wheel[f"{folder}/licenses/{name}"] == (ROOT / name).read_bytes()


@pytest.mark.process
@pytest.mark.parametrize(
    "statement",
    [
        "import s6xl",
        "import sys; sys.argv = ['s6xl', 'build', '--out', 's6.xlsx']; from s6xl.cli import main\n"
        "try: main()\nexcept SystemExit as end: assert not end.code",
    ],
    ids=["import", "build"],
)
def test_neither_torch_nor_xlwings_is_loaded(statement: str, tmp_path: Path) -> None:
    source = f"{statement}\nimport sys\nprint(*sorted({{name.partition('.')[0] for name in sys.modules}}))"
    done = subprocess.run([sys.executable, "-c", source], capture_output=True, text=True, cwd=tmp_path, check=True)
    loaded = set(done.stdout.split())
    assert not loaded & {"torch", "torchvision", "xlwings", "openpyxl"}
    assert "s6xl" in loaded


def test_ci_runs_the_readmes_test_command() -> None:
    (command,) = re.findall(r"^python .*pytest$", README, re.MULTILINE)
    assert command in (ROOT / ".ci" / "run").read_text(encoding="utf-8")


@pytest.mark.process
@pytest.mark.parametrize("command", re.findall(r"^ *python -m s6xl (build.*)$", README + COMMANDS, re.MULTILINE))
def test_the_examples_of_build(command: str, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "s6xl", *command.split()], cwd=tmp_path, capture_output=True, text=True
    )
    assert (done.returncode, done.stderr) == (0, "")
    if "--out" in command:
        assert (tmp_path / command.split("--out ")[1]).is_file()


@pytest.mark.process
@pytest.mark.parametrize("language", ["python", "toml"])
def test_the_examples_of_files(language: str, tmp_path: Path) -> None:
    (example,) = re.findall(rf"```{language}\n(.*?)```", README + COMMANDS, re.DOTALL)
    if language == "toml":
        (tmp_path / "settings.toml").write_text(example, encoding="utf-8")
        command = ["-m", "s6xl", "build", "--settings", "settings.toml"]
    else:
        command = ["-c", example]
    subprocess.run([sys.executable, *command], cwd=tmp_path, check=True, capture_output=True)
    assert list(tmp_path.rglob("*.xlsx"))


def test_every_local_link_of_the_documents_leads_somewhere() -> None:
    for document in (*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("*/README.md")):
        for target in re.findall(r"\]\(([^)#]+)\)", document.read_text(encoding="utf-8")):
            if not target.startswith("http"):
                assert (document.parent / target).exists(), f"{document.name}: {target}"


def test_every_script_of_the_bench_is_explained() -> None:
    explained = (ROOT / "bench" / "README.md").read_text(encoding="utf-8")
    for script in (ROOT / "bench").glob("*.py"):
        assert script.name in explained
