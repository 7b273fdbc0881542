"""Places on a sheet: rectangles of cells, and maps side by side."""

import math
from dataclasses import dataclass
from functools import cached_property

from xlsxwriter.utility import xl_rowcol_to_cell

from s6xl.workbook.inference.stages import MapShape
from s6xl.workbook.layout import absolute, on_sheet

# Maps side by side take at most this many small cells.
WIDEST = 120
# A map is wide enough for its number above it.
_NARROWEST = 3


@dataclass(frozen=True)
class CellRectangle:
    """A rectangle of cells on a sheet; rows and columns count from 0."""

    sheet: str
    row: int
    column: int
    rows: int = 1
    columns: int = 1

    def cell(self, row: int, column: int) -> str:
        """Return the address of a cell by its row and column within the rectangle."""
        return str(xl_rowcol_to_cell(self.row + row, self.column + column))

    @property
    def bounds(self) -> tuple[int, int, int, int]:
        """First row and column, last row and column, as XlsxWriter takes a range."""
        return self.row, self.column, self.row + self.rows - 1, self.column + self.columns - 1

    @property
    def corner(self) -> str:
        """Its first cell, such as ``$B$5``."""
        return absolute(self.cell(0, 0))

    @property
    def relative_area(self) -> str:
        """Its address, such as ``B5:D7``."""
        return f"{self.cell(0, 0)}:{self.cell(self.rows - 1, self.columns - 1)}"

    @property
    def area(self) -> str:
        """Its address, such as ``$B$5:$D$7``."""
        return absolute(self.relative_area)

    @property
    def full_area(self) -> str:
        """Its address with the sheet's name."""
        return on_sheet(self.sheet, self.area)


@dataclass(frozen=True)
class Maps:
    """Maps of one shape, side by side in rows; above each row of maps is a row for their numbers."""

    sheet: str
    row: int
    column: int
    shape: MapShape

    @cached_property
    def across(self) -> int:
        """How many maps are side by side, so that all rows of maps are about equally long."""
        channels, _, _ = self.shape
        most = min(channels, max(1, WIDEST // self.right))
        return math.ceil(channels / math.ceil(channels / most))

    @property
    def right(self) -> int:
        """The columns from one map to the next."""
        return max(self.shape[2] + 1, _NARROWEST)

    @property
    def down(self) -> int:
        """The rows from one row of maps to the next."""
        return self.shape[1] + 2

    @property
    def end(self) -> int:
        """The first row below the maps."""
        return self.row + math.ceil(self.shape[0] / self.across) * self.down

    def place(self, channel: int, y: int, x: int) -> tuple[int, int]:
        """Return row and column of a neuron."""
        below, beside = divmod(channel, self.across)
        return self.row + below * self.down + 1 + y, self.column + beside * self.right + x

    def cell(self, channel: int, y: int, x: int) -> str:
        """Return the address of a neuron."""
        return str(xl_rowcol_to_cell(*self.place(channel, y, x)))

    def cell_from_afar(self, channel: int, y: int, x: int) -> str:
        """Return the address of a neuron with the sheet's name."""
        return on_sheet(self.sheet, self.cell(channel, y, x))

    @property
    def block(self) -> CellRectangle:
        """The rectangle around all maps."""
        columns = (self.across - 1) * self.right + self.shape[2]
        return CellRectangle(self.sheet, self.row + 1, self.column, self.end - self.row - 2, columns)

    def position_formulas(self, channel: str, y: str, x: str) -> tuple[str, str]:
        """Return formulas of a neuron's row and column within `block`, from 1.

        Args:
            channel: the map, from 1: a cell's address or a sum.
            y: the row within the map, likewise.
            x: the column within the map, likewise.
        """
        row = f"INT(({channel}-1)/{self.across})*{self.down}+{y}"
        return row, f"MOD({channel}-1,{self.across})*{self.right}+{x}"

    def value_formula(self, channel: str, y: str, x: str) -> str:
        """Return a formula of a neuron's value, for any sheet; the arguments are those of `position_formulas`.

        SUM makes it one number: Excel 365 would write ``@`` before an INDEX that could give several.
        """
        row, column = self.position_formulas(channel, y, x)
        return f"SUM(INDEX({self.block.full_area},{row},{column}))"
