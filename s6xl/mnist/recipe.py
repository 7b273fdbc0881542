"""What a training is made of, apart from the data: the network, the loss' minimiser, and how images are varied."""

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

# The most that a workbook's table has rows for.
MOST_EPOCHS = 200
LARGEST_SEED = 2**31 - 1
LARGEST_BATCH = 60_000
LARGEST_RATE = 1_000


@dataclass(frozen=True)
class Recipe:
    """How to train; the rate of gradient descent is constant, or rises and falls once (one cycle).

    One cycle means that the rate rises in a straight line over the first fifth of all steps, from a 25th of
    `learning_rate` to the whole of it, and falls to 0 along half a cosine.
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
    shift: int = 0  # pixels that a training image is moved by at most, at random, each time it is seen

    def __post_init__(self) -> None:
        """Check what a user can choose.

        Raises:
            UserError: with what is possible instead.
            TypeError: if a value is of another type, as it may be in a file.
        """
        check_types(self)
        if not 1 <= self.epochs <= MOST_EPOCHS:
            raise UserError(f"{self.epochs} epochs: a training has 1 to {MOST_EPOCHS}.")
        if not 1 <= self.batch_size <= LARGEST_BATCH:
            raise UserError(f"a batch of {self.batch_size} images: give 1 to {LARGEST_BATCH:,}.")
        if not 0 < self.learning_rate <= LARGEST_RATE:
            raise UserError(
                f"a learning rate of {self.learning_rate:g}: give a number above 0, up to {LARGEST_RATE:,}."
            )
        if not (0 <= self.momentum < 1 and 0 <= self.weight_decay < math.inf):
            raise UserError(f"a momentum of {self.momentum:g}, a weight decay of {self.weight_decay:g}: give others.")
        if not 0 <= self.seed <= LARGEST_SEED:
            raise UserError(f"the seed {self.seed}: give a whole number from 0 to {LARGEST_SEED:,}.")

    @property
    def parameters(self) -> int:
        """The number of weights that are trained."""
        return parameters(self.layers)

    @property
    def title(self) -> str:
        """The recipe and what can be chosen in it, in one line."""
        rate = f"learning rate {'up to ' if self.one_cycle else ''}{self.learning_rate:g}"
        return f"{self.name}: {counted(self.epochs, 'epoch')}, batches of {self.batch_size}, {rate}, seed {self.seed}"

    def learning_rate_at(self, step: int, steps: int) -> float:
        """The learning rate at a step, counted from 0, of so many."""
        if not self.one_cycle:
            return self.learning_rate
        progress, warm_up, start = step / steps, 0.2, 0.04
        if progress < warm_up:
            return self.learning_rate * (start + (1 - start) * progress / warm_up)
        return self.learning_rate * (1 + math.cos(math.pi * (progress - warm_up) / (1 - warm_up))) / 2

    def changed(self, **chosen: Any) -> "Recipe":
        """The same with what the user has chosen; what is None stays."""
        return replace(self, **{name: value for name, value in chosen.items() if value is not None})

    def as_data(self) -> dict[str, Any]:
        """The recipe as plain data for a file."""
        return {**asdict(self), "layers": as_data(self.layers)}

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> "Recipe":
        """The recipe that `as_data` has made data of."""
        content = {field.name: data[field.name] for field in fields(cls)}
        content["layers"] = from_data(data["layers"])
        check_chain(content["layers"])
        return cls(**content)


def _normed_last(convolution: Convolution) -> tuple[Layer, ...]:
    return convolution, ReLU(), BatchNorm(convolution.outputs)


def _normed_first(convolution: Convolution) -> tuple[Layer, ...]:
    return convolution, BatchNorm(convolution.outputs), ReLU()


_ORIGINAL = Recipe(
    "original",
    layers=(
        *_normed_last(Convolution(1, 16, padding=1)),
        *_normed_last(Convolution(16, 16, stride=2, padding=1)),
        MaxPool(2),
        Dropout(0.05),
        *_normed_last(Convolution(16, 16)),
        *_normed_last(Convolution(16, 32)),
        *_normed_last(Convolution(32, 32, padding=1)),
        AveragePool(3),
        Flatten(),
        Linear(32, 10),
        LogSoftmax(),
    ),
    epochs=19,
    batch_size=128,
    learning_rate=0.01,
)
# Chosen by images held out from the training set; docs/training.md says how.
_BEST = Recipe(
    "best",
    layers=(
        *_normed_first(Convolution(1, 8, padding=1)),
        *_normed_first(Convolution(8, 16, stride=2, padding=1)),
        *_normed_first(Convolution(16, 16, padding=1)),
        MaxPool(2),
        Dropout(0.05),
        *_normed_first(Convolution(16, 24, padding=1)),
        *_normed_first(Convolution(24, 24, padding=1)),
        *_normed_first(Convolution(24, 28)),
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
    """The recipe of that name.

    Raises:
        UserError: if there is none.
    """
    try:
        return RECIPES[name]
    except KeyError:
        raise UserError(f"there is no recipe {name}: take {' or '.join(RECIPES)}.") from None
