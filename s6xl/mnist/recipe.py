"""Everything that defines a training run apart from the data: network, optimizer, learning-rate schedule, shifts."""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

from s6xl.errors import UserError
from s6xl.mnist.checking import check_types
from s6xl.mnist.layers import (
    AveragePool,
    BatchNorm,
    Convolution,
    Dropout,
    Flatten,
    Layer,
    Linear,
    LogSoftmax,
    MaxPool,
    ReLU,
    as_data,
    check_chain,
    from_data,
    parameters,
)
from s6xl.wording import counted

# Limits of a training run.
MOST_EPOCHS = 200
LARGEST_SEED = 2**31 - 1
LARGEST_BATCH = 60_000
LARGEST_RATE = 1_000


@dataclass(frozen=True)
class Recipe:
    """How to train a network: by stochastic gradient descent, as ``torch.optim.SGD``.

    Attributes:
        name: the recipe's name.
        layers: the network.
        epochs: how often each training image is seen.
        batch_size: images a step.
        learning_rate: the learning rate; with `one_cycle` the highest one.
        seed: sets the random numbers: first weights, order of images, shifts and dropout.
        momentum: what remains of the last step in the next, from 0 to below 1.
        nesterov: whether the momentum is Nesterov's (Sutskever et al., "On the importance of initialization and
            momentum in deep learning", 2013), in PyTorch's form.
        weight_decay: the factor of the weights that is added to their gradients; biases and batch norms have none.
        one_cycle: whether the learning rate rises and falls once, as `learning_rate_at` says, or is constant.
        shift: the most pixels that a training image is moved by, up or down and left or right, at random.
    """

    name: str
    layers: tuple[Layer, ...]
    epochs: int
    batch_size: int
    learning_rate: float
    seed: int = 1
    momentum: float = 0.9
    nesterov: bool = False
    weight_decay: float = 0.0
    one_cycle: bool = False
    shift: int = 0

    def __post_init__(self) -> None:
        """Check the values, which a user chose or a file holds.

        Raises:
            UserError: if one is out of range.
            TypeError: if one has the wrong type.
        """
        check_types(self)
        if not 1 <= self.epochs <= MOST_EPOCHS:
            raise UserError(f"{self.epochs} epochs: give 1 to {MOST_EPOCHS}.")
        if not 1 <= self.batch_size <= LARGEST_BATCH:
            raise UserError(f"a batch of {self.batch_size} images: give 1 to {LARGEST_BATCH:,}.")
        if not 0 < self.learning_rate <= LARGEST_RATE:
            raise UserError(
                f"a learning rate of {self.learning_rate:g}: give a number above 0, up to {LARGEST_RATE:,}."
            )
        if not (0 <= self.momentum < 1 and 0 <= self.weight_decay < math.inf):
            raise UserError(
                f"a momentum of {self.momentum:g}, a weight decay of {self.weight_decay:g}: "
                "give a momentum from 0 to below 1 and a weight decay of at least 0."
            )
        if not 0 <= self.seed <= LARGEST_SEED:
            raise UserError(f"the seed {self.seed}: give a whole number from 0 to {LARGEST_SEED:,}.")

    @property
    def parameters(self) -> int:
        """The number of trained weights."""
        return parameters(self.layers)

    @property
    def title(self) -> str:
        """The recipe with its settings, in one line."""
        rate = f"learning rate {'up to ' if self.one_cycle else ''}{self.learning_rate:g}"
        return f"{self.name}: {counted(self.epochs, 'epoch')}, batches of {self.batch_size}, {rate}, seed {self.seed}"

    def learning_rate_at(self, step: int, steps: int) -> float:
        """Return the learning rate of one step.

        With `one_cycle` it rises linearly over the first fifth of all steps, from a 25th of `learning_rate` to the
        whole of it, and falls to 0 along half a cosine. This follows the one-cycle policy of Smith and Topin,
        "Super-Convergence", 2017, arXiv 1708.07120. Unlike there, the fall is a cosine and not linear, it is four
        times as long as the rise, it ends at 0 without a last phase of its own, and the momentum stays constant.

        Args:
            step: the step, counted from 0.
            steps: the number of steps in all epochs.
        """
        if not self.one_cycle:
            return self.learning_rate
        progress, warm_up, start = step / steps, 0.2, 0.04
        if progress < warm_up:
            return self.learning_rate * (start + (1 - start) * progress / warm_up)
        return self.learning_rate * (1 + math.cos(math.pi * (progress - warm_up) / (1 - warm_up))) / 2

    def changed(self, **chosen: Any) -> "Recipe":
        """Return the recipe with other values; what is None stays as it is."""
        return replace(self, **{name: value for name, value in chosen.items() if value is not None})

    def as_data(self) -> dict[str, Any]:
        """Return the recipe as plain data for a file."""
        return {**asdict(self), "layers": as_data(self.layers)}

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> "Recipe":
        """Return the recipe from what `as_data` gave."""
        content = {field.name: data[field.name] for field in fields(cls)}
        content["layers"] = from_data(data["layers"])
        check_chain(content["layers"])
        return cls(**content)


def _norm_last(convolution: Convolution) -> tuple[Layer, ...]:
    return convolution, ReLU(), BatchNorm(convolution.outputs)


def _norm_first(convolution: Convolution) -> tuple[Layer, ...]:
    return convolution, BatchNorm(convolution.outputs), ReLU()


_ORIGINAL = Recipe(
    "original",
    layers=(
        *_norm_last(Convolution(1, 16, padding=1)),
        *_norm_last(Convolution(16, 16, stride=2, padding=1)),
        MaxPool(2),
        Dropout(0.05),
        *_norm_last(Convolution(16, 16)),
        *_norm_last(Convolution(16, 32)),
        *_norm_last(Convolution(32, 32, padding=1)),
        AveragePool(3),
        Flatten(),
        Linear(32, 10),
        LogSoftmax(),
    ),
    epochs=19,
    batch_size=128,
    learning_rate=0.01,
)
# Chosen by its accuracy on images held out from the training set; see docs/training.md.
_BEST = Recipe(
    "best",
    layers=(
        *_norm_first(Convolution(1, 8, padding=1)),
        *_norm_first(Convolution(8, 16, stride=2, padding=1)),
        *_norm_first(Convolution(16, 16, padding=1)),
        MaxPool(2),
        Dropout(0.05),
        *_norm_first(Convolution(16, 24, padding=1)),
        *_norm_first(Convolution(24, 24, padding=1)),
        *_norm_first(Convolution(24, 28)),
        AveragePool(5),
        Flatten(),
        Linear(28, 10),
        LogSoftmax(),
    ),
    epochs=19,
    batch_size=128,
    learning_rate=0.1,
    nesterov=True,
    weight_decay=5e-4,
    one_cycle=True,
    shift=2,
)
RECIPES: Mapping[str, Recipe] = {recipe.name: recipe for recipe in (_BEST, _ORIGINAL)}


def recipe_named(name: str) -> Recipe:
    """Return the recipe of that name.

    Raises:
        UserError: if there is none.
    """
    try:
        return RECIPES[name]
    except KeyError:
        raise UserError(f"there is no recipe {name}: use {' or '.join(RECIPES)}.") from None
