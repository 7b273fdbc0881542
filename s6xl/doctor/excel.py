"""What is checked in a real Excel: every function by its formula, the messages, the workbooks, the buttons.

Each check takes a `Session`, returns what it has seen, and raises `WrongError` if Excel does not do what it should.
"""

import logging
import math
import os
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
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
from s6xl.ooxml.addresses import address
from s6xl.workbook.backprop.engine import Engine
from s6xl.workbook.composition.build import build
from s6xl.workbook.inference.choices import DigitChoice, digit_choices
from s6xl.workbook.inference.digit import CHOICE, PROBABILITIES_NAME
from s6xl.workbook.layout import DIGIT, FIRST_COLUMN, FIRST_ROW, on_sheet, rate_sheet

if TYPE_CHECKING:
    import xlwings

_LOG = logging.getLogger(__name__)
RATE, STEPS = 0.5, 20
BUTTON_SECONDS = 60
# Excel's own exp may differ from the C library's in the last digit.
TOLERANCE = 1e-12
# A network's weights are written into cells with eleven digits.
NETWORK_TOLERANCE = 1e-9
DIGITS_APART = 20
FORMULA_CELL = "A1"

Rows = list[list[Any]]


class WrongError(Exception):
    """What Excel did instead of what it should."""


@dataclass
class Session:
    """A hidden Excel with the add-in.

    Attributes:
        app: the program.
        sheet: a sheet for formulas.
        arguments: a sheet for their arguments.
        folder: a folder for files.
        spills: whether Excel knows dynamic arrays, as Excel 2021 and later do.
    """

    app: "xlwings.App"
    sheet: "xlwings.Sheet"
    arguments: "xlwings.Sheet"
    folder: Path
    spills: bool

    def compute(self, formula: str, rows: int = 1, columns: int = 1) -> Rows:
        """Return what the cells show that a formula fills.

        Args:
            formula: the formula, with its ``=``.
            rows: as many rows are filled where Excel knows no dynamic arrays.
            columns: as many columns are.

        Raises:
            WrongError: if Excel has changed the formula.
        """
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
        """Compare what a function's formula shows with what Python computes from the same arguments.

        Args:
            function: the function.
            arguments: its arguments as they are written in the formula.
            blocks: the same arguments as Python gets them.

        Raises:
            WrongError: if they differ.
        """
        expected = function(*blocks)
        rows = self.compute(f"={function.name}({','.join(arguments)})", len(expected), len(expected[0]))
        if [len(row) for row in rows] != [len(row) for row in expected]:
            raise WrongError(f"{function.name} fills {len(rows)} by {len(rows[0])} cells")
        for found_row, expected_row in zip(rows, expected, strict=True):
            for found, wanted in zip(found_row, expected_row, strict=True):
                compare(function.name, found, wanted)


