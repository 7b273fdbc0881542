"""Trains one network: steps, epochs and tests, on any device."""

import math
import time
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from functools import partial
from typing import Any

import torch
from torch.nn import functional

from s6xl.mnist import model
from s6xl.mnist.data import Digits
from s6xl.mnist.graph import WARM_UPS, graphed
from s6xl.mnist.layers import Convolution, Layer
from s6xl.mnist.recipe import Recipe
from s6xl.mnist.shifting import shifted

_TEST_BATCH = 1_000
_MANY_CHANNELS = 16
# Each epoch of each seed has a seed of its own; a run has fewer epochs than this.
_EPOCHS_APART = 1_000
# Called after each step with the number of images so far in the epoch; returns whether to go on.
GoOn = Callable[[int], bool]


class Trainer:
    """A network, its optimizer and its training images, all on one device.

    Everything that a step changes is a tensor in `tensors` and is changed in place: these are what a checkpoint holds,
    and a CUDA graph can replay a step on them. PyTorch's random numbers are seeded again at each epoch, so the same
    recipe and data give the same weights on one kind of processor; a GPU may add numbers in another order.
    """

    def __init__(self, recipe: Recipe, digits: Digits, device: torch.device) -> None:
        self.recipe = recipe
        self.device = device
        self.epoch = 1
        self.seconds = 0.0  # of training in the current epoch
        here = digits.to(device)
        self._images, self._labels = model.normalised(here.images), here.labels
        self._batches = math.ceil(len(digits) / recipe.batch_size)
        torch.manual_seed(recipe.seed * _EPOCHS_APART)
        self.network = model.build(recipe.layers).to(device).to(memory_format=_memory_format(recipe.layers, device))
        # A step that is recorded as a CUDA graph reads its learning rate from a tensor.
        self._learning_rate = torch.zeros((), device=device) if device.type == "cuda" else 0.0
        self._optimizer = _sgd(self.network, recipe, self._learning_rate)
        self._place = torch.zeros(1, dtype=torch.int64, device=device)
        self._loss = torch.zeros((), device=device)
        self._correct = torch.zeros((), dtype=torch.int64, device=device)
        self.tensors = {
            **self.network.state_dict(),
            **{
                f"momentum.{name}": self._optimizer.state[weight]["momentum_buffer"]
                for name, weight in self.network.named_parameters()
            },
            "place": self._place,
            "loss": self._loss,
            "correct": self._correct,
        }
        # Longer than the images: the first runs of a CUDA graph read beyond them.
        self._order = torch.zeros(len(digits) + WARM_UPS * recipe.batch_size, dtype=torch.int64, device=device)
        self._offsets = torch.arange(recipe.batch_size, device=device)
        self._steps: dict[int, Callable[[], None]] = {}

    def begin_epoch(self, epoch: int) -> None:
        """Begin an epoch, counted from 1: shuffle the images and set its sums to 0."""
        self.epoch, self.seconds = epoch, 0.0
        for tensor in (self._place, self._loss, self._correct):
            tensor.zero_()
        torch.manual_seed(self._seed)
        self._shuffle()

    def _shuffle(self) -> None:
        own = torch.Generator().manual_seed(self._seed)
        self._order[: len(self._labels)].copy_(torch.randperm(len(self._labels), generator=own))

    @property
    def _seed(self) -> int:
        return self.recipe.seed * _EPOCHS_APART + self.epoch

    def run_epoch(self, go_on: GoOn) -> bool:
        """Train on the images that the epoch has not seen yet, and return whether it came to its end.

        Only the end waits for a GPU.
        """
        began = time.perf_counter() - self.seconds
        images = len(self._labels)
        self.network.train()
        seen = int(self._place)
        while seen < images:
            size = min(self.recipe.batch_size, images - seen)
            step = (self.epoch - 1) * self._batches + seen // self.recipe.batch_size
            self._set_learning_rate(self.recipe.learning_rate_at(step, self.recipe.epochs * self._batches))
            self._step(size)
            seen += size
            if not go_on(seen):
                break
        float(self._loss)  # waits for the device, so that the time is right
        self.seconds = time.perf_counter() - began
        return seen == images

    def so_far(self) -> tuple[float, float]:
        """Return the loss, a mean over batches, and the accuracy of the epoch so far; waits for the device."""
        seen = int(self._place)
        batches = math.ceil(seen / self.recipe.batch_size)
        return float(self._loss) / max(batches, 1), int(self._correct) / max(seen, 1)

    def _set_learning_rate(self, value: float) -> None:
        if isinstance(self._learning_rate, torch.Tensor):
            self._learning_rate.fill_(value)
        else:
            for group in self._optimizer.param_groups:
                group["lr"] = value

    def _step(self, size: int) -> None:
        if size not in self._steps:
            step = partial(self._train_step, size)
            self._steps[size] = graphed(step, list(self.tensors.values())) if self.device.type == "cuda" else step
        self._steps[size]()

    def _train_step(self, size: int) -> None:
        """Take one step of the optimizer on the next `size` images."""
        chosen = self._order[self._place + self._offsets[:size]]
        images, labels = self._images[chosen], self._labels[chosen]
        if self.recipe.shift:
            images = shifted(images, self.recipe.shift, background=model.BACKGROUND)
        output = self.network(images)
        loss = functional.nll_loss(output, labels)
        self._optimizer.zero_grad()
        loss.backward()
        self._optimizer.step()
        self._loss += loss.detach()
        self._correct += (output.argmax(dim=1) == labels).sum()
        self._place += size

    def test(self, digits: Digits) -> tuple[float, float]:
        """Return the loss, a mean over images, and the accuracy on other images."""
        output = log_probabilities(self.network, digits)
        right = int((output.argmax(dim=1) == digits.labels).sum())
        return float(functional.nll_loss(output, digits.labels)), right / len(digits)

    def save(self) -> dict[str, object]:
        """Return the trainer's state for a checkpoint."""
        random = {"cpu": torch.get_rng_state()}
        if self.device.type == "cuda":
            random["cuda"] = torch.cuda.get_rng_state(self.device)
        if self.device.type == "mps":
            random["mps"] = torch.mps.get_rng_state()
        tensors = {name: tensor.detach().cpu() for name, tensor in self.tensors.items()}
        return {"epoch": self.epoch, "seconds": self.seconds, "tensors": tensors, "random": random}

    @torch.no_grad()
    def load(self, saved: dict[str, Any]) -> None:
        """Restore the state that `save` gave, perhaps on another device."""
        self.epoch, self.seconds = saved["epoch"], saved["seconds"]
        for name, tensor in self.tensors.items():
            tensor.copy_(saved["tensors"][name])
        self._shuffle()
        torch.manual_seed(self._seed)
        random = saved["random"]
        torch.set_rng_state(random["cpu"])
        if self.device.type == "cuda" and "cuda" in random:
            torch.cuda.set_rng_state(random["cuda"], self.device)
        if self.device.type == "mps" and "mps" in random:
            torch.mps.set_rng_state(random["mps"])


