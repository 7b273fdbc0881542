"""LibreOffice as a witness: a real spreadsheet engine that recalculates a workbook from scratch."""

import json
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from s6xl.doctor.machine import find_libreoffice
from tests.support.waiting import PATIENCE

Change = float | str | None | list[list[float]]


@dataclass(frozen=True)
class Recalculated:
    """What stands in a workbook after a hard recalculation: values and error cells by sheet and address."""

    values: dict[str, dict[str, float | str]]
    errors: dict[str, list[str]]
    shown: dict[str, dict[str, str]]

    @property
    def error_cells(self) -> list[str]:
        """Every error cell, as ``Sheet!A1``."""
        return [f"{sheet}!{cell}" for sheet, cells in self.errors.items() for cell in cells]


class Office:
    """One LibreOffice for a whole test run."""

    def __init__(self, soffice: str, python: str) -> None:
        server = Path(__file__).with_name("office_server.py")
        self._process = subprocess.Popen(
            [python, str(server), soffice], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8"
        )
        assert self._read() == "ready"

    def _read(self) -> object:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError("LibreOffice did not answer")
        return json.loads(line)

    def recalculate(
        self,
        path: Path,
        changes: Mapping[str, Mapping[str, float | str]] | None = None,
        shown: Mapping[str, Sequence[str]] | None = None,
        *,
        hard: bool = True,
    ) -> Recalculated:
        """Load a workbook, change some cells, recalculate everything, and read it; the file stays as it is.

        `shown` names cells, by sheet, to read as a reader sees them. Without `hard`, cached values stay as they are.
        """
        answer = self._ask({"path": str(path), "changes": changes or {}, "shown": shown or {}, "hard": hard})
        return Recalculated(answer["values"], answer["errors"], answer["shown"])

    def recalculate_series(
        self,
        path: Path,
        series: Sequence[Mapping[str, Mapping[str, Change]]],
        read: Mapping[str, Sequence[str]],
        *,
        hard: bool = True,
        save: Path | None = None,
    ) -> list[dict[str, dict[str, float | str]]]:
        """Load a workbook once, make one set of changes after another, recalculate everything after each, and read.

        None empties a cell, rows of numbers fill a block such as ``A1:B2``. `read` names the cells to read, by sheet.
        Without `hard`, only what depends on a changed cell is calculated. `save` is a file for what came of it.
        """
        answers: list[dict[str, dict[str, float | str]]] = self._ask(
            {"path": str(path), "series": series, "read": read, "hard": hard, "save": str(save) if save else ""}
        )["series"]
        return answers

    def save(self, path: Path, out: Path) -> None:
        """Load a workbook and save it as an .xlsx file of LibreOffice's own."""
        self.recalculate_series(path, [], {}, hard=False, save=out)

    def _ask(self, request: object) -> dict[str, Any]:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        answer = self._read()
        assert isinstance(answer, dict)
        if "failure" in answer:
            raise RuntimeError(answer["failure"])
        return answer

    def close(self) -> None:
        """End LibreOffice."""
        self._process.communicate(timeout=PATIENCE)


def find() -> tuple[str, str] | None:
    """LibreOffice and a Python that can import its bridge uno, or None where either is missing."""
    soffice = find_libreoffice()
    if soffice is None:
        return None
    beside = [Path(soffice).resolve().parent / name for name in ("python", "python.exe")]
    for python in (sys.executable, "/usr/bin/python3", *map(str, beside)):
        if shutil.which(python) and subprocess.run([python, "-c", "import uno"], capture_output=True).returncode == 0:
            return soffice, python
    return None
