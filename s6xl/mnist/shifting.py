"""Random shifts of training images, a whole batch at once and without waiting for a GPU."""

import torch
from torch.nn import functional


def shifted(images: torch.Tensor, pixels: int, *, background: float) -> torch.Tensor:
    """Return images that are each moved by random whole numbers of pixels, up or down and left or right.

    Args:
        images: of shape (n, 1, height, width).
        pixels: the most that an image is moved by in each direction.
        background: the value of the pixels that come in.
    """
    count, _, height, width = images.shape
    padded = functional.pad(images, (pixels,) * 4, value=background).flatten(start_dim=1)
    down, right = torch.randint(0, 2 * pixels + 1, (2, count, 1, 1), device=images.device)
    rows = torch.arange(height, device=images.device).view(1, -1, 1) + down
    columns = torch.arange(width, device=images.device).view(1, 1, -1) + right
    places = rows * (width + 2 * pixels) + columns
    return padded.gather(1, places.view(count, -1)).view_as(images)
