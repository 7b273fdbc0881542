"""What a network makes of the test images, in its file."""

import gzip
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from s6xl.errors import UserError
from s6xl.mnist.evaluation import Evaluation
from s6xl.mnist.record import EVALUATION as EVALUATION_FILE
from s6xl.mnist.record import Run

DICE = np.random.default_rng(6)
EVALUATION = Evaluation(
    sample_images=DICE.integers(0, 256, (12, 28, 28), dtype=np.uint8),
    sample_labels=np.arange(12) % 10,
    labels=np.array([0, 1, 2, 2, 9]),
    predictions=np.array([0, 7, 2, 3, 9]),
    mistakes=np.array([1, 3]),
    mistaken_images=DICE.integers(0, 256, (2, 28, 28), dtype=np.uint8),
    probabilities=np.array([0.75, 1 / 3]),
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    EVALUATION.save(tmp_path / "evaluation.npz")
    return tmp_path / "evaluation.npz"


def test_it_survives_its_file(path: Path) -> None:
    found = Evaluation.load(path, "train anew")
    for name, array in vars(EVALUATION).items():
        assert np.array_equal(getattr(found, name), array), name
        assert getattr(found, name).dtype == array.dtype, name


def test_its_file_has_the_names_that_users_have(path: Path) -> None:
    with np.load(path) as content, np.load(Run.open(Path("pretrained")).folder / EVALUATION_FILE) as shipped:
        assert list(content) == list(shipped)
        assert "guesses" in content


def test_a_network_without_mistakes(tmp_path: Path) -> None:
    none = np.array([], dtype=np.int64)
    flawless = replace(
        EVALUATION,
        predictions=EVALUATION.labels,
        mistakes=none,
        mistaken_images=np.zeros((0, 28, 28), np.uint8),
        probabilities=np.array([]),
    )
    flawless.save(tmp_path / "evaluation.npz")
    found = Evaluation.load(tmp_path / "evaluation.npz", "train anew")
    assert found.mistaken_images.shape == (0, 28, 28)
    assert found.confusion.sum() == np.trace(found.confusion) == 5


def test_confusion_counts_each_image_once() -> None:
    wanted = np.zeros((10, 10))
    for digit, prediction in ((0, 0), (1, 7), (2, 2), (2, 3), (9, 9)):
        wanted[digit, prediction] = 1
    assert np.array_equal(EVALUATION.confusion, wanted)
    doubled = replace(
        EVALUATION, labels=np.repeat(EVALUATION.labels, 2), predictions=np.repeat(EVALUATION.predictions, 2)
    )
    assert np.array_equal(doubled.confusion, 2 * wanted)


@pytest.mark.parametrize(
    "wrong",
    [
        {"mistaken_images": np.zeros((2, 20, 20), np.uint8)},
        {"guesses": np.array([0, 7])},
        {"right": np.array([0, 2]), "right_images": np.zeros((1, 28, 28), np.uint8)},
        {"right": np.array([5]), "right_images": np.zeros((1, 28, 28), np.uint8)},
        {"mistakes": np.array([-1, 3])},
        {"labels": np.array([0, 1, 2, 2, 10])},
        {"probabilities": np.array([0.5])},
        {"sample_labels": np.arange(3)},
    ],
)
def test_arrays_that_do_not_fit_are_damage(wrong: dict[str, np.ndarray], path: Path) -> None:
    with np.load(path) as content:
        parts = {**content, **wrong}
    np.savez_compressed(path, **parts)
    with pytest.raises(UserError, match=r"evaluation\.npz is damaged: train anew"):
        Evaluation.load(path, "train anew")


def test_mistakes_come_by_confidence() -> None:
    assert EVALUATION.mistakes_by_confidence == [0, 1]
    assert replace(EVALUATION, probabilities=np.array([0.2, 0.9])).mistakes_by_confidence == [1, 0]


def without_a_part(path: Path) -> None:
    with np.load(path) as content:
        parts = dict(content)
    del parts["labels"]
    np.savez_compressed(path, **parts)


def one_array(path: Path) -> None:
    with path.open("wb") as file:
        np.save(file, np.zeros(3))


def objects(path: Path) -> None:
    np.savez(path, **{**vars(EVALUATION), "labels": np.array([Path(), None], dtype=object)})


def flipped_inside(path: Path) -> None:
    """The archive's directory is whole, the numbers it leads to are others."""
    flip(path, 2_000)


def not_packed(path: Path) -> None:
    """The first part begins with a block of a kind that there is none of."""
    content = path.read_bytes()
    name, extra = (int.from_bytes(content[start : start + 2], "little") for start in (26, 28))
    flip(path, 30 + name + extra, 0xFF ^ content[30 + name + extra])


def flip(path: Path, place: int, bits: int = 0xFF) -> None:
    content = bytearray(path.read_bytes())
    content[place] ^= bits
    path.write_bytes(content)
    with zipfile.ZipFile(path) as archive:
        assert len(archive.namelist()) == len(vars(EVALUATION))


DAMAGE: dict[str, Callable[[Path], object]] = {
    "empty": lambda path: path.write_bytes(b""),
    "cut off": lambda path: path.write_bytes(path.read_bytes()[:-50]),
    "cut off early": lambda path: path.write_bytes(path.read_bytes()[:3]),
    "text": lambda path: path.write_text("nothing of the kind"),
    "another archive": lambda path: path.write_bytes(gzip.compress(b"nothing of the kind")),
    "one array": one_array,
    "a part missing": without_a_part,
    "objects": objects,
    "flipped inside": flipped_inside,
    "not packed": not_packed,
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_file_is_named(damage: str, path: Path) -> None:
    DAMAGE[damage](path)
    with pytest.raises(UserError, match=r"evaluation\.npz is damaged"):
        Evaluation.load(path, "train anew")


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"evaluation\.npz cannot be read .*No such file") as caught:
        Evaluation.load(tmp_path / "evaluation.npz", "train anew")
    assert isinstance(caught.value.__cause__, FileNotFoundError)
