"""A worksheet that stores formulas as they are, numbers in full, and a whole table at the speed of text.

XlsxWriter is made for sheets of mixed content: it looks through every formula for functions of later Excel versions,
keeps each cell as an object and writes it piece by piece. A table of gradient descent is one row repeated, so here it
is written as that: a template of the row's XML, filled in for each step.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

import numpy as np
from numpy.typing import NDArray
from xlsxwriter.format import Format
from xlsxwriter.utility import xl_col_to_name
from xlsxwriter.worksheet import Worksheet

# Stand in a formula of a table for the number of its row and of the row above.
ROW, ABOVE = "\x01", "\x02"
Progress = Callable[[int], None]
_CHUNK = 1_000
_ERROR = "#NUM!"


class DynamicFormula(str):
    """A formula that may give several cells, as a call of a function may.

    It is stored as such: where it is not, Excel 365 writes ``@`` before it.
    """

    __slots__ = ()


class SharedFormula(str):
    """The formula of cells one below the other, which moves along with each: only the first of them holds its text.

    `number` tells it apart on its sheet; `area`, of the first cell, is where all of them are.
    """

    number: int
    area: str

    def __new__(cls, formula: str, number: int, area: str = "") -> "SharedFormula":
        """Make it; a text takes further attributes only here."""
        made = super().__new__(cls, formula)
        made.number, made.area = number, area
        return made


def cached(value: float) -> float | str:
    """Return a number as a formula's cached value; if it is not finite, the error that Excel shows."""
    return value if math.isfinite(value) else _ERROR


@dataclass(frozen=True)
class FormulaTable:
    """A table of formulas whose rows repeat, with the rows numbered in column A.

    `first_formulas` are the first row's, `formulas` those of every later row, one for each column from column B on; in
    both, `ROW` and `ABOVE` are placeholders for row numbers. `values` has shape (rows, columns); NaN is written as
    #NUM!. `first_row` counts from 1.
    """

    first_row: int
    first_formulas: Sequence[str]
    formulas: Sequence[str]
    formats: Sequence[Format]
    numbers_format: Format
    values: NDArray[np.float64]

    def templates(self, formulas: Sequence[str], *, error: bool = False) -> list[str]:
        """Return the XML of a row's cells, each up to its value; `error` says whether that is an error."""
        kind = ' t="e"' if error else ""
        cells = []
        for column, (formula, style) in enumerate(zip(formulas, self.formats, strict=True), start=1):
            place = f"{xl_col_to_name(column)}{ROW}"
            cell_metadata, array = "", ""
            if isinstance(formula, DynamicFormula):
                # The workbook's first and only entry of cell metadata says that an array may spill.
                cell_metadata, array = ' cm="1"', f' t="array" ref="{place}"'
            cell = f'<c r="{place}" s="{style._get_xf_index()}"{kind}{cell_metadata}>'
            cells.append(f"{cell}<f{array}>{escape(formula, quote=False)}</f>")
        return cells

    def number_template(self) -> str:
        """Return the XML of the cell that numbers a row, up to its value."""
        return f'<c r="A{ROW}" s="{self.numbers_format._get_xf_index()}">'


