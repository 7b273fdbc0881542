"""A training step as a CUDA graph: the host launches all of its kernels with one command."""

from collections.abc import Callable, Sequence

import torch

# In the first runs PyTorch sets up its libraries and their memory, which must not be recorded.
WARM_UPS = 3


def graphed(step: Callable[[], None], changed: Sequence[torch.Tensor]) -> Callable[[], None]:
    """Record a step once and return a function that replays it.

    Args:
        step: reads and writes tensors in place, and never reads a tensor's value in Python.
        changed: every tensor that a step changes for the next one; recording leaves their values as they were.

    Source: as in https://pytorch.org/docs/stable/notes/cuda.html#cuda-graphs.
    """
    before = [tensor.detach().clone() for tensor in changed]
    random = torch.cuda.get_rng_state()
    aside = torch.cuda.Stream()
    graph = torch.cuda.CUDAGraph()
    aside.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(aside):
        for _ in range(WARM_UPS):
            step()
    torch.cuda.current_stream().wait_stream(aside)
    with torch.cuda.graph(graph):
        step()
    with torch.no_grad():
        for tensor, value in zip(changed, before, strict=True):
            tensor.copy_(value)
    torch.cuda.set_rng_state(random)
    replay: Callable[[], None] = graph.replay
    return replay
