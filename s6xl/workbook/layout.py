"""Where everything is: sheet names and cell addresses.

They are those of the original, the workbook of the course exercise that this one reproduces, wherever it has the cell.
"""

import re

from xlsxwriter.utility import xl_col_to_name

from s6xl.backprop.experiment import Experiment
from s6xl.wording import number_text

START, LOSS_PLOT, STEP, CHECK = "Start", "LossPlot", "Step", "Check"
MNIST = "MNIST"
DIGIT, DIGIT_GALLERY, INPUT, SOFTMAX = "Digit", "Digits", "Input", "Softmax"
MODEL, SAMPLES, CONFUSION, MISTAKES = "Model", "Samples", "Confusion", "Mistakes"

# The table on a learning rate's sheet, in Excel's own numbering. Column A, empty in the original, numbers the steps.
STEP_COLUMN = "A"
FIRST_COLUMN = 1
HEADER_ROW = 32
FIRST_ROW = 33
RATE_SHEET = "LR="
RATE_LABEL, RATE_CELL = "F31", "G31"
TITLE_CELL = "B1"

# Where a learning rate and a step are chosen, on Step and on Check.
CHOICE_ROW = 4
CHOSEN_RATE, CHOSEN_STEP = f"D{CHOICE_ROW}", f"G{CHOICE_ROW}"

# The start values on the sheet Start, and the table of learning rates beside them.
START_VALUES_ROW = 7
START_VALUE_COLUMN = "C"
RATES_ROW = 7
RATE_COLUMN = "H"


def rate_sheet(rate: float) -> str:
    """Return the name of a learning rate's sheet, such as ``LR=0.1``."""
    return f"{RATE_SHEET}{number_text(rate)}"


def on_sheet(sheet: str, reference: str) -> str:
    """Return a reference to cells on another sheet.

    Args:
        sheet: its name, which holds no apostrophe.
        reference: the cells, such as ``X33:X100``.
    """
    return f"'{sheet}'!{reference}"


def absolute(reference: str) -> str:
    """Return ``X33:X100`` as ``$X$33:$X$100``."""
    return re.sub(r"([A-Z]+)(\d+)", r"$\1$\2", reference)


class TableLayout:
    """Where an experiment's numbers are: on Start, and in the table on each learning rate's sheet.

    `start_cells` are the cells of the start values on Start, from the top down, and `notes_row` is the row in which the
    list of sheets below them starts. `rate_sheets` are the names of the learning rates' sheets.
    """

    def __init__(self, experiment: Experiment) -> None:
        network = experiment.network
        self.learning_rates = experiment.learning_rates
        self.rate_sheets = tuple(map(rate_sheet, self.learning_rates))
        self.start_cells = {
            name: f"{START_VALUE_COLUMN}{START_VALUES_ROW + i}" for i, name in enumerate(experiment.start)
        }
        self.notes_row = START_VALUES_ROW + len(self.start_cells) + 2
        self.loss = network.loss
        self.columns = {name: str(xl_col_to_name(FIRST_COLUMN + i)) for i, name in enumerate(network.columns)}
        self.first_row = FIRST_ROW
        self.last_row = FIRST_ROW + experiment.steps - 1

    @property
    def rate_cells(self) -> str:
        """All learning rates on the sheet Start, such as ``$H$7:$H$12``."""
        return absolute(f"{rate_cell(0)}:{rate_cell(len(self.learning_rates) - 1)}")

    @property
    def steps(self) -> int:
        """The number of steps."""
        return self.last_row - self.first_row + 1

    def column(self, name: str, *, first_step: int = 1, last_step: int | None = None) -> str:
        """Return the cells of a quantity at some steps, by default at all, such as ``$X$33:$X$100``."""
        return self._rows(self.columns[name], first_step, last_step or self.steps)

    def numbers(self, *, first_step: int = 1, last_step: int | None = None) -> str:
        """Return the cells that number some steps, by default all."""
        return self._rows(STEP_COLUMN, first_step, last_step or self.steps)

    @property
    def table(self) -> str:
        """The table with its step numbers and without its headers, such as ``$A$33:$AF$100``."""
        return absolute(f"{STEP_COLUMN}{self.first_row}:{list(self.columns.values())[-1]}{self.last_row}")

    def number(self, name: str) -> int:
        """Return the position of a quantity's column in `table`, counted from 1."""
        return 2 + list(self.columns).index(name)

    def _rows(self, column: str, first_step: int, last_step: int) -> str:
        return absolute(f"{column}{self.first_row + first_step - 1}:{column}{self.first_row + last_step - 1}")


def rate_cell(index: int) -> str:
    """Return the cell on Start that holds the learning rate of the sheet with this index, counted from 0."""
    return f"{RATE_COLUMN}{RATES_ROW + index}"
