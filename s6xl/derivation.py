"""The worked example: a 2-2-2 sigmoid network without biases, as a table of quantities.

Every formula, text and value in the project comes from this table. Each quantity is a name, an expression over other
names, and one line of meaning. The gradients are the chain rule worked out by hand, as the sheets show it; the tests
hold them against automatic differentiation.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from s6xl.expression import Expression, Name, expand, names, parse, substitute, to_text


@dataclass(frozen=True)
class Quantity:
    """A number that the network computes: `source` is its expression in Python syntax."""

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

    `title` says what network it is, and `warning` what is wrong with it, if anything.

    `quantities` stand in order of computation, each over givens and earlier quantities. `layers` holds each layer's
    neurons as (sum, activation), `connections` where each weight leads from and to, `errors` each output's error.
    `partials` are the factors of the chain rule; `chains` names, for each gradient, the factors whose product it is.
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
    warning: str = ""

    @property
    def givens(self) -> tuple[str, ...]:
        """Everything a step starts from, in column order: targets, inputs and weights."""
        return tuple(name for name in self.columns if name in {*self.inputs, *self.targets, *self.weights})

    @property
    def gradients(self) -> tuple[str, ...]:
        """The names of the gradients, one a weight, in the order of the weights."""
        return tuple(gradient(weight) for weight in self.weights)

    def __getitem__(self, name: str) -> Quantity:
        for quantity in (*self.quantities, *self.partials):
            if quantity.name == name:
                return quantity
        raise KeyError(name)

    def meaning(self, name: str) -> str:
        """What a given or a quantity is, in a few words."""
        if name in self.inputs:
            return f"input {self.inputs.index(name) + 1}"
        if name in self.targets:
            return f"target of output {self.targets.index(name) + 1}"
        if name in self.connections:
            source, target = self.connections[name]
            return f"weight from {source} to {target}"
        return self[name].meaning

    def with_sources(self, sources: dict[str, str], warning: str) -> "Network":
        """The same network with some quantities computed by other expressions, and a warning of it."""
        return replace(
            self,
            warning=warning,
            quantities=tuple(replace(q, source=sources.get(q.name, q.source)) for q in self.quantities),
        )

    def inlined(self, name: str) -> Expression:
        """A quantity as one expression over the givens alone."""
        replacements: dict[str, Expression] = {}
        for quantity in self.quantities:
            replacements[quantity.name] = substitute(quantity.expression, replacements)
        return replacements[name]


def gradient(weight: str) -> str:
    """The name of the loss's derivative by a weight."""
    return f"dE_d{weight}"


# One step of gradient descent, for a weight `w` with the gradient `dE_dw` at the learning rate `lr`.
UPDATE = Quantity("w_next", "w - lr*dE_dw", "the weight after one step: down the slope, by the learning rate")

_DELTA_1 = "(a_o1 - t1)*a_o1*(1 - a_o1)"
_DELTA_2 = "(a_o2 - t2)*a_o2*(1 - a_o2)"
_TO_H1 = f"({_DELTA_1}*w5 + {_DELTA_2}*w7)"
_TO_H2 = f"({_DELTA_1}*w6 + {_DELTA_2}*w8)"

