"""A network as a table of quantities: each a name, an expression over other names, and one line of meaning.

Every formula, text and value in the project comes from such a table.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from s6xl.backprop.expression import Expression, Name, names, parse, substitute


@dataclass(frozen=True)
class Quantity:
    """A number that the network computes.

    Attributes:
        name: what it is called, such as ``a_h1`` or ``dE_dw5``.
        source: its expression over other names, in Python syntax.
        meaning: what it is, in a few words.
    """

    name: str
    source: str
    meaning: str

    @property
    def expression(self) -> Expression:
        """The parsed expression."""
        return parse(self.source)


@dataclass(frozen=True, eq=False)
class Network:
    """A network as a table: what it is given, what it computes, and the order of its columns on a sheet.

    Attributes:
        title: what network it is.
        inputs: the names of its inputs.
        targets: the names of the outputs' targets.
        weights: the names of its weights, one for each connection.
        layers: for each layer behind the inputs, its neurons as (sum, activation).
        connections: for each weight, the input or activation that it leads from and the sum that it leads to.
        errors: the names of the outputs' errors.
        quantities: what a step computes, in order, each over givens and earlier quantities.
        partials: the factors of the chain rule, from the errors back to the inputs.
        chains: for each weight's gradient, the factors whose product it is.
        columns: the names of givens and quantities, in their order on a sheet.
        loss: the name of the total error.
        biases: for each neuron that has one, the bias that is added to its sum.
        deltas: the derivatives of the loss by the neurons' sums.
        warning: what is wrong with the network, if anything.
        right: of a network with wrong expressions, the right one.
    """

    title: str
    inputs: tuple[str, ...]
    targets: tuple[str, ...]
    weights: tuple[str, ...]
    layers: tuple[tuple[tuple[str, str], ...], ...]
    connections: dict[str, tuple[str, str]]
    errors: tuple[str, ...]
    quantities: tuple[Quantity, ...]
    partials: tuple[Quantity, ...]
    chains: dict[str, tuple[str, ...]]
    columns: tuple[str, ...]
    loss: str
    biases: dict[str, str] = field(default_factory=dict)
    deltas: tuple[Quantity, ...] = ()
    warning: str = ""
    right: "Network | None" = None

    @property
    def parameters(self) -> tuple[str, ...]:
        """What gradient descent moves: the weights, and the biases behind them."""
        return (*self.weights, *dict.fromkeys(self.biases.values()))

    @property
    def givens(self) -> tuple[str, ...]:
        """Everything a step starts from, in column order: targets, inputs, weights and biases."""
        return tuple(name for name in self.columns if name in {*self.inputs, *self.targets, *self.parameters})

    @property
    def gradients(self) -> tuple[str, ...]:
        """The names of the gradients, one for each parameter, in the same order."""
        return tuple(gradient(name) for name in self.parameters)

    def __getitem__(self, name: str) -> Quantity:
        """Return a quantity or a factor of the chain rule by its name.

        Raises:
            KeyError: if the network computes nothing of that name.
        """
        for quantity in (*self.quantities, *self.partials):
            if quantity.name == name:
                return quantity
        raise KeyError(name)

    def meaning(self, name: str) -> str:
        """Return what a given, a quantity or a factor of the chain rule is, in a few words.

        Raises:
            KeyError: if the network has nothing of that name.
        """
        if name in self.inputs:
            return f"input {self.inputs.index(name) + 1}"
        if name in self.targets:
            return f"target of output {self.targets.index(name) + 1}"
        if name in self.connections:
            source, target = self.connections[name]
            return f"weight from {source} to {target}"
        if name in self.biases.values():
            return f"bias of {', '.join(neuron for neuron, bias in self.biases.items() if bias == name)}"
        return self[name].meaning

    def with_sources(self, sources: dict[str, str], warning: str) -> "Network":
        """Return the network with some quantities computed by other expressions.

        Args:
            sources: the other expressions, by the names of the quantities.
            warning: what is wrong with them.

        Returns:
            The changed network, which knows this one as the right one.
        """
        return replace(
            self,
            warning=warning,
            right=self,
            quantities=tuple(replace(q, source=sources.get(q.name, q.source)) for q in self.quantities),
        )

    def inlined(self, name: str) -> Expression:
        """Return a quantity as one expression over the givens alone.

        It grows with the product of the sizes of all layers.

        Args:
            name: the quantity, no factor of the chain rule.

        Raises:
            KeyError: if the network computes no quantity of that name.
        """
        replacements: dict[str, Expression] = {}
        for quantity in self.quantities:
            replacements[quantity.name] = substitute(quantity.expression, replacements)
        return replacements[name]


def gradient(weight: str) -> str:
    """Return the name of the derivative of the loss by a weight: ``dE_dw5``."""
    return f"dE_d{weight}"


# One step of gradient descent, for a weight `w` with the gradient `dE_dw` at the learning rate `lr`.
UPDATE = Quantity("w_next", "w - lr*dE_dw", "the weight after one step: down the slope, by the learning rate")


def arguments(expression: Expression, columns: Sequence[str]) -> tuple[str, ...]:
    """Return the names that an expression uses.

    Args:
        expression: any expression.
        columns: the names that have columns, in their order on a sheet.

    Returns:
        Those that have columns, in that order, then the others in the order of their first appearance.
    """
    used = names(expression)
    return (*(name for name in columns if name in used), *(name for name in used if name not in columns))


def update_of(weight: str) -> dict[str, Expression]:
    """Return what the names of `UPDATE` stand for when it moves one weight."""
    return {"w": Name(weight), "dE_dw": Name(gradient(weight))}


def symbol(name: str) -> str:
    """Return a name as people read it: ``dE_dw5`` is ``∂E/∂w5``, ``h1`` stays ``h1``."""
    if derivative := re.fullmatch(r"d(\w+?)_d(\w+)", name):
        return "∂{}/∂{}".format(*derivative.groups())
    return name
