"""Steps and epochs of training, against loops of plain PyTorch written by hand."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import pytest
import torch
from torch import nn
from torch.nn import functional

from s6xl.mnist import trainer
from s6xl.mnist.data import Data, Digits
from s6xl.mnist.graph import WARM_UPS
from s6xl.mnist.recipe import RECIPES, Recipe
from s6xl.mnist.trainer import Trainer

CPU = torch.device("cpu")
ORIGINAL = RECIPES["original"].changed(epochs=2, batch_size=50, learning_rate=0.05)
BEST = RECIPES["best"].changed(epochs=2, batch_size=50, seed=3)


def original_by_hand() -> nn.Sequential:
    """Layer by layer."""
    return nn.Sequential(
        *(nn.Conv2d(1, 16, 3, padding=1), nn.ReLU(), nn.BatchNorm2d(16)),
        *(nn.Conv2d(16, 16, 3, stride=2, padding=1), nn.ReLU(), nn.BatchNorm2d(16)),
        *(nn.MaxPool2d(2), nn.Dropout(0.05)),
        *(nn.Conv2d(16, 16, 3), nn.ReLU(), nn.BatchNorm2d(16)),
        *(nn.Conv2d(16, 32, 3), nn.ReLU(), nn.BatchNorm2d(32)),
        *(nn.Conv2d(32, 32, 3, padding=1), nn.ReLU(), nn.BatchNorm2d(32)),
        *(nn.AvgPool2d(3), nn.Flatten(), nn.Linear(32, 10), nn.LogSoftmax(dim=1)),
    )


def best_by_hand() -> nn.Sequential:
    """Layer by layer."""
    return nn.Sequential(
        *(nn.Conv2d(1, 8, 3, padding=1), nn.BatchNorm2d(8), nn.ReLU()),
        *(nn.Conv2d(8, 16, 3, stride=2, padding=1), nn.BatchNorm2d(16), nn.ReLU()),
        *(nn.Conv2d(16, 16, 3, padding=1), nn.BatchNorm2d(16), nn.ReLU()),
        *(nn.MaxPool2d(2), nn.Dropout(0.05)),
        *(nn.Conv2d(16, 24, 3, padding=1), nn.BatchNorm2d(24), nn.ReLU()),
        *(nn.Conv2d(24, 24, 3, padding=1), nn.BatchNorm2d(24), nn.ReLU()),
        *(nn.Conv2d(24, 28, 3), nn.BatchNorm2d(28), nn.ReLU()),
        *(nn.AvgPool2d(5), nn.Flatten(), nn.Linear(28, 10), nn.LogSoftmax(dim=1)),
    )


@dataclass
class ByHand:
    """What a plain loop finds: the weights, and each batch's size, loss and right predictions, epoch by epoch."""

    network: nn.Sequential
    batches: list[list[tuple[int, float, int]]]


def pixels(images: torch.Tensor) -> torch.Tensor:
    return images.unsqueeze(1).float() / 255


def moved_by_hand(images: torch.Tensor) -> torch.Tensor:
    """Each image up to 2 pixels down or up, and right or left, where what comes in is paper."""
    places = torch.randint(0, 5, (2, len(images), 1, 1)).flatten(start_dim=1).T.tolist()
    padded = functional.pad(images, (2, 2, 2, 2), value=-0.1307 / 0.3081)
    return torch.stack(
        [image[:, row : row + 28, column : column + 28] for image, (row, column) in zip(padded, places, strict=True)]
    )


