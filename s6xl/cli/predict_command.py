"""``python -m s6xl predict``."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from s6xl.cli.exits import stopping_later
from s6xl.errors import FAILED, UserError
from s6xl.mnist.choices import PRETRAINED

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

# A workbook's own numbers differ from PyTorch's in the last digits only.
_TOLERANCE = 1e-9
_BAR = 40  # characters


@click.command(short_help="Read a digit with a trained network.")
@click.option(
    "--workbook",
    type=click.Path(path_type=Path, readable=False),
    metavar="FILE",
    help="A workbook with a network in its cells: what its sheet Digit shows, by its own weights. The exit status is 1 "
    "where the workbook's answer is another.",
)
@click.option(
    "--image",
    type=click.Path(path_type=Path, readable=False),
    metavar="FILE.png",
    help="A picture of one digit, dark on light or light on dark.",
)
@click.option(
    "--run",
    "run_folder",
    type=click.Path(path_type=Path, readable=False),
    metavar="DIR",
    help="With --image, the training whose network is to read it; if not given, the one that comes with s6xl.",
)
def predict(workbook: Path | None, image: Path | None, run_folder: Path | None) -> int:
    """Read a digit with a trained network: the probability of each, by PyTorch."""
    if workbook is not None and run_folder is not None:
        raise UserError("--run is for --image: a workbook has a network of its own.")
    if (workbook is None) == (image is None):
        raise UserError("give one of --workbook FILE and --image FILE.png.")
    with stopping_later():
        from s6xl.cli.torch_check import check_torch

        check_torch("reading a digit")
    if workbook is not None:
        return _of_workbook(workbook)
    assert image is not None
    return _of_image(image, run_folder or Path(PRETRAINED))


def _of_image(image: Path, run_folder: Path) -> int:
    from s6xl.mnist.picture import read_picture
    from s6xl.mnist.predicting import predict
    from s6xl.mnist.record import Run

    network = Run.open(run_folder).network()
    _show(predict(network, read_picture(image)))
    return 0


def _of_workbook(workbook: Path) -> int:
    import numpy as np

    from s6xl.mnist.predicting import predict
    from s6xl.workbook.inference.reading import read_shown

    shown = read_shown(workbook)
    probabilities = predict(shown.network, shown.pixels)
    _show(probabilities)
    difference = float(np.abs(probabilities - shown.probabilities).max())
    answer = int(shown.probabilities.argmax())
    if difference <= _TOLERANCE:
        click.echo(f"The workbook says the same: {answer}, with a largest difference of {difference:.0e}.")
        return 0
    click.echo(
        f"The workbook says {answer}, with a largest difference of {difference:.2g}: let a spreadsheet program "
        "calculate and save it; if that does not help, a formula in it has been changed."
    )
    return FAILED


def _show(probabilities: "NDArray[np.float64]") -> None:
    click.echo(f"It is a {int(probabilities.argmax())}.")
    for digit, probability in enumerate(probabilities.tolist()):
        bar = "█" * round(_BAR * probability)
        click.echo(f"{digit}  {probability:9.4%}  {bar}".rstrip())
