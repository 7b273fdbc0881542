"""Formula cells a second, cached values included: this project's tables against XlsxWriter's write_formula."""

import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from xlsxwriter import Workbook

from s6xl.backprop.descent import descend
from s6xl.backprop.experiment import Experiment
from s6xl.backprop.worked_example import NETWORK
from s6xl.workbook.backprop.blueprint import Blueprint, Rate
from s6xl.workbook.backprop.engine import Engine
from s6xl.workbook.backprop.rate import rate_table
from s6xl.workbook.book import NewBook, new_book
from s6xl.workbook.layout import TableLayout
from s6xl.workbook.sheet import ABOVE, ROW, FormulaTable

EXPERIMENT = Experiment(steps=5_000)
RUNS = 3


def tables(book: NewBook, rates: list[Rate]) -> list[tuple[str, FormulaTable]]:
    blueprint = Blueprint(EXPERIMENT, Engine.FORMULAS, TableLayout(EXPERIMENT), tuple(rates))
    return [(rate.sheet, rate_table(book, blueprint, rate)) for rate in rates]


def ours(path: Path, rates: list[Rate]) -> None:
    with new_book(path, title="bench") as book:
        for name, table in tables(book, rates):
            book.add_sheet(name, tab="#000000").write_table(table)


def plain(path: Path, rates: list[Rate]) -> None:
    with Workbook(str(path)) as workbook:
        book = NewBook(workbook, lambda rows: None)
        for name, table in tables(book, rates):
            sheet = workbook.add_worksheet(name)
            formulas = table.first_formulas
            for index, values in enumerate(table.values.tolist()):
                row = table.first_row + index
                for column, (formula, style, value) in enumerate(zip(formulas, table.formats, values, strict=True)):
                    text = "=" + formula.replace(ROW, str(row)).replace(ABOVE, str(row - 1))
                    sheet.write_formula(row - 1, column + 1, text, style, value)
                formulas = table.formulas


def seconds(write: Callable[[Path, list[Rate]], None], rates: list[Rate]) -> float:
    with tempfile.TemporaryDirectory() as folder:
        start = time.perf_counter()
        write(Path(folder, "bulk.xlsx"), rates)
        return time.perf_counter() - start


def main() -> None:
    rates = [
        Rate(index, value, descend(NETWORK, EXPERIMENT.start, value, EXPERIMENT.steps))
        for index, value in enumerate(EXPERIMENT.learning_rates)
    ]
    cells = len(rates) * EXPERIMENT.steps * len(NETWORK.columns)
    pairs = [(seconds(ours, rates), seconds(plain, rates)) for _ in range(RUNS)]
    for name, times in zip(("s6xl", "plain XlsxWriter"), zip(*pairs, strict=True), strict=True):
        print(f"{name:16} {cells / min(times):>9,.0f} formula cells a second at best of {RUNS} ({min(times):.1f} s)")
    ratio = statistics.median(theirs / own for own, theirs in pairs)
    print(f"ratio of pairs   {ratio:.1f}, the median ({cells:,} cells; at least 4 is wanted)")


main()
