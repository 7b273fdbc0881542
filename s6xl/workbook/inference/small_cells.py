"""A sheet of small square cells: maps are pictures made of them, numbers and texts span several."""

from collections.abc import Sequence
from typing import Any

from xlsxwriter.utility import xl_col_to_name

from s6xl.palette import NEGATIVE, NEUTRAL, POSITIVE, SERIES
from s6xl.workbook.book import NewBook
from s6xl.workbook.cnn.content import Value
from s6xl.workbook.inference.maps import CellRectangle
from s6xl.workbook.layout import on_sheet

# Sizes in pixels on the screen.
SMALL, LABEL_ROW, TEXT_ROW, NUMBER_ROW, SECTION_ROW = 10, 15, 20, 22, 26
MARGIN = 20
# A sheet has no more columns.
MOST_COLUMNS = 16_384
# The colour of the largest number where none is negative.
DEEP = "#1D4ED8"
_DECIMALS = 9
_UNDERLINED = 40  # columns


class SmallCells:
    """A sheet being written; rows and columns count from 0, and column 0 is the margin."""

    def __init__(self, book: NewBook, name: str, columns: int) -> None:
        self.name = name
        self.styles = book.styles
        self.sheet = book.add_sheet(name, tab=SERIES[2])
        self.sheet.set_default_row(SMALL * 0.75)
        self.sheet.set_column_pixels(0, 0, MARGIN)
        self.sheet.set_column_pixels(1, columns, SMALL)
        self._book = book
        self._small = self.styles["small_cell"]

    def write_section(self, row: int, title: str) -> None:
        """Write a section's title, underlined."""
        self.sheet.set_row_pixels(row, SECTION_ROW)
        self._book.write_section(self.sheet, row + 1, f"B:{xl_col_to_name(_UNDERLINED)}", title)

    def write_text(self, row: int, text: str, role: str = "text", height: int = TEXT_ROW) -> None:
        """Write a text that runs over the cells beside it."""
        self.sheet.set_row_pixels(row, height)
        self.sheet.write_string(row, 1, text, self.styles[role])

    def write_label(self, row: int, column: int, text: str) -> None:
        """Write a text in small letters; the row keeps its height."""
        self.sheet.write_string(row, column, text, self.styles["tiny_left"])

    def write_box(self, block: CellRectangle, content: Value, role: str, cached: Value = None) -> None:
        """Write a number, a text, or a formula with its cached value over all cells of a block."""
        style = self.styles[role]
        if block.rows * block.columns > 1:
            self.sheet.merge_range(*block.bounds, "", style)
        if isinstance(content, str) and content.startswith("="):
            self.sheet.write_formula(block.row, block.column, content, style, cached)
        else:
            self.sheet.write(block.row, block.column, content, style)

    def write_small(self, row: int, column: int, formula: str, value: float) -> None:
        """Write a formula, given without ``=``, into one small cell, which shows its number as a colour.

        Cached values are rounded to keep the file small.
        """
        self.sheet.write_formula(row, column, f"={formula}", self._small, round(value, _DECIMALS))

    def write_small_down(self, row: int, column: int, formula: str, values: Sequence[float]) -> None:
        """Write a formula into cells one below the other, its relative references moved along."""
        if len(values) == 1:
            self.write_small(row, column, formula, values[0])
            return
        rounded = [round(value, _DECIMALS) for value in values]
        self.sheet.write_formula_down(row, column, f"={formula}", self._small, rounded)

    def define_name(self, name: str, area: str) -> None:
        """Give cells of this sheet a name in the workbook."""
        self._book.workbook.define_name(name, f"={on_sheet(self.name, area)}")

    def colour(self, block: CellRectangle, *, signed: bool) -> None:
        """Colour numbers from white for 0 to blue; if `signed`, negative ones to red."""
        scale: dict[str, Any] = {"type": "2_color_scale", "min_type": "num", "min_value": 0, "max_type": "max"}
        scale |= {"min_color": NEUTRAL, "max_color": DEEP}
        if signed:
            largest = f"MAX(MAX({block.area}),-MIN({block.area}),0.000001)"
            scale = {"type": "3_color_scale", "mid_type": "num", "mid_value": 0, "mid_color": NEUTRAL}
            scale |= {"min_type": "formula", "min_value": f"=-{largest}", "min_color": NEGATIVE}
            scale |= {"max_type": "formula", "max_value": f"={largest}", "max_color": POSITIVE}
        self.sheet.conditional_format(block.area, scale)

    def shade_empty(self, block: CellRectangle) -> None:
        """Shade the empty cells of a block, which are padding."""
        self.sheet.conditional_format(block.area, {"type": "blanks", "format": self.styles["padding"]})

    def mark(self, block: CellRectangle, condition: str) -> None:
        """Frame the cells of a block for which a condition holds.

        LibreOffice needs this rule and the colours' rule to cover exactly the same block.
        """
        rule = {"type": "formula", "criteria": f"={condition}", "format": self.styles["marked"]}
        self.sheet.conditional_format(block.area, rule)
