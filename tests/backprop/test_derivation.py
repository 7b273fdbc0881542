"""The table against automatic differentiation, and the written derivation against the original's."""

import re
from itertools import pairwise

import pytest
import torch

from s6xl.backprop.dense import Biases, SquaredError, dense
from s6xl.backprop.derivation import written_derivation
from s6xl.backprop.expression import Name, names, parse, to_excel, to_numpy, to_text
from s6xl.backprop.network import UPDATE, Network, arguments, gradient, symbol
from s6xl.backprop.worked_example import NETWORK, NETWORK_AS_SUBMITTED
from tests.support import facts, witness

ORIGINAL = {row["column"]: row for row in facts.columns()}
GIVENS = {"t1": 0.3, "t2": 0.9, "i1": -0.7, "i2": 1.3}
GIVENS |= {f"w{k}": value for k, value in enumerate((0.4, -1.1, 2.0, 0.3, -0.6, 1.7, 0.8, -0.2), start=1)}


def evaluate(network: Network, name: str, values: dict[str, float]) -> float:
    expression = network[name].expression
    return float(to_numpy(expression)(*(values[used] for used in names(expression))))


def computed(network: Network) -> dict[str, float]:
    values = dict(GIVENS)
    for quantity in network.quantities:
        values[quantity.name] = evaluate(network, quantity.name, values)
    return values


def test_columns_are_the_originals() -> None:
    assert [symbol(name) for name in NETWORK.columns] == [row["header"] for row in ORIGINAL.values()]


def test_columns_are_the_givens_and_the_quantities() -> None:
    assert sorted(NETWORK.columns) == sorted([*NETWORK.givens, *(q.name for q in NETWORK.quantities)])


def test_formulas_are_the_originals_with_its_mistake() -> None:
    cells = {name: f"{column}33" for name, column in zip(NETWORK.columns, ORIGINAL, strict=True)}
    for name, column in zip(NETWORK.columns, ORIGINAL, strict=True):
        if name not in NETWORK.givens:
            text = "=" + to_excel(NETWORK_AS_SUBMITTED[name].expression, cells.__getitem__)
            assert text == ORIGINAL[column]["row 33"]


def test_only_two_formulas_differ_from_the_mistaken_ones() -> None:
    different = [q.name for q in NETWORK.quantities if q.source != NETWORK_AS_SUBMITTED[q.name].source]
    assert different == ["dE_dw3", "dE_dw4"]


def test_update_is_the_originals() -> None:
    cells = {"w": "F33", "dE_dw": "Y33", "lr": "$G$31"}
    assert "=" + to_excel(UPDATE.expression, cells.__getitem__) == ORIGINAL["F"]["row 34"]


def test_quantities_agree_with_autograd() -> None:
    values, wanted = computed(NETWORK), witness.quantities(GIVENS)
    for quantity in NETWORK.quantities:
        assert values[quantity.name] == pytest.approx(wanted[quantity.name], abs=1e-15)


def test_the_mistaken_gradients_do_not() -> None:
    values, wanted = computed(NETWORK_AS_SUBMITTED), witness.quantities(GIVENS)
    wrong = {q.name for q in NETWORK.quantities if abs(values[q.name] - wanted[q.name]) > 1e-12}
    assert wrong == {"dE_dw3", "dE_dw4"}


def test_every_partial_agrees_with_autograd() -> None:
    values = witness.tensors(GIVENS)
    tensors = {**values, **witness.forward(values)}
    numbers = computed(NETWORK)
    for partial in NETWORK.partials:
        numerator, denominator = re.fullmatch(r"d(\w+?)_d(\w+)", partial.name).groups()
        total = "E_tot" if numerator == "E" else numerator
        wanted = partial_derivative(
            total, denominator, {name: float(value.detach()) for name, value in tensors.items()}
        )
        assert evaluate(NETWORK, partial.name, numbers) == pytest.approx(wanted, abs=1e-14), partial.name


def partial_derivative(of: str, by: str, numbers: dict[str, float]) -> float:
    """The derivative of one quantity by another that it depends on, everything not between them held still."""
    held = {name: torch.tensor(value, dtype=torch.float64) for name, value in numbers.items()}
    held[by].requires_grad_(True)
    w, a, o = held, {}, {}
    layers = {"h1": ("w1", "i1", "w2", "i2"), "h2": ("w3", "i1", "w4", "i2")}
    for total, (w_a, in_a, w_b, in_b) in layers.items():
        a[total] = held[total] if total == by else w[w_a] * w[in_a] + w[w_b] * w[in_b]
        a[f"a_{total}"] = held[f"a_{total}"] if f"a_{total}" == by else torch.sigmoid(a[total])
    for total, (w_a, w_b) in {"o1": ("w5", "w6"), "o2": ("w7", "w8")}.items():
        o[total] = held[total] if total == by else w[w_a] * a["a_h1"] + w[w_b] * a["a_h2"]
        o[f"a_{total}"] = held[f"a_{total}"] if f"a_{total}" == by else torch.sigmoid(o[total])
    errors = {f"E{k}": 0.5 * (w[f"t{k}"] - o[f"a_o{k}"]) ** 2 for k in (1, 2)}
    found = {**a, **o, **errors, "E_tot": errors["E1"] + errors["E2"]}
    (slope,) = torch.autograd.grad(found[of], held[by])
    return float(slope)


