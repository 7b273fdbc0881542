"""Generated networks of many sizes, with automatic differentiation and published figures as witnesses."""

import random
import re

import pytest
import torch

from s6xl.backprop.dense import Biases, dense, ordinal
from s6xl.backprop.descent import descend
from s6xl.backprop.expression import names, to_numpy
from s6xl.backprop.network import Network, gradient
from s6xl.backprop.verification import TOLERANCE, gradient_errors, loss_error, update_error

SIZES = ((2, 2), (1, 1), (2, 3, 1), (3, 4, 2), (1, 1, 1), (5, 1, 7), (2, 12, 2), (2, 2, 2, 2), (3, 2, 4, 2, 3))
BIASES: tuple[Biases, ...] = ("none", "layer", "neuron")
TURNED = (True, False, True, True)


def made(sizes: tuple[int, ...], biases: Biases = "none", *, turned: bool = False) -> Network:
    return dense(sizes, title="a network", biases=biases, by_source=TURNED if turned else ())


def givens(network: Network, seed: int) -> dict[str, float]:
    rng = random.Random(seed)
    return {name: rng.uniform(-2, 2) for name in network.givens}


def computed(network: Network, values: dict[str, float]) -> dict[str, float]:
    found = dict(values)
    for quantity in (*network.quantities, *network.deltas, *network.partials):
        expression = quantity.expression
        found[quantity.name] = float(to_numpy(expression)(*(found[name] for name in names(expression))))
    return found


def differentiated(
    sizes: tuple[int, ...], biases: Biases, turned: bool, values: dict[str, float]
) -> dict[str, torch.Tensor]:
    """Every quantity from matrices, with its slope; weights and biases are counted here once more."""
    tensors = {name: torch.tensor(value, dtype=torch.float64, requires_grad=True) for name, value in values.items()}
    activations = torch.stack([tensors[f"i{n}"] for n in range(1, sizes[0] + 1)])
    found = dict(tensors)
    letters = {1: ["o"], 2: ["h", "o"], 3: ["h", "g", "o"], 4: ["h", "g", "k", "o"]}[len(sizes) - 1]
    weight = bias = 1
    for layer, (letter, before, size) in enumerate(zip(letters, sizes, sizes[1:], strict=False)):
        numbers = [tensors[f"w{weight + n}"] for n in range(before * size)]
        weight += before * size
        matrix = torch.stack(numbers).reshape((before, size) if turned and TURNED[layer] else (size, before))
        sums = (matrix.T if turned and TURNED[layer] else matrix) @ activations
        if biases == "layer":
            sums = sums + tensors[f"b{layer + 1}"]
        elif biases == "neuron":
            sums = sums + torch.stack([tensors[f"b{bias + n}"] for n in range(size)])
            bias += size
        # Number by number, so that each one's slope is kept.
        parts = [part.clone() for part in sums]
        outcomes = [torch.sigmoid(part) for part in parts]
        for n, (part, outcome) in enumerate(zip(parts, outcomes, strict=True), start=1):
            part.retain_grad()
            outcome.retain_grad()
            found |= {f"{letter}{n}": part, f"a_{letter}{n}": outcome}
        activations = torch.stack(outcomes)
    errors = [0.5 * (tensors[f"t{n}"] - found[f"a_o{n}"]) ** 2 for n in range(1, sizes[-1] + 1)]
    total = torch.stack(errors).sum()
    total.backward()
    return found | {f"E{n}": error for n, error in enumerate(errors, start=1)} | {"E_tot": total}


@pytest.mark.parametrize("turned", [False, True], ids=["by target", "by source"])
@pytest.mark.parametrize("biases", BIASES)
@pytest.mark.parametrize("sizes", SIZES, ids=str)
def test_quantities_and_gradients_agree_with_autograd(sizes: tuple[int, ...], biases: Biases, turned: bool) -> None:
    network = made(sizes, biases, turned=turned)
    for seed in range(3):
        values = givens(network, seed)
        found, expected = computed(network, values), differentiated(sizes, biases, turned, values)
        for quantity in (*network.quantities, *network.deltas):
            of = re.fullmatch(r"dE_d(\w+)", quantity.name)
            wanted = expected[of[1]].grad if of else expected[quantity.name]
            assert wanted is not None
            assert found[quantity.name] == pytest.approx(float(wanted.detach()), rel=1e-11, abs=1e-16), quantity.name


