"""A button from its macro's statement to the worker's end, as processes."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from s6xl.live.actions import ACTIONS
from tests.support.waiting import PATIENCE, until

# What the worker says on a machine without Excel; on others it would act.
MESSAGES = {
    "train": "There is no Excel that Python could reach on this machine.",
    "stop": "There is no Excel that Python could reach on this machine.",
    "import_run": "There is no Excel that Python could reach on this machine.",
    "new_workbook": "There is no Excel that Python could reach on this machine.",
    "step_through": "There is no Excel that Python could reach on this machine.",
    "check_gradients": "There is no Excel that Python could reach on this machine.",
    "audit": "There is no Excel that Python could reach on this machine.",
    "mistyped": "Mistyped failed: 'mistyped'.",
}
pytestmark = [
    pytest.mark.process,
    pytest.mark.skipif(sys.platform != "linux", reason="elsewhere a message box would wait for a click"),
]


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """Folders of its own for the log, the cache and the documents, and a browser that notes what it is to open."""
    browser = tmp_path / "browser"
    browser.write_text(
        f"#!/bin/sh\ncd {tmp_path}\nwhile [ -e wait ]; do sleep 0.05; done\n"
        'cut -d" " -f6 /proc/$$/stat > session\necho "$1" > opening\nmv opening opened\n'
    )
    browser.chmod(0o755)
    folders = {"XDG_STATE_HOME": "state", "XDG_CACHE_HOME": "cache", "XDG_DATA_HOME": "data", "HOME": "home"}
    for folder in folders.values():
        (tmp_path / folder).mkdir()
    return {**os.environ, **{name: str(tmp_path / folder) for name, folder in folders.items()}, "BROWSER": str(browser)}


def press(action: str, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """Run what the button's macro hands to RunPython, with the arguments that xlwings adds."""
    name = "My bööк.xlsx".encode("utf-16-be").hex()
    statement = f"from s6xl.live import ribbon; ribbon.press('{action}', '{name}')"
    command = [sys.executable, "-c", statement, "--wb=s6.xlam", "--from_xl=1", "--app=C:\\Excel", "--hwnd=4711"]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=PATIENCE)


def log_with(text: str, environment: dict[str, str]) -> str:
    """The log, once it holds a text."""
    log = Path(environment["XDG_STATE_HOME"], "s6xl", "log", "s6xl.log")
    until(lambda: log.exists() and text in log.read_text(encoding="utf-8"), lambda: f"{text!r} is not in the log")
    return log.read_text(encoding="utf-8")


@pytest.mark.parametrize("action", MESSAGES)
def test_an_error_is_one_message_with_the_logs_place(action: str, environment: dict[str, str]) -> None:
    done = press(action, environment)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    content = log_with("The log is ", environment)
    assert f"button pressed: {action}\n" in content
    assert f"S6: {MESSAGES[action]}\n\nThe log is {environment['XDG_STATE_HOME']}/s6xl/log/s6xl.log.\n" in content
    assert ("Traceback" in content) == (action not in ACTIONS)


def test_help_opens_the_documentation(environment: dict[str, str], tmp_path: Path) -> None:
    press("help", environment)
    until((tmp_path / "opened").exists)
    page = Path((tmp_path / "opened").read_text().strip().removeprefix("file://"))
    assert page.is_relative_to(tmp_path / "cache")
    html = page.read_text(encoding="utf-8")
    assert "<h1>S6 in Excel</h1>" in html
    assert "<code>=S6_DELTA_W5(0.5, 0.5069, 0.6065)</code>" in html
    assert html.count("<table>") >= 5


def test_a_button_returns_while_its_worker_is_at_work(environment: dict[str, str], tmp_path: Path) -> None:
    """The worker lives in a session of its own and outlives the process that started it."""
    (tmp_path / "wait").touch()
    assert press("help", environment).returncode == 0
    assert not (tmp_path / "opened").exists()
    (tmp_path / "wait").unlink()
    until((tmp_path / "opened").exists)
    assert int((tmp_path / "session").read_text()) != os.getsid(0)


def test_the_doctors_button_only_writes_into_the_log(environment: dict[str, str]) -> None:
    assert press("answer", environment).returncode == 0
    assert log_with("button pressed: answer\n", environment).endswith("button pressed: answer\n")


def test_a_file_beside_the_workbook_is_not_taken_for_a_module(environment: dict[str, str]) -> None:
    Path(environment["HOME"], "random.py").write_text("raise RuntimeError('not the one that was meant')")
    press("train", environment)
    assert "not the one that was meant" not in log_with("The log is ", environment)


def test_a_log_that_cannot_be_written_is_one_sentence(environment: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "a file").touch()
    done = press("help", {**environment, "XDG_STATE_HOME": str(tmp_path / "a file")})
    assert done.returncode == 0
    assert done.stderr.startswith("S6: The button help could not start its worker: ")
    assert len(done.stderr.splitlines()) == 1
