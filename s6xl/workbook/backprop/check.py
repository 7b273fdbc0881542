"""The sheet Check: each number of the other sheets is computed in another way, and judged."""

import math
from collections.abc import Callable, Sequence
from functools import cache

import numpy as np

from s6xl.backprop.expression import substitute, to_excel
from s6xl.backprop.network import UPDATE, gradient, symbol, update_of
from s6xl.backprop.verification import (
    FLOOR,
    SMALLEST_STEP,
    TOLERANCE,
    WIDTH,
    gradient_errors,
    loss_error,
    moved,
    relative_error,
    update_error,
)
from s6xl.ooxml.addresses import address
from s6xl.palette import GOOD
from s6xl.workbook.backprop.blueprint import Blueprint, Rate
from s6xl.workbook.backprop.choice import Choice
from s6xl.workbook.backprop.forward_passes import ForwardPasses
from s6xl.workbook.book import NewBook
from s6xl.workbook.layout import (
    CHECK,
    CHOSEN_RATE,
    RATE_CELL,
    START,
    absolute,
    on_sheet,
    rate_cell,
)
from s6xl.workbook.sheet import cached

BANNER_ROW, CHOSEN_ROW = 6, 9
# The settings are to the right of the first table.
WIDTH_CELL, TOLERANCE_CELL, FLOOR_CELL = "$L$10", "$L$11", "$L$12"
# A placeholder in a formula for a sheet's name.
SHEET = "\0"
FIRST_ERROR_COLUMN = 4
# Beyond this many steps the check of every step would make a large workbook slow to open.
CHECKED_STEPS = 1_000
AGREES, BROKEN, NO_NUMBER = "agrees", "BROKEN", "no number"
ALL_AGREE = "All that is checked below agrees: gradients with measured slopes, errors and weights with their formulas."
SOME_BROKEN = "BROKEN: something does not agree with its check. Look for red below."
SOME_UNKNOWN = "What could be checked agrees, but some of it is no number and could not."


def write_check(book: NewBook, blueprint: Blueprint) -> None:
    """Add the sheet, with the first learning rate and its first step chosen."""
    _CheckSheet(book, blueprint).write()


def verdict(error: float) -> str:
    """Return the sheet's verdict on a relative error."""
    if math.isnan(error):
        return NO_NUMBER
    return AGREES if error <= TOLERANCE else BROKEN


def checked_steps(rate: Rate) -> int:
    """Return how many steps are checked: those before a descent diverges, from 1 to `CHECKED_STEPS`."""
    diverged = np.flatnonzero(~np.isfinite(rate.table).all(axis=1))
    steps = int(diverged[0]) if diverged.size else len(rate.table)
    return max(1, min(steps, CHECKED_STEPS))


