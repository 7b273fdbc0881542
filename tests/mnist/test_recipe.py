"""Recipes: what can be chosen, and the learning rate's course against PyTorch's schedules."""

import json
import math
from typing import Any

import pytest
import torch
from torch.optim.lr_scheduler import CosineAnnealingLR, LinearLR, SequentialLR

from s6xl.errors import UserError
from s6xl.mnist.recipe import RECIPES, Recipe, recipe_named

ORIGINAL, BEST = RECIPES["original"], RECIPES["best"]


@pytest.mark.parametrize(
    ("chosen", "words"),
    [
        ({"epochs": 0}, "0 epochs: give 1 to 200."),
        ({"epochs": 201}, "201 epochs: give 1 to 200."),
        ({"batch_size": 0}, "a batch of 0 images: give 1 to 60,000."),
        ({"batch_size": 60_001}, "a batch of 60001 images: give 1 to 60,000."),
        ({"learning_rate": 0.0}, "a learning rate of 0: give a number above 0, up to 1,000."),
        ({"learning_rate": -0.1}, "a learning rate of -0.1: give a number above 0, up to 1,000."),
        ({"learning_rate": 1_000.5}, "a learning rate of 1000.5: give a number above 0, up to 1,000."),
        ({"learning_rate": math.nan}, "a learning rate of nan: give a number above 0, up to 1,000."),
        ({"learning_rate": math.inf}, "a learning rate of inf: give a number above 0, up to 1,000."),
        ({"seed": -1}, "the seed -1: give a whole number from 0 to 2,147,483,647."),
        ({"seed": 2**31}, "the seed 2147483648: give a whole number from 0 to 2,147,483,647."),
    ],
)
def test_what_cannot_be_chosen_gets_one_sentence(chosen: dict[str, Any], words: str) -> None:
    with pytest.raises(UserError) as caught:
        ORIGINAL.changed(**chosen)
    assert str(caught.value) == words


@pytest.mark.parametrize(
    "chosen",
    [
        {"epochs": 1, "batch_size": 1, "learning_rate": 1e-300, "seed": 0},
        {"epochs": 200, "batch_size": 60_000, "learning_rate": 1_000.0, "seed": 2**31 - 1},
    ],
)
def test_what_can_just_be_chosen(chosen: dict[str, Any]) -> None:
    changed = ORIGINAL.changed(**chosen)
    assert {name: getattr(changed, name) for name in chosen} == chosen


def test_what_is_not_chosen_stays() -> None:
    assert BEST.changed(epochs=None, seed=None, learning_rate=None, batch_size=None) == BEST
    assert BEST.changed(epochs=3).as_data() == {**BEST.as_data(), "epochs": 3}


def test_the_original_trains_as_the_original_did() -> None:
    assert (ORIGINAL.epochs, ORIGINAL.batch_size, ORIGINAL.learning_rate, ORIGINAL.momentum) == (19, 128, 0.01, 0.9)
    assert (ORIGINAL.nesterov, ORIGINAL.weight_decay, ORIGINAL.one_cycle, ORIGINAL.shift) == (False, 0, False, 0)


def test_a_constant_rate() -> None:
    assert {ORIGINAL.learning_rate_at(step, 100) for step in range(100)} == {ORIGINAL.learning_rate}


