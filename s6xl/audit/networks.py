"""The networks that a workbook may compute: the worked example as students vary it, with right values to hold against.

They may number the weights by the neuron that they lead to or by the one that they come from, add biases, and leave the
half out of the error. Each is a table of quantities; `World` gives their values over random cases.
"""

import re
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from s6xl.backprop.dense import Biases, SquaredError, dense, product
from s6xl.backprop.expression import Expression, names, parse, substitute, to_numpy
from s6xl.backprop.network import UPDATE, gradient, symbol, update_of
from s6xl.backprop.worked_example import NETWORK

Array = NDArray[np.float64]

CASES = 8
FURTHEST = 2  # how many rows onward the weights of a world follow from the first one's
INPUTS = (*NETWORK.targets, *NETWORK.inputs)  # of each step, the targets among them


@dataclass(frozen=True)
class Convention:
    """How a network is written: which layers number their weights by source, its biases, the factors of its error."""

    by_source: tuple[bool, bool] = (False, False)
    biases: Biases = "none"
    half: float = 0.5  # of each output's squared distance
    mean: float = 1.0  # of the sum of the errors
    learning_biases: bool = False  # whether gradient descent moves the biases, too

    @property
    def title(self) -> str:
        """The convention in a few words."""
        parts = ["2-2-2, sigmoid"]
        parts.append({"none": "no biases", "layer": "a bias a layer", "neuron": "a bias a neuron"}[self.biases])
        parts += [
            f"{layer} weights numbered by where they come from"
            for layer, turned in zip(("hidden", "output"), self.by_source, strict=True)
            if turned
        ]
        if self.half != 0.5:
            parts.append("errors without the ½")
        if self.mean != 1.0:
            parts.append("the total error is a mean")
        return ", ".join(parts)


class Model:
    """A network by its convention: expressions by quantity, each over givens and earlier ones."""

    def __init__(self, convention: Convention) -> None:
        self.convention = convention
        self._network = network = dense(
            (2, 2, 2),
            title=convention.title,
            biases=convention.biases,
            by_source=convention.by_source,
            loss=SquaredError(convention.half, convention.mean),
        )
        self.biases, self.connections = network.biases, network.connections
        self.weights = network.parameters
        # What gradient descent moves.
        self.learning = network.parameters if convention.learning_biases else network.weights
        self.givens = (*network.targets, *network.inputs, *self.weights)
        # What all steps have in common.
        self.shared = tuple(name for name in self.givens if name not in self.learning)
        # By each neuron's activation, those of the hidden layer first.
        by_activation = {
            f"dE_d{activation}": network[network.chains[gradient(weight)][0]].expression
            for layer in network.layers
            for neuron, activation in layer
            for weight, (_, target) in network.connections.items()
            if target == neuron
        }
        self.expressions = {q.name: q.expression for q in (*network.quantities, *network.deltas)} | by_activation

    def expression(self, name: str) -> Expression | None:
        """Return what a quantity is.

        Args:
            name: a quantity of the table, a weight, its step (``step_w5``), its next value (``w5_next``), or any
                derivative (``da_o1_dw1``).

        Returns:
            An expression over quantities of the same row, of a weight over those of the row before; None if the network
            has no such quantity.
        """
        if (moved := name.removesuffix("_next")) in self.learning:
            return substitute(UPDATE.expression, update_of(moved))
        if (moved := name.removeprefix("step_")) in self.learning:
            return parse(f"lr*{gradient(moved)}")
        if name in self.expressions:
            return self.expressions[name]
        if match := re.fullmatch(r"d(\w+?)_d(\w+)", name):
            return self._derivative(self._network.loss if match[1] == "E" else match[1], match[2])
        return None

    def _derivative(self, of: str, by: str) -> Expression | None:
        """How one quantity changes with another, along every path from the one to the other."""
        found = {by: ""}
        for name in self.expressions:
            paths = [
                product(*filter(None, (found[source], local)))
                for source, local in self.partials(name).items()
                if source in found
            ]
            if paths and name != by:
                found[name] = " + ".join(paths)
        return parse(found[of]) if found.get(of) else None

    def partials(self, name: str) -> dict[str, str]:
        """Return a quantity's derivatives by what it is computed from, as expressions."""
        network = self._network
        if name in self._slopes:
            return {name.removeprefix("a_"): self._slopes[name]}
        if name == network.loss:
            return dict.fromkeys(network.errors, str(self.convention.mean))
        if name in network.errors:
            index = network.errors.index(name)
            output, target = network.layers[-1][index][1], network.targets[index]
            # The error itself, whatever the total makes of it.
            slope = SquaredError(self.convention.half).slope
            return {output: slope(output, target), target: slope(target, output)}
        leading = {weight: source for weight, (source, target) in self.connections.items() if target == name}
        found = leading | {source: weight for weight, source in leading.items()}
        return found | ({self.biases[name]: "1"} if name in self.biases else {})

    @cached_property
    def _slopes(self) -> dict[str, str]:
        """The slope of each activation by its neuron's sum."""
        neurons = [neuron for layer in self._network.layers for neuron in layer]
        return {activation: self._network[f"d{activation}_d{neuron}"].source for neuron, activation in neurons}

    @cached_property
    def catalogue(self) -> tuple[str, ...]:
        """What a column may compute that no header says: everything of the table, the givens left out."""
        layers = self._network.layers
        slopes = tuple(f"d{activation}_d{neuron}" for layer in layers for neuron, activation in layer)
        paths = tuple(f"d{error}_d{activation}" for error in self._network.errors for _, activation in layers[-2])
        updates = tuple(name for weight in self.learning for name in (f"{weight}_next", f"step_{weight}"))
        return (*self.expressions, *updates, *slopes, *paths)


