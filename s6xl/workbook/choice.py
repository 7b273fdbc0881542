"""Two drop-downs, a learning rate and a step, and the formulas that look up what stands there."""

from collections.abc import Sequence

from s6xl.experiment import Experiment
from s6xl.workbook.book import Book
from s6xl.workbook.layout import START, TableLayout, absolute, on_sheet, rate_cells
from s6xl.workbook.rate import Rate
from s6xl.workbook.sheet import Sheet


class Choice:
    """A learning rate and a step, chosen by the reader in row `row`; at first the first rate's first step."""

    def __init__(self, row: int, layout: TableLayout, experiment: Experiment, rates: Sequence[Rate]) -> None:
        self._row = row
        self._layout = layout
        self._rates = rates
        self._choices = on_sheet(START, rate_cells(experiment))
        self._chosen_rate, self._chosen_step = f"D{row}", f"G{row}"
        self._index = f"$K${row}"
        self.step = absolute(self._chosen_step)

    def write(self, book: Book, sheet: Sheet) -> None:
        """Write the drop-downs, and what to do where a choice is no longer among the learning rates."""
        row, styles = self._row, book.styles
        first = self._rates[0].value
        sheet.write_string(f"C{row}", "Learning rate η", styles["label"])
        sheet.write_number(self._chosen_rate, first, styles["input"])
        sheet.write_string(f"F{row}", "Step", styles["label"])
        sheet.write_number(self._chosen_step, 1, styles["input"])
        sheet.write_string(f"J{row}", "rate no.", styles["edge_name"])
        match = f"MATCH({self._chosen_rate},{self._choices},0)"
        sheet.write_formula(self._index, f"=IFERROR({match},1)", styles["muted_centre"], 1)
        hint = f'"This rate is not on Start: the values are those of η = "&{self.rate_formula}'
        sheet.write_formula(f"L{row}", f'=IF(ISNUMBER({match}),"",{hint})', styles["warning"], "")
        steps = on_sheet(self._rates[0].sheet, self._layout.steps)
        for cell, source, what in (
            (self._chosen_rate, self._choices, "a learning rate"),
            (self._chosen_step, steps, "a step"),
        ):
            sheet.data_validation(
                cell,
                {
                    "validate": "list",
                    "source": f"={source}",
                    "input_title": "Choose here",
                    "input_message": f"Choose {what} from the list.",
                    "error_title": "Not in the list",
                    "error_message": f"Choose {what} from the list.",
                },
            )

    @property
    def rate_formula(self) -> str:
        """The chosen learning rate, without the leading ``=``."""
        return f"INDEX({self._choices},{self._index})"

    def value_formula(self, name: str) -> str:
        """A quantity at the chosen rate and step, without the leading ``=``."""
        # CHOOSE is not volatile as INDIRECT is: only a change of what it reads computes it anew.
        columns = ",".join(on_sheet(rate.sheet, self._layout.column(name)) for rate in self._rates)
        return f"INDEX(CHOOSE({self._index},{columns}),{self.step})"
