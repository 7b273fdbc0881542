"""What is checked in a real Excel: every function by its formula, the messages, the workbooks, the buttons.

Each check takes a `Session` and raises `WrongError` where Excel does not do what it should.
"""

import math
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from s6xl.addin.package import build_add_in
from s6xl.addin.places import WINDOWS
from s6xl.addin.sources import ADD_IN_NAME, PROJECT
from s6xl.derivation import INPUTS, NETWORK, TARGETS, WEIGHTS
from s6xl.descent import descend
from s6xl.doctor.finding import Finding, fault, ok, skipped
from s6xl.experiment import Experiment
from s6xl.functions import FUNCTIONS, Block, Function
from s6xl.live.log import log_path
from s6xl.workbook import Engine, build
from s6xl.workbook.layout import FIRST_ROW, rate_sheet

RATE, STEPS = 0.5, 20
BUTTON_SECONDS = 30
# Excel's own exp may differ from the C library's in the last digit.
TOLERANCE = 1e-12


class WrongError(Exception):
    """Excel did something else; the text says what."""


Rows = list[list[Any]]


@dataclass
class Session:
    """A hidden Excel with the add-in and an empty sheet, and a folder for files."""

    app: Any
    sheet: Any
    folder: Path

    def compute(self, formula: str) -> Rows:
        """What a formula gives, entered into an empty sheet."""
        self.sheet.clear()
        cell = self.sheet["A1"]
        cell.formula2 = formula
        if "@" in cell.formula2:
            raise WrongError(f"Excel made {cell.formula2} of {formula}")
        filled = self.sheet.range(cell.api.SpillingToRange.Address) if cell.api.HasSpill else cell
        rows: Rows = filled.options(ndim=2).value
        return rows


@contextmanager
def session() -> Iterator[Session]:
    """Start a hidden Excel of its own, open the add-in in it, and end it whatever happens."""
    import xlwings

    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        app = xlwings.App(visible=False, add_book=True)
        try:
            app.display_alerts = False
            sheet = app.books.active.sheets[0]
            add_in = Path(folder, ADD_IN_NAME)
            build_add_in(add_in)
            # An Excel that a program starts loads no add-ins by itself.
            _use_this_python(app.books.open(str(add_in)))
            yield Session(app, sheet, Path(folder))
        finally:
            app.kill()


def check_version(excel: Session) -> str:
    """Excel starts and opens the add-in."""
    if not excel.app.api.Workbooks(ADD_IN_NAME).IsAddin:
        raise WrongError(f"{ADD_IN_NAME} is open, but not as an add-in")
    return f"Excel {excel.app.version} opens the add-in"


def check_quantities(excel: Session) -> str:
    """``=S6_DELTA_W5(...)`` and every other function of single numbers, with cells and with numbers as arguments."""
    row = dict(zip(NETWORK.columns, descend(NETWORK, Experiment().start, RATE, 1)[0].tolist(), strict=True))
    values = {**row, "x": 0.3, "w": 0.4, "lr": RATE, "delta": row["dE_dw5"]}
    singles = [function for function in FUNCTIONS if function.expression is not None]
    for function in singles:
        numbers = [values[parameter.name] for parameter in function.parameters]
        _expect(excel, function, ",".join(map(repr, numbers)), [[[number]] for number in numbers])
    return f"{len(singles)} functions of numbers agree with Python"


def check_cells(excel: Session) -> str:
    """Arguments that are cells."""
    for function in (function for function in FUNCTIONS if function.expression is not None):
        excel.sheet.clear()
        for column in range(len(function.parameters)):
            excel.sheet.range((5, 1 + column)).value = 0.1 * (column + 1)
        cells = ",".join(f"{chr(ord('A') + column)}5" for column in range(len(function.parameters)))
        excel.sheet["A1"].formula2 = f"={function.name}({cells})"
        expected = function(*([[0.1 * (column + 1)]] for column in range(len(function.parameters))))[0][0]
        _compare(function.name, excel.sheet["A1"].value, expected)
    return "the same with cells as arguments"


def check_ranges(excel: Session) -> str:
    """The functions over ranges spill what Python computes."""
    arguments: dict[str, Block] = {"inputs": [INPUTS], "targets": [TARGETS], "weights": [WEIGHTS]}
    arguments |= {"lr": [[RATE]], "steps": [[float(STEPS)]]}
    ranges = [function for function in FUNCTIONS if function.expression is None]
    for function in ranges:
        blocks = [arguments[parameter.name] for parameter in function.parameters]
        _expect(excel, function, ",".join(map(_array, blocks)), blocks)
    return f"{len(ranges)} functions over ranges agree with Python"