def train_by_hand(recipe: Recipe, digits: Digits) -> ByHand:
    """Random numbers come in this order: the weights; then for each epoch the images' order, shifts, dropouts."""
    is_best = recipe.name == "best"
    torch.manual_seed(1_000 * recipe.seed)
    network = best_by_hand() if is_best else original_by_hand().to(memory_format=torch.channels_last)
    shrunk = [module.weight for module in network if isinstance(module, nn.Conv2d | nn.Linear)]
    kept = [weight for weight in network.parameters() if not any(weight is other for other in shrunk)]
    assert (len(shrunk), len(kept)) == ((7, 19) if is_best else (6, 16))
    groups: list[dict[str, Any]] = [{"params": shrunk, "weight_decay": 5e-4 if is_best else 0}, {"params": kept}]
    optimizer = torch.optim.SGD(
        groups,
        lr=recipe.learning_rate,
        momentum=0.9,
        nesterov=is_best,
    )
    found = ByHand(network, [])
    steps, step = recipe.epochs * math.ceil(len(digits) / recipe.batch_size), 0
    for epoch in range(1, recipe.epochs + 1):
        torch.manual_seed(1_000 * recipe.seed + epoch)
        order = torch.randperm(len(digits), generator=torch.Generator().manual_seed(1_000 * recipe.seed + epoch))
        found.batches.append([])
        for chosen in order.split(recipe.batch_size):
            images = (pixels(digits.images[chosen]) - 0.1307) / 0.3081
            if is_best:
                images = moved_by_hand(images)
                rise, fall = 0.04 + 0.96 * step / steps / 0.2, math.cos(math.pi * (step / steps - 0.2) / 0.8)
                for group in optimizer.param_groups:
                    group["lr"] = recipe.learning_rate * (rise if step / steps < 0.2 else (1 + fall) / 2)
            output = network(images)
            loss = functional.nll_loss(output, digits.labels[chosen])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            right = int((output.argmax(dim=1) == digits.labels[chosen]).sum())
            found.batches[-1].append((len(chosen), loss.item(), right))
            step += 1
    return found


def run(recipe: Recipe, digits: Digits) -> Trainer:
    """All epochs of a recipe."""
    result = Trainer(recipe, digits, CPU)
    for epoch in range(1, recipe.epochs + 1):
        result.begin_epoch(epoch)
        assert result.run_epoch(lambda images: True)
    return result


def differing(one: nn.Module, other: nn.Module) -> list[str]:
    """The names of the weights and running means that are not the same bit for bit."""
    states = one.state_dict(), other.state_dict()
    assert states[0].keys() == states[1].keys()
    return [name for name in states[0] if not torch.equal(states[0][name], states[1][name])]


@pytest.mark.parametrize("recipe", [ORIGINAL.changed(epochs=1), ORIGINAL, BEST], ids=["one epoch", "original", "best"])
def test_weights_are_bit_for_bit_those_of_a_loop_by_hand(recipe: Recipe, few: Data) -> None:
    by_hand = train_by_hand(recipe, few.train)
    assert [[size for size, _, _ in batches] for batches in by_hand.batches] == [[50, 50, 30]] * recipe.epochs
    assert differing(run(recipe, few.train).network, by_hand.network) == []


def test_train_loss_is_the_mean_over_batches_and_accuracy_over_images(few: Data) -> None:
    recipe = ORIGINAL.changed(epochs=1)
    (batches,) = train_by_hand(recipe, few.train).batches
    loss, accuracy = run(recipe, few.train).so_far()
    assert loss == pytest.approx(sum(each for _, each, _ in batches) / 3, rel=1e-6)
    assert accuracy == sum(right for _, _, right in batches) / 130
    # The other mean is another number, so that this test can tell.
    assert abs(loss - sum(size * each for size, each, _ in batches) / 130) > 1e-4


def test_figures_on_the_way_are_of_the_batches_so_far(few: Data) -> None:
    recipe = ORIGINAL.changed(epochs=1)
    (batches,) = train_by_hand(recipe, few.train).batches
    trained = Trainer(recipe, few.train, CPU)
    trained.begin_epoch(1)
    assert trained.so_far() == (0, 0)
    seen: list[tuple[int, float, float]] = []

    def go_on(images: int) -> bool:
        seen.append((images, *trained.so_far()))
        return True

    trained.run_epoch(go_on)
    for number, (images, loss, accuracy) in enumerate(seen, start=1):
        done = batches[:number]
        assert images == sum(size for size, _, _ in done)
        assert loss == pytest.approx(sum(each for _, each, _ in done) / number, rel=1e-6)
        assert accuracy == sum(right for _, _, right in done) / images
    assert [images for images, _, _ in seen] == [50, 100, 130]


def test_test_loss_is_the_mean_over_images(few: Data, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trainer, "_TEST_BATCH", 32)  # 70 images: 32, 32 and 6
    trained = run(ORIGINAL.changed(epochs=1), few.train)
    loss, accuracy = trained.test(few.test)
    network = original_by_hand()
    network.load_state_dict(trained.network.state_dict())
    with torch.no_grad():
        outputs = network.eval()((pixels(few.test.images) - 0.1307) / 0.3081)
    losses = [-float(output[label]) for output, label in zip(outputs, few.test.labels, strict=True)]
    assert loss == pytest.approx(math.fsum(losses) / 70, rel=1e-5)
    batches = [losses[:32], losses[32:64], losses[64:]]
    assert abs(loss - sum(sum(batch) / len(batch) for batch in batches) / 3) > 1e-4
    right = sum(int(output.argmax()) == label for output, label in zip(outputs, few.test.labels, strict=True))
    assert accuracy == right / 70


