"""What PyTorch makes of an image, in float64."""

import numpy as np
import torch
from numpy.typing import NDArray

from s6xl.errors import UserError
from s6xl.mnist import model
from s6xl.mnist.layers import normalised
from s6xl.mnist.trained import TrainedNetwork


def predict(network: TrainedNetwork, pixels: NDArray[np.float64]) -> NDArray[np.float64]:
    """The probability of each digit, of shape (10,), for an image of shape (28, 28), 0 for paper and 255 for ink.

    Raises:
        UserError: if a number on the way outgrows float64.
    """
    image = torch.from_numpy(normalised(pixels))
    with torch.no_grad():
        probabilities: NDArray[np.float64] = model.of(network)(image[None, None])[0].exp().numpy()
    if not np.isfinite(probabilities).all():
        raise UserError("the network gives no probabilities, for its weights are too large: take another run.")
    return probabilities