NETWORK = Network(
    title="A 2-2-2 sigmoid network",
    inputs=("i1", "i2"),
    targets=("t1", "t2"),
    weights=("w1", "w2", "w3", "w4", "w5", "w6", "w7", "w8"),
    layers=((("h1", "a_h1"), ("h2", "a_h2")), (("o1", "a_o1"), ("o2", "a_o2"))),
    connections={
        "w1": ("i1", "h1"),
        "w2": ("i2", "h1"),
        "w3": ("i1", "h2"),
        "w4": ("i2", "h2"),
        "w5": ("a_h1", "o1"),
        "w6": ("a_h2", "o1"),
        "w7": ("a_h1", "o2"),
        "w8": ("a_h2", "o2"),
    },
    errors=("E1", "E2"),
    quantities=(
        Quantity("h1", "w1*i1 + w2*i2", "what flows into the first hidden neuron"),
        Quantity("a_h1", "sigmoid(h1)", "the first hidden neuron's activation"),
        Quantity("h2", "w3*i1 + w4*i2", "what flows into the second hidden neuron"),
        Quantity("a_h2", "sigmoid(h2)", "the second hidden neuron's activation"),
        Quantity("o1", "w5*a_h1 + w6*a_h2", "what flows into the first output neuron"),
        Quantity("a_o1", "sigmoid(o1)", "the first output"),
        Quantity("o2", "w7*a_h1 + w8*a_h2", "what flows into the second output neuron"),
        Quantity("a_o2", "sigmoid(o2)", "the second output"),
        Quantity("E1", "0.5*(t1 - a_o1)**2", "the first output's error: half its squared distance from the target"),
        Quantity("E2", "0.5*(t2 - a_o2)**2", "the second output's error: half its squared distance from the target"),
        Quantity("E_tot", "E1 + E2", "the total error, which gradient descent makes small"),
        Quantity("dE_dw1", f"{_TO_H1}*a_h1*(1 - a_h1)*i1", "how the total error changes with w1"),
        Quantity("dE_dw2", f"{_TO_H1}*a_h1*(1 - a_h1)*i2", "how the total error changes with w2"),
        Quantity("dE_dw3", f"{_TO_H2}*a_h2*(1 - a_h2)*i1", "how the total error changes with w3"),
        Quantity("dE_dw4", f"{_TO_H2}*a_h2*(1 - a_h2)*i2", "how the total error changes with w4"),
        Quantity("dE_dw5", f"{_DELTA_1}*a_h1", "how the total error changes with w5"),
        Quantity("dE_dw6", f"{_DELTA_1}*a_h2", "how the total error changes with w6"),
        Quantity("dE_dw7", f"{_DELTA_2}*a_h1", "how the total error changes with w7"),
        Quantity("dE_dw8", f"{_DELTA_2}*a_h2", "how the total error changes with w8"),
    ),
    partials=(
        Quantity("dE1_da_o1", "a_o1 - t1", "how the first error changes with the first output"),
        Quantity("dE2_da_o2", "a_o2 - t2", "how the second error changes with the second output"),
        Quantity("da_o1_do1", "a_o1*(1 - a_o1)", "the sigmoid's slope at the first output neuron"),
        Quantity("da_o2_do2", "a_o2*(1 - a_o2)", "the sigmoid's slope at the second output neuron"),
        Quantity("do1_dw5", "a_h1", "what w5 is multiplied with"),
        Quantity("do1_dw6", "a_h2", "what w6 is multiplied with"),
        Quantity("do2_dw7", "a_h1", "what w7 is multiplied with"),
        Quantity("do2_dw8", "a_h2", "what w8 is multiplied with"),
        Quantity("dE1_da_h1", f"{_DELTA_1}*w5", "how the first error changes with the first hidden activation"),
        Quantity("dE2_da_h1", f"{_DELTA_2}*w7", "how the second error changes with the first hidden activation"),
        Quantity("dE_da_h1", f"{_DELTA_1}*w5 + {_DELTA_2}*w7", "both paths back to the first hidden activation"),
        Quantity("dE_da_h2", f"{_DELTA_1}*w6 + {_DELTA_2}*w8", "both paths back to the second hidden activation"),
        Quantity("da_h1_dh1", "a_h1*(1 - a_h1)", "the sigmoid's slope at the first hidden neuron"),
        Quantity("da_h2_dh2", "a_h2*(1 - a_h2)", "the sigmoid's slope at the second hidden neuron"),
        Quantity("dh1_dw1", "i1", "what w1 is multiplied with"),
        Quantity("dh1_dw2", "i2", "what w2 is multiplied with"),
        Quantity("dh2_dw3", "i1", "what w3 is multiplied with"),
        Quantity("dh2_dw4", "i2", "what w4 is multiplied with"),
    ),
    chains={
        "dE_dw1": ("dE_da_h1", "da_h1_dh1", "dh1_dw1"),
        "dE_dw2": ("dE_da_h1", "da_h1_dh1", "dh1_dw2"),
        "dE_dw3": ("dE_da_h2", "da_h2_dh2", "dh2_dw3"),
        "dE_dw4": ("dE_da_h2", "da_h2_dh2", "dh2_dw4"),
        "dE_dw5": ("dE1_da_o1", "da_o1_do1", "do1_dw5"),
        "dE_dw6": ("dE1_da_o1", "da_o1_do1", "do1_dw6"),
        "dE_dw7": ("dE2_da_o2", "da_o2_do2", "do2_dw7"),
        "dE_dw8": ("dE2_da_o2", "da_o2_do2", "do2_dw8"),
    },
    columns=(
        *("t1", "t2", "i1", "i2", "w1", "w2", "w3", "w4", "h1", "a_h1", "h2", "a_h2", "w5", "w6", "w7", "w8"),
        *("o1", "a_o1", "o2", "a_o2", "E1", "E2", "E_tot"),
        *("dE_dw1", "dE_dw2", "dE_dw3", "dE_dw4", "dE_dw5", "dE_dw6", "dE_dw7", "dE_dw8"),
    ),
    loss="E_tot",
)

