"""What the sheets of gradient descent are made from: an experiment, its descents, and where their numbers are."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from s6xl.backprop.experiment import Experiment
from s6xl.backprop.network import Network
from s6xl.workbook.backprop.engine import Engine
from s6xl.workbook.layout import TableLayout, rate_sheet


@dataclass(frozen=True)
class Rate:
    """One learning rate's descent: its position among the rates, and its table as `descend` gives it."""

    index: int
    value: float
    table: NDArray[np.float64]

    @property
    def sheet(self) -> str:
        """The name of its sheet."""
        return rate_sheet(self.value)


@dataclass(frozen=True)
class Blueprint:
    """All that the sheets show, made once; each sheet's writer takes from it what it needs."""

    experiment: Experiment
    engine: Engine
    layout: TableLayout
    rates: tuple[Rate, ...]

    @property
    def network(self) -> Network:
        """The network that the experiment trains."""
        return self.experiment.network

    @property
    def first_step(self) -> dict[str, float]:
        """Every quantity at the first step of the first learning rate."""
        return dict(zip(self.network.columns, self.rates[0].table[0].tolist(), strict=True))

    def losses(self, rate: Rate) -> NDArray[np.float64]:
        """Return the loss at each step of one learning rate, of shape (steps,)."""
        losses: NDArray[np.float64] = rate.table[:, self.network.columns.index(self.network.loss)]
        return losses
