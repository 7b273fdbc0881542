"""The sheets of a training: MNIST, and those that describe the network that came out."""

from s6xl.mnist.record import Run
from s6xl.workbook.book import NewBook
from s6xl.workbook.cnn.confusion import write_confusion
from s6xl.workbook.cnn.content import content_of
from s6xl.workbook.cnn.mistakes import write_mistakes
from s6xl.workbook.cnn.mnist import write_mnist
from s6xl.workbook.cnn.model import write_model
from s6xl.workbook.cnn.samples import write_samples
from s6xl.workbook.inference.network import write_network


def write_run(book: NewBook, run: Run) -> None:
    """Add the sheets of a training run; those that need a trained network only if the run has ended.

    Raises:
        UserError: if the run directory cannot be read.
    """
    content, evaluation = content_of(run), run.evaluation()
    write_mnist(book, content)
    if evaluation is not None and run.has_network:
        write_network(book, run.network(), evaluation, content)
    write_model(book, run.config.recipe, content)
    if evaluation is not None:
        write_samples(book, evaluation, content)
        write_confusion(book, evaluation, content)
        write_mistakes(book, evaluation, content)
