"""The layout of a stage's sheet: maps, one neuron worked through, weights, and the interleaved input."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from s6xl.workbook.inference.maps import WIDEST, CellRectangle, Maps
from s6xl.workbook.inference.neuron import MapParameter, Step
from s6xl.workbook.inference.stages import Stage

WAY_ROW, SENTENCE_ROW = 2, 3
# Widths in small cells: of a number, the sum of one input map, a parameter's name, and a map's number by its kernel.
NUMBER, SUM, LABEL, KERNEL_LABEL = 5, 4, 9, 3
# A window of more rows or columns is shown only as a picture.
_LARGEST_IN_NUMBERS = 7


@dataclass(frozen=True)
class Plan:
    """The layout of the sheet of a stage with these parameters and steps; rows and columns count from 0."""

    stage: Stage
    parameters: Sequence[MapParameter]
    steps: Sequence[Step]

    @cached_property
    def maps(self) -> Maps:
        """The stage's output, below the sentences and the section's title."""
        return Maps(self.stage.title, SENTENCE_ROW + len(self.stage.pointwise) + 4, 1, self.stage.outputs)

    # One neuron, worked through.

    @cached_property
    def choice_row(self) -> int:
        """The section's title."""
        return self.maps.end + 1

    @cached_property
    def pictures(self) -> tuple[CellRectangle, CellRectangle, CellRectangle]:
        """The window, the kernel and their products, each with a row for its name above it."""
        return self._picture(0), self._picture(1), self._picture(2)

    def _picture(self, number: int) -> CellRectangle:
        window = self.stage.window
        row = self.choice_row + 6 + number * (window.rows + 2)
        return CellRectangle(self.stage.title, row, 1, window.rows, window.columns * self.stage.inputs[0])

    @property
    def shows_numbers(self) -> bool:
        """Whether the window is shown in numbers: always for a pool, for a weighted sum if it is small."""
        window = self.stage.window
        return not self.stage.is_weighted or max(window.rows, window.columns) <= _LARGEST_IN_NUMBERS

    @property
    def has_input_maps(self) -> bool:
        """Whether the stage is a weighted sum over several maps."""
        return self.stage.is_weighted and self.stage.inputs[0] > 1

    @cached_property
    def numbers_row(self) -> int:
        """The row above the numbers, which says what they are."""
        return self._picture(3).row - 1 if self.stage.is_weighted else self.choice_row + 5

    @cached_property
    def sums_row(self) -> int:
        """The row above the sums, which says what they are."""
        shown = self.shows_numbers and self.stage.layer is not None
        return self.numbers_row + (self.stage.window.rows + 2 if shown else 1)

    @cached_property
    def steps_row(self) -> int:
        """The row of the first step's result."""
        return self.sums_row + (4 if self.has_input_maps else 0)

    # Weights: a column a map for the parameters, the kernels one below the other.

    @cached_property
    def weights_row(self) -> int:
        """The section's title."""
        return self.steps_row + len(self.steps) + 4

    @cached_property
    def parameters_row(self) -> int:
        """The headers of the parameters' columns, a small row below the section's title."""
        return self.weights_row + 2

    def parameter(self, index: int, channel: int) -> CellRectangle:
        """Return the cells of one map's parameter."""
        return CellRectangle(self.stage.title, self.parameters_row + 1 + index, 1 + LABEL + channel * NUMBER, 1, NUMBER)

    def parameter_row(self, index: int) -> str:
        """Return the cells of a parameter for all maps."""
        first = self.parameter(index, 0)
        return CellRectangle(first.sheet, first.row, first.column, 1, self.stage.outputs[0] * NUMBER).area

    def parameter_cells(self, channel: int) -> dict[str, str]:
        """Return the addresses of a map's parameters, by key."""
        return {p.key: self.parameter(index, channel).corner for index, p in enumerate(self.parameters)}

    @cached_property
    def kernels(self) -> CellRectangle:
        """All kernels, below the parameters and a row for their title."""
        window = self.stage.window
        row = self.parameters_row + len(self.parameters) + 3
        rows, columns = self.stage.outputs[0] * window.rows, window.columns * self.stage.inputs[0]
        return CellRectangle(self.stage.title, row, 1 + KERNEL_LABEL, rows, columns)

    @property
    def last_printed_row(self) -> int:
        """The last row that is printed: after the kernels, or after the steps if there are none."""
        return self.kernels.row + self.kernels.rows if self.stage.is_weighted else self.weights_row

    def kernel(self, channel: int) -> CellRectangle:
        """Return the cells of one map's kernel."""
        rows = self.stage.window.rows
        row = self.kernels.row + channel * rows
        return CellRectangle(self.stage.title, row, self.kernels.column, rows, self.kernels.columns)

    # The input.

    @cached_property
    def interleaved(self) -> CellRectangle:
        """The input with its maps interleaved: for each row y, and each column x, the numbers of all maps."""
        channels, height, width = self.stage.inputs
        around = 2 * self.stage.window.padding
        row = self.kernels.row + self.kernels.rows + 4
        return CellRectangle(self.stage.title, row, 1, height + around, (width + around) * channels)

    def seen(self, y: int, x: int) -> CellRectangle:
        """Return the part of the interleaved input that a neuron sees."""
        window, interleaved, channels = self.stage.window, self.interleaved, self.stage.inputs[0]
        row, column = interleaved.row + y * window.stride, interleaved.column + x * window.stride * channels
        return CellRectangle(interleaved.sheet, row, column, window.rows, window.columns * channels)

    @property
    def printed_columns(self) -> int:
        """How many columns are printed: enough for all but the interleaved input."""
        if not self.stage.is_weighted:
            return WIDEST
        by_map = LABEL + NUMBER * self.stage.outputs[0], SUM * self.stage.inputs[0]
        return max(WIDEST, *by_map, KERNEL_LABEL + self.kernels.columns)

    @property
    def columns(self) -> int:
        """How many columns the sheet needs."""
        return max(self.printed_columns, self.interleaved.columns) if self.stage.is_weighted else self.printed_columns
