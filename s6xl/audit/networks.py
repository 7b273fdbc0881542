"""The networks that a workbook may compute: the worked example as students vary it, with right values to hold against.

They may number the weights by the neuron that they lead to or by the one that they come from, add biases, and leave the
half out of the error. Each is a table of quantities; `World` gives their values over random cases.
"""

import re
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from s6xl.backprop.expression import Expression, Name, names, parse, substitute, to_numpy
from s6xl.backprop.network import UPDATE, symbol
from s6xl.backprop.worked_example import NETWORK

Array = NDArray[np.float64]

CASES = 8
FURTHEST = 2  # how many rows onward the weights of a world follow from the first one's
INPUTS = (*NETWORK.targets, *NETWORK.inputs)  # of each step, the targets among them
_LAYERS = ("hidden", "output")
_INPUT_OF = {"h": ("i1", "i2"), "o": ("a_h1", "a_h2")}
BIASES = {
    "": {},
    "layer": {"h1": "b1", "h2": "b1", "o1": "b2", "o2": "b2"},
    "neuron": {"h1": "b1", "h2": "b2", "o1": "b3", "o2": "b4"},
}


@dataclass(frozen=True)
class Convention:
    """How a network is written: which layers number their weights by source, its biases, the factors of its error."""

    by_source: tuple[bool, bool] = (False, False)
    biases: str = ""
    half: float = 0.5  # of each output's squared distance
    mean: float = 1.0  # of the sum of the errors
    learning_biases: bool = False  # whether gradient descent moves the biases, too

    @property
    def title(self) -> str:
        """What it is, in a few words."""
        parts = ["2-2-2, sigmoid"]
        parts.append({"": "no biases", "layer": "a bias a layer", "neuron": "a bias a neuron"}[self.biases])
        parts += [
            f"{layer} weights numbered by where they come from"
            for layer, turned in zip(_LAYERS, self.by_source, strict=True)
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
        self.biases = BIASES[convention.biases]
        self.weights = (*NETWORK.weights, *dict.fromkeys(self.biases.values()))
        # What gradient descent moves.
        self.learning = self.weights if convention.learning_biases else NETWORK.weights
        self.givens = (*INPUTS, *self.weights)
        # What all steps have in common.
        self.shared = tuple(name for name in self.givens if name not in self.learning)
        self.connections = self._connect()
        sources: dict[str, str] = {}
        for neuron in ("h1", "h2", "o1", "o2"):
            sources[neuron] = " + ".join(
                [f"{weight}*{source}" for weight, (source, target) in self.connections.items() if target == neuron]
                + [bias for reached, bias in self.biases.items() if reached == neuron]
            )
            sources[f"a_{neuron}"] = f"sigmoid({neuron})"
        half, slope = convention.half, 2 * convention.half * convention.mean
        for number in "12":
            square = f"(t{number} - a_o{number})**2"
            sources[f"E{number}"] = square if half == 1 else f"{half}*{square}"
        sources["E_tot"] = "E1 + E2" if convention.mean == 1 else f"{convention.mean}*(E1 + E2)"
        factor = "" if slope == 1 else f"{slope}*"
        deltas = {f"o{n}": f"{factor}(a_o{n} - t{n})*a_o{n}*(1 - a_o{n})" for n in "12"}
        back = {neuron: self._back(neuron, deltas) for neuron in ("h1", "h2")}
        deltas |= {neuron: f"({back[neuron]})*a_{neuron}*(1 - a_{neuron})" for neuron in ("h1", "h2")}
        for weight, (source, target) in self.connections.items():
            sources[f"dE_d{weight}"] = f"{deltas[target]}*{source}"
        for bias in dict.fromkeys(self.biases.values()):
            reached = [neuron for neuron, name in self.biases.items() if name == bias]
            sources[f"dE_d{bias}"] = " + ".join(deltas[neuron] for neuron in reached)
        sources |= {f"dE_d{neuron}": delta for neuron, delta in deltas.items()}
        sources |= {f"dE_da_{neuron}": text for neuron, text in back.items()}
        sources |= {f"dE_da_o{n}": f"{factor}(a_o{n} - t{n})" for n in "12"}
        self.expressions = {name: parse(source) for name, source in sources.items()}

    def expression(self, name: str) -> Expression | None:
        """What a quantity is, over others of its row; for a weight, over those of the row before.

        None if the network has no such quantity.
        """
        if name in self.learning:
            return self._step(name, UPDATE.expression)
        if match := re.fullmatch(r"step_(\w+)", name):
            return parse(f"lr*dE_d{match[1]}")
        if match := re.fullmatch(r"(\w+)_next", name):
            return self._step(match[1], UPDATE.expression)
        if name in self.expressions:
            return self.expressions[name]
        if match := re.fullmatch(r"d(E[12]?|a_[ho][12]|[ho][12])_d(\w+)", name):
            return self._derivative("E_tot" if match[1] == "E" else match[1], match[2])
        return None

    def _derivative(self, of: str, by: str) -> Expression | None:
        """How one quantity changes with another, along every path from the one to the other."""
        found = {by: ""}
        for name in self.expressions:
            paths = [
                " * ".join(filter(None, (found[source], f"({local})" if "+" in local else local)))
                for source, local in self.partials(name).items()
                if source in found
            ]
            if paths and name != by:
                found[name] = f"({' + '.join(paths)})" if len(paths) > 1 else paths[0]
        return parse(found[of]) if found.get(of) else None

    def _step(self, weight: str, update: Expression) -> Expression:
        return substitute(update, {"w": Name(weight), "dE_dw": Name(f"dE_d{weight}")})

    def partials(self, name: str) -> dict[str, str]:
        """A quantity's derivatives by what it is computed from."""
        if name in ("h1", "h2", "o1", "o2"):
            found = {weight: source for weight, (source, target) in self.connections.items() if target == name}
            found |= {source: weight for weight, (source, target) in self.connections.items() if target == name}
            return found | {bias: "1" for neuron, bias in self.biases.items() if neuron == name}
        if name.startswith("a_"):
            return {name[2:]: f"{name}*(1 - {name})"}
        if name in ("E1", "E2"):
            factor = "" if self.convention.half == 0.5 else f"{2 * self.convention.half}*"
            number = name[1]
            return {
                f"a_o{number}": f"{factor}(a_o{number} - t{number})",
                f"t{number}": f"{factor}(t{number} - a_o{number})",
            }
        if name == "E_tot":
            return {"E1": str(self.convention.mean), "E2": str(self.convention.mean)}
        return {}

    @cached_property
    def catalogue(self) -> tuple[str, ...]:
        """What a column may compute that no header says: everything of the table, the givens left out."""
        slopes = tuple(f"da_{neuron}_d{neuron}" for neuron in ("h1", "h2", "o1", "o2"))
        paths = tuple(f"dE{output}_da_h{hidden}" for output in "12" for hidden in "12")
        updates = tuple(name for weight in self.learning for name in (f"{weight}_next", f"step_{weight}"))
        return (*self.expressions, *updates, *slopes, *paths)

    def _connect(self) -> dict[str, tuple[str, str]]:
        connections: dict[str, tuple[str, str]] = {}
        for (layer, sources), turned, first in zip(_INPUT_OF.items(), self.convention.by_source, (1, 5), strict=True):
            ends = [(source, f"{layer}{n}") for n in "12" for source in sources]
            if turned:
                ends[1], ends[2] = ends[2], ends[1]
            connections |= {f"w{first + index}": end for index, end in enumerate(ends)}
        return connections

    def _back(self, neuron: str, deltas: dict[str, str]) -> str:
        paths = [
            f"{deltas[target]}*{weight}"
            for weight, (source, target) in self.connections.items()
            if source == f"a_{neuron}"
        ]
        return " + ".join(paths)


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
        """A quantity's values in the row that lies `offset` after the one at hand.

        Raises:
            KeyError: if the network has no such quantity.
        """
        if name == "lr":
            return self.rate
        if offset not in self._rows:
            self._rows[offset] = self._draw()
        row = self._rows[offset]
        if name not in row:
            row[name] = self._further(name, offset, row)
        return row[name]

    def _draw(self) -> dict[str, Array]:
        """A row of its own."""
        weights = {
            weight: self._random.uniform(0.2, 1.5, CASES) * self._random.choice((-1, 1), CASES)
            for weight in self.model.learning
        }
        return self._compute(weights | self._fixed)

    def _compute(self, givens: dict[str, Array]) -> dict[str, Array]:
        row = dict(givens)
        for name, (function, arguments) in self._functions.items():
            row[name] = function(*(row[argument] for argument in arguments))
        return row

    def _further(self, name: str, offset: int, row: dict[str, Array]) -> Array:
        if (match := re.fullmatch(r"(\w+)_next", name)) and match[1] in self.model.learning:
            return row[match[1]] - self.rate * row[f"dE_d{match[1]}"]
        if (match := re.fullmatch(r"step_(\w+)", name)) and match[1] in self.model.learning:
            return self.rate * row[f"dE_d{match[1]}"]
        expression = self.model.expression(name)
        if expression is None:
            raise KeyError(name)
        value: Array = to_numpy(expression)(*(row[argument] for argument in names(expression)))
        return value


def written(name: str) -> str:
    """A quantity as findings name it: ``∂E/∂w5``."""
    if match := re.fullmatch(r"(\w+)_next", name):
        return f"the new {match[1]}"
    if match := re.fullmatch(r"step_(\w+)", name):
        return f"η·∂E/∂{match[1]}"
    return "η" if name == "lr" else symbol(name)
