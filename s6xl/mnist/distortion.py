"""Training images moved at random, a whole batch at once, so that nothing waits for anything on a GPU."""

import math

import torch
from torch.nn import functional

from s6xl.mnist.recipe import Distortion


def distorted(images: torch.Tensor, distortion: Distortion) -> torch.Tensor:
    """Images of shape (n, 1, 28, 28), each rotated, scaled, sheared and shifted by its own amounts; paper is 0."""
    count, _, _, side = images.shape
    amounts = torch.rand(5, count, device=images.device) * 2 - 1
    angle = amounts[0] * math.radians(distortion.degrees)
    scale = 1 + amounts[1] * distortion.scale
    shear = amounts[2] * distortion.shear
    # PyTorch counts places from -1 at one edge to 1 at the other.
    right, down = amounts[3:] * distortion.shift * 2 / side
    cos, sin = torch.cos(angle) / scale, torch.sin(angle) / scale
    # For each place of the new image, where to look in the old one.
    rows = (cos, shear * cos - sin, right, sin, shear * sin + cos, down)
    places = functional.affine_grid(torch.stack(rows, dim=1).view(count, 2, 3), list(images.shape), align_corners=False)
    return functional.grid_sample(images, places, align_corners=False)
