"""What a workbook is built from: start values, learning rates and the number of steps, checked once."""

import math
import operator
import sys
import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from s6xl.backprop.network import Network
from s6xl.backprop.worked_example import INPUTS, LEARNING_RATES, NETWORK, STEPS, TARGETS, WEIGHTS
from s6xl.errors import UserError
from s6xl.wording import shown_number

MAX_STEPS = 1_000_000
# A chart holds 255 series.
MAX_RATES = 255


@dataclass(frozen=True)
class Experiment:
    """Gradient descent of a network at several learning rates from one start.

    Raises:
        UserError: for values that are not finite, a learning rate that is not above 0 or stands twice, a wrong count
            of inputs, targets or weights, a number of steps that is not whole, or more steps or learning rates than a
            workbook holds.
    """

    inputs: tuple[float, ...] = INPUTS
    targets: tuple[float, ...] = TARGETS
    weights: tuple[float, ...] = WEIGHTS
    learning_rates: tuple[float, ...] = LEARNING_RATES
    steps: int = STEPS
    network: Network = NETWORK

    def __post_init__(self) -> None:
        for kind in ("inputs", "targets", "weights", "learning_rates"):
            # Whatever kind of numbers they were, 1 and NumPy's among them: the same numbers make the same workbook.
            object.__setattr__(self, kind, _floats(kind, getattr(self, kind)))
        for kind in ("inputs", "targets", "weights"):
            _check_values(kind, getattr(self, kind), getattr(self.network, kind))
        _check_rates(self.learning_rates)
        try:
            object.__setattr__(self, "steps", operator.index(self.steps))
        except TypeError:
            raise UserError(f"{self.steps} steps are not possible: give a whole number, such as {STEPS}.") from None
        if not 1 <= self.steps <= MAX_STEPS:
            raise UserError(f"{self.steps:,} steps are not possible: give a number from 1 to {MAX_STEPS:,}.")

    @property
    def start(self) -> dict[str, float]:
        """The first step's inputs, targets and weights by name."""
        return {
            **dict(zip(self.network.inputs, self.inputs, strict=True)),
            **dict(zip(self.network.targets, self.targets, strict=True)),
            **dict(zip(self.network.weights, self.weights, strict=True)),
        }


def _floats(kind: str, values: Iterable[float]) -> tuple[float, ...]:
    try:
        return tuple(map(float, values))
    except OverflowError:
        raise UserError(f"one of the {kind.replace('_', ' ')} is too large: give numbers below 1.8e308.") from None


def _check_values(kind: str, values: Sequence[float], expected: Sequence[str]) -> None:
    if len(values) != len(expected):
        raise UserError(
            f"the {kind} are {len(values)} numbers where the network has {len(expected)}: "
            f"give {', '.join(expected)}, separated by commas."
        )
    for name, value in zip(expected, values, strict=True):
        if not math.isfinite(value):
            raise UserError(f"{name} is {value}: give a finite number.")
        if 0 < abs(value) < sys.float_info.min:
            raise UserError(f"{name} is {value:g}, which a spreadsheet takes for 0: give 0 or a larger number.")


def _check_rates(rates: Sequence[float]) -> None:
    if not 1 <= len(rates) <= MAX_RATES:
        raise UserError(f"{len(rates)} learning rates are not possible: a workbook holds 1 to {MAX_RATES}.")
    # In the digits that a spreadsheet keeps for its readers, for they choose a rate by them.
    shown: set[str] = set()
    for rate in rates:
        if not (math.isfinite(rate) and rate > 0):
            raise UserError(f"the learning rate {rate:g} is not possible: give a finite number above 0.")
        if rate < sys.float_info.min:
            raise UserError(f"the learning rate {rate:g} is one that a spreadsheet takes for 0: give a larger number.")
        if (number := shown_number(rate)) in shown:
            raise UserError(f"the learning rate {number} stands twice: name each rate once.")
        shown.add(number)


def parse_numbers(text: str, what: str) -> tuple[float, ...]:
    """Numbers separated by commas.

    Raises:
        UserError: if a part is no number; `what` names the numbers in the message.
    """
    numbers = []
    for part in text.split(","):
        try:
            numbers.append(float(part))
        except ValueError:
            raise UserError(
                f"{what} has {part.strip()!r} where a number belongs: give numbers and commas, such as 0.1,0.5."
            ) from None
    return tuple(numbers)


def read_settings(path: Path) -> dict[str, Any]:
    """The fields of `Experiment` that a TOML file gives.

    Raises:
        UserError: if the file cannot be read, is no TOML, or holds an unknown key or a value of the wrong kind.
    """
    try:
        settings = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise UserError(f"cannot read {path} ({error.strerror}): give --settings a TOML file.") from None
    except UnicodeDecodeError:
        raise UserError(f"{path} is no text in UTF-8: save it as such.") from None
    except tomllib.TOMLDecodeError as error:
        raise UserError(f"{path} is no TOML ({error}): write lines such as steps = {STEPS}.") from None
    except (ValueError, RecursionError):
        raise UserError(
            f"{path} holds a number too long or lists too deep: write lines such as steps = {STEPS}."
        ) from None
    return {key: _setting(path, key, value) for key, value in settings.items()}


def _setting(path: Path, key: str, value: Any) -> Any:
    match key, value:
        case "steps", int() if not isinstance(value, bool):
            return value
        case (("inputs" | "targets" | "weights" | "learning_rates"), list()) if all(map(_is_number, value)):
            return tuple(value)
        case "steps", _:
            raise UserError(f"{path}: steps must be a whole number, such as steps = 68.")
        case (("inputs" | "targets" | "weights" | "learning_rates"), _):
            raise UserError(f"{path}: {key} must be a list of numbers, such as {key} = [0.1, 0.5].")
    known = "inputs, targets, weights, learning_rates and steps"
    raise UserError(f"{path}: {key!r} is no setting; the settings are {known}.")


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