def test_each_chain_multiplies_to_its_gradient() -> None:
    values = computed(NETWORK)
    assert set(NETWORK.chains) == set(NETWORK.gradients)
    for name, factors in NETWORK.chains.items():
        product = 1.0
        for factor in factors:
            product *= evaluate(NETWORK, factor, values)
        assert product == pytest.approx(values[name], rel=1e-14)


def test_inlined_loss_needs_only_givens() -> None:
    loss = NETWORK.inlined("E_tot")
    assert set(names(loss)) == set(NETWORK.givens)
    assert float(to_numpy(loss, list(GIVENS))(*GIVENS.values())) == pytest.approx(computed(NETWORK)["E_tot"], rel=1e-15)


def test_arguments_stand_in_column_order() -> None:
    assert arguments(NETWORK["dE_dw5"].expression, NETWORK.columns) == ("t1", "a_h1", "a_o1")
    assert arguments(NETWORK["E_tot"].expression, NETWORK.columns) == ("E1", "E2")
    assert arguments(UPDATE.expression, NETWORK.columns) == ("w", "lr", "dE_dw")


def test_everything_in_a_column_has_a_meaning() -> None:
    meanings = {name: NETWORK.meaning(name) for name in NETWORK.columns}
    assert meanings["i2"] == "input 2"
    assert meanings["t1"] == "target of output 1"
    assert meanings["w6"] == "weight from a_h2 to o1"
    assert len(set(meanings.values())) == len(meanings)


def test_connections_follow_from_the_sums() -> None:
    for weight, (source, target) in NETWORK.connections.items():
        assert parse(f"{weight}*{source}") in products(NETWORK[target].expression)


def products(expression: object) -> list[object]:
    left, right = getattr(expression, "left", None), getattr(expression, "right", None)
    return [left, right] if not isinstance(left, Name) else [expression]


def test_gradient_names() -> None:
    assert gradient("w5") == "dE_dw5"
    assert symbol("dE_dw5") == "∂E/∂w5"
    with pytest.raises(KeyError):
        NETWORK["w5"]


# The original's text, which lacks a line in block 5. Its a_01 and a_02 are read as a_o1 and a_o2, its E_total as E_tot
# and ∂E_total as ∂E, as the headers of its table have them.
WRITTEN = {
    1: (
        "h1 = w1 * i1 + w2 * i2",
        "h2 = w3 * i1 + w4 * i2",
        "a_h1 = σ(h1) = 1/(1 + exp(-h1))",
        "a_h2 = σ(h2)",
        "o1 = w5 * a_h1 + w6 * a_h2",
        "o2 = w7 * a_h1 + w8 * a_h2",
        "a_o1 = σ(o1)",
        "a_o2 = σ(o2)",
        "E_tot = E1 + E2",
        "E1 = ½ * (t1 - a_o1)²",
        "E2 = ½ * (t2 - a_o2)²",
    ),
    2: (
        "∂E/∂w5 = ∂(E1 + E2)/∂w5",
        "∂E/∂w5 = ∂E1/∂w5",
        "∂E/∂w5 = ∂E1/∂w5 = ∂E1/∂a_o1*∂a_o1/∂o1*∂o1/∂w5",
        "∂E1/∂a_o1 = ∂(½ * (t1 - a_o1)²)/∂a_o1 = (a_o1 - t1)",
        "∂a_o1/∂o1 = ∂(σ(o1))/∂o1 = a_o1 * (1 - a_o1)",
        "∂o1/∂w5 = a_h1",
    ),
    3: (
        "∂E/∂w5 = (a_o1 - t1) * a_o1 * (1 - a_o1) * a_h1",
        "∂E/∂w6 = (a_o1 - t1) * a_o1 * (1 - a_o1) * a_h2",
        "∂E/∂w7 = (a_o2 - t2) * a_o2 * (1 - a_o2) * a_h1",
        "∂E/∂w8 = (a_o2 - t2) * a_o2 * (1 - a_o2) * a_h2",
    ),
    4: (
        "∂E1/∂a_h1 = (a_o1 - t1) * a_o1 * (1 - a_o1) * w5",
        "∂E2/∂a_h1 = (a_o2 - t2) * a_o2 * (1 - a_o2) * w7",
        "∂E/∂a_h1 = (a_o1 - t1) * a_o1 * (1 - a_o1) * w5 + (a_o2 - t2) * a_o2 * (1 - a_o2) * w7",
        "∂E/∂a_h2 = (a_o1 - t1) * a_o1 * (1 - a_o1) * w6 + (a_o2 - t2) * a_o2 * (1 - a_o2) * w8",
    ),
    5: (
        "∂E/∂w1 = ∂E/∂a_h1 * ∂a_h1/∂h1 * ∂h1/∂w1",
        "∂E/∂w2 = ∂E/∂a_h1 * ∂a_h1/∂h1 * ∂h1/∂w2",
        "∂E/∂w3 = ∂E/∂a_h2 * ∂a_h2/∂h2 * ∂h2/∂w3",
        "∂E/∂w4 = ∂E/∂a_h2 * ∂a_h2/∂h2 * ∂h2/∂w4",
    ),
    6: tuple(
        f"∂E/∂{weight} = ((a_o1 - t1) * a_o1 * (1 - a_o1) * {first} + (a_o2 - t2) * a_o2 * (1 - a_o2) * {second})"
        f" * {neuron} * (1 - {neuron}) * {source}"
        for weight, first, second, neuron, source in (
            ("w1", "w5", "w7", "a_h1", "i1"),
            ("w2", "w5", "w7", "a_h1", "i2"),
            ("w3", "w6", "w8", "a_h2", "i1"),
            ("w4", "w6", "w8", "a_h2", "i2"),
        )
    ),
}
TITLES = (
    "The forward pass",
    "∂E/∂w5, step by step",
    "The gradients of w5 to w8",
    "Back to the hidden layer",
    "The chain rule for w1 to w4",
    "The gradients of w1 to w4",
)


