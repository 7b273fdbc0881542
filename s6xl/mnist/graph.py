"""A step of training as a CUDA graph: the GPU repeats all its small pieces from one command of the host's."""

from collections.abc import Callable, Sequence

import torch

# PyTorch sets up its libraries and their memory in the first runs; that must not be recorded.
WARM_UPS = 3


def graphed(step: Callable[[], None], changed: Sequence[torch.Tensor]) -> Callable[[], None]:
    """What does the same as `step`, recorded once and repeated from then on.

    Args:
        step: reads and writes tensors in place, and never looks at a value in Python.
        changed: every tensor that lives on from one step to the next and is changed by it; they are left as they are.
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
