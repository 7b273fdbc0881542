"""The run that comes with the package is what its page says, and reads the sample's test images as it has noted."""

from pathlib import Path

import numpy as np
import pytest

from s6xl.errors import UserError
from s6xl.mnist import data, model
from s6xl.mnist.evaluation import Evaluation
from s6xl.mnist.recipe import RECIPES
from s6xl.mnist.record import Run
from tests.support.networks import probabilities

PRETRAINED = Path("pretrained")


@pytest.fixture(scope="module")
def run() -> Run:
    return Run.open(PRETRAINED)


@pytest.fixture(scope="module")
def evaluation(run: Run) -> Evaluation:
    found = run.evaluation()
    assert found
    return found


def test_it_goes_by_its_name(run: Run) -> None:
    assert run.name == "pretrained"
    assert run.is_complete()
    assert run.config.recipe == RECIPES["best"]
    assert run.config.data_title == "MNIST: 60,000 training and 10,000 test images"
    assert run.network().layers == RECIPES["best"].layers


def test_no_folder_of_a_machine_stands_in_it(run: Run) -> None:
    for path in run.folder.glob("*.json*"):
        assert "/" not in path.read_text(encoding="utf-8").replace("+00:00", ""), path


def test_its_figures_agree(run: Run, evaluation: Evaluation) -> None:
    right = int(np.trace(evaluation.confusion))
    assert (right, int(evaluation.confusion.sum())) == (9_961, 10_000)
    assert run.epochs()[-1].test_accuracy == 0.9961
    assert len(run.epochs()) == 19


def test_it_reads_the_samples_test_images_as_noted(run: Run, evaluation: Evaluation) -> None:
    """The sample holds the first 100 test images of each digit."""
    digits = data.load("sample").test
    which = np.sort(np.concatenate([np.flatnonzero(evaluation.labels == digit)[:100] for digit in range(10)]))
    assert digits.labels.tolist() == evaluation.labels[which].tolist()
    predictions = probabilities(model.of(run.network()), digits.images.numpy()).argmax(axis=1)
    assert predictions.tolist() == evaluation.predictions[which].tolist()
    assert (predictions == digits.labels.numpy()).mean() > 0.99


def test_it_reads_its_own_images_as_noted(run: Run, evaluation: Evaluation) -> None:
    network = model.of(run.network())
    right = probabilities(network, evaluation.right_images)
    assert right.argmax(axis=1).tolist() == evaluation.labels[evaluation.right].tolist()
    wrong = probabilities(network, evaluation.mistaken_images)
    assert wrong.argmax(axis=1).tolist() == evaluation.predictions[evaluation.mistakes].tolist()
    assert np.abs(wrong.max(axis=1) - evaluation.probabilities).max() < 1e-5


def test_there_are_fifty_right_ones_of_every_digit_in_turn(evaluation: Evaluation) -> None:
    assert evaluation.labels[evaluation.right].tolist() == [*range(10)] * 5
    assert np.array_equal(evaluation.predictions[evaluation.right], evaluation.labels[evaluation.right])


def test_no_other_run_takes_its_name(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UserError, match="pretrained is the name of the run that comes with s6xl: choose another"):
        Run.begin(PRETRAINED, run.config)
    assert not [*tmp_path.iterdir()]
    # Elsewhere a folder may be called as it likes.
    assert Run.begin(tmp_path / "runs" / "pretrained", run.config).name == str(tmp_path / "runs" / "pretrained")
