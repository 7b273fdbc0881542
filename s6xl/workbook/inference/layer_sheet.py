"""The sheet of a stage: what it does, its maps, one neuron worked through, its weights and its input."""

from s6xl.errors import UserError
from s6xl.mnist.layers import DIGITS, INK, MEAN, STD, AveragePool, Convolution, Layer, Linear, MaxPool
from s6xl.workbook.book import NewBook
from s6xl.workbook.inference import neuron
from s6xl.workbook.inference.maps import CellRectangle
from s6xl.workbook.inference.plan import KERNEL_LABEL, LABEL, NUMBER, SENTENCE_ROW, WAY_ROW
from s6xl.workbook.inference.scene import Scene
from s6xl.workbook.inference.small_cells import LABEL_ROW, MARGIN, MOST_COLUMNS, SMALL, TEXT_ROW, SmallCells
from s6xl.workbook.inference.stages import MapShape, Stage
from s6xl.workbook.inference.worked import WorkedNeuron
from s6xl.workbook.layout import DIGIT, START

_INPUT = (
    f"Each pixel p of the sheet Digit, from 0 to {INK}, goes in as (p/{INK} − {MEAN}) / {STD}: over MNIST's "
    "training images this has mean 0 and standard deviation 1."
)
# Small cells from one link to the next, and a number's smallest height in pixels.
_LINK, _NUMBER_HEIGHT = 13, 18
# With this many digits of each weight, probabilities agree with PyTorch's to better than 1e-9. Nine are enough to tell
# any two float32 numbers apart.
_DIGITS = 11


def write_layer_sheet(book: NewBook, scene: Scene, before: str, after: str) -> None:
    """Add the sheet to a workbook; `before` and `after` are the names of its neighbours.

    Raises:
        UserError: if it would have too many columns.
    """
    title, columns = scene.stage.title, scene.plan.columns
    if columns >= MOST_COLUMNS:
        raise UserError(
            f"the layer {title} of this network needs {columns:,} columns, but a sheet has {MOST_COLUMNS:,}: train "
            "a network with fewer channels."
        )
    grid = SmallCells(book, title, columns)
    book.write_title(grid.sheet, title)
    _write_head(book, grid, scene, before, after)
    _write_maps(grid, scene)
    WorkedNeuron(grid, scene).write()
    if scene.parameters:
        _write_parameters(grid, scene)
    if scene.stage.is_weighted:
        _write_kernels(grid, scene)
        _write_interleaved(grid, scene)
    grid.sheet.freeze_panes(WAY_ROW + 1, 0)
    # The interleaved input is much wider and is not printed.
    printed = scene.plan.printed_columns
    grid.sheet.print_area(0, 0, scene.plan.last_printed_row, printed)
    if scene.parameters:
        book.break_pages(grid.sheet, MARGIN + printed * SMALL, rows=[scene.plan.weights_row])


def _write_head(book: NewBook, grid: SmallCells, scene: Scene, before: str, after: str) -> None:
    stage = scene.stage
    grid.sheet.set_row_pixels(WAY_ROW, TEXT_ROW)
    ways = {before: f"← {before}", after: f"{after} →", DIGIT: DIGIT, START: "Back to Start"}
    for number, (sheet, text) in enumerate(ways.items()):
        book.write_link(grid.sheet, WAY_ROW, 1 + _LINK * number, sheet, text)
    layers = [layer for layer in (stage.layer, *(layer for _, layer in stage.pointwise)) if layer is not None]
    sentences = [*([_INPUT] if stage.layer is None else []), *map(_sentence, layers)]
    for row, text in enumerate(sentences, start=SENTENCE_ROW):
        grid.write_text(row, text)
    count = sum(layer.parameters for layer in layers)
    shapes = f"{_shape(stage.inputs)} numbers go in, {_shape(stage.outputs)} come out (maps × rows × columns)"
    trained = f"; {count:,} trained parameters" if count else ""
    grid.write_text(SENTENCE_ROW + len(sentences), f"{shapes}{_window(stage)}{trained}.", "muted")


def _sentence(layer: Layer) -> str:
    """Say what a layer does, with its name in front."""
    return f"{layer.title} {layer.sentence[0].lower()}{layer.sentence[1:]}"


def _shape(shape: MapShape) -> str:
    return " × ".join(map(str, shape))


def _window(stage: Stage) -> str:
    """Say what one neuron sees."""
    window = stage.window
    match stage.layer:
        case Convolution() | MaxPool() | AveragePool():
            padding = f", padding {window.padding} (zeros around the image)" if window.padding else ""
            return f"; each neuron sees {window.rows} × {window.columns}, stride {window.stride}{padding}"
        case Linear():
            return "; each neuron sees all inputs"
    return ""