def _sgd(network: torch.nn.Module, recipe: Recipe, learning_rate: float | torch.Tensor) -> torch.optim.SGD:
    """Return the optimizer, its momentum 0; biases and the scales of batch norms are not decayed."""
    weights = list(network.parameters())
    optimizer = torch.optim.SGD(
        [
            {"params": [weight for weight in weights if weight.ndim > 1], "weight_decay": recipe.weight_decay},
            {"params": [weight for weight in weights if weight.ndim == 1], "weight_decay": 0.0},
        ],
        lr=learning_rate,
        momentum=recipe.momentum,
        nesterov=recipe.nesterov,
        fused=isinstance(learning_rate, torch.Tensor),
    )
    for weight in weights:
        optimizer.state[weight]["momentum_buffer"] = torch.zeros_like(weight)
    return optimizer


def _memory_format(layers: Sequence[Layer], device: torch.device) -> torch.memory_format:
    """Return how images lie in memory: channels last is a quarter faster, but slower where a layer has few channels."""
    if device.type == "mps":
        return torch.contiguous_format
    fewest = min((layer.outputs for layer in layers if isinstance(layer, Convolution)), default=0)
    # CUDA's convolutions are fastest with channels last, and would otherwise convert to it and back each time.
    many = device.type == "cuda" or fewest >= _MANY_CHANNELS
    return torch.channels_last if many else torch.contiguous_format


@torch.inference_mode()
def log_probabilities(network: torch.nn.Module, digits: Digits) -> torch.Tensor:
    """Return the network's log-probabilities for images, float32 of shape (n, 10)."""
    network.eval()
    # TF32 has ten bits of mantissa, which shows in a probability's fourth digit.
    on_gpu = digits.images.is_cuda
    with torch.backends.cudnn.flags(enabled=True, allow_tf32=False) if on_gpu else nullcontext():
        return torch.cat([network(model.normalised(batch)) for batch in digits.images.split(_TEST_BATCH)])
