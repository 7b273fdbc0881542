"""What can be asked for, and the one sentence that answers what cannot."""

import math
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from s6xl.backprop.dense import dense
from s6xl.backprop.experiment import MAX_RATES, MAX_STEPS, Experiment, parse_numbers, read_settings
from s6xl.backprop.worked_example import NETWORK
from s6xl.errors import UserError
from s6xl.wording import counted, number_text


def test_the_default_is_the_original() -> None:
    experiment = Experiment()
    assert experiment.learning_rates == (0.1, 0.2, 0.5, 0.8, 1, 2)
    assert experiment.steps == 68
    assert experiment.start == {
        **dict(zip(("i1", "i2", "t1", "t2"), (0.05, 0.1, 0.5, 0.5), strict=True)),
        **dict(zip(NETWORK.weights, (0.15, 0.2, 0.25, 0.3, 0.4, 0.45, 0.5, 0.55), strict=True)),
    }
    assert set(experiment.start) == set(NETWORK.givens)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"learning_rates": (0.0,)}, "above 0"),
        ({"learning_rates": (-1.0,)}, "above 0"),
        ({"learning_rates": (math.nan,)}, "finite"),
        ({"learning_rates": (math.inf,)}, "finite"),
        ({"learning_rates": (0.123456789, 1.0, 0.123456789)}, "0.123456789 is given twice"),
        ({"learning_rates": (1.0, 1.0000000000000002)}, "1 is given twice"),
        ({"learning_rates": ()}, f"1 to {MAX_RATES}"),
        ({"learning_rates": tuple(range(1, MAX_RATES + 2))}, f"1 to {MAX_RATES}"),
        ({"learning_rates": (5e-324,)}, "treats as 0"),
        ({"inputs": (1e-310, 0.0)}, "i1 is 1e-310"),
        ({"inputs": (10**400, 0)}, "one of the inputs is too large"),
        ({"steps": 1.5}, "whole number"),
        ({"steps": 0}, "1 to 1,000,000"),
        ({"steps": -5}, "1 to 1,000,000"),
        ({"steps": MAX_STEPS + 1}, "1 to 1,000,000"),
        ({"weights": (1.0, 2.0)}, "w1, w2, w3"),
        ({"inputs": (1.0, math.nan)}, "i2 is nan"),
        ({"targets": (math.inf, 0.0)}, "t1 is inf"),
    ],
)
def test_what_cannot_be_is_refused(arguments: dict[str, object], words: str) -> None:
    with pytest.raises(UserError, match=words):
        Experiment(**arguments)  # type: ignore[arg-type]


def test_an_experiment_with_another_network() -> None:
    network = dense((1, 2), title="a network", biases="neuron")
    described = partial(Experiment, inputs=(0.5,), targets=(0.0, 1.0), weights=(0.1, 0.2), network=network)
    experiment = described(biases=(0.3, 0.4))
    assert experiment.start == {"i1": 0.5, "t1": 0, "t2": 1, "w1": 0.1, "w2": 0.2, "b1": 0.3, "b2": 0.4}
    with pytest.raises(UserError, match="the network has 2 biases, but 0 were given: give b1, b2, separated by commas"):
        described()
    with pytest.raises(UserError, match="the network has 0 biases, but 1 were given: give none"):
        Experiment(biases=(1.0,))


def test_numbers_of_every_kind_are_the_same() -> None:
    given = Experiment(inputs=(1, 2), learning_rates=tuple(np.linspace(1, 3, 3)), steps=np.int64(7))  # type: ignore[arg-type]
    assert repr(given) == repr(Experiment(inputs=(1.0, 2.0), learning_rates=(1.0, 2.0, 3.0), steps=7))


def test_the_limits_themselves_are_possible() -> None:
    assert Experiment(learning_rates=tuple(range(1, MAX_RATES + 1)), steps=MAX_STEPS).steps == MAX_STEPS
    assert Experiment(learning_rates=(2.3e-308, 1.7e308), steps=1).steps == 1


@pytest.mark.parametrize(("text", "numbers"), [("0.1", (0.1,)), (" 1, 2e-3 ,-4", (1.0, 0.002, -4.0))])
def test_numbers(text: str, numbers: tuple[float, ...]) -> None:
    assert parse_numbers(text, "--lr") == numbers


@pytest.mark.parametrize("text", ["", "abc", "0.1,,0.2", "0.1;0.2", "0,1x"])
def test_what_is_no_number_is_named(text: str) -> None:
    with pytest.raises(UserError, match=r"^--lr holds .*, which is not a number: "):
        parse_numbers(text, "--lr")


def test_settings(tmp_path: Path) -> None:
    file = tmp_path / "mazur.toml"
    # With the mark that Windows' Notepad puts first.
    file.write_text("\ufefftargets = [0.01, 0.99]\nlearning_rates = [1, 0.5]\nsteps = 10\n", encoding="utf-8")
    experiment = Experiment(**read_settings(file))
    assert experiment.targets == (0.01, 0.99)
    assert experiment.learning_rates == (1.0, 0.5)
    assert experiment.steps == 10
    assert experiment.inputs == Experiment().inputs


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("steps = 'many'", "whole number"),
        ("steps = true", "whole number"),
        ("steps = 1.5", "whole number"),
        ("inputs = 3", "list of numbers"),
        ("inputs = [1, 'a']", "list of numbers"),
        ("inputs = [1, true]", "list of numbers"),
        ("rates = [1]", "'rates' is not a setting"),
        ("steps = ", "not a TOML file"),
        ("steps = " + "9" * 5000, "too long"),
        ("inputs = " + "[" * 5000, "too deeply"),
    ],
)
def test_settings_that_cannot_be_read(tmp_path: Path, content: str, words: str) -> None:
    file = tmp_path / "settings.toml"
    file.write_text(content, encoding="utf-8")
    with pytest.raises(UserError, match=words):
        read_settings(file)


def test_settings_that_are_not_there(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="No such file"):
        read_settings(tmp_path / "missing.toml")
    with pytest.raises(UserError, match="cannot read"):
        read_settings(tmp_path)


def test_settings_too_large_to_compute_with(tmp_path: Path) -> None:
    file = tmp_path / "settings.toml"
    file.write_text("inputs = [1, 1" + "0" * 400 + "]", encoding="utf-8")
    with pytest.raises(UserError, match="one of the inputs is too large"):
        Experiment(**read_settings(file))


def test_settings_that_are_no_text(tmp_path: Path) -> None:
    file = tmp_path / "settings.toml"
    file.write_bytes(b"\xff\xfe\x00steps")
    with pytest.raises(UserError, match="not a text file in UTF-8"):
        read_settings(file)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1.0, "1"),
        (0.1, "0.1"),
        (0.0, "0"),
        (-0.05, "-0.05"),
        (1e-05, "0.00001"),
        (1e-10, "0.0000000001"),
        (1e-11, "1E-11"),
        (1e15, "1000000000000000"),
        (1e300, "1E+300"),
        (1.2345678901234567e-10, "0.00000000012345678901234568"),
    ],
)
def test_number_text(value: float, text: str) -> None:
    assert number_text(value) == text
    assert float(text) == value
    assert len(f"LR={text}") <= 31  # as long as a sheet's name may be


def test_counted() -> None:
    assert [counted(number, "step") for number in (1, 68, 1000)] == ["1 step", "68 steps", "1,000 steps"]
