"""Describe what a workbook is built from: start values, learning rates and the number of steps, checked once."""

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

    Attributes:
        inputs: the inputs, in the order of the network's names.
        targets: what the outputs should be.
        weights: the weights of the first step.
        learning_rates: the learning rates, each above 0, from 1 to `MAX_RATES` of them.
        steps: the number of steps, from 1 to `MAX_STEPS`; the first is the start itself.
        network: the network that is trained.
        biases: the biases of the first step, for a network that has any.

    Raises:
        UserError: if a value is not finite or too small for a spreadsheet, a learning rate is not above 0 or is given
            twice, the number of inputs, targets, weights or biases is not the network's, the number of steps is not
            whole, or a workbook cannot hold so many steps or learning rates.
    """

    inputs: tuple[float, ...] = INPUTS
    targets: tuple[float, ...] = TARGETS
    weights: tuple[float, ...] = WEIGHTS
    learning_rates: tuple[float, ...] = LEARNING_RATES
    steps: int = STEPS
    network: Network = NETWORK
    biases: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        for kind in ("inputs", "targets", "weights", "biases", "learning_rates"):
            # Whatever kind of numbers they were, 1 and NumPy's among them: the same numbers make the same workbook.
            object.__setattr__(self, kind, _floats(kind, getattr(self, kind)))
        for kind, names in self._names.items():
            _check_values(kind, getattr(self, kind), names)
        _check_rates(self.learning_rates)
        try:
            object.__setattr__(self, "steps", operator.index(self.steps))
        except TypeError:
            raise UserError(f"{self.steps} steps are not possible: give a whole number, such as {STEPS}.") from None
        if not 1 <= self.steps <= MAX_STEPS:
            raise UserError(f"{self.steps:,} steps are not possible: give a number from 1 to {MAX_STEPS:,}.")

    @property
    def _names(self) -> dict[str, tuple[str, ...]]:
        """The names of the values that a step starts from, by the field that holds the values."""
        network = self.network
        return {
            "inputs": network.inputs,
            "targets": network.targets,
            "weights": network.weights,
            "biases": network.parameters[len(network.weights) :],
        }

    @property
    def start(self) -> dict[str, float]:
        """The first step's inputs, targets, weights and biases by name."""
        return {
            name: value
            for kind, names in self._names.items()
            for name, value in zip(names, getattr(self, kind), strict=True)
        }


def _floats(kind: str, values: Iterable[float]) -> tuple[float, ...]:
    try:
        return tuple(map(float, values))
    except OverflowError:
        raise UserError(f"one of the {kind.replace('_', ' ')} is too large: give numbers below 1.8e308.") from None


def _check_values(kind: str, values: Sequence[float], expected: Sequence[str]) -> None:
    if len(values) != len(expected):
        cure = f"give {', '.join(expected)}, separated by commas" if expected else "give none"
        raise UserError(f"the network has {len(expected)} {kind}, but {len(values)} were given: {cure}.")
    for name, value in zip(expected, values, strict=True):
        if not math.isfinite(value):
            raise UserError(f"{name} is {value}: give a finite number.")
        if 0 < abs(value) < sys.float_info.min:
            raise UserError(f"{name} is {value:g}, which a spreadsheet treats as 0: give 0 or a larger number.")


def _check_rates(rates: Sequence[float]) -> None:
    if not 1 <= len(rates) <= MAX_RATES:
        raise UserError(f"{len(rates)} learning rates are not possible: give 1 to {MAX_RATES}.")
    # Compared in the digits that a spreadsheet shows, as its readers choose a rate by them.
    shown: set[str] = set()
    for rate in rates:
        if not (math.isfinite(rate) and rate > 0):
            raise UserError(f"the learning rate {rate:g} is not possible: give a finite number above 0.")
        if rate < sys.float_info.min:
            raise UserError(f"the learning rate is {rate:g}, which a spreadsheet treats as 0: give a larger number.")
        if (number := shown_number(rate)) in shown:
            raise UserError(f"the learning rate {number} is given twice: give each rate once.")
        shown.add(number)


def parse_numbers(text: str, what: str) -> tuple[float, ...]:
    """Read numbers that are separated by commas.

    Args:
        text: the numbers, such as ``0.1, 0.5``.
        what: what the error message calls the text, such as the option ``--lr``.

    Returns:
        The numbers in their order.

    Raises:
        UserError: if a part of the text is not a number.
    """
    numbers = []
    for part in text.split(","):
        try:
            numbers.append(float(part))
        except ValueError:
            raise UserError(
                f"{what} holds {part.strip()!r}, which is not a number: "
                "give numbers separated by commas, such as 0.1,0.5."
            ) from None
    return tuple(numbers)


def read_settings(path: Path) -> dict[str, Any]:
    """Read the fields of an `Experiment` from a TOML file.

    Args:
        path: a file with lines such as ``steps = 68`` or ``inputs = [0.05, 0.1]``.

    Returns:
        The fields that the file sets, by name.

    Raises:
        UserError: if the file cannot be read, is not a TOML file, or holds an unknown key or a value of the wrong kind.
    """
    try:
        settings = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise UserError(f"cannot read {path} ({error.strerror}): give --settings a TOML file.") from None
    except UnicodeDecodeError:
        raise UserError(f"{path} is not a text file in UTF-8: save it with that encoding.") from None
    except tomllib.TOMLDecodeError as error:
        raise UserError(f"{path} is not a TOML file ({error}): write lines such as steps = {STEPS}.") from None
    except (ValueError, RecursionError):
        raise UserError(
            f"{path} holds a number that is too long or lists nested too deeply: write lines such as steps = {STEPS}."
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
    known = "inputs, targets, weights, learning_rates or steps"
    raise UserError(f"{path}: {key!r} is not a setting: give {known}.")


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