def check_messages(excel: Session) -> str:
    """Bad arguments are named in the cell."""
    for bad in ("Z99", '"abc"', "1/0", ""):
        found = excel.compute(f"=S6_DELTA_W5({bad},0.5,0.5)")[0][0]
        if not (isinstance(found, str) and found.startswith("S6_DELTA_W5: t1 is ")):
            raise WrongError(f"for the argument {bad or 'left out'} the cell shows {found!r}")
    return "bad arguments are named in the cell"


def check_macro_workbook(excel: Session) -> str:
    """A workbook with macros of its own computes again what it holds."""
    return _check_workbook(excel, Engine.UDF, "python.xlsm")


def check_lambda_workbook(excel: Session) -> str:
    """A workbook with LAMBDAs computes again what it holds."""
    return _check_workbook(excel, Engine.LAMBDA, "lambda.xlsx")


def check_buttons(excel: Session) -> str:
    """A button's macro reaches a worker in Python."""
    log = log_path()
    before = log.stat().st_size if log.exists() else 0
    excel.app.macro(f"'{ADD_IN_NAME}'!S6_Run")("answer")
    deadline = time.monotonic() + BUTTON_SECONDS
    while not (log.exists() and log.stat().st_size > before):
        if time.monotonic() > deadline:
            raise WrongError(f"no worker wrote into {log} within {BUTTON_SECONDS} s")
        time.sleep(0.2)
    return f"buttons reach Python; the log is {log}"


CHECKS: tuple[Callable[[Session], str], ...] = (
    check_version,
    check_quantities,
    check_cells,
    check_ranges,
    check_messages,
    check_macro_workbook,
    check_lambda_workbook,
    check_buttons,
)


def check_excel() -> Iterator[Finding]:
    """All of it, where there is an Excel on Windows."""
    if sys.platform != WINDOWS:
        yield skipped("Excel: it is started and tried on Windows only.")
        return
    try:
        with session() as excel:
            for check in CHECKS:
                try:
                    yield ok(check(excel))
                except Exception as error:
                    yield fault(f"{check.__name__}: {error}")
    except Exception as error:
        yield fault(f"Excel does not start ({error}): install Excel for Windows, 64 bits, and open it once by hand.")


def _expect(excel: Session, function: Function, arguments: str, blocks: list[Block]) -> None:
    rows = excel.compute(f"={function.name}({arguments})")
    expected = function(*blocks)
    if [len(row) for row in rows] != [len(row) for row in expected]:
        raise WrongError(f"{function.name} fills {len(rows)} by {len(rows[0])} cells")
    for found_row, expected_row in zip(rows, expected, strict=True):
        for one, other in zip(found_row, expected_row, strict=True):
            _compare(function.name, one, other)


def _compare(name: str, found: Any, expected: float | str) -> None:
    agrees = found == expected
    if isinstance(found, float) and isinstance(expected, float):
        agrees = math.isclose(found, expected, rel_tol=TOLERANCE, abs_tol=TOLERANCE)
    if not agrees:
        raise WrongError(f"{name} gives {found!r} where Python gives {expected!r}")


def _check_workbook(excel: Session, engine: Engine, name: str) -> str:
    experiment = Experiment(learning_rates=(RATE,), steps=STEPS)
    path = excel.folder / name
    build(experiment, path, engine=engine)
    book = excel.app.books.open(str(path))
    try:
        if engine is Engine.UDF:
            _use_this_python(book)
        sheet = book.sheets[rate_sheet(RATE)]
        cell = sheet.range((FIRST_ROW, 2 + NETWORK.columns.index("dE_dw5")))
        if "@" in cell.formula2:
            raise WrongError(f"Excel shows {cell.formula2}")
        excel.app.api.CalculateFull()
        first, last = (FIRST_ROW, 2), (FIRST_ROW + STEPS - 1, 1 + len(NETWORK.columns))
        found = sheet.range(first, last).value
        for one, other in zip(found, descend(NETWORK, experiment.start, RATE, STEPS).tolist(), strict=True):
            for name, value, expected in zip(NETWORK.columns, one, other, strict=True):
                _compare(f"{path.name}, {name}", value, expected)
    finally:
        book.close()
    return f"{path.name} recalculates to what Python gives"


def _use_this_python(book: Any) -> None:
    """Name this interpreter in the settings that a workbook holds itself, whatever is installed."""
    book.sheets[f"{PROJECT}.conf"]["A2"].value = ["INTERPRETER_WIN", sys.executable]


def _array(block: Block) -> str:
    """A block as an array constant in a formula."""
    if len(block) == len(block[0]) == 1:
        return repr(block[0][0])
    return "{" + ";".join(",".join(map(repr, row)) for row in block) + "}"
