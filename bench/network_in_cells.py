"""The cost of a network in cells: formulas, bytes, and LibreOffice's time to load and calculate it.

The network is the one that comes with s6xl, or that of a run whose folder is given. It is compared, in turns, with the
same workbook without a network.
"""

import re
import statistics
import sys
import tempfile
import time
import zipfile
from pathlib import Path

from s6xl.backprop.experiment import Experiment
from s6xl.mnist.record import Run
from s6xl.workbook.composition.build import build
from s6xl.workbook.inference.digit import GRID, SHOWN

sys.path.append(str(Path(__file__).parents[1]))
from tests.support import office

TURNS, CHANGES = 5, 10
PIXEL, PROBABILITY = GRID.cell(9, 14), SHOWN.cell(0, 0)


def formulas(path: Path) -> int:
    with zipfile.ZipFile(path) as archive:
        return sum(
            len(re.findall(b"<f[ >]", archive.read(name))) for name in archive.namelist() if "worksheets/" in name
        )


def seconds(program: office.Office, path: Path, changes: int, *, hard: bool, pixel: bool) -> float:
    """Return the time to load a workbook and calculate it `changes` times; `pixel` changes one before each."""
    series = [{"Digit": {PIXEL: 255.0 - number}} if pixel else {} for number in range(changes)]
    start = time.perf_counter()
    program.recalculate_series(path, series, {"Digit": [PROBABILITY]} if pixel else {}, hard=hard)
    return time.perf_counter() - start


def main() -> None:
    found = office.find()
    if found is None:
        sys.exit("LibreOffice with its Python bridge uno is not installed (Debian: libreoffice-calc python3-uno).")
    run = Run.open(Path(sys.argv[1] if sys.argv[1:] else "pretrained"))
    program = office.Office(*found)
    with tempfile.TemporaryDirectory() as folder:
        plain, full = Path(folder, "plain.xlsx"), Path(folder, "network.xlsx")
        build(Experiment(), plain)
        build(Experiment(), full, run=run)
        seconds(program, plain, 1, hard=True, pixel=False)
        timed: dict[str, list[float]] = {name: [] for name in ("load", "plain", "all", "pixel")}
        for _ in range(TURNS):
            timed["plain"].append(seconds(program, plain, 1, hard=True, pixel=False))
            timed["load"].append(seconds(program, full, 1, hard=True, pixel=True))
            loaded = seconds(program, full, 0, hard=False, pixel=True)
            for name, hard in (("all", True), ("pixel", False)):
                taken = seconds(program, full, CHANGES, hard=hard, pixel=True)
                timed[name].append((taken - loaded) / CHANGES)
        sizes = [(path.stat().st_size, formulas(path)) for path in (plain, full)]
    program.close()
    (plain_size, plain_formulas), (full_size, full_formulas) = sizes
    print(f"{run.config.recipe.parameters:,} parameters: {full_formulas - plain_formulas:,} formulas")
    print(f"file                      {full_size:>9,} bytes, {full_size - plain_size:,} of them the network's")
    median = {name: statistics.median(times) for name, times in timed.items()}
    print(f"load and calculate all         {median['load']:.2f} s, the median of {TURNS} (at most 3 is wanted)")
    print(f"the same without the network   {median['plain']:.2f} s")
    print(f"calculate all once more        {median['all']:.2f} s")
    print(f"calculate after a pixel        {median['pixel']:.2f} s (at most 1 is wanted)")
    ratio = statistics.median(full / plain for full, plain in zip(timed["load"], timed["plain"], strict=True))
    print(f"ratio to without the network   {ratio:.1f} (median of pairs)")


main()