# The original workbook's slip: the gradients of w3 and w4 take the slope of the sigmoid at h1 in place of h2.
NETWORK_AS_SUBMITTED = NETWORK.with_sources(
    {name: NETWORK[name].source.replace("a_h2*(1 - a_h2)", "a_h1*(1 - a_h1)") for name in ("dE_dw3", "dE_dw4")},
    warning="As submitted: ∂E/∂w3 and ∂E/∂w4 use a_h1 where a_h2 is right, as the original does. Check shows it.",
)

TARGETS = (0.5, 0.5)
INPUTS = (0.05, 0.1)
WEIGHTS = (0.15, 0.2, 0.25, 0.3, 0.4, 0.45, 0.5, 0.55)
LEARNING_RATES = (0.1, 0.2, 0.5, 0.8, 1.0, 2.0)
STEPS = 68


def symbol(name: str, total: str = "E") -> str:
    """A name as the sheets head it: ``dE_dw5`` is ``∂E/∂w5``; `total` spells the total error in a derivative."""
    if derivative := re.fullmatch(r"d(\w+?)_d(\w+)", name):
        numerator, denominator = derivative.groups()
        return f"∂{total if numerator == 'E' else numerator}/∂{denominator}"
    return name


def long_symbol(name: str) -> str:
    """A name as the written derivation spells it: ``∂E_total/∂w5``, ``E_total``."""
    return "E_total" if name == "E_tot" else symbol(name, "E_total")


@dataclass(frozen=True)
class Block:
    """One numbered block of the written derivation, a line a list item."""

    number: int
    title: str
    lines: tuple[str, ...]


def written_derivation() -> tuple[Block, ...]:
    """The right derivation in six blocks: the forward pass, ∂E/∂w5 step by step, and then every weight's gradient."""
    network = NETWORK

    def text(name: str) -> str:
        return to_text(network[name].expression, long_symbol)

    def equation(*sides: str) -> str:
        return " = ".join(sides)

    def defined(quantities: Iterable[str]) -> tuple[str, ...]:
        return tuple(equation(long_symbol(name), text(name)) for name in quantities)

    def chain(name: str) -> str:
        return " * ".join(map(long_symbol, network.chains[name]))

    def differential(source: str, by: str) -> str:
        return f"∂({source})/∂{by}"

    inner, outer = network.gradients[:4], network.gradients[4:]
    first = outer[0]
    by_output, slope, by_weight = network.chains[first]
    sigmoid_of_h1 = to_text(expand(network["a_h1"].expression), long_symbol)
    return (
        Block(
            1,
            "The forward pass",
            (
                *defined(("h1", "h2")),
                equation("a_h1", text("a_h1"), sigmoid_of_h1),
                *defined(("a_h2", "o1", "o2", "a_o1", "a_o2", "E_tot", "E1", "E2")),
            ),
        ),
        Block(
            2,
            "∂E_total/∂w5, step by step",
            (
                equation(long_symbol(first), differential(text("E_tot"), "w5")),
                equation(long_symbol(first), "∂E1/∂w5"),
                equation(long_symbol(first), "∂E1/∂w5", chain(first)),
                equation(symbol(by_output), differential(text("E1"), "a_o1"), f"({text(by_output)})"),
                equation(symbol(slope), differential(text("a_o1"), "o1"), text(slope)),
                equation(symbol(by_weight), text(by_weight)),
            ),
        ),
        Block(3, "The gradients of w5 to w8", defined(outer)),
        Block(4, "Back to the hidden layer", defined(("dE1_da_h1", "dE2_da_h1", "dE_da_h1", "dE_da_h2"))),
        Block(5, "The chain rule for w1 to w4", tuple(equation(long_symbol(name), chain(name)) for name in inner)),
        Block(6, "The gradients of w1 to w4", defined(inner)),
    )


def arguments(expression: Expression, columns: Sequence[str]) -> tuple[str, ...]:
    """The names that an expression uses, in the order of a sheet's columns, then any that have no column."""
    used = names(expression)
    return (*(name for name in columns if name in used), *(name for name in used if name not in columns))


def update_of(weight: str) -> dict[str, Expression]:
    """What the names of `UPDATE` stand for when it moves one weight."""
    return {"w": Name(weight), "dE_dw": Name(gradient(weight))}
