"""What is checked in a real Excel: every function by its formula, the messages, the workbooks, the buttons.

Each check takes a `Session`, returns what it has seen, and raises `WrongError` where Excel does not do what it should.
"""

import math
import os
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from s6xl.addin.package import build_add_in, build_macro_workbook
from s6xl.addin.places import INTERPRETER_ON_WINDOWS, WINDOWS
from s6xl.addin.sources import ADD_IN_NAME, SETTINGS_NAME
from s6xl.backprop.descent import descend
from s6xl.backprop.experiment import Experiment
from s6xl.backprop.worked_example import INPUTS, NETWORK, TARGETS, WEIGHTS
from s6xl.doctor.finding import Diagnosis, fault, ok, skipped
from s6xl.errors import UserError
from s6xl.functions import OF_NUMBERS, OVER_IMAGES, OVER_RANGES
from s6xl.functions.arguments import MISSING
from s6xl.functions.definition import CellBlock, Function
from s6xl.live.leftovers import spare_other_excels
from s6xl.logs import log_path
from s6xl.mnist.choices import PRETRAINED
from s6xl.mnist.layers import SIDE
from s6xl.mnist.record import Run
from s6xl.workbook.backprop.engine import Engine
from s6xl.workbook.composition.build import build
from s6xl.workbook.inference.choices import DigitChoice, digit_choices
from s6xl.workbook.inference.digit import CHOICE, PROBABILITIES_NAME
from s6xl.workbook.layout import DIGIT, FIRST_COLUMN, FIRST_ROW, cell, on_sheet, rate_sheet

if TYPE_CHECKING:
    import xlwings

RATE, STEPS = 0.5, 20
BUTTON_SECONDS = 60
# Excel's own exp may differ from the C library's in the last digit.
TOLERANCE = 1e-12
# A network's weights stand in cells with eleven digits.
NETWORK_TOLERANCE = 1e-9
DIGITS_APART = 20
FORMULA_CELL = "A1"

Rows = list[list[Any]]


class WrongError(Exception):
    """Excel did something else; the text says what."""


@dataclass
class Session:
    """A hidden Excel with the add-in, a sheet for formulas, one for their arguments, and a folder for files.

    `spills` says whether it knows dynamic arrays, as Excel 2021 and later do.
    """

    app: "xlwings.App"
    sheet: "xlwings.Sheet"
    arguments: "xlwings.Sheet"
    folder: Path
    spills: bool

    def compute(self, formula: str, rows: int = 1, columns: int = 1) -> Rows:
        """The cells that a formula fills; where Excel knows no dynamic arrays, it is entered into so many."""
        self.sheet.clear_contents()
        filled = self.sheet[FORMULA_CELL]
        if self.spills:
            filled.formula2 = formula
            if "@" in filled.formula2:
                raise WrongError(f"Excel made {filled.formula2} of {formula}")
            if filled.api.HasSpill:
                filled = self.sheet.range(filled.api.SpillingToRange.Address)
        else:
            filled = filled.resize(rows, columns)
            filled.formula_array = formula
        values: Rows = filled.options(ndim=2).value
        return values

    def expect(self, function: Function, arguments: Sequence[str], blocks: Sequence[CellBlock]) -> None:
        """Compare what a function's formula fills with what Python computes of the same arguments."""
        expected = function(*blocks)
        rows = self.compute(f"={function.name}({','.join(arguments)})", len(expected), len(expected[0]))
        if [len(row) for row in rows] != [len(row) for row in expected]:
            raise WrongError(f"{function.name} fills {len(rows)} by {len(rows[0])} cells")
        for found_row, expected_row in zip(rows, expected, strict=True):
            for found, wanted in zip(found_row, expected_row, strict=True):
                compare(function.name, found, wanted)