def test_testing_leaves_the_training_as_it_was(few: Data) -> None:
    """Neither running means nor random numbers nor the mode of dropouts change."""
    recipe = ORIGINAL
    trained = Trainer(recipe, few.train, CPU)
    for epoch in (1, 2):
        trained.begin_epoch(epoch)
        trained.test(few.test)
        trained.run_epoch(lambda images: True)
        trained.test(few.test)
    assert differing(trained.network, train_by_hand(recipe, few.train).network) == []


def spied(recipe: Recipe, digits: Digits) -> list[list[torch.Tensor]]:
    """The batches that the network is shown, epoch by epoch."""
    trained = Trainer(recipe, digits, CPU)
    epochs: list[list[torch.Tensor]] = []
    trained.network.register_forward_pre_hook(lambda module, given: epochs[-1].append(given[0].clone()))
    for epoch in range(1, recipe.epochs + 1):
        epochs.append([])
        trained.begin_epoch(epoch)
        trained.run_epoch(lambda images: True)
    return epochs


def keys(images: torch.Tensor) -> list[bytes]:
    return [image.numpy().tobytes() for image in images]


def test_each_image_is_seen_exactly_once_an_epoch_in_another_order(few: Data) -> None:
    wanted = keys((pixels(few.train.images) - 0.1307) / 0.3081)
    assert len(set(wanted)) == 130
    orders = []
    for epoch in spied(ORIGINAL, few.train):
        assert [len(batch) for batch in epoch] == [50, 50, 30]
        orders.append([wanted.index(key) for key in keys(torch.cat(epoch))])
        assert sorted(orders[-1]) == list(range(130))
    assert len({tuple(order) for order in [*orders, range(130)]}) == 3


def test_images_are_moved_anew_in_each_epoch(few: Data) -> None:
    """Of 25 ways to move an image, one leaves it in its place and one is the last epoch's."""
    first, second = (set(keys(torch.cat(epoch))) for epoch in spied(BEST, few.train))
    still = set(keys((pixels(few.train.images) - 0.1307) / 0.3081))
    assert max(len(first & second), len(first & still), len(second & still)) < 130 / 5


@pytest.mark.parametrize(("count", "batch_size"), [(130, 130), (130, 1_000), (3, 2), (1, 1)])
def test_batches_of_any_size(count: int, batch_size: int, few: Data) -> None:
    digits = Digits(few.train.images[:count], few.train.labels[:count])
    recipe = ORIGINAL.changed(epochs=1, batch_size=batch_size)
    assert differing(run(recipe, digits).network, train_by_hand(recipe, digits).network) == []


def test_the_seed_decides(few: Data) -> None:
    recipe = BEST.changed(epochs=1)
    once, again, other = (run(recipe.changed(seed=seed), few.train).network for seed in (5, 5, 6))
    assert differing(once, again) == []
    # How many batches there were is all that is the same.
    assert len(differing(once, other)) == len([name for name in once.state_dict() if not name.endswith("_tracked")])


def test_what_was_drawn_before_makes_no_difference(few: Data) -> None:
    once = run(BEST.changed(epochs=1), few.train).network
    torch.manual_seed(99)
    torch.rand(7)
    assert differing(once, run(BEST.changed(epochs=1), few.train).network) == []


def test_the_images_are_left_as_they_are(few: Data) -> None:
    before = few.train.images.clone(), few.train.labels.clone()
    run(BEST, few.train)
    assert torch.equal(few.train.images, before[0])
    assert torch.equal(few.train.labels, before[1])


@pytest.mark.parametrize("recipe", [ORIGINAL, BEST], ids=["original", "best"])
def test_stopped_at_every_step_and_gone_on_with_it_is_the_same(recipe: Recipe, few: Data) -> None:
    """Each step is another trainer's, which has only what the one before has saved."""
    saved = None
    for epoch in (1, 2):
        for step in (1, 2, 3):
            trained = Trainer(recipe, few.train, CPU)
            if saved:
                trained.load(saved)
            if step == 1:
                trained.begin_epoch(epoch)
            assert trained.run_epoch(lambda images: False) is (step == 3)
            saved = trained.save()
            torch.manual_seed(0)  # whatever random numbers the process has by then
    by_hand = train_by_hand(recipe, few.train)
    assert differing(trained.network, by_hand.network) == []
    assert trained.so_far()[0] == pytest.approx(sum(each for _, each, _ in by_hand.batches[1]) / 3, rel=1e-6)


