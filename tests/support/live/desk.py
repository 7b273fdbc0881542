"""A machine with an Excel on it, and somebody who presses buttons.

Excel is a file that all processes share; each worker finds it where it would find Excel.
"""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from s6xl.mnist.record import Run
from tests.support.live.open_excel import Store
from tests.support.places import ROOT
from tests.support.waiting import PATIENCE, until

BOOK = "My bööк.xlsx"
SITE = """
import sys
if "s6xl.live.worker" in sys.orig_argv:
    from pathlib import Path
    from tests.support.live.open_excel import OpenExcel, Store, reach
    reach(OpenExcel(Store(Path({state!r}))))
"""


class Desk:
    """A machine with an Excel on it, and somebody who presses buttons."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.store = Store(folder / "excel.json")
        site = folder / "site"
        site.mkdir()
        text = SITE.format(state=str(folder / "excel.json"))
        (site / "sitecustomize.py").write_text(text)
        folders = {name: str(folder / name) for name in ("XDG_STATE_HOME", "XDG_CACHE_HOME", "XDG_DATA_HOME", "HOME")}
        for path in folders.values():
            Path(path).mkdir()
        search = os.pathsep.join([str(site), str(ROOT)])
        self.environment = {**os.environ, **folders, "PYTHONPATH": search, "OMP_NUM_THREADS": "1"}

    def open(self, path: Path, name: str = BOOK, **entered: object) -> None:
        """Open a file in Excel, and type into cells."""
        self.store.open(path, name)
        if entered:
            self.store.enter(entered, book=name)

    def press(self, action: str, book: str = BOOK) -> None:
        """Press a button of the ribbon."""
        name = book.encode("utf-16-be").hex()
        statement = f"from s6xl.live import ribbon; ribbon.press('{action}', '{name}')"
        command = [sys.executable, "-c", statement, "--wb=s6.xlam", "--from_xl=1", "--hwnd=1"]
        done = subprocess.run(command, env=self.environment, capture_output=True, text=True, timeout=PATIENCE)
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")

    @property
    def log(self) -> str:
        path = self.folder / "XDG_STATE_HOME" / "s6xl" / "log" / "s6xl.log"
        return path.read_text(encoding="utf-8") if path.exists() else ""

    def until(self, happened: Callable[[], bool]) -> None:
        """Wait for what other processes do."""
        until(happened, lambda: f"{self.log}\n{list(self.store.read()['books'])}")

    def status(self, book: str = BOOK) -> str:
        return str(self.store.value("status", book=book))

    def run(self, book: str = BOOK) -> Run:
        return Run.open(Path(self.store.value("run", book=book)))

    def check_shown(self, run: Run, book: str = BOOK) -> None:
        """The sheet has what the run directory has."""
        rows = [[row[0], *map(float, row[1:])] for row in self.store.rows(book=book)]
        assert rows == [list(vars(epoch).values()) for epoch in run.epochs()]
