"""One neuron of a stage worked through: what it sees, its kernel, the products, their sum, and the steps after it."""

from collections.abc import Mapping

import numpy as np

from s6xl.mnist.layers import INK, MEAN, STD, normalised
from s6xl.workbook.inference.maps import CellRectangle
from s6xl.workbook.inference.plan import NUMBER, SUM
from s6xl.workbook.inference.scene import Scene, Values, normalising
from s6xl.workbook.inference.small_cells import LABEL_ROW, NUMBER_ROW, TEXT_ROW, SmallCells

MAP, ROW, COLUMN, INPUT_MAP = "Map", "Row", "Column", "Input map"
# Widths in small cells: of a yellow cell, of the number beside it, from one to the next, and of a step's words.
_ENTRY, _SHOWN, _APART, _WORDS = 5, 3, 12, 34
_MOST_CHOICES = 4


class WorkedNeuron:
    """Writes the section of one neuron; the workbook opens with the neuron of the largest output."""

    def __init__(self, grid: SmallCells, scene: Scene) -> None:
        self._grid = grid
        self._scene = scene
        self._plan = scene.plan
        self._channel, y, x = map(int, np.unravel_index(scene.outputs.argmax(), scene.stage.outputs))
        self._place = y, x
        self._seen = scene.seen(y, x)
        self._position = ("1", "1", "1")  # the cells that say which neuron it is: map, row and column, from 1

    def write(self) -> None:
        """Write the section."""
        plan, stage, maps = self._plan, self._scene.stage, self._plan.maps.block
        self._grid.write_section(plan.choice_row, "One neuron, number by number")
        if stage.is_weighted:
            kernel = self._scene.kernels[self._channel]
            products = self._seen * kernel
            input_map = int(np.abs(products.sum(axis=(0, 1))).argmax())
            cells = self._write_choice({INPUT_MAP: (input_map, stage.inputs[0])})
            self._write_pictures(kernel, products)
            if plan.shows_numbers:
                self._write_numbers((self._seen, kernel, products), cells[INPUT_MAP], input_map)
            if plan.has_input_maps:
                self._write_sums(products)
            total = f"=SUM({plan.pictures[2].area})"
            self._write_steps("Sum of all products", total, float(products.sum()))
        else:
            self._write_choice({})
            self._write_pixel() if stage.layer is None else self._write_pool()
        row, column = plan.maps.position_formulas(*self._position)
        self._grid.mark(maps, f"AND(ROW()={maps.row}+{row},COLUMN()={maps.column}+{column})")

    def _write_choice(self, further: Mapping[str, tuple[int, int]]) -> Mapping[str, str]:
        """Write yellow cells to choose a neuron by, each from 1 and only where there is more than one.

        Args:
            further: more to choose, by name: the first index, from 0, and the number.

        Returns:
            The cells with what is shown, by name.
        """
        grid, row, (maps, rows, columns) = self._grid, self._plan.choice_row + 1, self._scene.stage.outputs
        y, x = self._place
        choices = {MAP: (self._channel, maps), ROW: (y, rows), COLUMN: (x, columns), **further}
        shown = dict.fromkeys(choices, "1")
        grid.write_text(row, "Choose it in the yellow cells; a frame marks it in the maps above.", "muted")
        grid.sheet.set_row_pixels(row + 1, LABEL_ROW)
        grid.sheet.set_row_pixels(row + 2, NUMBER_ROW)
        possible = [(name, index, most) for name, (index, most) in choices.items() if most > 1]
        for number, (name, index, most) in enumerate(possible):
            column = 1 + number * _APART
            grid.write_label(row + 1, column, f"{name}, 1 to {most}")
            entry = CellRectangle(grid.name, row + 2, column, 1, _ENTRY)
            grid.write_box(entry, index + 1, "input")
            used = CellRectangle(grid.name, row + 2, column + _ENTRY, 1, _SHOWN)
            # Whatever is typed, the neuron shown exists.
            grid.write_box(used, f"=MAX(1,MIN({most},INT(N({entry.corner}))))", "tiny", index + 1)
            message = f"Enter a whole number from 1 to {most}."
            rule = {"validate": "integer", "criteria": "between", "minimum": 1, "maximum": most}
            corner = entry.row, entry.column
            grid.sheet.data_validation(*corner, *corner, {**rule, "error_title": name, "error_message": message})
            shown[name] = used.corner
        self._position = shown[MAP], shown[ROW], shown[COLUMN]
        return shown

    def _write_pixel(self) -> None:
        """Write a pixel, and how it is normalised."""
        plan, value = self._plan, float(self._scene.inputs[self._channel][self._place])
        box = self._step_box(plan.numbers_row)
        self._grid.write_text(plan.numbers_row, "Its pixel p on the sheet Digit", height=NUMBER_ROW)
        self._grid.write_box(box, f"={self._scene.before.value_formula(*self._position)}", "general", value)
        words = f"(p/{INK} − {MEAN}) / {STD}"
        self._write_steps(words, f"={normalising(box.corner)}", float(normalised(value)))

    def _write_pool(self) -> None:
        """Write what a pool sees in numbers, and its result."""
        plan, grid, scene = self._plan, self._grid, self._scene
        window, (which, y, x) = scene.stage.window, self._position
        values: Values = self._seen[:, :, self._channel]
        grid.write_text(plan.numbers_row, "What it sees of the map before", "tiny_left")
        block = CellRectangle(grid.name, plan.numbers_row + 1, 1, window.rows, window.columns * NUMBER)
        for row in range(window.rows):
            grid.sheet.set_row_pixels(block.row + row, NUMBER_ROW)
            for column in range(window.columns):
                there = f"({y}-1)*{window.stride}+{row + 1}", f"({x}-1)*{window.stride}+{column + 1}"
                box = CellRectangle(grid.name, block.row + row, 1 + column * NUMBER, 1, NUMBER)
                formula = f"={scene.before.value_formula(which, *there)}"
                grid.write_box(box, formula, "tiny_value", float(values[row, column]))
        words, value = ("Their largest", values.max()) if scene.pool == "MAX" else ("Their mean", values.mean())
        self._write_steps(words, f"={scene.pool}({block.area})", float(value))

    def _write_pictures(self, kernel: Values, products: Values) -> None:
        """Write window, kernel and products, each as a picture of all input maps."""
        grid, plan, stage = self._grid, self._plan, self._scene.stage
        window, channels = stage.window, stage.inputs[0]
        top, left, kernel_top = self._write_corners()
        sees, weighs, makes = plan.pictures
        between = "; in each of its columns all input maps stand side by side" if channels > 1 else ""
        titles = (
            f"What it sees: {window.rows} × {window.columns} × {channels}{between}",
            "times its kernel",
            "gives the products",
        )
        for picture, title in zip(plan.pictures, titles, strict=True):
            grid.write_text(picture.row - 1, title, "tiny_left", height=LABEL_ROW)
            grid.colour(picture, signed=True)
        for row in range(window.rows):
            for column in range(window.columns * channels):
                at = row, *divmod(column, channels)
                in_interleaved = f"SUM(INDEX({plan.interleaved.area},{top}+{row + 1},{left}+{column + 1}))"
                in_kernels = f"SUM(INDEX({plan.kernels.area},{kernel_top}+{row + 1},{column + 1}))"
                product = f"{sees.cell(row, column)}*{weighs.cell(row, column)}"
                for picture, formula, values in (
                    (sees, in_interleaved, self._seen),
                    (weighs, in_kernels, kernel),
                    (makes, product, products),
                ):
                    grid.write_small(picture.row + row, picture.column + column, formula, float(values[at]))
        interleaved = plan.interleaved
        in_rows = f"ROW()>{interleaved.row}+{top},ROW()<={interleaved.row + sees.rows}+{top}"
        in_columns = f"COLUMN()>{interleaved.column}+{left},COLUMN()<={interleaved.column + sees.columns}+{left}"
        grid.mark(interleaved, f"AND({in_rows},{in_columns})")

    def _write_corners(self) -> list[str]:
        """Write where the window begins in the input below, and the kernel among all, from 0; return these cells."""
        grid, window, row = self._grid, self._scene.stage.window, self._plan.choice_row + 2
        which, y, x = self._position
        channel, (place_y, place_x), channels = self._channel, self._place, self._scene.stage.inputs[0]
        corners = (
            ("First row below", f"({y}-1)*{window.stride}", place_y * window.stride),
            ("First column below", f"({x}-1)*{window.stride * channels}", place_x * window.stride * channels),
            ("First kernel row", f"({which}-1)*{window.rows}", channel * window.rows),
        )
        cells = []
        for number, (name, formula, value) in enumerate(corners, start=_MOST_CHOICES):
            box = CellRectangle(grid.name, row + 1, 1 + number * _APART, 1, _ENTRY)
            grid.write_label(row, box.column, name)
            grid.write_box(box, f"={formula}", "tiny", value)
            cells.append(box.corner)
        return cells

    def _write_numbers(self, values: tuple[Values, Values, Values], chosen: str, input_map: int) -> None:
        """Write what the neuron sees of one input map, its kernel for that, and the products, in numbers."""
        plan, grid = self._plan, self._grid
        window, channels = self._scene.stage.window, self._scene.stage.inputs[0]
        first_row = plan.numbers_row + 1
        grid.sheet.set_row_pixels(plan.numbers_row, TEXT_ROW)
        words = "what it sees × kernel → products"
        if plan.has_input_maps:
            title = CellRectangle(grid.name, plan.numbers_row, 1)
            formula = f'="Of input map "&{chosen}&": {words}"'
            grid.write_box(title, formula, "tiny_left", f"Of input map {input_map + 1}: {words}")
        else:
            grid.write_label(plan.numbers_row, 1, f"In numbers: {words}")
        for row in range(window.rows):
            grid.sheet.set_row_pixels(first_row + row, NUMBER_ROW)
        for number, (picture, numbers) in enumerate(zip(plan.pictures, values, strict=True)):
            left = 1 + number * (window.columns * NUMBER + 3)
            if number:
                middle = first_row + window.rows // 2
                grid.sheet.write_string(middle, left - 2, "×→"[number - 1], grid.styles["sign"])
            for row in range(window.rows):
                line = f"{picture.cell(row, 0)}:{picture.cell(row, picture.columns - 1)}"
                for column in range(window.columns):
                    formula = f"=SUM(INDEX({line},1,{column * channels}+{chosen}))"
                    box = CellRectangle(grid.name, first_row + row, left + column * NUMBER, 1, NUMBER)
                    grid.write_box(box, formula, "tiny_value", float(numbers[row, column, input_map]))

    def _write_sums(self, products: Values) -> None:
        """Write the sum of the products of each input map, whose columns are interleaved with the others'."""
        plan, grid = self._plan, self._grid
        row, channels, makes = plan.sums_row, self._scene.stage.inputs[0], plan.pictures[2]
        grid.write_text(row, "Sums of the products, by input map", "tiny_left")
        grid.sheet.set_row_pixels(row + 1, LABEL_ROW)
        grid.sheet.set_row_pixels(row + 2, NUMBER_ROW)
        for channel in range(channels):
            box = CellRectangle(grid.name, row + 2, 1 + channel * SUM, 1, SUM)
            grid.write_label(row + 1, box.column, str(channel + 1))
            own = f"SUMPRODUCT({makes.area}*(MOD(COLUMN({makes.area})-{makes.column + 1},{channels})={channel}))"
            grid.write_box(box, f"={own}", "tiny_sum", float(products[:, :, channel].sum()))

    def _write_steps(self, words: str, first: str, value: float) -> None:
        """Write what the neuron begins with, each step, and the number in its map, which is the same."""
        plan, scene = self._plan, self._scene
        which = self._position[0]
        self._write_step(plan.steps_row, words, first, value)
        numbers = scene.numbers(self._channel)
        cells = {
            parameter.key: f"SUM(INDEX({plan.parameter_row(index)},1,({which}-1)*{NUMBER}+1))"
            for index, parameter in enumerate(scene.parameters)
        }
        row = plan.steps_row + 1
        for step in scene.steps:
            value = step.computed(value, numbers)
            above = self._step_box(row - 1).corner
            self._write_step(row, step.words, f"={step.written(above, cells)}", value)
            row += 1
        own = float(scene.outputs[self._channel][self._place])
        self._write_step(row, "The same number in the maps above", f"={plan.maps.value_formula(*self._position)}", own)

    def _step_box(self, row: int) -> CellRectangle:
        return CellRectangle(self._grid.name, row, 1 + _WORDS, 1, 2 * NUMBER)

    def _write_step(self, row: int, words: str, formula: str, value: float) -> None:
        self._grid.write_text(row, words, height=NUMBER_ROW)
        self._grid.write_box(self._step_box(row), formula, "node", value)