def test_time_counts_over_a_pause(few: Data) -> None:
    trained = Trainer(ORIGINAL, few.train, CPU)
    trained.begin_epoch(1)
    trained.run_epoch(lambda images: False)
    saved = trained.save()
    assert saved["seconds"] == trained.seconds > 0
    other = Trainer(ORIGINAL, few.train, CPU)
    other.load({**saved, "seconds": 1_000.0})
    other.run_epoch(lambda images: True)
    assert 1_000 < other.seconds < 1_060
    other.begin_epoch(2)
    assert other.seconds == 0


def test_it_learns(few: Data) -> None:
    trained = run(replace(ORIGINAL, epochs=12), few.train)
    assert trained.so_far()[1] > 0.9
    assert trained.test(few.test)[1] > 0.5


@pytest.mark.parametrize("recipe", [ORIGINAL, BEST], ids=["original", "best"])
@pytest.mark.parametrize(
    "stops", [[], [1, 4, 5], *(pytest.param(stops, marks=pytest.mark.slow) for stops in ([1], [2], [1, 2]))], ids=str
)
def test_a_recorded_step_is_the_same_as_a_plain_one(
    recipe: Recipe, stops: list[int], few: Data, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As far as a processor can tell: trial runs and recordings at any moment leave what they find as it was."""

    def recorded(step: Callable[[], None], changed: Sequence[torch.Tensor]) -> Callable[[], None]:
        before, random = [tensor.detach().clone() for tensor in changed], torch.get_rng_state()
        for _ in range(WARM_UPS):
            step()
        with torch.no_grad():
            for tensor, value in zip(changed, before, strict=True):
                tensor.copy_(value)
        torch.set_rng_state(random)
        return step

    class Recording(Trainer):
        def _step(self, size: int) -> None:
            if size not in self._steps:
                self._steps[size] = recorded(partial(self._train_step, size), list(self.tensors.values()))
            self._steps[size]()

    found: Trainer = Recording(recipe, few.train, CPU)
    found.begin_epoch(1)
    for done in range(1, 7):
        # One step, which is each epoch's last one after three.
        assert found.run_epoch(lambda images: False) == (done in (3, 6))
        if done == 3:
            found.begin_epoch(2)
        if done in stops:
            saved = found.save()
            found = Recording(recipe, few.train, CPU)
            found.load(saved)
    assert differing(found.network, run(recipe, few.train).network) == []


def trained_on_cuda(recipe: Recipe, digits: Digits, stop_behind: int = 0) -> dict[str, torch.Tensor]:
    """All that a step changes, after two epochs on a GPU, of which the first was perhaps stopped and gone on with."""
    found = Trainer(recipe, digits, torch.device("cuda"))
    found.begin_epoch(1)
    if stop_behind:
        assert not found.run_epoch(lambda images: images < stop_behind)
        saved = found.save()
        found = Trainer(recipe, digits, torch.device("cuda"))
        found.load(saved)
    assert found.run_epoch(lambda images: True)
    found.begin_epoch(2)
    assert found.run_epoch(lambda images: True)
    return {name: tensor.cpu() for name, tensor in found.tensors.items()}


@pytest.mark.skipif(not torch.cuda.is_available(), reason="this machine has no NVIDIA GPU that PyTorch can use")
@pytest.mark.parametrize("recipe", [ORIGINAL, BEST], ids=["original", "best"])
def test_cuda_graphs_give_the_weights_of_single_steps_and_of_stopped_trainings(
    recipe: Recipe, few: Data, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Else sums come in another order each time, and a ReLU that flips makes any difference large.
    monkeypatch.setattr(torch.backends.cudnn, "deterministic", True)
    recorded = trained_on_cuda(recipe, few.train)
    stopped = trained_on_cuda(recipe, few.train, stop_behind=100)
    monkeypatch.setattr(trainer, "graphed", lambda step, changed: step)
    plain = trained_on_cuda(recipe, few.train)
    assert [name for name in plain if not torch.equal(plain[name], recorded[name])] == []
    assert [name for name in plain if not torch.equal(plain[name], stopped[name])] == []
