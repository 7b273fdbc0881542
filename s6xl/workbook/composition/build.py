"""From an experiment to a workbook of live formulas, each with its cached value."""

from collections.abc import Iterator
from pathlib import Path

from s6xl.backprop.descent import descend
from s6xl.backprop.experiment import Experiment
from s6xl.files import OTHER_FILE
from s6xl.mnist.record import Run
from s6xl.workbook.backprop.blueprint import Blueprint, Rate
from s6xl.workbook.backprop.check import write_check
from s6xl.workbook.backprop.choice import check_formulas_fit
from s6xl.workbook.backprop.drawing import draw_network
from s6xl.workbook.backprop.engine import Engine
from s6xl.workbook.backprop.lambdas import define_functions
from s6xl.workbook.backprop.loss_plot import write_loss_plot
from s6xl.workbook.backprop.rate import write_rate_sheet
from s6xl.workbook.backprop.start import TITLE, write_start
from s6xl.workbook.backprop.step import write_step
from s6xl.workbook.book import PLAIN, NewBook, Packaging, new_book
from s6xl.workbook.cnn.mnist import write_mnist
from s6xl.workbook.layout import TableLayout
from s6xl.workbook.sheet import Progress


def build(
    experiment: Experiment,
    path: Path,
    *,
    engine: Engine = Engine.FORMULAS,
    packaging: Packaging = PLAIN,
    run: Run | None = None,
    instead: str = OTHER_FILE,
    progress: Progress = lambda rows: None,
) -> None:
    """Write the workbook of an experiment to `path`, whole or not at all.

    The same arguments give the same bytes on one machine. The workbook keeps to Excel's limits: 1,048,576 rows on a
    sheet, 255 series in a chart, and 8,192 characters in a formula (Microsoft, "Excel specifications and limits").

    Args:
        experiment: the network, its start values, the learning rates, and the number of steps (one row each).
        path: the file, with the suffix of its packaging; a file that is already there is replaced.
        engine: what computes the sheets of the learning rates.
        packaging: the kind of file.
        run: a training run, whose results fill the sheet MNIST; once it has ended, its network gets sheets of its own.
        instead: what the user can do if the file cannot be written, for the message.
        progress: called with a number of rows, once when they are computed and again when they are written.

    Raises:
        UserError: if the file cannot be written, the run cannot be read, or the learning rates have too many digits for
            one formula.
    """
    layout = TableLayout(experiment)
    check_formulas_fit(layout)
    with new_book(path, title=TITLE, packaging=packaging, progress=progress, instead=instead) as book:
        blueprint = Blueprint(experiment, engine, layout, tuple(_descents(experiment, progress)))
        write_start(book, blueprint, run)
        write_loss_plot(book, blueprint)
        drawing = draw_network(blueprint.network, blueprint.first_step).png()
        for rate in blueprint.rates:
            write_rate_sheet(book, blueprint, rate, drawing)
        write_step(book, blueprint)
        write_check(book, blueprint)
        _write_training(book, run)
        if engine is Engine.LAMBDA:
            define_functions(book)
        if engine is not Engine.FORMULAS:
            book.keep_cached_values()


def _descents(experiment: Experiment, progress: Progress) -> Iterator[Rate]:
    for index, value in enumerate(experiment.learning_rates):
        yield Rate(index, value, descend(experiment.network, experiment.start, value, experiment.steps))
        progress(experiment.steps)


def _write_training(book: NewBook, run: Run | None) -> None:
    if run is None:
        write_mnist(book, None)
        return
    # Most workbooks have no need to wait for it.
    from s6xl.workbook.composition.run_sheets import write_run

    write_run(book, run)
