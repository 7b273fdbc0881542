"""What PyTorch makes of an image, in float64."""

import numpy as np
import torch
from numpy.typing import NDArray

from s6xl.mnist import model
from s6xl.mnist.layers import DEVIATION, INK, MEAN
from s6xl.mnist.trained import TrainedNetwork


def predict(network: TrainedNetwork, pixels: NDArray[np.float64]) -> NDArray[np.float64]:
    """The probability of each digit, of shape (10,), for an image of shape (28, 28), 0 for paper and 255 for ink."""
    image = torch.from_numpy((pixels / INK - MEAN) / DEVIATION)
    with torch.no_grad():
        probabilities: NDArray[np.float64] = model.of(network)(image[None, None])[0].exp().numpy()
    return probabilities
