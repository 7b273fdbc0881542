"""``python -m s6xl predict``."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from s6xl.cli.exits import stopping_later
from s6xl.cli.options import PATH
from s6xl.errors import FAILED, UserError
from s6xl.mnist.choices import PRETRAINED

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

# A workbook's own numbers differ from PyTorch's in the last digits only.
_TOLERANCE = 1e-9
_BAR = 40  # characters


@click.command(
    short_help="Predict a digit with a trained network.",
    help="Predict a digit with a trained network: the probability of each, by PyTorch.",
)
@click.option(
    "--workbook",
    type=PATH,
    metavar="FILE",
    help="A workbook with a network in its cells: predict the digit on its sheet Digit by its own weights. The exit "
    "status is 1 if the workbook's probabilities differ.",
)
@click.option(
    "--image",
    type=PATH,
    metavar="FILE.png",
    help="A picture of one digit, dark on light or light on dark.",
)
@click.option(
    "--run",
    "run_folder",
    type=PATH,
    metavar="DIR",
    help="With --image, the run whose network predicts; by default the one that comes with s6xl.",
)
def predict(workbook: Path | None, image: Path | None, run_folder: Path | None) -> int:
    if workbook is not None and run_folder is not None:
        raise UserError("--run is for --image: a workbook has a network of its own.")
    if (workbook is None) == (image is None):
        raise UserError("give either --workbook FILE or --image FILE.png.")
    with stopping_later():
        from s6xl.cli.torch_check import check_torch

        check_torch("predicting a digit")
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
    predicted = int(shown.probabilities.argmax())
    if difference <= _TOLERANCE:
        click.echo(
            f"The workbook agrees: it predicts {predicted}, and its probabilities differ by at most {difference:.0e}."
        )
        return 0
    click.echo(
        f"The workbook differs: it predicts {predicted}, and its probabilities differ by up to {difference:.2g}. Let a "
        "spreadsheet program recalculate and save it; if that does not help, a formula in it has been changed."
    )
    return FAILED


def _show(probabilities: "NDArray[np.float64]") -> None:
    click.echo(f"Prediction: {int(probabilities.argmax())}")
    for digit, probability in enumerate(probabilities.tolist()):
        bar = "█" * round(_BAR * probability)
        click.echo(f"{digit}  {probability:9.4%}  {bar}".rstrip())
