"""What docs/training.md and README.md say of training: commands that exist, options that are all described."""

import re
import shlex

import click
import pytest

from s6xl.cli import s6xl
from s6xl.cli.train_command import train
from s6xl.mnist import record
from s6xl.mnist.recipe import RECIPES
from tests.support.places import ROOT

TRAINING = (ROOT / "docs" / "training.md").read_text(encoding="utf-8")
TEXTS = [TRAINING, (ROOT / "README.md").read_text(encoding="utf-8"), (ROOT / "bench" / "README.md").read_text("utf-8")]
# Also where one is broken over two lines.
COMMANDS = sorted(
    {" ".join(found.split()) for text in TEXTS for found in re.findall(r"python -m s6xl ([^`&]+?)[`\n]", text)}
)


@pytest.mark.parametrize("line", COMMANDS)
def test_a_command_in_the_documents_is_one(line: str) -> None:
    words = shlex.split(line)
    group: click.Command = s6xl
    while isinstance(group, click.Group) and words and words[0] in group.commands:
        group = group.commands[words.pop(0)]
    if words and "--help" not in words:
        group.make_context("s6xl", words, resilient_parsing=False)


def test_every_option_is_described() -> None:
    options = {name for parameter in train.params for name in parameter.opts if name.startswith("--")}
    table = TRAINING.partition("| option |")[2].partition("\n\n")[0]
    # Every command takes --debug, which docs/commands.md describes.
    assert set(re.findall(r"--[a-z][a-z-]*", table)) == options - {"--debug"}


def test_every_file_of_a_record_is_described() -> None:
    names = (record.CONFIG, record.PROGRESS, record.CHECKPOINT, record.MODEL, record.SUMMARY, record.EVALUATION)
    assert all(f"`{name}`" in TRAINING for name in names)


def test_the_recipes_are_described_with_their_size() -> None:
    for name, recipe in RECIPES.items():
        paragraph = next(part for part in TRAINING.split("\n\n") if part.startswith(f"**{name}**"))
        assert f"{recipe.parameters:,} parameters" in " ".join(paragraph.split())
