"""The sheet Check: every gradient beside a slope that the sheet measures itself, and a verdict."""

import math
from collections.abc import Sequence

from s6xl.central_difference import FLOOR, TOLERANCE, WIDTH, largest_errors, moved, relative_error
from s6xl.derivation import Network, gradient, long_symbol, symbol
from s6xl.descent import descend
from s6xl.experiment import Experiment
from s6xl.expression import Expression, Name, substitute, to_excel
from s6xl.workbook.book import Book
from s6xl.workbook.choice import Choice
from s6xl.workbook.layout import CHECK, START, TableLayout, absolute, cell, on_sheet
from s6xl.workbook.rate import Rate
from s6xl.workbook.sheet import cached
from s6xl.workbook.styles import GOOD, INPUT

CHOICE_ROW, BANNER_ROW, CHOSEN_ROW = 4, 6, 9
WIDTH_CELL, TOLERANCE_CELL, FLOOR_CELL = "L10", "L11", "L12"
# Beyond this many steps the check of every step would make a large workbook slow to open.
CHECKED_STEPS = 1_000
AGREES, BROKEN, NO_NUMBER = "agrees", "BROKEN", "no number"
ALL_AGREE = "Every gradient agrees with the slope measured in the sheet."
SOME_BROKEN = "A gradient is BROKEN: it does not agree with the slope measured in the sheet. Look for red below."


def write_check(book: Book, network: Network, experiment: Experiment, rates: Sequence[Rate]) -> None:
    """Add the sheet, with the first learning rate and its first step chosen."""
    _CheckSheet(book, network, experiment, rates).write()


def _verdict(error: float) -> str:
    if math.isnan(error):
        return NO_NUMBER
    return AGREES if error <= TOLERANCE else BROKEN


