"""The generator: from an experiment to a workbook of live formulas, each with its cached value."""

from collections.abc import Callable
from pathlib import Path

from s6xl.derivation import NETWORK, NETWORK_AS_SUBMITTED
from s6xl.descent import descend
from s6xl.experiment import Experiment
from s6xl.workbook.book import new_book
from s6xl.workbook.check import write_check
from s6xl.workbook.drawing import draw_network
from s6xl.workbook.loss_plot import write_loss_plot
from s6xl.workbook.rate import Rate, write_rate_sheet
from s6xl.workbook.start import write_start
from s6xl.workbook.step import write_step

__all__ = ["build"]


def build(
    experiment: Experiment,
    path: Path,
    *,
    as_submitted: bool = False,
    progress: Callable[[int], None] = lambda rows: None,
) -> None:
    """Write the workbook of an experiment to `path`, whole or not at all.

    Args:
        experiment: start values, learning rates, steps.
        path: the file, ending in .xlsx; one that is there already is replaced.
        as_submitted: compute ∂E/∂w3 and ∂E/∂w4 with the original's mistake.
        progress: called with a number of rows, once when they are computed and once when they are written.

    Raises:
        UserError: if the file cannot be written.
    """
    network = NETWORK_AS_SUBMITTED if as_submitted else NETWORK
    with new_book(path, title="Backpropagation, step by step", progress=progress) as book:
        rates = []
        for index, value in enumerate(experiment.learning_rates):
            rates.append(Rate(index, value, descend(network, experiment.start, value, experiment.steps)))
            progress(experiment.steps)
        first_step = dict(zip(network.columns, rates[0].table[0].tolist(), strict=True))
        drawing = draw_network(network, first_step).png()
        write_start(book, network, experiment, rates, as_submitted=as_submitted)
        write_loss_plot(book, network, experiment, rates)
        for rate in rates:
            write_rate_sheet(book, network, experiment, rate, drawing)
        write_step(book, network, experiment, rates)
        write_check(book, network, experiment, rates)
