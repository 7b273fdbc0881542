"""Whole-process time of an audit against LibreOffice, which loads the same workbook and calculates all its formulas.

The workbook is the one that is given, or one built with the original's mistake.
"""

import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import openpyxl

from s6xl.backprop.experiment import Experiment
from s6xl.backprop.worked_example import NETWORK_AS_SUBMITTED
from s6xl.workbook.composition.build import build

sys.path.append(str(Path(__file__).parents[1]))
from tests.support import office

RUNS = 7


def audit_seconds(path: Path) -> float:
    start = time.perf_counter()
    done = subprocess.run([sys.executable, "-m", "s6xl", "audit", str(path)], capture_output=True)
    assert done.returncode == 1  # it has findings
    return time.perf_counter() - start


def libreoffice_seconds(path: Path, found: tuple[str, str]) -> float:
    start = time.perf_counter()
    program = office.Office(*found)
    program.recalculate(path)
    program.close()
    return time.perf_counter() - start


def main() -> None:
    found = office.find()
    if found is None:
        sys.exit("LibreOffice with its Python bridge uno is not installed (Debian: libreoffice-calc python3-uno).")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "submitted.xlsx")
        if sys.argv[1:]:
            path = Path(sys.argv[1])
        else:
            build(Experiment(network=NETWORK_AS_SUBMITTED), path)
        formulas = sum(
            cell.data_type == "f" for sheet in openpyxl.load_workbook(path) for row in sheet.iter_rows() for cell in row
        )
        audit_seconds(path), libreoffice_seconds(path, found)
        pairs = [(audit_seconds(path), libreoffice_seconds(path, found)) for _ in range(RUNS)]
    for name, times in zip(("s6xl audit", "LibreOffice"), zip(*pairs, strict=True), strict=True):
        print(f"{name:14} {min(times):.2f} s at best, {statistics.median(times):.2f} s, the median of {RUNS} runs")
    ratio = statistics.median(ours / theirs for ours, theirs in pairs)
    print(f"ratio of pairs {ratio:.2f}, the median ({formulas:,} formulas; for the original, 1.5 s are wanted)")


main()
