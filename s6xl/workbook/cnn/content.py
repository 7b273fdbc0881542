"""What the sheet MNIST shows: its cells by name, and what a run puts into them.

A cell is found by a name of the sheet's own, such as ``MNIST!test_accuracy``, which follows it when rows are inserted
or the sheet is copied or renamed. The three that write the sheet, a new workbook, an existing file and an open Excel,
differ only in how they reach a cell.
"""

from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass

from s6xl.mnist.recipe import MOST_EPOCHS, RECIPES
from s6xl.mnist.record import Config, Epoch, Run, Status
from s6xl.wording import counted

Value = str | float | None
# The settings that a training from Excel reads, by their cells' names; empty ones are the recipe's.
RECIPE, EPOCHS, BATCH_SIZE, LEARNING_RATE, SEED = "recipe", "epochs", "batch_size", "learning_rate", "seed"
DEVICE, DATA = "device", "data"
SETTINGS = (RECIPE, EPOCHS, BATCH_SIZE, LEARNING_RATE, SEED, DEVICE, DATA)
# The run that the sheet shows, by its folder; it stands among the settings.
RUN = "run"
STATUS, TEST_ACCURACY, STARTED = "status", "test_accuracy", "started"
RESULTS = (
    STATUS,
    TEST_ACCURACY,
    "test_loss",
    "train_accuracy",
    "train_loss",
    "seconds",
    "images_per_second",
    "parameters",
    "trained_by",
    "trained_on",
    "used_device",
    STARTED,
)
# The body of the table, a row an epoch.
TABLE = "table"
HEADERS = ("Epoch", "Train loss", "Train accuracy", "Test loss", "Test accuracy", "Seconds")
NAMES = (*SETTINGS, RUN, *RESULTS, TABLE)
NO_RUN = "No training yet"


@dataclass(frozen=True)
class Content:
    """What a run puts into the sheet: settings and results by their cells' names, and the table's rows.

    `epochs` is how many rows there are to be.
    """

    settings: Mapping[str, Value]
    values: Mapping[str, Value]
    rows: Sequence[tuple[float, ...]]
    epochs: int

    def filled_rows(self) -> list[tuple[Value, ...]]:
        """The whole table, its unused rows empty."""
        rows: list[tuple[Value, ...]] = [*self.rows]
        return rows + [(None,) * len(HEADERS)] * (MOST_EPOCHS - len(rows))


def content_of(run: Run) -> Content:
    """What the sheet is to show of a run as it stands now."""
    epochs = run.epochs()
    return content(run.name, run.config, epochs, run.status())


def content(name: str, config: Config, epochs: Sequence[Epoch], status: Status) -> Content:
    """What the sheet is to show of a run, whose name `Run.open` finds it by."""
    seconds = sum(epoch.seconds for epoch in epochs)
    figures: dict[str, Value] = dict.fromkeys(RESULTS)
    if epochs:
        last = epochs[-1]
        figures |= {
            TEST_ACCURACY: last.test_accuracy,
            "test_loss": last.test_loss,
            "train_accuracy": last.train_accuracy,
            "train_loss": last.train_loss,
            "seconds": seconds,
            "images_per_second": round(len(epochs) * config.train_images / seconds) if seconds else None,
        }
    return Content(
        settings={**_settings(config), RUN: name},
        values={
            **figures,
            STATUS: status_text(status, len(epochs), config.recipe.epochs),
            "parameters": config.recipe.parameters,
            "trained_by": config.recipe.title,
            "trained_on": config.data_title,
            "used_device": config.device_title,
            STARTED: config.started.replace("T", " "),
        },
        rows=[astuple(epoch) for epoch in epochs],
        epochs=config.recipe.epochs,
    )


def _settings(config: Config) -> dict[str, Value]:
    """The settings as a user would enter them: what is the recipe's own is left empty."""
    recipe = config.recipe
    usual = RECIPES.get(recipe.name)
    numbers = {name: getattr(recipe, name) for name in (EPOCHS, BATCH_SIZE, LEARNING_RATE)}
    own = {name: None if usual and getattr(usual, name) == value else value for name, value in numbers.items()}
    return {RECIPE: recipe.name, **own, SEED: recipe.seed, DEVICE: config.device, DATA: config.data}


def status_text(status: Status, done: int, wanted: int) -> str:
    """How a training stands, in a few words."""
    of_all = f"{done} of {counted(wanted, 'epoch')}"
    return {
        "training": f"Training: {of_all}",
        "finished": f"Finished: {counted(done, 'epoch')}",
        "stopped": f"Stopped after {of_all}",
        "interrupted": f"Interrupted after {of_all}",
        "diverged": f"Diverged in epoch {done + 1}: take a lower learning rate",
    }[status]


def defaults(name: str) -> str:
    """What an empty setting stands for, such as ``if empty: 19 (best), 19 (original)``."""
    values = [f"{getattr(recipe, name):g} ({recipe.name})" for recipe in RECIPES.values()]
    return f"if empty: {', '.join(values)}"