class NewSheet(Worksheet):  # type: ignore[misc]  # XlsxWriter's classes carry no types
    """A worksheet with at most one `FormulaTable`, below everything else."""

    def __init__(self) -> None:
        super().__init__()
        self.big_table: FormulaTable | None = None
        self.progress: Progress = lambda rows: None
        self._shared_formulas = 0

    def write_table(self, table: FormulaTable) -> None:
        """Add a table, which is turned into XML when the workbook is closed.

        It must end by row 1,048,576, the last of a sheet (`MAX_STEPS` in `experiment` sees to that).
        """
        rows, columns = table.values.shape
        self._check_dimensions(table.first_row - 1, 0)
        self._check_dimensions(table.first_row + rows - 2, columns)
        self.big_table = table
        if any(isinstance(formula, DynamicFormula) for formula in (*table.first_formulas, *table.formulas)):
            self.has_dynamic_arrays = True

    def write_formula_down(self, row: int, column: int, formula: str, style: Format, values: Sequence[float]) -> None:
        """Write a formula into a column of cells, its references moved along from cell to cell.

        It is stored once, as a shared formula (ECMA-376 part 1, 18.3.1.40). It must not refer to other sheets, because
        Excel does not move such references.

        Args:
            row: the first cell's row, counted from 0.
            column: the column, counted from 0.
            formula: the first cell's formula.
            style: the cells' format.
            values: the cached values, one for each cell.
        """
        letters = xl_col_to_name(column)
        area = f"{letters}{row + 1}:{letters}{row + len(values)}"
        # XlsxWriter takes no formula without a text.
        first, later = SharedFormula(formula, self._shared_formulas, area), SharedFormula("=", self._shared_formulas)
        for below, value in enumerate(values):
            self.write_formula(row + below, column, later if below else first, style, value)
        self._shared_formulas += 1

    # What follows takes the place of XlsxWriter's own methods of the same names.

    def _prepare_formula(self, formula: str, expand_future_functions: bool = False) -> str:
        return formula if isinstance(formula, SharedFormula) else formula.removeprefix("=")

    def _xml_formula_element(self, formula: str, result: object, attributes: Sequence[tuple[str, Any]] = ()) -> None:
        if not isinstance(formula, SharedFormula):
            super()._xml_formula_element(formula, result, attributes)
            return
        area = [("ref", formula.area)] if formula.area else []
        shared = [("t", "shared"), *area, ("si", formula.number)]
        self._xml_start_tag("c", attributes)
        if formula.area:
            self._xml_data_element("f", formula.removeprefix("="), shared)
        else:
            self._xml_empty_tag("f", shared)
        self._xml_data_element("v", str(result))
        self._xml_end_tag("c")

    def _xml_number_element(self, number: float, attributes: Sequence[tuple[str, Any]] = ()) -> None:
        # XlsxWriter rounds to 16 digits; a float64 needs 17 to come back the same.
        self._xml_start_tag("c", attributes)
        self._xml_data_element("v", str(number))
        self._xml_end_tag("c")

    def _write_rows(self) -> None:
        super()._write_rows()
        if self.big_table is not None:
            self._write_table_rows(self.big_table)

    def _write_table_rows(self, table: FormulaTable) -> None:
        first, later = _RowWriter(table, table.first_formulas), _RowWriter(table, table.formulas)
        for start in range(0, len(table.values), _CHUNK):
            chunk = table.values[start : start + _CHUNK].tolist()
            rows = (
                (first if index == 0 else later).row(table.first_row, index, values)
                for index, values in enumerate(chunk, start=start)
            )
            self.fh.write("".join(rows))
            self.progress(len(chunk))

    def _get_range_data(self, row_start: int, col_start: int, row_end: int, col_end: int) -> list[Any]:
        """Return what charts keep as their own copy of the data."""
        table = self.big_table
        if table is None or row_start < table.first_row - 1:
            data: list[Any] = super()._get_range_data(row_start, col_start, row_end, col_end)
            # An empty cell is not text: a range that is not yet full would be taken for one of words.
            return [None if value == "" else value for value in data]
        rows = range(row_start - table.first_row + 1, row_end - table.first_row + 2)
        if col_start == 0:
            return [row + 1 for row in rows]
        values = table.values[rows.start : rows.stop, col_start - 1 : col_end].ravel().tolist()
        return [value if math.isfinite(value) else None for value in values]


class _RowWriter:
    """Writes rows of one set of formulas."""

    def __init__(self, table: FormulaTable, formulas: Sequence[str]) -> None:
        self._number = table.number_template()
        self._cells = table.templates(formulas)
        self._error_cells = table.templates(formulas, error=True)
        # The row in which every value is a number, as one text: it is nearly every row.
        cells = "".join(f"{cell.replace('%', '%%')}<v>%r</v></c>" for cell in self._cells)
        self._plain = f'<row r="{ROW}">{self._number}<v>%d</v></c>{cells}</row>'

    def row(self, first_row: int, index: int, values: Sequence[float]) -> str:
        """Return the XML of the table's row with this index, counted from 0."""
        row = first_row + index
        if all(map(math.isfinite, values)):
            return _placed(self._plain, row) % (index + 1, *values)
        cells = [
            f"{cell}<v>{value!r}</v></c>" if math.isfinite(value) else f"{error_cell}<v>{_ERROR}</v></c>"
            for cell, error_cell, value in zip(self._cells, self._error_cells, values, strict=True)
        ]
        return _placed(f'<row r="{ROW}">{self._number}<v>{index + 1}</v></c>{"".join(cells)}</row>', row)


def _placed(template: str, row: int) -> str:
    return template.replace(ROW, str(row)).replace(ABOVE, str(row - 1))