class _CheckSheet:
    def __init__(self, book: NewBook, blueprint: Blueprint) -> None:
        self._book, self._styles = book, book.styles
        self._sheet = book.add_sheet(CHECK, tab=GOOD)
        self._network, self._layout, self._rates = blueprint.network, blueprint.layout, blueprint.rates
        self._loss = self._network.inlined(self._network.loss)
        self._choice = Choice(self._layout)
        self._values = blueprint.first_step
        self._every_row = CHOSEN_ROW + len(self._network.weights) + 4
        self._passes_row = self._every_row + len(self._rates) + 4
        givens = {name: self._values[name] for name in self._network.givens}
        self._passes = ForwardPasses(self._network, givens, self._passes_row, WIDTH_CELL)
        # Behind the errors of the gradients, the loss, the updates and the start.
        self._verdict_column = FIRST_ERROR_COLUMN + len(self._network.weights) + 3
        self._verdicts: list[str] = []

    def write(self) -> None:
        sheet = self._sheet
        sheet.set_column("A:A", 2)
        sheet.set_column("B:B", 16)
        sheet.set_column("C:N", 15)
        sheet.set_column("O:Y", 12)
        sheet.set_row_pixels(BANNER_ROW - 1, 32)
        self._book.write_heading(sheet, "Check: are the gradients right?", self._network.warning)
        self._choice.write(self._book, sheet, self._passes.unmoved_loss_cell, self._values[self._network.loss])
        self._write_settings()
        self._section(
            self._passes_row,
            "The forward passes",
            "First nothing is moved, then each weight up and down by h. The last column feeds the first table.",
            self._passes.headers,
        )
        self._passes.write(self._book, sheet, self._choice)
        self._write_chosen_step()
        self._write_every_sheet()
        self._write_banner()
        # Not every cell of a row is meant to be like its neighbours, which Excel's green corners would doubt.
        sheet.ignore_errors({"formula_differs": "B1:Y999", "formula_range": "B1:Y999"})
        sheet.freeze_panes(BANNER_ROW, 0)
        sheet.set_selection(CHOSEN_RATE)

    def _write_settings(self) -> None:
        for fixed, label, value, largest in (
            (WIDTH_CELL, "h, the width", WIDTH, 1),
            (TOLERANCE_CELL, "tolerance", TOLERANCE, 0.01),
            (FLOOR_CELL, "floor", FLOOR, 0.01),
        ):
            place = fixed.replace("$", "")
            self._sheet.write_string(place.replace("L", "K"), label, self._styles["edge_name"])
            self._sheet.write_number(place, value, self._styles.varied("input", num_format="0E+00"))
            self._sheet.data_validation(
                place,
                {
                    "validate": "decimal",
                    "criteria": "between",
                    "ignore_blank": False,
                    "minimum": 1e-15,
                    "maximum": largest,
                    "error_title": "Enter a small number",
                    "error_message": f"Enter a number from 1E-15 to {largest}.",
                },
            )

    def _section(self, row: int, title: str, explanation: str, headers: Sequence[str]) -> None:
        """Write a section's title into the row above `row`, and its columns' headers into `row`."""
        self._sheet.write_string(f"B{row - 1}", title, self._styles["table_title"])
        self._sheet.write_string(f"E{row - 1}", explanation, self._styles["italic"])
        for column, header in enumerate(headers, start=2):
            self._sheet.write_string(address(row, column), header, self._styles["header"])

    def _write_verdict(self, address: str, formula: str, shown: str) -> None:
        self._sheet.write_formula(address, f"={formula}", self._styles["verdict"], shown)
        self._verdicts.append(shown)

    def _colour(self, addresses: str) -> None:
        """Colour verdicts: red if broken or beyond the tolerance, amber if there is no number, green if it agrees."""
        for text, role in ((NO_NUMBER, "unknown"), (AGREES, "good"), (BROKEN, "bad")):
            equal = {"type": "cell", "criteria": "==", "value": f'"{text}"', "stop_if_true": True}
            self._sheet.conditional_format(addresses, {**equal, "format": self._styles[role]})
        beyond = {"type": "cell", "criteria": ">", "value": f"={TOLERANCE_CELL}", "format": self._styles["bad"]}
        self._sheet.conditional_format(addresses, beyond)

    def _write_chosen_step(self) -> None:
        """Each gradient of the chosen step beside its central difference."""
        sheet, styles, loss = self._sheet, self._styles, symbol(self._network.loss)
        self._section(
            CHOSEN_ROW,
            "The chosen step",
            "Move one weight up and down by h, compute the error each time, and divide the difference by 2h.",
            ("weight", "∂E/∂w, sheet", f"{loss}(w + h)", f"{loss}(w − h)", "slope", "relative error", "verdict"),
        )
        for row, weight in enumerate(self._network.weights, start=CHOSEN_ROW + 1):
            slope, (up, down) = self._values[gradient(weight)], self._passes.losses[weight]
            up_cell, down_cell = self._passes.loss_cells[weight]
            error = relative_error(slope, up, down)
            sheet.write_string(f"B{row}", weight, styles["box_bold"])
            for column, formula, role, value in (
                ("C", self._choice.value_formula(gradient(weight)), "general", slope),
                ("D", up_cell, "fine_value", up),
                ("E", down_cell, "fine_value", down),
                ("F", f"(D{row}-E{row})/(2*{WIDTH_CELL})", "general", (up - down) / (2 * WIDTH)),
                ("G", _relative_error_formula(f"C{row}", f"D{row}", f"E{row}"), "error", error),
            ):
                sheet.write_formula(f"{column}{row}", f"={formula}", styles[role], cached(value))
            unjudged = f'IF(AND(ISNUMBER(F{row}),NOT(ISNUMBER(C{row}))),"{BROKEN}","{NO_NUMBER}")'
            self._write_verdict(f"H{row}", f"IF(ISNUMBER(G{row}),{_judged(f'G{row}')},{unjudged})", verdict(error))
        last_row = CHOSEN_ROW + len(self._network.weights)
        self._colour(f"G{CHOSEN_ROW + 1}:H{last_row}")
        styles.keep_readable(sheet, f"D{CHOSEN_ROW + 1}:E{last_row}", largest=10)

    def _write_every_sheet(self) -> None:
        """For each sheet the largest errors of its start, gradients, loss and updates over the steps checked."""
        network, sheet, styles = self._network, self._sheet, self._styles
        self._section(
            self._every_row,
            "Every sheet",
            "The largest relative error over the steps checked. Slopes and E_tot are computed from t, i and w alone.",
            (
                *("sheet", "steps checked", *map(symbol, network.gradients), symbol(network.loss)),
                *("updates", "start, steps", "verdict"),
            ),
        )
        first_column, last_column = FIRST_ERROR_COLUMN, self._verdict_column - 1
        for row, rate in enumerate(self._rates, start=self._every_row + 1):
            steps = checked_steps(rate)
            table = rate.table[:steps]
            errors = [
                *gradient_errors(network, table).values(),
                loss_error(network, table),
                update_error(network, table, rate.value),
                0.0,  # the start is where the table begins
            ]
            formulas = [formula.replace(SHEET, rate.sheet) for formula in self._formulas(steps)]
            formulas.append(self._start_formula(rate, steps))
            sheet.write_url(f"B{row}", f"internal:{on_sheet(rate.sheet, 'A1')}", styles["link_box"], rate.sheet)
            sheet.write_number(f"C{row}", steps, styles["general"])
            for column, (formula, error) in enumerate(zip(formulas, errors, strict=True), start=first_column):
                shown = error if math.isfinite(error) else NO_NUMBER
                sheet.write_formula(address(row, column), f"={formula}", styles["error"], shown)
            found = f"{address(row, first_column)}:{address(row, last_column)}"
            unjudged = f'IF(COUNTIF({found},"{BROKEN}")>0,"{BROKEN}","{NO_NUMBER}")'
            formula = f"IF(COUNT({found})={len(errors)},{_judged(f'MAX({found})')},{unjudged})"
            self._write_verdict(address(row, self._verdict_column), formula, verdict(float(np.max(errors))))
        last_row = self._every_row + len(self._rates)
        self._colour(f"{address(self._every_row + 1, first_column)}:{address(last_row, self._verdict_column)}")

    @cache  # noqa: B019  (as long as the sheet is written)
    def _formulas(self, steps: int) -> tuple[str, ...]:
        """Return the formulas of a sheet's row, with `SHEET` for its name: they are long, and alike for most sheets."""
        gradients = (self._gradient_formula(steps, weight) for weight in self._network.weights)
        return (*gradients, self._loss_formula(steps), self._update_formula(steps))

    def _cells(self, first_step: int, last_step: int) -> Callable[[str], str]:
        """Return the cells of a quantity on a sheet, over a range of steps; ``h`` and ``lr`` are single cells."""
        single = {"h": WIDTH_CELL, "lr": on_sheet(SHEET, absolute(RATE_CELL))}

        def column(name: str) -> str:
            if name in single:
                return single[name]
            return on_sheet(SHEET, self._layout.column(name, first_step=first_step, last_step=last_step))

        return column

    def _gradient_formula(self, steps: int, weight: str) -> str:
        cells = self._cells(1, steps)
        up, down = (to_excel(substitute(self._loss, {weight: moved(weight, sign)}), cells) for sign in "+-")
        slope = cells(gradient(weight))
        return _largest_or(_relative_error_formula(slope, up, down), [f"(1-ISNUMBER({slope}))*(1-ISERROR({up}))"])

    def _loss_formula(self, steps: int) -> str:
        cells = self._cells(1, steps)
        expected, found = to_excel(self._loss, cells), cells(self._network.loss)
        error = f"ABS({found}-({expected}))/(ABS({expected})+{FLOOR_CELL})"
        return _largest_or(error, [f"(1-ISNUMBER({found}))*(1-ISERROR({expected}))"])

    def _update_formula(self, steps: int) -> str:
        if steps == 1:
            return "0"  # the one step has nothing before it
        before, after = self._cells(1, steps - 1), self._cells(2, steps)
        errors, broken = [], []
        for name in self._network.givens:
            expected, sources = before(name), [before(name)]
            if name in self._network.weights:
                expected = to_excel(substitute(UPDATE.expression, update_of(name)), before)
                sources += [before(gradient(name)), before("lr")]
            step = f"(ABS({before(name)}-({expected}))+{SMALLEST_STEP:.0E})"
            errors.append(f"ABS({after(name)}-({expected}))/{step}")
            known = "*".join(f"ISNUMBER({source})" for source in sources)
            broken.append(f"{known}*(1-ISNUMBER({after(name)}))")
        return _largest_or(errors, broken)

    def _start_formula(self, rate: Rate, steps: int) -> str:
        """Whether the first row and the rate are those on Start, and the steps numbered from 1 to the last."""
        layout, first_row = self._layout, self._cells(1, 1)
        places = {**layout.start_cells, "lr": rate_cell(rate.index)}

        def numbers(first_step: int, last_step: int) -> str:
            return on_sheet(SHEET, layout.numbers(first_step=first_step, last_step=last_step))

        errors, broken = [], []
        for name, place in places.items():
            found, expected = first_row(name), on_sheet(START, absolute(place))
            errors.append(f"ABS({found}-{expected})/(ABS({expected})+{SMALLEST_STEP:.0E})")
            broken.append(f"ISNUMBER({expected})*(1-ISNUMBER({found}))")
        missing = f"ABS({layout.steps}-COUNT({numbers(1, layout.steps)}))"
        errors += [missing, f"ABS({numbers(1, 1)}-1)"]
        if steps > 1:
            errors.append(f"ABS({numbers(2, steps)}-{numbers(1, steps - 1)}-1)")
        broken.append(f"IFERROR({missing},1)")
        return _largest_or(errors, broken).replace(SHEET, rate.sheet)

    def _write_banner(self) -> None:
        every_first, every_last = self._every_row + 1, self._every_row + len(self._rates)
        verdicts = (
            f"H{CHOSEN_ROW + 1}:H{CHOSEN_ROW + len(self._network.weights)}",
            f"{address(every_first, self._verdict_column)}:{address(every_last, self._verdict_column)}",
        )

        def count(text: str) -> str:
            return "+".join(f'COUNTIF({addresses},"{text}")' for addresses in verdicts)

        shown = ALL_AGREE
        if BROKEN in self._verdicts:
            shown = SOME_BROKEN
        elif NO_NUMBER in self._verdicts:
            shown = SOME_UNKNOWN
        banner = f"B{BANNER_ROW}:K{BANNER_ROW}"
        unbroken = f'IF({count(NO_NUMBER)}>0,"{SOME_UNKNOWN}","{ALL_AGREE}")'
        self._sheet.merge_range(banner, "", self._styles["banner"])
        self._sheet.write_formula(
            f"B{BANNER_ROW}",
            f'=IF({count(BROKEN)}>0,"{SOME_BROKEN}",{unbroken})',
            self._styles["banner"],
            shown,
        )
        for text, role in ((SOME_BROKEN, "bad"), (SOME_UNKNOWN, "unknown"), (ALL_AGREE, "good")):
            rule = {"type": "text", "criteria": "begins with", "value": text[:8], "format": self._styles[role]}
            self._sheet.conditional_format(banner, rule)


def _relative_error_formula(slope: str, up: str, down: str) -> str:
    """`relative_error` over cells, or over ranges of the same size."""
    return f"ABS({slope}-({up}-({down}))/(2*{WIDTH_CELL}))/(ABS({slope})+{FLOOR_CELL}*(1+ABS({up})))"


def _judged(error: str) -> str:
    """Return the verdict on a number; without a tolerance, none."""
    return f'IF(ISNUMBER({TOLERANCE_CELL}),IF({error}<={TOLERANCE_CELL},"{AGREES}","{BROKEN}"),"{NO_NUMBER}")'


def _largest_or(errors: str | Sequence[str], broken: Sequence[str]) -> str:
    """Return the largest of some arrays of errors; if that is not a number, BROKEN if any of `broken` counts a cell."""
    arrays = [errors] if isinstance(errors, str) else errors
    # SUMPRODUCT makes every spreadsheet compute its argument for whole columns, without Ctrl-Shift-Enter.
    largest = ",".join(f"SUMPRODUCT(MAX({array}))" for array in arrays)
    counted = "+".join(f"SUMPRODUCT({array})" for array in broken)
    return f'IFERROR(MAX({largest}),IF({counted}>0,"{BROKEN}","{NO_NUMBER}"))'