@pytest.mark.parametrize("number", WRITTEN)
def test_written_derivation(number: int) -> None:
    block = written_derivation(NETWORK)[number - 1]
    assert block.number == number
    assert block.title == TITLES[number - 1]
    assert [line.replace(" ", "") for line in block.lines] == [line.replace(" ", "") for line in WRITTEN[number]]


def test_the_derivation_stays_right_for_the_mistaken_network() -> None:
    assert written_derivation(NETWORK_AS_SUBMITTED) == written_derivation(NETWORK)


@pytest.mark.parametrize("sizes", [(2, 2), (1, 1), (2, 3, 1), (2, 2, 2, 2), (3, 1, 2, 4)], ids=str)
@pytest.mark.parametrize("biases", ["none", "neuron"])
def test_derivations_of_other_networks(sizes: tuple[int, ...], biases: Biases) -> None:
    network = dense(sizes, title="a network", biases=biases)
    blocks = written_derivation(network)
    assert [block.number for block in blocks] == list(range(1, len(blocks) + 1))
    lines = [line for block in blocks for line in block.lines]
    # Every gradient is written out once, and every weight of a hidden layer as a chain, too.
    for name in network.gradients:
        written = f"{symbol(name)} = {to_text(network[name].expression, symbol)}"
        assert lines.count(written) == 1
    hidden = sum(before * size for before, size in pairwise(sizes[:-1]))
    chains = [f"{symbol(name)} = {' * '.join(map(symbol, factors))}" for name, factors in network.chains.items()]
    assert [chain in lines for chain in chains] == [True] * hidden + [False] * (len(chains) - hidden)
    titles = [block.title for block in blocks]
    assert len(set(titles)) == len(titles)
    assert all(len(set(block.lines)) == len(block.lines) for block in blocks)


def test_derivation_of_a_single_output() -> None:
    network = dense((2, 1), title="a network", biases="layer")
    assert [block.title for block in written_derivation(network)] == [
        "The forward pass",
        "∂E/∂w1, step by step",
        "The gradients of w1 to w2",
        "The gradient of b1",
    ]
    assert written_derivation(network)[1].lines[:2] == (
        "∂E/∂w1 = ∂E1/∂w1",
        "∂E/∂w1 = ∂E1/∂w1 = ∂E1/∂a_o1 * ∂a_o1/∂o1 * ∂o1/∂w1",
    )


def test_derivation_of_a_mean() -> None:
    network = dense((2, 2), title="a network", loss=SquaredError(factor=1, total_factor=0.5))
    assert written_derivation(network)[1].lines == (
        "∂E/∂w1 = ∂(½ * (E1 + E2))/∂w1",
        "∂E/∂w1 = ∂E/∂a_o1 * ∂a_o1/∂o1 * ∂o1/∂w1",
        "∂E/∂a_o1 = ∂(½ * (E1 + E2))/∂a_o1 = (a_o1 - t1)",
        "∂a_o1/∂o1 = ∂(σ(o1))/∂o1 = a_o1 * (1 - a_o1)",
        "∂o1/∂w1 = i1",
    )
