"""The content of the sheet MNIST: its cells by name, and what a run puts into them.

A cell is found by a name local to the sheet, such as ``MNIST!test_accuracy``, which follows the cell when rows are
inserted or the sheet is copied or renamed. The sheet is written into a new workbook, an existing file or an open Excel;
only the way to reach a cell differs.
"""

from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass

from s6xl.mnist.recipe import MOST_EPOCHS, RECIPES
from s6xl.mnist.record import Config, Epoch, Run, Status
from s6xl.wording import counted

Value = str | float | None
# The settings of a training run that is started from Excel, by their cells' names; the recipe fills in empty ones.
RECIPE, EPOCHS, BATCH_SIZE, LEARNING_RATE, SEED = "recipe", "epochs", "batch_size", "learning_rate", "seed"
DEVICE, DATA = "device", "data"
SETTINGS = (RECIPE, EPOCHS, BATCH_SIZE, LEARNING_RATE, SEED, DEVICE, DATA)
# The folder of the run that the sheet shows; its cell is among the settings.
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
# The body of the table, one row for each epoch.
TABLE = "table"
HEADERS = ("Epoch", "Train loss", "Train accuracy", "Test loss", "Test accuracy", "Seconds")
NAMES = (*SETTINGS, RUN, *RESULTS, TABLE)
NO_RUN = "No training yet"


@dataclass(frozen=True)
class Content:
    """What a run puts into the sheet.

    Attributes:
        settings: the settings by their cells' names.
        values: the results by their cells' names.
        rows: the table's rows, one for each epoch that has ended.
        epochs: how many rows the table will have at the end of the run.
    """

    settings: Mapping[str, Value]
    values: Mapping[str, Value]
    rows: Sequence[tuple[float, ...]]
    epochs: int

    def filled_rows(self) -> list[tuple[Value, ...]]:
        """Return all rows of the table, the unused ones empty."""
        rows: list[tuple[Value, ...]] = [*self.rows]
        return rows + [(None,) * len(HEADERS)] * (MOST_EPOCHS - len(rows))


def content_of(run: Run) -> Content:
    """Return what the sheet shows of a run in its current state."""
    epochs = run.epochs()
    return content(run.name, run.config, epochs, run.status())


def content(name: str, config: Config, epochs: Sequence[Epoch], status: Status) -> Content:
    """Return what the sheet shows of a run.

    Args:
        name: the name that `Run.open` finds it by.
        config: what it was begun with.
        epochs: its epochs so far.
        status: where it stands.
    """
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
    """Return the settings as a user would enter them: those that agree with the recipe are empty."""
    recipe = config.recipe
    usual = RECIPES.get(recipe.name)
    numbers = {name: getattr(recipe, name) for name in (EPOCHS, BATCH_SIZE, LEARNING_RATE)}
    own = {name: None if usual and getattr(usual, name) == value else value for name, value in numbers.items()}
    return {RECIPE: recipe.name, **own, SEED: recipe.seed, DEVICE: config.device, DATA: config.data}


def status_text(status: Status, done: int, wanted: int) -> str:
    """Return the state of a run in a few words; `done` and `wanted` are numbers of epochs."""
    of_all = f"{done} of {counted(wanted, 'epoch')}"
    return {
        "training": f"Training: {of_all}",
        "finished": f"Finished: {counted(done, 'epoch')}",
        "stopped": f"Stopped after {of_all}",
        "interrupted": f"Interrupted after {of_all}",
        "diverged": f"Diverged in epoch {done + 1}: use a lower learning rate",
    }[status]


def defaults(name: str) -> str:
    """Return each recipe's value of an empty setting, such as ``if empty: 19 (best), 19 (original)``."""
    values = [f"{getattr(recipe, name):g} ({recipe.name})" for recipe in RECIPES.values()]
    return f"if empty: {', '.join(values)}"
