"""Automatic differentiation as a witness: the network written once more, in torch, and differentiated by it."""

import random
from collections.abc import Mapping

import torch

WEIGHTS = ("w1", "w2", "w3", "w4", "w5", "w6", "w7", "w8")
# What each function of a cell gives.
QUANTITIES = {
    **{f"S6_{name.upper()}": name for name in ("h1", "a_h1", "h2", "a_h2", "o1", "a_o1", "o2", "a_o2", "E1", "E2")},
    "S6_E_TOTAL": "E_tot",
    **{f"S6_DELTA_{weight.upper()}": f"dE_d{weight}" for weight in WEIGHTS},
}


def forward(values: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Every quantity of the forward pass, as the layers of a network compute it."""
    first = torch.stack([torch.stack([values["w1"], values["w2"]]), torch.stack([values["w3"], values["w4"]])])
    second = torch.stack([torch.stack([values["w5"], values["w6"]]), torch.stack([values["w7"], values["w8"]])])
    h = first @ torch.stack([values["i1"], values["i2"]])
    a_h = torch.sigmoid(h)
    o = second @ a_h
    a_o = torch.sigmoid(o)
    errors = 0.5 * (torch.stack([values["t1"], values["t2"]]) - a_o) ** 2
    names = ("h1", "h2", "a_h1", "a_h2", "o1", "o2", "a_o1", "a_o2", "E1", "E2")
    return {**dict(zip(names, torch.cat([h, a_h, o, a_o, errors]), strict=True)), "E_tot": errors.sum()}


def tensors(givens: Mapping[str, float]) -> dict[str, torch.Tensor]:
    """The givens as float64 tensors, the weights among them to be differentiated by."""
    return {
        name: torch.tensor(value, dtype=torch.float64, requires_grad=name in WEIGHTS) for name, value in givens.items()
    }


def quantities(givens: Mapping[str, float]) -> dict[str, float]:
    """The forward pass, and the gradients as ``dE_dw1`` and so on."""
    values = tensors(givens)
    computed = forward(values)
    computed["E_tot"].backward()
    found = {name: float(value.detach()) for name, value in computed.items()}
    for weight in WEIGHTS:
        slope = values[weight].grad
        assert slope is not None
        found[f"dE_d{weight}"] = float(slope)
    return found


def random_givens(seed: int) -> dict[str, float]:
    """Inputs, targets and weights."""
    rng = random.Random(seed)
    return {name: rng.uniform(-3, 3) for name in ("t1", "t2", "i1", "i2", *WEIGHTS)}


def random_step(seed: int) -> dict[str, float]:
    """Every quantity of a random step."""
    givens = random_givens(seed)
    return {**givens, **quantities(givens)}
