"""Where the parts of a layer's sheet stand: maps, one neuron worked through, weights, and the interleaved input."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from s6xl.workbook.inference.maps import WIDEST, CellRectangle, Maps
from s6xl.workbook.inference.neuron import MapParameter, Step
from s6xl.workbook.inference.stages import Stage

WAY_ROW, SENTENCE_ROW = 2, 3
# Small cells that a number takes, the sum of one input map, a parameter's name, and a map's number beside its kernel.
NUMBER, SUM, LABEL, KERNEL_LABEL = 5, 4, 9, 3
# A window of more rows or columns is shown as a picture only.
_LARGEST_IN_NUMBERS = 7


@dataclass(frozen=True)
class Plan:
    """The places on the sheet of a stage, its parameters and steps being known; rows and columns count from 0."""

    stage: Stage
    parameters: Sequence[MapParameter]
    steps: Sequence[Step]

    @cached_property
    def maps(self) -> Maps:
        """What comes out, below the sentences and the section's title."""
        return Maps(self.stage.title, SENTENCE_ROW + len(self.stage.pointwise) + 4, 1, self.stage.outputs)

    # One neuron, worked through.

    @cached_property
    def choice_row(self) -> int:
        """The section's title."""
        return self.maps.end + 1

    @cached_property
    def pictures(self) -> tuple[CellRectangle, CellRectangle, CellRectangle]:
        """The window, the kernel and their products, each below a row for its name."""
        return self._picture(0), self._picture(1), self._picture(2)

    def _picture(self, number: int) -> CellRectangle:
        window = self.stage.window
        row = self.choice_row + 6 + number * (window.rows + 2)
        return CellRectangle(self.stage.title, row, 1, window.rows, window.columns * self.stage.inputs[0])

    @property
    def shows_numbers(self) -> bool:
        """Whether what is seen is shown number by number: a pool's always, of a weighted sum a small window's."""
        window = self.stage.window
        return not self.stage.is_weighted or max(window.rows, window.columns) <= _LARGEST_IN_NUMBERS

    @property
    def has_input_maps(self) -> bool:
        """Whether a weighted sum is over several maps."""
        return self.stage.is_weighted and self.stage.inputs[0] > 1

    @cached_property
    def numbers_row(self) -> int:
        """The row that says what the numbers below it are."""
        return self._picture(3).row - 1 if self.stage.is_weighted else self.choice_row + 5

    @cached_property
    def sums_row(self) -> int:
        """The row that says what the sums below it are."""
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
        """The heads of the parameters' columns, a small row below the title's line."""
        return self.weights_row + 2

    def parameter(self, index: int, channel: int) -> CellRectangle:
        """The cells of a map's parameter."""
        return CellRectangle(self.stage.title, self.parameters_row + 1 + index, 1 + LABEL + channel * NUMBER, 1, NUMBER)

    def parameter_row(self, index: int) -> str:
        """The cells of a parameter, all maps'."""
        first = self.parameter(index, 0)
        return CellRectangle(first.sheet, first.row, first.column, 1, self.stage.outputs[0] * NUMBER).area

    def parameter_cells(self, channel: int) -> dict[str, str]:
        """The addresses of a map's parameters, by key."""
        return {p.key: self.parameter(index, channel).corner for index, p in enumerate(self.parameters)}

    @cached_property
    def kernels(self) -> CellRectangle:
        """All kernels, below the parameters and the row that says what they are."""
        window = self.stage.window
        row = self.parameters_row + len(self.parameters) + 3
        rows, columns = self.stage.outputs[0] * window.rows, window.columns * self.stage.inputs[0]
        return CellRectangle(self.stage.title, row, 1 + KERNEL_LABEL, rows, columns)

    @property
    def last_printed_row(self) -> int:
        """Where what a page has room for ends: with the kernels, or with the steps where there are none."""
        return self.kernels.row + self.kernels.rows if self.stage.is_weighted else self.weights_row

    def kernel(self, channel: int) -> CellRectangle:
        """A map's kernel among them."""
        rows = self.stage.window.rows
        row = self.kernels.row + channel * rows
        return CellRectangle(self.stage.title, row, self.kernels.column, rows, self.kernels.columns)

    # The input.

    @cached_property
    def interleaved(self) -> CellRectangle:
        """The input with its maps interleaved: row y, and for each x all maps beside each other."""
        channels, height, width = self.stage.inputs
        around = 2 * self.stage.window.padding
        row = self.kernels.row + self.kernels.rows + 4
        return CellRectangle(self.stage.title, row, 1, height + around, (width + around) * channels)

    def seen(self, y: int, x: int) -> CellRectangle:
        """What a neuron sees of it."""
        window, interleaved, channels = self.stage.window, self.interleaved, self.stage.inputs[0]
        row, column = interleaved.row + y * window.stride, interleaved.column + x * window.stride * channels
        return CellRectangle(interleaved.sheet, row, column, window.rows, window.columns * channels)

    @property
    def printed_columns(self) -> int:
        """How many columns are printed: those of all but the input."""
        if not self.stage.is_weighted:
            return WIDEST
        by_map = LABEL + NUMBER * self.stage.outputs[0], SUM * self.stage.inputs[0]
        return max(WIDEST, *by_map, KERNEL_LABEL + self.kernels.columns)

    @property
    def columns(self) -> int:
        """How many columns the sheet needs."""
        return max(self.printed_columns, self.interleaved.columns) if self.stage.is_weighted else self.printed_columns
