"""Generated networks of many sizes, with automatic differentiation and published figures as witnesses."""

import random
import re

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from s6xl.backprop.dense import MOST_NEURONS, Biases, SquaredError, dense, ordinal
from s6xl.backprop.derivation import written_derivation
from s6xl.backprop.descent import descend
from s6xl.backprop.expression import names, to_numpy
from s6xl.backprop.network import Network
from s6xl.backprop.verification import TOLERANCE, gradient_errors, loss_error, update_error

SIZES = ((2, 2), (1, 1), (2, 3, 1), (3, 4, 2), (1, 1, 1), (5, 1, 7), (2, 12, 2), (2, 2, 2, 2), (3, 2, 4, 2, 3))
BIASES: tuple[Biases, ...] = ("none", "layer", "neuron")
TURNED = (True, False, True, True)
HALF = SquaredError()


def made(
    sizes: tuple[int, ...], biases: Biases = "none", *, turned: bool = False, loss: SquaredError = HALF
) -> Network:
    return dense(sizes, title="a network", biases=biases, by_source=TURNED if turned else (), loss=loss)


def givens(network: Network, seed: int) -> dict[str, float]:
    rng = random.Random(seed)
    return {name: rng.uniform(-2, 2) for name in network.givens}


def computed(network: Network, values: dict[str, float]) -> dict[str, float]:
    found = dict(values)
    for quantity in (*network.quantities, *network.deltas, *network.partials):
        expression = quantity.expression
        found[quantity.name] = float(to_numpy(expression)(*(found[name] for name in names(expression))))
    return found


def forward(
    sizes: tuple[int, ...], biases: Biases, turned: bool, loss: SquaredError, values: dict[str, float]
) -> dict[str, torch.Tensor]:
    """Every given and quantity of the forward pass, from matrices; weights and biases are counted here once more."""
    tensors = {name: torch.tensor(value, dtype=torch.float64, requires_grad=True) for name, value in values.items()}
    activations = torch.stack([tensors[f"i{n}"] for n in range(1, sizes[0] + 1)])
    found = dict(tensors)
    letters = {2: ["o"], 3: ["h", "o"]}.get(len(sizes), [*(f"h{n}_" for n in range(1, len(sizes) - 1)), "o"])
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
        # Number by number, so that the total can be differentiated by each.
        parts = list(sums)
        outcomes = [torch.sigmoid(part) for part in parts]
        for n, (part, outcome) in enumerate(zip(parts, outcomes, strict=True), start=1):
            found |= {f"{letter}{n}": part, f"a_{letter}{n}": outcome}
        activations = torch.stack(outcomes)
    errors = [loss.factor * (tensors[f"t{n}"] - found[f"a_o{n}"]) ** 2 for n in range(1, sizes[-1] + 1)]
    total = loss.total_factor * torch.stack(errors).sum()
    return found | {f"E{n}": error for n, error in enumerate(errors, start=1)} | {"E_tot": total}


def check_against_autograd(sizes: tuple[int, ...], biases: Biases, turned: bool, loss: SquaredError, seed: int) -> None:
    """Every quantity, every derivative, and the product of every chain."""
    network = made(sizes, biases, turned=turned, loss=loss)
    values = givens(network, seed)
    found, expected = computed(network, values), forward(sizes, biases, turned, loss, values)
    slopes: dict[str, dict[str, float]] = {}
    for of in dict.fromkeys(("E", *expected)):
        by = {name: expected[name] for name in derivatives(network, of)}
        if by:
            gradients = torch.autograd.grad(
                expected["E_tot" if of == "E" else of], list(by.values()), retain_graph=True
            )
            slopes[of] = {name: float(slope) for name, slope in zip(by, gradients, strict=True)}
    for quantity in (*network.quantities, *network.deltas, *network.partials):
        derivative = re.fullmatch(r"d(\w+?)_d(\w+)", quantity.name)
        wanted = slopes[derivative[1]][derivative[2]] if derivative else float(expected[quantity.name].detach())
        assert found[quantity.name] == pytest.approx(wanted, rel=1e-11, abs=1e-16), quantity.name
    assert tuple(network.chains) == network.gradients[: len(network.weights)]
    for name, factors in network.chains.items():
        by_activation, slope, by_weight = (found[factor] for factor in factors)
        assert by_activation * slope * by_weight == pytest.approx(found[name], rel=1e-13, abs=1e-18)


def derivatives(network: Network, of: str) -> list[str]:
    """By what the network has a derivative of a quantity."""
    names = (quantity.name for quantity in (*network.quantities, *network.deltas, *network.partials))
    return [name.removeprefix(f"d{of}_d") for name in names if name.startswith(f"d{of}_d")]


@pytest.mark.parametrize("turned", [False, True], ids=["by target", "by source"])
@pytest.mark.parametrize("biases", BIASES)
@pytest.mark.parametrize("sizes", SIZES, ids=str)
def test_chosen_networks_agree_with_autograd(sizes: tuple[int, ...], biases: Biases, turned: bool) -> None:
    check_against_autograd(sizes, biases, turned, HALF, seed=1)


@settings(max_examples=50)
@given(
    st.lists(st.integers(1, 4), min_size=2, max_size=4).map(tuple),
    st.sampled_from(BIASES),
    st.booleans(),
    st.builds(SquaredError, st.sampled_from((0.5, 1.0, 0.3)), st.sampled_from((1.0, 0.5, 0.25))),
    st.integers(0, 1000),
)
def test_any_network_agrees_with_autograd(
    sizes: tuple[int, ...], biases: Biases, turned: bool, loss: SquaredError, seed: int
) -> None:
    check_against_autograd(sizes, biases, turned, loss, seed)


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


