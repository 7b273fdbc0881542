"""The sheet Model: the network layer by layer, with its parameters counted by formulas."""

from s6xl.mnist.layers import IMAGE, AveragePool, BatchNorm, Convolution, Layer, Linear, MaxPool, Shape, shapes
from s6xl.mnist.recipe import Recipe
from s6xl.workbook.book import NewBook
from s6xl.workbook.cnn.content import Content
from s6xl.workbook.cnn.heading import add_sheet
from s6xl.workbook.layout import MODEL, absolute, on_sheet
from s6xl.workbook.sheet import NewSheet

# The defined name of the cells with the layers' titles, inputs, outputs, kernels, strides and paddings.
LAYERS = "network_layers"
ABOUT = "From an image to ten log-probabilities. Formulas count the parameters: change a kernel, and the total follows."
HEADER_ROW = 7
_COLUMNS = {
    "B": ("Step", 50),
    "C": ("Layer", 120),
    "D": ("Inputs", 70),
    "E": ("Outputs", 70),
    "F": ("Kernel", 70),
    "G": ("Stride", 70),
    "H": ("Padding", 70),
    "I": ("Output shape", 120),
    "J": ("Parameters", 100),
    "K": ("What it does", 880),
}


def write_model(book: NewBook, recipe: Recipe, content: Content) -> None:
    """Add the sheet of a recipe's network to a workbook."""
    sheet = add_sheet(book, MODEL, "The network", content, ABOUT, way_back="I2")
    sheet.set_column_pixels("A:A", 20)
    for column, (header, width) in _COLUMNS.items():
        sheet.set_column_pixels(f"{column}:{column}", width)
        sheet.write_string(f"{column}{HEADER_ROW}", header, book.styles["header"])
    first = HEADER_ROW + 1
    _write_row(book, sheet, first, 0, "Image", IMAGE, "Grey levels in 28 rows and 28 columns.")
    for step, (layer, shape) in enumerate(zip(recipe.layers, shapes(recipe.layers), strict=True), start=1):
        _write_row(book, sheet, first + step, step, layer.title, shape, layer.sentence)
        _write_sizes(book, sheet, first + step, layer)
    last = first + len(recipe.layers)
    book.workbook.define_name(LAYERS, f"={on_sheet(MODEL, absolute(f'C{first + 1}:H{last}'))}")
    sheet.write_string(f"I{last + 1}", "Total", book.styles["label"])
    sheet.write_formula(f"J{last + 1}", f"=SUM(J{first}:J{last})", book.styles["total_count"], recipe.parameters)
    sheet.freeze_panes(HEADER_ROW, 0)


def _write_row(book: NewBook, sheet: NewSheet, row: int, step: int, name: str, shape: Shape, sentence: str) -> None:
    styles = book.styles
    sheet.write_number(f"B{row}", step, styles["given"])
    sheet.write_string(f"C{row}", name, styles["box_bold"])
    for column in "DEFGHJ":
        sheet.write_blank(f"{column}{row}", None, styles["box"])
    sheet.write_string(f"I{row}", " × ".join(map(str, shape)), styles["general"])
    sheet.write_string(f"K{row}", sentence, styles["box"])


def _write_sizes(book: NewBook, sheet: NewSheet, row: int, layer: Layer) -> None:
    """Write a layer's sizes, and the formula that counts its parameters."""
    match layer:
        case Convolution(inputs, outputs, kernel, stride, padding):
            sizes = dict(zip("DEFGH", (inputs, outputs, kernel, stride, padding), strict=True))
            formula = f"=E{row}*(D{row}*F{row}^2+1)"
        case BatchNorm(channels):
            sizes, formula = {"D": channels, "E": channels}, f"=2*E{row}"
        case MaxPool(kernel) | AveragePool(kernel):
            sizes, formula = {"F": kernel, "G": kernel}, ""
        case Linear(inputs, outputs):
            sizes, formula = {"D": inputs, "E": outputs}, f"=E{row}*(D{row}+1)"
        case _:
            sizes, formula = {}, ""
    for column, size in sizes.items():
        sheet.write_number(f"{column}{row}", size, book.styles["general"])
    if formula:
        sheet.write_formula(f"J{row}", formula, book.styles["count"], layer.parameters)
