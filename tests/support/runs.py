"""What a run of some recipe says of itself, without anybody having trained it."""

from typing import Any

from s6xl.mnist.recipe import Recipe
from s6xl.mnist.record import Config


def config(recipe: Recipe, **other: Any) -> Config:
    """A run's settings; the data is the sample, the moment is always the same."""
    usual = {
        "data": "sample",
        "data_title": "sample of MNIST",
        "fingerprint": "",
        "train_images": 6_000,
        "device": "auto",
        "device_title": "CPU: 2 threads",
        "started": "2026-11-25T10:00:00+01:00",
        "versions": {},
    }
    return Config(recipe=recipe, **{**usual, **other})
