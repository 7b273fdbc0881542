"""Predictions by PyTorch, in float64."""

import numpy as np
import torch
from numpy.typing import NDArray

from s6xl.errors import UserError
from s6xl.mnist import model
from s6xl.mnist.layers import normalised
from s6xl.mnist.trained import TrainedNetwork


def predict(network: TrainedNetwork, pixels: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the probability of each digit.

    Args:
        network: the trained network.
        pixels: an image of shape (28, 28), from 0 for background to 255 for ink.

    Returns:
        Ten probabilities, of shape (10,).

    Raises:
        UserError: if a number in the network overflows float64.
    """
    image = torch.from_numpy(normalised(pixels))
    with torch.no_grad():
        probabilities: NDArray[np.float64] = model.of(network)(image[None, None])[0].exp().numpy()
    if not np.isfinite(probabilities).all():
        raise UserError("the network gives no probabilities, because its weights are too large: use another run.")
    return probabilities