@contextmanager
def session() -> Iterator[Session]:
    """Start a hidden Excel of its own, open the add-in in it, and end it whatever happens.

    Raises:
        UserError: if Excel does not start.
    """
    import xlwings
    from xlwings.udfs import has_dynamic_array

    spare_other_excels()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        add_in = Path(folder, ADD_IN_NAME)
        build_add_in(add_in)
        try:
            app = xlwings.App(visible=False, add_book=True)
        except Exception as error:
            raise UserError(
                f"Excel does not start ({error}): install Excel for Windows, 64 bits, and open it once by hand."
            ) from error
        process = app.pid
        try:
            app.display_alerts = False
            app.api.AutomationSecurity = 1  # macros run
            book = app.books.active
            # An Excel that a program starts loads no add-ins by itself.
            use_this_python(app.books.open(str(add_in)))
            yield Session(app, book.sheets.add(), book.sheets.add(), Path(folder), has_dynamic_array(process))
        finally:
            # Not by xlwings, which would end other Excels, too.
            os.kill(process, signal.SIGTERM)


def use_this_python(book: "xlwings.Book") -> None:
    """Name this interpreter in the settings that a workbook holds itself, whatever is installed."""
    book.sheets[SETTINGS_NAME]["A2"].value = [INTERPRETER_ON_WINDOWS, sys.executable]


def compare(name: str, found: Any, expected: float | str, tolerance: float = TOLERANCE) -> None:
    """Make sure that Excel has found what Python has."""
    agrees = found == expected
    if isinstance(found, float) and isinstance(expected, float):
        agrees = math.isclose(found, expected, rel_tol=tolerance, abs_tol=tolerance)
    if not agrees:
        raise WrongError(f"{name} gives {found!r} where Python gives {expected!r}")


def check_version(excel: Session) -> str:
    """Opening the add-in."""
    if not excel.app.api.Workbooks(ADD_IN_NAME).IsAddin:
        raise WrongError(f"{ADD_IN_NAME} is open, but not as an add-in")
    return f"Excel {excel.app.version} opens the add-in"


def check_numbers(excel: Session) -> str:
    """Functions of numbers, ``=S6_DELTA_W5(...)`` and all others, with numbers typed into the formula."""
    for function in OF_NUMBERS:
        numbers = example_numbers(function)
        excel.expect(function, list(map(repr, numbers)), [[[number]] for number in numbers])
    return f"{len(OF_NUMBERS)} functions of numbers agree with Python"


def check_cells(excel: Session) -> str:
    """Functions of numbers, with cells as arguments."""
    for function in OF_NUMBERS:
        numbers = example_numbers(function)
        excel.arguments.range((1, 1), (1, len(numbers))).value = numbers
        cells = [on_sheet(excel.arguments.name, cell(1, column)) for column in range(1, len(numbers) + 1)]
        excel.expect(function, cells, [[[number]] for number in numbers])
    return "so they do with cells as arguments"


def check_ranges(excel: Session) -> str:
    """Functions over ranges, which spill."""
    arguments: dict[str, CellBlock] = {"inputs": [INPUTS], "targets": [TARGETS], "weights": [WEIGHTS]}
    arguments |= {"lr": [[RATE]], "steps": [[float(STEPS)]]}
    for function in OVER_RANGES:
        blocks = [arguments[parameter.name] for parameter in function.parameters]
        excel.expect(function, list(map(array_constant, blocks)), blocks)
    return f"{len(OVER_RANGES)} functions over ranges agree with Python"


def check_images(excel: Session) -> str:
    """A function over an image, in cells."""
    (function,), pixels = OVER_IMAGES, shown_digits()[0].pixels.astype(float).tolist()
    excel.arguments.range((1, 1), (SIDE, SIDE)).value = pixels
    area = on_sheet(excel.arguments.name, f"{cell(1, 1)}:{cell(SIDE, SIDE)}")
    excel.expect(function, [area], [pixels, MISSING])
    return f"{function.name} agrees with Python"


def check_messages(excel: Session) -> str:
    """Bad arguments, which the cell is to name."""
    for bad in ("Z99", '"abc"', "1/0", ""):
        found = excel.compute(f"=S6_DELTA_W5({bad},0.5,0.5)")[0][0]
        if not (isinstance(found, str) and found.startswith("S6_DELTA_W5: t1 is ")):
            raise WrongError(f"for the argument {bad or 'left out'} the cell shows {found!r}")
    return "bad arguments are named in the cell"


def check_macro_workbook(excel: Session) -> str:
    """A workbook with macros of its own, recalculated."""
    path = excel.folder / "python.xlsm"
    build_macro_workbook(experiment(), path)
    return recalculates(excel, path, use_this_python)


