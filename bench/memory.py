"""Peak memory of builds that grow: it is linear in cells. Linux and macOS only."""

import subprocess
import sys
import tempfile
from pathlib import Path

MEASURED = """
import resource, sys
from s6xl.cli import main
try:
    main()
finally:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(peak if sys.platform != "darwin" else peak // 1024)
"""
COLUMNS = 31


def peak_mib(steps: int) -> float:
    with tempfile.TemporaryDirectory() as folder:
        arguments = ["build", "--lr", "0.5", "--steps", str(steps), "--out", str(Path(folder, "m.xlsx"))]
        command = [sys.executable, "-c", MEASURED, *arguments]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
    return int(done.stdout.split()[-1]) / 1024


def main() -> None:
    base = peak_mib(1)
    print(f"        31 formula cells: {base:4.0f} MiB at the peak, most of it libraries")
    for cells in (250_000, 500_000, 1_000_000):
        steps = round(cells / COLUMNS)
        peak = peak_mib(steps)
        more = (peak - base) * 2**20 / (steps * COLUMNS)
        print(f"{steps * COLUMNS:>10,} formula cells: {peak:4.0f} MiB at the peak, {more:.0f} bytes a cell more")


main()