@contextmanager
def session() -> Iterator[Session]:
    """Start a hidden Excel, open the add-in in it, and end it whatever happens.

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
                f"Excel does not start ({error}): install the 64-bit Excel for Windows, and open it once by hand."
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
    """Compare what Excel computes with what Python computes.

    Raises:
        WrongError: if they differ by more than the tolerance, relative or absolute.
    """
    agrees = found == expected
    if isinstance(found, float) and isinstance(expected, float):
        agrees = math.isclose(found, expected, rel_tol=tolerance, abs_tol=tolerance)
    if not agrees:
        raise WrongError(f"{name} gives {found!r} where Python gives {expected!r}")


def check_version(excel: Session) -> str:
    """Check that the add-in is open, as an add-in."""
    if not excel.app.api.Workbooks(ADD_IN_NAME).IsAddin:
        raise WrongError(f"{ADD_IN_NAME} is open, but not as an add-in")
    return f"Excel {excel.app.version} opens the add-in"


def check_numbers(excel: Session) -> str:
    """Check all functions of numbers, such as ``=S6_DELTA_W5(...)``, with numbers in the formula."""
    for function in OF_NUMBERS:
        numbers = example_numbers(function)
        excel.expect(function, list(map(repr, numbers)), [[[number]] for number in numbers])
    return f"{len(OF_NUMBERS)} functions of numbers agree with Python"


def check_cells(excel: Session) -> str:
    """Check the functions of numbers with cells as arguments."""
    for function in OF_NUMBERS:
        numbers = example_numbers(function)
        excel.arguments.range((1, 1), (1, len(numbers))).value = numbers
        cells = [on_sheet(excel.arguments.name, address(1, column)) for column in range(1, len(numbers) + 1)]
        excel.expect(function, cells, [[[number]] for number in numbers])
    return f"{len(OF_NUMBERS)} functions of numbers agree with Python with cells as arguments, too"


def check_ranges(excel: Session) -> str:
    """Check the functions over ranges, which spill."""
    arguments: dict[str, CellBlock] = {"inputs": [INPUTS], "targets": [TARGETS], "weights": [WEIGHTS]}
    arguments |= {"lr": [[RATE]], "steps": [[float(STEPS)]]}
    for function in OVER_RANGES:
        blocks = [arguments[parameter.name] for parameter in function.parameters]
        excel.expect(function, list(map(array_constant, blocks)), blocks)
    return f"{len(OVER_RANGES)} functions over ranges agree with Python"


def check_images(excel: Session) -> str:
    """Check the function over an image, which is in cells."""
    (function,), pixels = OVER_IMAGES, shown_digits()[0].pixels.astype(float).tolist()
    excel.arguments.range((1, 1), (SIDE, SIDE)).value = pixels
    area = on_sheet(excel.arguments.name, f"{address(1, 1)}:{address(SIDE, SIDE)}")
    excel.expect(function, [area], [pixels, MISSING])
    return f"{function.name} agrees with Python"


def check_messages(excel: Session) -> str:
    """Check that a cell names its bad argument."""
    for bad in ("Z99", '"abc"', "1/0", ""):
        found = excel.compute(f"=S6_DELTA_W5({bad},0.5,0.5)")[0][0]
        if not (isinstance(found, str) and found.startswith("S6_DELTA_W5: t1 is ")):
            raise WrongError(f"for the argument {bad or 'left out'} the cell shows {found!r}")
    return "bad arguments are named in the cell"


def check_macro_workbook(excel: Session) -> str:
    """Check a workbook with macros, recalculated."""
    path = excel.folder / "python.xlsm"
    build_macro_workbook(experiment(), path)
    return recalculates(excel, path, use_this_python)


def check_lambda_workbook(excel: Session) -> str:
    """Check a workbook with LAMBDAs, recalculated."""
    if excel.app.api.Evaluate("=SUM(LAMBDA(x,x)(1))") != 1:
        return f"Excel {excel.app.version} has no LAMBDA: the workbook with LAMBDAs needs a later version"
    path = excel.folder / "lambda.xlsx"
    build(experiment(), path, engine=Engine.LAMBDA)
    return recalculates(excel, path)


def check_network_workbook(excel: Session) -> str:
    """Check a workbook with a network in its cells, recalculated for some digits."""
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
    """Check that a button's macro reaches a worker in Python."""
    log = log_path()
    before = log.stat().st_size if log.exists() else 0
    excel.app.macro(f"'{ADD_IN_NAME}'!S6_Run")("answer")
    deadline = time.monotonic() + BUTTON_SECONDS
    while not (log.exists() and log.stat().st_size > before):
        if time.monotonic() > deadline:
            raise WrongError(f"no worker wrote into {log} within {BUTTON_SECONDS} s")
        time.sleep(0.2)
    return f"buttons reach Python; the log is {log}"


CHECKS: Mapping[str, Callable[[Session], str]] = {
    "the add-in": check_version,
    "functions of numbers": check_numbers,
    "functions of numbers in cells": check_cells,
    "functions over ranges": check_ranges,
    "the function over an image": check_images,
    "messages about bad arguments": check_messages,
    "the workbook with macros": check_macro_workbook,
    "the workbook with LAMBDAs": check_lambda_workbook,
    "the workbook with a network in its cells": check_network_workbook,
    "the buttons": check_buttons,
}


def check_excel() -> Iterator[Diagnosis]:
    """Run all checks of Excel, on Windows."""
    if sys.platform != WINDOWS:
        yield skipped("Excel is tested on Windows only.")
        return
    try:
        with session() as excel:
            for what, check in CHECKS.items():
                try:
                    yield ok(check(excel))
                except Exception as error:
                    _LOG.info("%s", what, exc_info=True)
                    yield fault(f"{what}: {error}; docs/excel.md says what Excel needs.")
    except UserError as error:
        yield fault(str(error))
    except Exception as error:
        _LOG.info("Excel cannot be tested", exc_info=True)
        yield fault(f"Excel starts but cannot be tested ({error}): close Excel and try again.")


def experiment() -> Experiment:
    """Return a short descent."""
    return Experiment(learning_rates=(RATE,), steps=STEPS)


def shown_digits() -> list[DigitChoice]:
    """Return the digits in the workbook of the training run that comes with s6xl."""
    evaluation = Run.open(Path(PRETRAINED)).evaluation()
    assert evaluation is not None
    return digit_choices(evaluation)


def example_numbers(function: Function) -> list[float]:
    """Return arguments for a function of numbers: those of the default workbook's first step."""
    row = dict(zip(NETWORK.columns, descend(NETWORK, Experiment().start, RATE, 1)[0].tolist(), strict=True))
    values = {**row, "x": 0.3, "w": 0.4, "lr": RATE, "delta": row["dE_dw5"]}
    return [values[parameter.name] for parameter in function.parameters]


def array_constant(block: CellBlock) -> str:
    """Return a block of numbers as it is written in a formula."""
    if len(block) == len(block[0]) == 1:
        return repr(block[0][0])
    return "{" + ";".join(",".join(map(repr, row)) for row in block) + "}"


def recalculates(excel: Session, path: Path, prepare: Callable[["xlwings.Book"], None] = lambda book: None) -> str:
    """Open a workbook of `experiment`, recalculate it, and compare its table with Python's.

    Args:
        excel: the Excel to do so in.
        path: the workbook.
        prepare: is called with the open workbook before anything is computed.

    Returns:
        What was seen.

    Raises:
        WrongError: if Excel computes anything else.
    """
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
