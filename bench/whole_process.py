"""Whole-process time of the default build against a straightforward openpyxl script that writes the same cells."""

import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import openpyxl

RUNS = 9


def seconds(command: list[str]) -> float:
    start = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True)
    return time.perf_counter() - start


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        ours, theirs, cells = (Path(folder, name) for name in ("s6.xlsx", "openpyxl.xlsx", "cells.json"))
        build = [sys.executable, "-m", "s6xl", "build", "--out", str(ours)]
        script = [sys.executable, str(Path(__file__).with_name("openpyxl_script.py")), str(cells), str(theirs)]
        subprocess.run(build, check=True, capture_output=True)
        content = {
            sheet.title: {
                cell.coordinate: cell.value for row in sheet.iter_rows() for cell in row if cell.value is not None
            }
            for sheet in openpyxl.load_workbook(ours)
        }
        cells.write_text(json.dumps(content), encoding="utf-8")
        count = sum(map(len, content.values()))
        seconds(script)
        pairs = [(seconds(build), seconds(script)) for _ in range(RUNS)]
    for name, times in zip(("s6xl build", "openpyxl script"), zip(*pairs, strict=True), strict=True):
        print(f"{name:16} {min(times):.2f} s at best, {statistics.median(times):.2f} s, the median of {RUNS} runs")
    ratios = [ours / theirs for ours, theirs in pairs]
    print(f"ratio of pairs   {statistics.median(ratios):.2f}, the median ({count:,} cells; at most 2 is wanted)")


main()
