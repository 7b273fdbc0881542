"""Images per second of the recipe original, compared with the usual PyTorch loop, in turns.

The usual loop has a DataLoader over images that are opened and normalised one by one, and reads loss and accuracy at
each step. On a GPU, a whole run of 19 epochs with its tests is timed as well.

python bench/training.py [DEVICE [DATA]]; by default auto and the sample, or on a GPU the full MNIST.
"""

import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import torch
from PIL import Image
from torch.nn import functional
from torch.utils.data import DataLoader, Dataset
from torchvision import transforms

from s6xl.mnist import layers, model
from s6xl.mnist.data import Data, Digits, load
from s6xl.mnist.device import choose, describe, keep_freed_memory
from s6xl.mnist.recipe import recipe_named
from s6xl.mnist.record import Run
from s6xl.mnist.trainer import Trainer
from s6xl.mnist.training import Watcher, configured, train

TURNS = 5
RECIPE = recipe_named("original")


class Opened(Dataset[tuple[torch.Tensor, int]]):
    """Images as torchvision's MNIST gives them: opened and transformed one by one."""

    def __init__(self, digits: Digits) -> None:
        self.digits = digits
        self.transform = transforms.Compose(
            [transforms.ToTensor(), transforms.Normalize((layers.MEAN,), (layers.STD,))]
        )

    def __len__(self) -> int:
        return len(self.digits)

    def __getitem__(self, index: int) -> tuple[torch.Tensor, int]:
        image = Image.fromarray(self.digits.images[index].numpy())
        return self.transform(image), int(self.digits.labels[index])


class UsualLoop:
    """The network trained by the usual loop."""

    def __init__(self, digits: Digits, device: torch.device) -> None:
        self.device = device
        self.network = model.build(RECIPE.layers).to(device)
        self.optimizer = torch.optim.SGD(self.network.parameters(), lr=RECIPE.learning_rate, momentum=RECIPE.momentum)
        self.loader = DataLoader(Opened(digits), batch_size=RECIPE.batch_size, shuffle=True)

    def run(self, steps: int) -> int:
        """Take that many steps and return the number of images."""
        seen, loss_sum, right = 0, 0.0, 0
        self.network.train()
        for step, (images, labels) in enumerate(self.loader):
            if step == steps:
                break
            images, labels = images.to(self.device), labels.to(self.device)
            output = self.network(images)
            loss = functional.nll_loss(output, labels)
            self.optimizer.zero_grad()
            loss.backward()
            self.optimizer.step()
            loss_sum += loss.item()
            right += (output.argmax(dim=1) == labels).sum().item()
            seen += len(labels)
        return seen


class OurLoop:
    """The network trained by s6xl, on data that stays on the device."""

    def __init__(self, digits: Digits, device: torch.device) -> None:
        keep_freed_memory()
        self.images = len(digits)
        self.trainer = Trainer(RECIPE, digits, device)

    def run(self, steps: int) -> int:
        """Take that many steps, at most an epoch, and return the number of images."""
        self.trainer.begin_epoch(1)
        images = min(steps * RECIPE.batch_size, self.images)
        self.trainer.run_epoch(lambda seen: seen < images)
        return images


LOOPS: dict[str, type[UsualLoop | OurLoop]] = {"usual loop": UsualLoop, "s6xl": OurLoop}


def measure(name: str, wanted: str, choice: str) -> None:
    """Time one turn of one loop, in a process of its own, so that the other loop's settings make no difference."""
    device = choose(wanted)
    loop = LOOPS[name](load(choice).train, device)
    loop.run(10)
    start = time.perf_counter()
    images = sum(loop.run(40) for _ in range(10 if device.type == "cuda" else 1))
    print(images / (time.perf_counter() - start))


def whole_run(data: Data, device: torch.device) -> float:
    """Return the seconds of 19 epochs with their tests, from the first step to the last test."""
    with tempfile.TemporaryDirectory() as folder:
        run = Run.begin(Path(folder, "run"), configured(RECIPE, data, "bench", device.type, device))
        start = time.perf_counter()
        train(run, data, device, Watcher())
        return time.perf_counter() - start


def main(wanted: str = "auto", choice: str = "") -> None:
    device = choose(wanted)
    choice = choice or ("sample" if device.type == "cpu" else "mnist")
    data = load(choice)
    speeds: dict[str, list[float]] = {name: [] for name in LOOPS}
    for _ in range(TURNS):
        for name, found in speeds.items():
            command = [sys.executable, __file__, name, wanted, choice]
            found.append(float(subprocess.run(command, check=True, capture_output=True, text=True).stdout))
    print(f"{describe(device)}; PyTorch {torch.__version__}; {data.title}")
    for name, found in speeds.items():
        print(f"{name:10}  {statistics.median(found):>9,.0f} images a second, the median of {TURNS} turns")
    ratio = statistics.median(ours / usual for usual, ours in zip(*speeds.values(), strict=True))
    print(f"ratio       {ratio:>9.1f}, the median (at least {5 if device.type == 'cpu' else 50} is wanted)")
    if device.type == "cuda":
        whole_run(data, device)
        wanted_of_all = " (at most 5 is wanted)" if choice == "mnist" else ""
        print(f"19 epochs with their tests: {whole_run(data, device):.2f} s the second time{wanted_of_all}")


if __name__ == "__main__":
    if sys.argv[1:2] and sys.argv[1] in LOOPS:
        measure(*sys.argv[1:])
    else:
        main(*sys.argv[1:])