# Before 2.9 PyTorch's SequentialLR warns of how it calls the schedules itself.
@pytest.mark.filterwarnings("ignore:The epoch parameter in `scheduler.step:UserWarning")
@pytest.mark.parametrize("steps", [5, 10, 235, 8_930])
def test_one_cycle_is_pytorchs_linear_rise_and_cosine(steps: int) -> None:
    weight = torch.zeros(1, requires_grad=True)
    optimizer = torch.optim.SGD([weight], lr=0.3)
    rise = LinearLR(optimizer, start_factor=1 / 25, total_iters=steps // 5)
    fall = CosineAnnealingLR(optimizer, T_max=steps - steps // 5)
    schedule = SequentialLR(optimizer, [rise, fall], milestones=[steps // 5])
    recipe = BEST.changed(learning_rate=0.3)
    for step in range(steps):
        assert recipe.learning_rate_at(step, steps) == pytest.approx(
            optimizer.param_groups[0]["lr"], rel=1e-6, abs=1e-9
        ), step
        optimizer.step()
        schedule.step()


def test_one_cycle_by_hand() -> None:
    """100 steps: up to step 20 in a straight line from a 25th, then half a cosine to 0 at the step behind the last."""
    recipe = BEST.changed(learning_rate=1.0)
    for step, rate in {0: 0.04, 5: 0.28, 10: 0.52, 20: 1.0, 40: (1 + math.sqrt(0.5)) / 2, 60: 0.5, 100: 0.0}.items():
        assert recipe.learning_rate_at(step, 100) == pytest.approx(rate, abs=1e-12), step


@pytest.mark.parametrize("steps", [1, 2, 3, 7, 101])
def test_one_cycle_stays_between_0_and_the_rate_for_any_number_of_steps(steps: int) -> None:
    rates = [BEST.learning_rate_at(step, steps) for step in range(steps)]
    assert all(0 < rate <= BEST.learning_rate for rate in rates)
    top = rates.index(max(rates))
    assert rates[: top + 1] == sorted(rates[: top + 1])
    assert rates[top:] == sorted(rates[top:], reverse=True)
    assert abs(top - steps / 5) < 1


@pytest.mark.parametrize("recipe", [*RECIPES.values(), BEST.changed(epochs=3, seed=7, learning_rate=0.25)])
def test_a_recipe_survives_a_file(recipe: Recipe) -> None:
    assert Recipe.from_data(json.loads(json.dumps(recipe.as_data()))) == recipe


def test_a_recipe_from_a_file_is_checked_too() -> None:
    with pytest.raises(UserError, match="give 1 to 200"):
        Recipe.from_data({**BEST.as_data(), "epochs": 0})


@pytest.mark.parametrize(
    "layers",
    [
        [],
        [{"kind": "ReLU"}],
        [{"kind": "Flatten"}, {"kind": "Linear", "inputs": 783, "outputs": 10}, {"kind": "LogSoftmax"}],
        [{"kind": "Flatten"}, {"kind": "Linear", "inputs": 784, "outputs": 9}, {"kind": "LogSoftmax"}],
    ],
)
def test_layers_from_a_file_make_a_network_that_reads_digits(layers: list[dict[str, Any]]) -> None:
    with pytest.raises(ValueError, match=r"cannot follow an output of shape|the output has the shape"):
        Recipe.from_data({**BEST.as_data(), "layers": layers})


@pytest.mark.parametrize("inputs", ["784", True, 784.0, None])
def test_numbers_of_layers_from_a_file_are_whole(inputs: object) -> None:
    layers = [{"kind": "Flatten"}, {"kind": "Linear", "inputs": inputs, "outputs": 10}, {"kind": "LogSoftmax"}]
    with pytest.raises(TypeError, match="inputs is"):
        Recipe.from_data({**BEST.as_data(), "layers": layers})


@pytest.mark.parametrize("name", ["momentum", "weight_decay"])
@pytest.mark.parametrize("value", [-0.1, float("nan"), float("inf")])
def test_numbers_of_a_recipe_from_a_file_are_such(name: str, value: float) -> None:
    with pytest.raises(UserError, match=r"a momentum of .*, a weight decay of "):
        Recipe.from_data({**BEST.as_data(), name: value})


def test_recipes_by_name() -> None:
    assert {name: recipe_named(name).name for name in RECIPES} == {"best": "best", "original": "original"}
    with pytest.raises(UserError, match="there is no recipe better: use best or original"):
        recipe_named("better")


@pytest.mark.parametrize(
    ("recipe", "title"),
    [
        (ORIGINAL, "original: 19 epochs, batches of 128, learning rate 0.01, seed 1"),
        (BEST.changed(epochs=1), "best: 1 epoch, batches of 128, learning rate up to 0.1, seed 1"),
    ],
)
def test_a_recipe_in_one_line(recipe: Recipe, title: str) -> None:
    assert recipe.title == title
