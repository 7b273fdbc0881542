"""Shows a training run as a bar on a terminal, elsewhere as a line for each epoch; and stops it on request."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import Any, TextIO, cast

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from s6xl.cli.exits import handling_stop_signals
from s6xl.mnist.record import Config, Epoch, Run
from s6xl.mnist.training import Moment, Watcher

# Seconds between two drawings of the bar, and between two looks for a request to stop; steps may be far shorter.
_INTERVAL = 0.1
# A terminal of this many columns has room for figures beside the bar.
_WIDE = 110


@contextmanager
def watching(
    run: Run, *, on_cpu: bool, on_begin: Callable[[], None], on_epoch: Callable[[], None]
) -> Iterator[Watcher]:
    """Give the callbacks that show a training run; `on_epoch` is called after each epoch, when it has been shown."""
    asked = _Asked()
    with _stoppable(asked), _display(run.config, on_cpu=on_cpu) as display:

        def show(epoch: Epoch) -> None:
            display.on_epoch(epoch)
            on_epoch()

        def wants_to_stop() -> bool:
            return asked.by_signal or (due() and run.is_asked_to_stop())

        due = _every(_INTERVAL)
        yield Watcher(on_begin, display.on_step, show, wants_to_stop)


class _Asked:
    by_signal = False


@contextmanager
def _stoppable(asked: _Asked) -> Iterator[None]:
    """Take the first signal to stop as a request, and obey the second at once."""

    def note(number: int, frame: FrameType | None) -> None:
        if asked.by_signal:
            raise KeyboardInterrupt
        asked.by_signal = True

    with handling_stop_signals(note):
        yield


def _every(seconds: float) -> Callable[[], bool]:
    """Return a function that returns True at most once in that time."""
    last = -seconds

    def due() -> bool:
        nonlocal last
        if (now := time.monotonic()) < last + seconds:
            return False
        last = now
        return True

    return due


@contextmanager
def _display(config: Config, *, on_cpu: bool) -> Iterator[Watcher]:
    if sys.stderr is not None and sys.stderr.isatty() and not Console(stderr=True).is_dumb_terminal:
        with _bar(config, on_cpu=on_cpu) as watcher:
            yield watcher
    else:
        yield _lines(config)


class _Terminal:
    """A terminal that may go away without stopping the run."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        with suppress(OSError):
            self._stream.write(text)
        return len(text)

    def flush(self) -> None:
        with suppress(OSError):
            self._stream.flush()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


@contextmanager
def _bar(config: Config, *, on_cpu: bool) -> Iterator[Watcher]:
    images, epochs = config.train_images, config.recipe.epochs
    columns = (
        TextColumn("{task.description}"),
        BarColumn(bar_width=20),
        TextColumn("{task.fields[figures]}"),
        TimeRemainingColumn(),
        TextColumn("left"),
    )
    due, began, test = _every(_INTERVAL), time.monotonic(), ""
    first: int | None = None
    with Progress(*columns, console=Console(file=cast(TextIO, _Terminal(sys.stderr)))) as bar:
        task = bar.add_task("", total=epochs * images, figures="")

        def on_step(moment: Moment) -> None:
            if not due():
                return
            nonlocal began, first
            seen = (moment.epoch - 1) * images + moment.images
            if first is None:
                # A resumed run has already seen some.
                began, first = time.monotonic(), seen
            # A GPU queues steps long before it has done them.
            speed = f"{(seen - first) / max(time.monotonic() - began, 1e-9):,.0f} images a second"
            # Only the processor has figures without waiting for them.
            here = "loss {:.4f}, accuracy {:.2%}, ".format(*moment.figures()) if on_cpu else ""
            figures = f"{here}{test}{speed if on_cpu else ''}" if bar.console.width >= _WIDE else ""
            bar.update(task, completed=seen, description=f"epoch {moment.epoch} of {epochs}", figures=figures)

        def on_epoch(epoch: Epoch) -> None:
            nonlocal test
            test = f"test accuracy {epoch.test_accuracy:.2%}, "
            bar.console.print(epoch_line(epoch, config), highlight=False, soft_wrap=True)
            bar.update(task, completed=epoch.epoch * images)

        yield Watcher(on_step=on_step, on_epoch=on_epoch)


def _lines(config: Config) -> Watcher:
    began, first = time.monotonic(), 0

    def on_epoch(epoch: Epoch) -> None:
        nonlocal first
        first = first or epoch.epoch
        each = (time.monotonic() - began) / (epoch.epoch - first + 1)
        left = each * (config.recipe.epochs - epoch.epoch)
        with suppress(OSError):
            print(f"{epoch_line(epoch, config)}, {left:,.0f} s left", file=sys.stderr, flush=True)

    return Watcher(on_epoch=on_epoch)


def epoch_line(epoch: Epoch, config: Config) -> str:
    """Return an epoch's figures in words."""
    return (
        f"epoch {epoch.epoch} of {config.recipe.epochs}: "
        f"train loss {epoch.train_loss:.4f}, accuracy {epoch.train_accuracy:.2%}; "
        f"test loss {epoch.test_loss:.4f}, accuracy {epoch.test_accuracy:.2%}; "
        f"{config.train_images / epoch.seconds:,.0f} images a second"
    )
