"""Two drop-downs, a learning rate and a step, and the formulas that look up the numbers of that step."""

import math

from s6xl.errors import UserError
from s6xl.wording import shown_number
from s6xl.workbook.book import NewBook
from s6xl.workbook.layout import (
    CHOICE_ROW,
    CHOSEN_RATE,
    CHOSEN_STEP,
    START,
    TableLayout,
    absolute,
    on_sheet,
    rate_cell,
)
from s6xl.workbook.sheet import NewSheet

MOST_CHOICES = 30
LONGEST_FORMULA = 8_192
NOT_THERE = "There is no such rate or step; shown:"
NO_NUMBERS = " has no numbers: diverged, or an error"


class Choice:
    """A learning rate and a step, chosen by the reader; at first the first rate's first step."""

    def __init__(self, layout: TableLayout) -> None:
        self._layout = layout
        self._first_rate = layout.learning_rates[0]
        self._choices = on_sheet(START, layout.rate_cells)
        self._first_choice = on_sheet(START, absolute(rate_cell(0)))
        self._chosen_rate, self._chosen_step = absolute(CHOSEN_RATE), absolute(CHOSEN_STEP)
        self._index, self.step = absolute(f"K{CHOICE_ROW}"), absolute(f"L{CHOICE_ROW}")
        self._match = f"MATCH({self._chosen_rate},{self._choices},0)"

    def write(self, book: NewBook, sheet: NewSheet, loss: str, value: float) -> None:
        """Write the drop-downs and a line that says what is shown: another choice perhaps, or a step without numbers.

        Args:
            book: the workbook.
            sheet: the sheet.
            loss: the cell of the chosen step's loss.
            value: the value of that cell as the workbook opens.
        """
        row, styles = CHOICE_ROW, book.styles
        sheet.write_string(f"C{row}", "Learning rate η", styles["label"])
        sheet.write_number(self._chosen_rate, self._first_rate, styles["input"])
        _offer(sheet, self._chosen_rate, self._choices, "a learning rate")
        sheet.write_string(f"F{row}", "Step", styles["label"])
        sheet.write_number(self._chosen_step, 1, styles["input"])
        _offer(sheet, self._chosen_step, on_sheet(self._layout.rate_sheets[0], self._layout.numbers()), "a step")
        sheet.write_string(f"J{row}", "rate no., step", styles["edge_name"])
        sheet.write_formula(self._index, f"=IFERROR({self._match},1)", styles["muted_centre"], 1)
        # Whatever is typed or pasted over the drop-down, this is a step.
        step = f"MAX(1,MIN({self._layout.steps},INT(N({self._chosen_step}))))"
        sheet.write_formula(self.step, f"={step}", styles["muted_centre"], 1)
        self._write_shown(book, sheet, loss, value)

    def _write_shown(self, book: NewBook, sheet: NewSheet, loss: str, value: float) -> None:
        address = f"M{CHOICE_ROW}"
        known = f"AND(ISNUMBER({self._match}),{self._chosen_step}={self.step})"
        formula = (
            f'=IF({known},"Shown: η = ","{NOT_THERE} η = ")&{self.rate_formula}&", step "&{self.step}'
            f'&IF(ISNUMBER({loss}),"","{NO_NUMBERS}")'
        )
        shown = f"Shown: η = {shown_number(self._first_rate)}, step 1{'' if math.isfinite(value) else NO_NUMBERS}"
        sheet.write_formula(address, formula, book.styles["muted"], shown)
        rule = {"type": "text", "criteria": "begins with", "value": NOT_THERE, "format": book.styles["bad_text"]}
        sheet.conditional_format(address, rule)

    @property
    def rate_formula(self) -> str:
        """The chosen learning rate, or the first if the chosen one does not exist, without the leading ``=``."""
        return f"IF(ISNUMBER({self._match}),{self._chosen_rate},{self._first_choice})"

    def value_formula(self, name: str) -> str:
        """Return the formula of a quantity at the chosen learning rate and step, without the leading ``=``.

        It uses VLOOKUP, which gives one value. INDEX may give many, so Excel 365 would write ``@`` before it.
        """
        tables = [on_sheet(sheet, self._layout.table) for sheet in self._layout.rate_sheets]
        return f"VLOOKUP({self.step},{_choose(self._index, tables)},{self._layout.number(name)},FALSE)"


def check_formulas_fit(layout: TableLayout) -> None:
    """Make sure that the longest formula, which names every sheet, has at most the characters that Excel allows.

    Raises:
        UserError: if it has more than 8,192.
    """
    choice = Choice(layout)
    if max(len(choice.value_formula(name)) for name in layout.columns) >= LONGEST_FORMULA:
        raise UserError(
            f"{len(layout.learning_rates)} learning rates with this many digits do not fit into one Excel formula: "
            "give fewer or shorter ones."
        )


def _choose(index: str, values: list[str]) -> str:
    """One of the values by its number, counted from 1.

    CHOOSE is not volatile as INDIRECT is: only a change of what it reads computes it anew. LibreOffice's takes 30
    values at most, so more are chosen from in groups.
    """
    if len(values) <= MOST_CHOICES:
        return f"CHOOSE({index},{','.join(values)})"
    groups = [values[start : start + MOST_CHOICES] for start in range(0, len(values), MOST_CHOICES)]
    chosen = [f"CHOOSE(MOD({index}-1,{MOST_CHOICES})+1,{','.join(group)})" for group in groups]
    return f"CHOOSE(INT(({index}-1)/{MOST_CHOICES})+1,{','.join(chosen)})"


def _offer(sheet: NewSheet, cell: str, source: str, what: str) -> None:
    """Offer a list at a cell, to choose from the cells `source`."""
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
