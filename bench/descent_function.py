"""One call of S6_DESCENT against a call a cell, both through xlwings' own server, as a macro calls it; no Excel."""

import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1]))

from s6xl.backprop.network import gradient
from s6xl.backprop.worked_example import INPUTS, NETWORK, TARGETS, WEIGHTS
from s6xl.functions import FUNCTIONS
from s6xl.functions.quantities import function_name
from tests.support.excel_com import call, cells

RATE, STEPS, RUNS = 0.5, 1_000, 7
LIMIT = 20


def one_call() -> list[list[float]]:
    start = (cells(list(INPUTS)), cells(list(TARGETS)), cells(list(WEIGHTS)))
    rows: list[list[float]] = call("S6_DESCENT", *start, RATE, float(STEPS))
    return rows[1:]


def a_call_a_cell() -> list[list[float]]:
    parameters = {f.name: [p.name for p in f.parameters] for f in FUNCTIONS}
    names = {quantity.name: function_name(quantity.name) for quantity in NETWORK.quantities}
    row = dict(zip((*NETWORK.inputs, *NETWORK.targets, *NETWORK.weights), (*INPUTS, *TARGETS, *WEIGHTS), strict=True))
    rows = []
    for step in range(1, STEPS + 1):
        for quantity, function in names.items():
            row[quantity] = call(function, *(cells([row[name]]) for name in parameters[function]))
        rows.append([float(step), *(row[name] for name in NETWORK.columns)])
        for weight in NETWORK.weights:
            row[weight] = call("S6_UPDATE", cells([row[weight]]), RATE, cells([row[gradient(weight)]]))
    return rows


def timed(compute: Callable[[], list[list[float]]]) -> tuple[float, list[list[float]]]:
    start = time.perf_counter()
    rows = compute()
    return time.perf_counter() - start, rows


def main() -> None:
    one_call()
    slow, expected = timed(a_call_a_cell)
    runs = [timed(one_call) for _ in range(RUNS)]
    assert all(rows == expected for _, rows in runs)
    fast = statistics.median(seconds for seconds, _ in runs)
    count = STEPS * (len(NETWORK.quantities) + len(NETWORK.weights))
    print(f"S6_DESCENT, {STEPS:,} steps  {fast * 1000:8.1f} ms, the median of {RUNS} (at most {LIMIT} is wanted)")
    print(f"{count:,} calls, a cell each  {slow * 1000:8.1f} ms once, {slow / count * 1e6:.0f} µs a call")
    print(f"ratio                    {slow / fast:8.0f}")


main()