class World:
    """Right values of a network over random cases, in the row at hand, the ones before and after it, and any other.

    The inputs, the targets and the learning rate are the same in all rows, and each row's weights follow from those of
    the row before.
    """

    def __init__(self, model: Model) -> None:
        self.model = model
        self._random = np.random.default_rng(68)
        self.rate = self._random.uniform(0.05, 1.5, CASES)
        self._fixed = {name: self._random.uniform(0.05, 0.95, CASES) for name in model.shared}
        self._functions = {
            name: (to_numpy(expression), names(expression)) for name, expression in model.expressions.items()
        }
        self._rows: dict[int, dict[str, Array]] = {}
        row = self._draw()
        for offset in range(-1, FURTHEST + 1):
            self._rows[offset] = row
            row = self._compute(
                {weight: row[weight] - self.rate * row[f"dE_d{weight}"] for weight in model.learning} | self._fixed
            )

    def __call__(self, name: str, offset: int) -> Array:
        """Return a quantity's values.

        Args:
            name: any name that `Model.expression` knows, or the learning rate ``lr``.
            offset: how many rows after the one at hand; before it if negative.

        Returns:
            The values over the cases, shape (CASES,).

        Raises:
            KeyError: if the network has no such quantity.
        """
        if offset not in self._rows:
            self._rows[offset] = self._draw()
        row = self._rows[offset]
        if name not in row:
            expression = self.model.expression(name)
            if expression is None:
                raise KeyError(name)
            row[name] = to_numpy(expression)(*(row[argument] for argument in names(expression)))
        return row[name]

    def _draw(self) -> dict[str, Array]:
        """Return random weights, with the row that they give."""
        weights = {
            weight: self._random.uniform(0.2, 1.5, CASES) * self._random.choice((-1, 1), CASES)
            for weight in self.model.learning
        }
        return self._compute(weights | self._fixed)

    def _compute(self, givens: dict[str, Array]) -> dict[str, Array]:
        row = {"lr": self.rate, **givens}
        for name, (function, arguments) in self._functions.items():
            row[name] = function(*(row[argument] for argument in arguments))
        return row


def written(name: str) -> str:
    """Return a quantity as findings name it: ``∂E/∂w5``, ``the new w5``, ``η·∂E/∂w5``, ``η``."""
    if match := re.fullmatch(r"(\w+)_next", name):
        return f"the new {match[1]}"
    if match := re.fullmatch(r"step_(\w+)", name):
        return f"η·∂E/∂{match[1]}"
    return "η" if name == "lr" else symbol(name)