def check_lambda_workbook(excel: Session) -> str:
    """A workbook with LAMBDAs, recalculated."""
    if excel.app.api.Evaluate("=SUM(LAMBDA(x,x)(1))") != 1:
        return f"Excel {excel.app.version} has no LAMBDA: the workbook of LAMBDAs is for a later one"
    path = excel.folder / "lambda.xlsx"
    build(experiment(), path, engine=Engine.LAMBDA)
    return recalculates(excel, path)


def check_network_workbook(excel: Session) -> str:
    """A workbook with a network in its cells, recalculated for some digits."""
    run, path = Run.open(Path(PRETRAINED)), excel.folder / "digits.xlsx"
    build(experiment(), path, run=run)
    network = run.network()
    book = excel.app.books.open(str(path))
    try:
        sheet = book.sheets[DIGIT]
        for choice in shown_digits()[::DIGITS_APART]:
            sheet.range(CHOICE.corner).value = choice.name
            excel.app.api.CalculateFull()
            expected = network.probabilities(choice.pixels.astype(float)).tolist()
            for found, wanted in zip(sheet.range(PROBABILITIES_NAME).value, expected, strict=True):
                compare(f"{path.name}, {choice.name}", found, wanted, NETWORK_TOLERANCE)
    finally:
        book.close()
    return f"{path.name} recalculates to what Python gives"


def check_buttons(excel: Session) -> str:
    """A button, whose macro is to reach a worker in Python."""
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
    check_numbers,
    check_cells,
    check_ranges,
    check_images,
    check_messages,
    check_macro_workbook,
    check_lambda_workbook,
    check_network_workbook,
    check_buttons,
)


def check_excel() -> Iterator[Diagnosis]:
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
                    yield fault(f"{check.__doc__} {error}: docs/excel.md says what is needed.")
    except UserError as error:
        yield fault(str(error))
    except Exception as error:
        yield fault(f"Excel starts, but cannot be tried ({error}): close every Excel and try again.")


def experiment() -> Experiment:
    """A short descent."""
    return Experiment(learning_rates=(RATE,), steps=STEPS)


def shown_digits() -> list[DigitChoice]:
    """The digits of the workbook of the run that comes with s6xl."""
    evaluation = Run.open(Path(PRETRAINED)).evaluation()
    assert evaluation is not None
    return digit_choices(evaluation)


def example_numbers(function: Function) -> list[float]:
    """Arguments for a function of numbers: those of the default workbook's first step."""
    row = dict(zip(NETWORK.columns, descend(NETWORK, Experiment().start, RATE, 1)[0].tolist(), strict=True))
    values = {**row, "x": 0.3, "w": 0.4, "lr": RATE, "delta": row["dE_dw5"]}
    return [values[parameter.name] for parameter in function.parameters]


def array_constant(block: CellBlock) -> str:
    """A block of numbers as it is typed into a formula."""
    if len(block) == len(block[0]) == 1:
        return repr(block[0][0])
    return "{" + ";".join(",".join(map(repr, row)) for row in block) + "}"


def recalculates(excel: Session, path: Path, prepare: Callable[["xlwings.Book"], None] = lambda book: None) -> str:
    """Open a workbook of `experiment`, recalculate it, and compare its table with Python's."""
    # Nothing is to be computed before the workbook is prepared.
    excel.app.calculation = "manual"
    book = excel.app.books.open(str(path))
    try:
        prepare(book)
        sheet = book.sheets[rate_sheet(RATE)]
        call = sheet.range((FIRST_ROW, 1 + FIRST_COLUMN + NETWORK.columns.index("dE_dw5")))
        if excel.spills and "@" in call.formula2:
            raise WrongError(f"Excel shows {call.formula2}")
        excel.app.api.CalculateFull()
        first, last = (FIRST_ROW, 1 + FIRST_COLUMN), (FIRST_ROW + STEPS - 1, FIRST_COLUMN + len(NETWORK.columns))
        expected = descend(NETWORK, experiment().start, RATE, STEPS).tolist()
        for found_row, expected_row in zip(sheet.range(first, last).value, expected, strict=True):
            for name, found, wanted in zip(NETWORK.columns, found_row, expected_row, strict=True):
                compare(f"{path.name}, {name}", found, wanted)
    finally:
        book.close()
        excel.app.calculation = "automatic"
    return f"{path.name} recalculates to what Python gives"