@pytest.mark.parametrize("sizes", [(MOST_NEURONS, 1), (1, MOST_NEURONS), (1,) * 40], ids=["wide", "broad", "deep"])
def test_large_networks(sizes: tuple[int, ...]) -> None:
    network = made(sizes, "layer")
    table = descend(network, givens(network, 2), learning_rate=0.01, steps=1)
    assert max(gradient_errors(network, table).values()) < TOLERANCE
    lines = [line for block in written_derivation(network) for line in block.lines]
    assert all(line.startswith(("h", "a_", "o", "E", "∂")) for line in lines)
    assert names(network.inlined("E_tot"))


def test_the_published_example_with_biases() -> None:
    """Mazur's step by step example. Its biases are held fixed, which changes nothing in the first step."""
    network = dense((2, 2, 2), title="Mazur's example", biases="layer")
    weights = (0.15, 0.2, 0.25, 0.3, 0.4, 0.45, 0.5, 0.55)
    start = {"i1": 0.05, "i2": 0.1, "t1": 0.01, "t2": 0.99, "b1": 0.35, "b2": 0.6}
    start |= dict(zip(network.weights, weights, strict=True))
    first, second = (
        dict(zip(network.columns, row, strict=True)) for row in descend(network, start, learning_rate=0.5, steps=2)
    )
    printed = {"h1": 0.3775, "a_h1": 0.593269992, "a_h2": 0.596884378, "o1": 1.105905967, "a_o1": 0.75136507}
    printed |= {"a_o2": 0.772928465, "E_tot": 0.298371109, "dE_dw5": 0.082167041, "dE_dw1": 0.000438568}
    assert {name: first[name] for name in printed} == pytest.approx(printed, abs=5e-10)
    printed = {"w1": 0.149780716, "w2": 0.19956143, "w3": 0.24975114, "w4": 0.29950229}
    printed |= {"w5": 0.35891648, "w6": 0.408666186, "w7": 0.511301270, "w8": 0.561370121}
    assert {name: second[name] for name in printed} == pytest.approx(printed, abs=5e-9)


def test_a_published_example_with_learned_biases() -> None:
    """A notebook's variation of Mazur's example: a bias that the neurons of a layer share has the sum of their slopes.

    The biases after the step are not printed; its slopes by the sums of the neurons are.
    """
    network = dense((2, 2, 2), title="with learned biases", biases="layer")
    weights = (0.2, 0.25, 0.3, 0.35, 0.45, 0.5, 0.55, 0.6)
    start = {"i1": 0.1, "i2": 0.2, "t1": 0.05, "t2": 0.95, "b1": 0.4, "b2": 0.65}
    start |= dict(zip(network.weights, weights, strict=True))
    first, second = (
        dict(zip(network.columns, row, strict=True)) for row in descend(network, start, learning_rate=0.3, steps=2)
    )
    assert first["E_tot"] == pytest.approx(0.274834719, abs=5e-10)
    assert first["dE_db1"] == pytest.approx(0.010206347772 + 0.011325002866, abs=1e-12)
    assert first["dE_db2"] == pytest.approx(0.126367447 - 0.024988306, abs=1e-9)
    assert second["b1"] == pytest.approx(0.4 - 0.3 * (0.010206347772 + 0.011325002866), abs=1e-12)
    assert second["w1"] == pytest.approx(0.199693810, abs=5e-10)


def test_factors_of_the_error_are_said() -> None:
    errors = {factor: made((1, 1), loss=SquaredError(factor))["E1"].meaning for factor in (0.5, 1.0, 0.3)}
    assert errors[0.5] == "the first output's error: half its squared distance from the target"
    assert errors[1.0] == "the first output's error: its squared distance from the target"
    assert errors[0.3] == "the first output's error: 0.3 times its squared distance from the target"
    assert made((2, 2))["dE1_da_o1"].meaning == "how the first error changes with the first output"
    mean = made((2, 2), loss=SquaredError(1.0, 0.5))
    assert mean["dE_da_o1"].meaning == "how the total error changes with the first output"
    assert mean["E_tot"].source == "0.5*(E1 + E2)"


def test_deep_networks_name_the_layer() -> None:
    network = made((2, 2, 3, 1))
    assert network.meaning("h2_3") == "what flows into the third neuron of hidden layer 2"
    assert network.meaning("a_h2_3") == "the activation of the third neuron of hidden layer 2"
    assert network["dE_da_h1_1"].meaning == "all paths back to the first activation of hidden layer 1"
    assert network["dE_da_h2_1"].meaning == "the path back to the first activation of hidden layer 2"


@pytest.mark.parametrize("sizes", [(), (2,), (2, 0, 2), (2, -1), (784, 10)], ids=str)
def test_impossible_sizes(sizes: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="not possible"):
        made(sizes)


def test_ordinals() -> None:
    numbers = (1, 3, 10, 11, 12, 13, 21, 22, 23, 101, 111, 113, 121)
    words = "first third tenth 11th 12th 13th 21st 22nd 23rd 101st 111th 113th 121st"
    assert [ordinal(number) for number in numbers] == words.split()