class _CheckSheet:
    def __init__(self, book: Book, network: Network, experiment: Experiment, rates: Sequence[Rate]) -> None:
        self._book, self._styles = book, book.styles
        self._sheet = book.add_sheet(CHECK, tab=GOOD)
        self._network, self._rates = network, rates
        self._layout = TableLayout(network, experiment)
        self._choice = Choice(CHOICE_ROW, self._layout, experiment, rates)
        self._steps = min(experiment.steps, CHECKED_STEPS)
        # The forward passes have the table's columns down to the loss.
        self._pass_columns = network.columns[: network.columns.index(network.loss) + 1]
        self._every_row = CHOSEN_ROW + len(network.weights) + 4
        self._passes_row = self._every_row + len(rates) + 4

    def write(self) -> None:
        sheet, styles = self._sheet, self._styles
        sheet.set_column("A:A", 2)
        sheet.set_column("B:B", 12)
        sheet.set_column("C:J", 15)
        sheet.set_column("K:Y", 12)
        sheet.set_row_pixels(0, 12)
        sheet.set_row_pixels(1, 38)
        sheet.set_row_pixels(BANNER_ROW - 1, 32)
        sheet.write_string("B2", "Check: are the gradients right?", styles["title"])
        sheet.write_url("H2", f"internal:{on_sheet(START, 'A1')}", styles["link"], "Back to Start")
        self._choice.write(self._book, sheet)
        self._write_settings()
        errors = [*self._write_chosen_step(), *self._write_every_step()]
        self._write_banner(any(_verdict(error) == BROKEN for error in errors))
        sheet.freeze_panes(BANNER_ROW, 0)
        sheet.set_selection(f"D{CHOICE_ROW}")

    def _write_settings(self) -> None:
        for address, label, value in (
            (WIDTH_CELL, "h, the width", WIDTH),
            (TOLERANCE_CELL, "tolerance", TOLERANCE),
            (FLOOR_CELL, "floor", FLOOR),
        ):
            self._sheet.write_string(address.replace("L", "K"), label, self._styles["edge_name"])
            self._sheet.write_number(address, value, self._styles.varied("input", num_format="0E+00"))

    def _heading(self, row: int, title: str, explanation: str, headings: Sequence[str]) -> None:
        """A section's title in the row above `row`, and its columns' headings in `row`."""
        self._sheet.write_string(f"B{row - 1}", title, self._styles["table_title"])
        self._sheet.write_string(f"E{row - 1}", explanation, self._styles["italic"])
        for column, heading in enumerate(headings, start=2):
            self._sheet.write_string(cell(row, column), heading, self._styles["header"])

    def _error_formula(self, gradient_cells: str, up: str, down: str) -> str:
        width, floor = absolute(WIDTH_CELL), absolute(FLOOR_CELL)
        return f"ABS({gradient_cells}-({up}-({down}))/(2*{width}))/(ABS({gradient_cells})+{floor})"

    def _write_verdict(self, address: str, errors: str, error: float) -> None:
        tolerance = absolute(TOLERANCE_CELL)
        self._sheet.write_formula(
            address,
            f'=IF(COUNT({errors})<COLUMNS({errors}),"{NO_NUMBER}",IF(MAX({errors})<={tolerance},"{AGREES}","{BROKEN}"))',
            self._styles["verdict"],
            _verdict(error),
        )
        for text, role in ((AGREES, "good"), (BROKEN, "bad")):
            self._sheet.conditional_format(
                address, {"type": "cell", "criteria": "==", "value": f'"{text}"', "format": self._styles[role]}
            )

    def _colour_errors(self, addresses: str) -> None:
        self._sheet.conditional_format(
            addresses,
            {"type": "cell", "criteria": ">", "value": f"={absolute(TOLERANCE_CELL)}", "format": self._styles["bad"]},
        )

    def _write_chosen_step(self) -> list[float]:
        """Each gradient of the chosen step beside its central difference; returns the relative errors."""
        network, sheet, styles = self._network, self._sheet, self._styles
        loss = long_symbol(network.loss)
        self._heading(
            CHOSEN_ROW,
            "The chosen step",
            "Move one weight by h up and down, compute the error both times, and divide the difference by 2h.",
            (
                "weight",
                "∂E/∂w, sheet",
                f"{loss}(w + h)",
                f"{loss}(w − h)",
                "difference/2h",
                "relative error",
                "verdict",
            ),
        )
        values = dict(zip(network.columns, self._rates[0].table[0].tolist(), strict=True))
        givens = {name: values[name] for name in network.givens}
        self._write_passes_heading(givens)
        errors = []
        for index, weight in enumerate(network.weights):
            row = CHOSEN_ROW + 1 + index
            ups_and_downs = []
            for offset, (sign, label) in enumerate((("+", "+ h"), ("-", "− h"))):
                expression = moved(weight, sign)
                change = WIDTH if sign == "+" else -WIDTH
                pass_row = self._passes_row + 2 + 2 * index + offset
                result = self._write_pass(
                    pass_row, f"{weight} {label}", {weight: expression}, {**givens, weight: givens[weight] + change}
                )
                ups_and_downs.append((self._pass_cell(network.loss, pass_row), result))
            (up_cell, up), (down_cell, down) = ups_and_downs
            value = values[gradient(weight)]
            error = relative_error(value, up, down)
            sheet.write_string(f"B{row}", weight, styles["box_bold"])
            sheet.write_formula(
                f"C{row}", f"={self._choice.value_formula(gradient(weight))}", styles["general"], cached(value)
            )
            sheet.write_formula(f"D{row}", f"={up_cell}", styles["fine_value"], cached(up))
            sheet.write_formula(f"E{row}", f"={down_cell}", styles["fine_value"], cached(down))
            width = absolute(WIDTH_CELL)
            sheet.write_formula(
                f"F{row}", f"=(D{row}-E{row})/(2*{width})", styles["general"], cached((up - down) / (2 * WIDTH))
            )
            sheet.write_formula(
                f"G{row}", f"={self._error_formula(f'C{row}', f'D{row}', f'E{row}')}", styles["error"], cached(error)
            )
            self._write_verdict(f"H{row}", f"G{row}:G{row}", error)
            errors.append(error)
        self._colour_errors(f"G{CHOSEN_ROW + 1}:G{CHOSEN_ROW + len(network.weights)}")
        return errors

    def _write_every_step(self) -> list[float]:
        """For each sheet and weight the largest relative error of all its steps; returns these."""
        network, sheet, styles = self._network, self._sheet, self._styles
        row = self._every_row
        all_steps = self._layout.last_row - self._layout.first_row + 1
        which = "every step" if self._steps == all_steps else f"steps 1 to {self._steps:,}"
        self._heading(
            row,
            "Every sheet",
            f"The largest relative error of {which}: two forward passes a step, computed from t, i and w alone.",
            ("sheet", *map(symbol, network.gradients), "verdict"),
        )
        found = []
        last_column = 2 + len(network.weights)
        # The formulas of one sheet, with a mark for its name.
        patterns = {weight: self._column_errors("\0", weight) for weight in network.weights}
        for rate in self._rates:
            row += 1
            errors = largest_errors(network, rate.table[: self._steps])
            sheet.write_url(f"B{row}", f"internal:{on_sheet(rate.sheet, 'A1')}", styles["link_box"], rate.sheet)
            for column, weight in enumerate(network.weights, start=3):
                shown = errors[weight] if math.isfinite(errors[weight]) else NO_NUMBER
                relative = patterns[weight].replace("\0", rate.sheet)
                formula = f'=IFERROR(SUMPRODUCT(MAX({relative})),"{NO_NUMBER}")'
                sheet.write_formula(cell(row, column), formula, styles["error"], shown)
            worst = max(errors.values()) if all(map(math.isfinite, errors.values())) else math.nan
            self._write_verdict(cell(row, last_column + 1), f"C{row}:{cell(row, last_column)}", worst)
            found.append(worst)
        self._colour_errors(f"C{self._every_row + 1}:{cell(row, last_column)}")
        return found

    def _column_errors(self, sheet: str, weight: str) -> str:
        """The relative errors of one gradient at every step of a sheet, as one array."""
        last_row = self._layout.first_row + self._steps - 1

        def column(name: str) -> str:
            return absolute(WIDTH_CELL) if name == "h" else on_sheet(sheet, self._layout.column(name, last_row))

        loss = self._network.inlined(self._network.loss)
        up, down = (to_excel(substitute(loss, {weight: moved(weight, sign)}), column) for sign in "+-")
        return self._error_formula(column(gradient(weight)), up, down)

    def _pass_cell(self, name: str, row: int) -> str:
        return cell(row, 3 + self._pass_columns.index(name))

    def _write_passes_heading(self, givens: dict[str, float]) -> None:
        self._heading(
            self._passes_row,
            "The forward passes",
            "Nothing moved, then each weight moved up and down by h; the last column feeds the first table above.",
            ("moved", *map(symbol, self._pass_columns)),
        )
        row = self._passes_row + 1
        self._write_pass(row, "nothing", {}, givens)
        for name in self._network.givens:
            formula = f"={self._choice.value_formula(name)}"
            self._sheet.write_formula(self._pass_cell(name, row), formula, self._styles["value"], cached(givens[name]))

    def _write_pass(self, row: int, label: str, changes: dict[str, Expression], givens: dict[str, float]) -> float:
        """A row that computes one forward pass from givens that are the first pass's but for `changes`."""
        network = self._network
        values = dict(zip(network.columns, descend(network, givens, 1.0, 1)[0].tolist(), strict=True))
        self._sheet.write_string(f"B{row}", label, self._styles["box_bold"])

        def unmoved(name: str) -> str:
            return absolute(WIDTH_CELL) if name == "h" else self._pass_cell(name, self._passes_row + 1)

        for name in self._pass_columns:
            if name in network.givens:
                formula = to_excel(changes.get(name, Name(name)), unmoved)
            else:
                formula = to_excel(network[name].expression, lambda used: self._pass_cell(used, row))
            style = self._styles.varied("value", bg_color=INPUT) if name in changes else self._styles["value"]
            self._sheet.write_formula(self._pass_cell(name, row), f"={formula}", style, cached(values[name]))
        return float(values[network.loss])

    def _write_banner(self, broken: bool) -> None:
        verdicts = (
            f"H{CHOSEN_ROW + 1}:H{CHOSEN_ROW + len(self._network.weights)}",
            f"{cell(self._every_row + 1, 3 + len(self._network.weights))}:"
            f"{cell(self._every_row + len(self._rates), 3 + len(self._network.weights))}",
        )
        count = "+".join(f'COUNTIF({addresses},"{BROKEN}")' for addresses in verdicts)
        address = f"B{BANNER_ROW}"
        self._sheet.merge_range(f"{address}:J{BANNER_ROW}", "", self._styles["banner"])
        self._sheet.write_formula(
            address,
            f'=IF({count}>0,"{SOME_BROKEN}","{ALL_AGREE}")',
            self._styles["banner"],
            SOME_BROKEN if broken else ALL_AGREE,
        )
        for criteria, text, role in (("begins with", "A gradient", "bad"), ("begins with", "Every", "good")):
            self._sheet.conditional_format(
                f"{address}:J{BANNER_ROW}",
                {"type": "text", "criteria": criteria, "value": text, "format": self._styles[role]},
            )
