"""Training images moved at random, a whole batch at once, so that nothing waits for anything on a GPU."""

import torch
from torch.nn import functional


def shifted(images: torch.Tensor, pixels: int, *, background: float) -> torch.Tensor:
    """Images of shape (n, 1, 28, 28), each moved up to so many pixels down or up, and right or left, on background."""
    count, _, height, width = images.shape
    padded = functional.pad(images, (pixels,) * 4, value=background).flatten(start_dim=1)
    down, right = torch.randint(0, 2 * pixels + 1, (2, count, 1, 1), device=images.device)
    rows = torch.arange(height, device=images.device).view(1, -1, 1) + down
    columns = torch.arange(width, device=images.device).view(1, 1, -1) + right
    places = rows * (width + 2 * pixels) + columns
    return padded.gather(1, places.view(count, -1)).view_as(images)