def _write_maps(grid: SmallCells, scene: Scene) -> None:
    maps = scene.plan.maps
    channels, height, width = maps.shape
    ten_scores = maps.shape == (DIGITS, 1, 1) and isinstance(scene.stage.layer, Linear)
    digits = " (the first is the score of digit 0, the tenth that of digit 9)" if ten_scores else ""
    # With a stride of 1 the neurons of a column share one formula. (Excel shares no formula that names another sheet.)
    together = height if scene.stage.is_weighted and scene.stage.window.stride == 1 else 1
    grid.write_section(maps.row - 1, f"What comes out, map by map{digits}")
    for channel in range(channels):
        row, column = maps.place(channel, -1, 0)
        grid.sheet.set_row_pixels(row, LABEL_ROW)
        grid.write_label(row, column, str(channel + 1))
        cells = scene.plan.parameter_cells(channel)
        for x in range(width):
            for y in range(0, height, together):
                formula = neuron.formula(scene.steps, scene.first_formula(channel, y, x), cells)
                values = scene.outputs[channel, y : y + together, x].tolist()
                grid.write_small_down(*maps.place(channel, y, x), formula, values)
    grid.colour(maps.block, signed=not scene.stage.is_never_negative)


def _write_parameters(grid: SmallCells, scene: Scene) -> None:
    """Write a column for each map: its bias, and the numbers of its batch norm."""
    plan, maps = scene.plan, range(scene.stage.outputs[0])
    cells = [plan.parameter_cells(channel) for channel in maps]
    header = plan.parameters_row
    grid.write_section(plan.weights_row, "Weights, map by map")
    grid.sheet.set_row_pixels(header, TEXT_ROW)
    grid.write_box(CellRectangle(grid.name, header, 1, 1, LABEL), "Map", "header")
    for channel in maps:
        grid.write_box(
            CellRectangle(grid.name, header, plan.parameter(0, channel).column, 1, NUMBER), channel + 1, "header"
        )
    for index, parameter in enumerate(scene.parameters):
        row = plan.parameter(index, 0).row
        grid.sheet.set_row_pixels(row, TEXT_ROW)
        grid.write_box(CellRectangle(grid.name, row, 1, 1, LABEL), parameter.header, "tiny_box")
        for channel in maps:
            value = float(parameter.values[channel])
            content = parameter.formula.format(**cells[channel]) if parameter.formula else _shortened(value)
            grid.write_box(plan.parameter(index, channel), content, "tiny_value", value)
        if parameter.name:
            grid.define_name(parameter.name, plan.parameter_row(index))


def _shortened(weight: float) -> float:
    """Return a weight without the digits that make no difference."""
    return float(f"{weight:.{_DIGITS}g}")


def _write_kernels(grid: SmallCells, scene: Scene) -> None:
    plan, channels = scene.plan, scene.stage.inputs[0]
    words = "Kernels: in each column of the window all input maps side by side" if channels > 1 else "Kernels"
    grid.write_text(plan.kernels.row - 1, words, "tiny_left", height=LABEL_ROW)
    height = max(SMALL, -(-_NUMBER_HEIGHT // scene.stage.window.rows))
    for channel, kernel in enumerate(scene.kernels):
        block = plan.kernel(channel)
        for row in range(block.row, block.row + block.rows):
            grid.sheet.set_row_pixels(row, height)
        grid.write_box(CellRectangle(grid.name, block.row, 1, block.rows, KERNEL_LABEL), channel + 1, "tiny")
        for row, numbers in enumerate(kernel.reshape(block.rows, block.columns).tolist()):
            # A line separates the kernels.
            style = grid.styles["small_cell" if row else "small_cell_below"]
            for column, number in enumerate(map(_shortened, numbers), start=block.column):
                grid.sheet.write_number(block.row + row, column, number, style)
    grid.colour(plan.kernels, signed=True)
    grid.define_name(neuron.defined_name(scene.stage.first, "weight"), plan.kernels.area)


def _write_interleaved(grid: SmallCells, scene: Scene) -> None:
    """Write the input with its maps interleaved."""
    interleaved, stage = scene.plan.interleaved, scene.stage
    channels, height, width = stage.inputs
    padding = stage.window.padding
    grid.write_section(interleaved.row - 2, "What goes in, laid out so that each neuron sees one rectangle")
    how = f"Each column of the image as {channels} columns, one per map" if channels > 1 else "The one map"
    around = ", with a border of empty cells, which count as 0" if padding else ""
    grid.write_text(interleaved.row - 1, f"{how}{around}. A frame marks what the neuron above sees.", "muted")
    for row in range(height):
        for column in range(width * channels):
            x, channel = divmod(column, channels)
            place = interleaved.row + padding + row, interleaved.column + padding * channels + column
            grid.write_small(*place, scene.before.cell_from_afar(channel, row, x), float(scene.inputs[channel, row, x]))
    if padding:
        grid.shade_empty(interleaved)
    grid.colour(interleaved, signed=not scene.stage.sees_no_negative)
