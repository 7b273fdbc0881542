"""The page for course assistants shows what really comes out."""

import re
from pathlib import Path

import pytest

from s6xl.cli import main
from tests.support.places import ROOT

PAGE = ROOT / "docs" / "audit.md"


@pytest.mark.slow
def test_the_example_is_a_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its commands print its lines; three dots stand for lines that it leaves out."""
    shown = PAGE.read_text(encoding="utf-8").split("## Reading the report")[1].split("```")[1].strip("\n")
    commands = re.findall(r"^\$ python -m s6xl (.*)$", shown, re.MULTILINE)
    expected = re.sub(r"^\$.*\n", "", shown, flags=re.MULTILINE)
    monkeypatch.chdir(tmp_path)
    Path("sub").mkdir()
    for command in commands:
        capsys.readouterr()
        monkeypatch.setattr("sys.argv", ["s6xl", *command.split()])
        with pytest.raises(SystemExit):
            main()
    printed = capsys.readouterr().out
    parts = [re.escape(part.strip("\n")) for part in expected.split("\n...\n")]
    assert re.search(r"\n.*\n".join(parts), printed, re.DOTALL), printed