@pytest.mark.parametrize("sizes", SIZES, ids=str)
def test_each_chain_multiplies_to_its_gradient(sizes: tuple[int, ...]) -> None:
    network = made(sizes)
    found = computed(network, givens(network, 1))
    assert tuple(network.chains) == network.gradients
    for name, factors in network.chains.items():
        by_activation, slope, by_weight = (found[factor] for factor in factors)
        assert by_activation * slope * by_weight == pytest.approx(found[name], rel=1e-13, abs=1e-18)


@pytest.mark.parametrize("biases", BIASES)
@pytest.mark.parametrize("sizes", SIZES, ids=str)
def test_the_table_is_whole(sizes: tuple[int, ...], biases: Biases) -> None:
    network = made(sizes, biases)
    assert sorted(network.columns) == sorted([*network.givens, *(q.name for q in network.quantities)])
    assert len({network.meaning(name) for name in network.columns}) == len(network.columns)
    # Spreadsheets do not tell capital letters from small ones.
    assert len({name.casefold() for name in network.columns}) == len(network.columns)
    known = set(network.givens)
    for quantity in network.quantities:
        assert set(names(quantity.expression)) <= known
        known.add(quantity.name)


@pytest.mark.parametrize("sizes", SIZES, ids=str)
def test_descents_pass_the_checks(sizes: tuple[int, ...]) -> None:
    network = made(sizes, "neuron")
    table = descend(network, givens(network, 2), learning_rate=0.5, steps=20)
    assert max(gradient_errors(network, table).values()) < TOLERANCE
    assert loss_error(network, table) < 1e-12
    assert update_error(network, table, 0.5) < 1e-6
    loss = network.columns.index("E_tot")
    assert table[-1, loss] < table[0, loss]


def test_the_published_example_with_biases() -> None:
    """Mazur's step by step example, whose biases are held fixed."""
    network = dense((2, 2, 2), title="Mazur's example", biases="layer")
    weights = (0.15, 0.2, 0.25, 0.3, 0.4, 0.45, 0.5, 0.55)
    start = {"i1": 0.05, "i2": 0.1, "t1": 0.01, "t2": 0.99, "b1": 0.35, "b2": 0.6}
    start |= dict(zip(network.weights, weights, strict=True))
    first, second = (
        dict(zip(network.columns, row, strict=True)) for row in descend(network, start, learning_rate=0.5, steps=2)
    )
    assert first["E_tot"] == pytest.approx(0.298371109, abs=5e-10)
    assert first["dE_dw5"] == pytest.approx(0.082167041, abs=5e-10)
    assert second["w5"] == pytest.approx(0.35891648, abs=5e-9)
    assert second["w1"] == pytest.approx(0.149780716, abs=5e-10)


def test_factors_of_the_error() -> None:
    usual, other = made((2, 2, 2)), dense((2, 2, 2), title="a mean", error_factor=1, total_factor=0.5)
    values = givens(usual, 3)
    found, halved = computed(usual, values), computed(other, values)
    assert halved["E1"] == pytest.approx(2 * found["E1"], rel=1e-15)
    assert halved["E_tot"] == pytest.approx(found["E_tot"], rel=1e-15)
    for weight in usual.weights:
        assert halved[gradient(weight)] == pytest.approx(found[gradient(weight)], rel=1e-14)


def test_deep_networks_name_the_layer() -> None:
    network = made((2, 2, 3, 1))
    assert network.meaning("g3") == "what flows into the third neuron of hidden layer 2"
    assert network.meaning("a_g3") == "the activation of the third neuron of hidden layer 2"
    assert network["dE_da_h1"].meaning == "all paths back to the first activation of hidden layer 1"
    assert network["dE_da_g1"].meaning == "the path back to the first activation of hidden layer 2"


@pytest.mark.parametrize("sizes", [(), (2,), (2, 0, 2), (2, -1), (1,) * 15], ids=str)
def test_impossible_sizes(sizes: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="not possible"):
        made(sizes)


def test_ordinals() -> None:
    numbers = (1, 3, 10, 11, 12, 13, 21, 22, 23, 101, 111, 113, 121)
    words = "first third tenth 11th 12th 13th 21st 22nd 23rd 101st 111th 113th 121st"
    assert [ordinal(number) for number in numbers] == words.split()
