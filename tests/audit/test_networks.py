"""The networks that workbooks are held against, with automatic differentiation as the witness."""

import math
from itertools import product

import numpy as np
import pytest
import torch

from s6xl.audit.networks import CASES, Convention, Model, World
from s6xl.backprop.dense import Biases

LEARNED: tuple[tuple[Biases, bool], ...] = (("none", False), ("layer", False), ("layer", True), ("neuron", True))
CONVENTIONS = [
    Convention((turned_1, turned_2), biases, half, mean, learning)
    for turned_1, turned_2 in product((False, True), repeat=2)
    for biases, learning in LEARNED
    for half, mean in ((0.5, 1.0), (1.0, 1.0), (1.0, 0.5), (0.5, 0.5))
]


BIASES = {
    "none": {},
    "layer": {"h1": "b1", "h2": "b1", "o1": "b2", "o2": "b2"},
    "neuron": {"h1": "b1", "h2": "b2", "o1": "b3", "o2": "b4"},
}


def differentiated(convention: Convention, givens: dict[str, float]) -> dict[str, float]:
    """Every quantity and gradient, from matrices and torch's own differentiation."""
    values = {name: torch.tensor(value, dtype=torch.float64, requires_grad=True) for name, value in givens.items()}

    def matrix(first: int, turned: bool) -> torch.Tensor:
        rows = torch.stack([values[f"w{first + n}"] for n in range(4)]).reshape(2, 2)
        return rows.T if turned else rows

    def bias(neurons: tuple[str, str]) -> torch.Tensor:
        names = [BIASES[convention.biases].get(neuron) for neuron in neurons]
        return torch.stack([values[name] if name else torch.zeros((), dtype=torch.float64) for name in names])

    h = matrix(1, convention.by_source[0]) @ torch.stack([values["i1"], values["i2"]]) + bias(("h1", "h2"))
    a_h = torch.sigmoid(h)
    o = matrix(5, convention.by_source[1]) @ a_h + bias(("o1", "o2"))
    a_o = torch.sigmoid(o)
    errors = convention.half * (torch.stack([values["t1"], values["t2"]]) - a_o) ** 2
    total = convention.mean * errors.sum()
    for tensor in (h, a_h, o, a_o):
        tensor.retain_grad()
    total.backward()
    found = {"E_tot": total}
    for names, tensor in ((("h1", "h2"), h), (("a_h1", "a_h2"), a_h), (("o1", "o2"), o), (("a_o1", "a_o2"), a_o)):
        assert tensor.grad is not None
        found |= dict(zip(names, tensor, strict=True))
        found |= {f"dE_d{name}": slope for name, slope in zip(names, tensor.grad, strict=True)}
    found |= {"E1": errors[0], "E2": errors[1]}
    for name, value in values.items():
        if name[0] in "wb" and value.grad is not None:
            found[f"dE_d{name}"] = value.grad
    return {name: float(value.detach()) for name, value in found.items()}


@pytest.mark.parametrize("convention", CONVENTIONS, ids=lambda convention: convention.title)
def test_quantities_and_gradients(convention: Convention) -> None:
    world = World(Model(convention))
    for offset, case in ((-1, 0), (0, CASES - 1), (1, 3), (7, 2)):
        givens = {name: float(world(name, offset)[case]) for name in world.model.givens}
        expected = differentiated(convention, givens)
        computed = {name: float(world(name, offset)[case]) for name in world.model.expressions}
        assert computed.keys() <= expected.keys()
        for name, value in computed.items():
            assert value == pytest.approx(expected[name], rel=1e-12, abs=1e-15), name


@pytest.mark.parametrize("convention", CONVENTIONS[:6], ids=lambda convention: convention.title)
def test_each_row_follows_from_the_one_before(convention: Convention) -> None:
    world = World(Model(convention))
    for name in world.model.givens:
        moved = (
            world(name, -1) - world.rate * world(f"dE_d{name}", -1) if name in world.model.learning else world(name, 5)
        )
        np.testing.assert_allclose(world(name, 0), moved, rtol=1e-12)
    np.testing.assert_array_equal(world("w3_next", -1), world("w3", 0))


@pytest.mark.parametrize(
    ("of", "by"), [("E1", "a_h1"), ("E2", "w8"), ("a_o1", "h2"), ("o2", "w1"), ("E_tot", "a_o2"), ("a_h2", "h2")]
)
def test_any_derivative(of: str, by: str) -> None:
    """Against differences: one quantity moved a little, everything behind it computed anew."""
    world = World(Model(Convention()))
    expressions, step = world.model.expressions, 1e-6

    def computed(name: str, row: dict[str, float]) -> float:
        if name == "E_tot":
            return row["E1"] + row["E2"]
        if name.startswith("E"):
            return 0.5 * (row[f"t{name[1:]}"] - row[f"a_o{name[1:]}"]) ** 2
        if name.startswith("a_"):
            return 1 / (1 + math.exp(-row[name[2:]]))
        return sum(row[weight] * row[source] for weight, (source, to) in world.model.connections.items() if to == name)

    def value(change: float) -> float:
        row = {name: float(world(name, 0)[1]) for name in (*world.model.givens, *expressions)}
        row[by] += change
        order = ("h1", "h2", "a_h1", "a_h2", "o1", "o2", "a_o1", "a_o2", "E1", "E2", "E_tot")
        for name in order:
            if name != by:
                row[name] = computed(name, row)
        return float(row[of])

    slope = (value(step) - value(-step)) / (2 * step)
    assert float(world(f"d{'E' if of == 'E_tot' else of}_d{by}", 0)[1]) == pytest.approx(slope, rel=1e-6)
