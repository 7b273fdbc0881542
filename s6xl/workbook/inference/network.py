"""The sheets of a network in cells: Digit, Digits, and one for each stage from the image to the probabilities."""

import numpy as np

from s6xl.errors import UserError
from s6xl.mnist.evaluation import Evaluation
from s6xl.mnist.trained import TrainedNetwork
from s6xl.workbook.book import NewBook
from s6xl.workbook.cnn.content import Content
from s6xl.workbook.inference.choices import digit_choices, first_choice
from s6xl.workbook.inference.digit import PIXEL_MAPS, write_digit
from s6xl.workbook.inference.digits import write_digits
from s6xl.workbook.inference.layer_sheet import write_layer_sheet
from s6xl.workbook.inference.scene import Scene
from s6xl.workbook.inference.softmax import write_softmax
from s6xl.workbook.inference.stages import stages
from s6xl.workbook.layout import DIGIT, SOFTMAX


def write_network(book: NewBook, network: TrainedNetwork, evaluation: Evaluation, content: Content) -> None:
    """Add the sheets to a workbook.

    Args:
        book: the workbook.
        network: the trained network.
        evaluation: its predictions for the test images, of which some can be chosen.
        content: what the sheet MNIST shows of the run.

    Raises:
        UserError: if a layer is too wide for a sheet, or a number too large for a cell.
    """
    choices = digit_choices(evaluation)
    first = first_choice(choices)
    pixels = choices[first].pixels.astype(np.float64)
    values = network.forward(pixels)
    if not all(np.isfinite(numbers).all() for numbers in values):
        raise UserError(
            "the numbers of this network are too large for a spreadsheet: train one at a lower learning rate."
        )
    parts = stages(network.layers)
    titles = [DIGIT, *(stage.title for stage in parts), SOFTMAX]
    write_digit(book, choices, first, np.exp(values[-1]), content, titles[1:])
    write_digits(book, choices)
    maps, inputs = PIXEL_MAPS, pixels[None]
    for stage, before, after in zip(parts, titles, titles[2:], strict=False):
        # The first of `values` is the normalised image.
        outputs = values[stage.last + 1].reshape(stage.outputs)
        scene = Scene(stage, network, maps, inputs, outputs)
        write_layer_sheet(book, scene, before, after)
        maps, inputs = scene.plan.maps, outputs
    write_softmax(book, maps, inputs.ravel(), parts[-1].title)
