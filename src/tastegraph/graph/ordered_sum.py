"""A sum that is the same, bit for bit, for any number of threads."""

from __future__ import annotations

import torch

__all__ = ["ordered_sum"]

ROW = 1024


def ordered_sum(x: torch.Tensor) -> torch.Tensor:
    """The sum of all numbers, a scalar with its gradient.

    Torch's own cuts a long sum into a part a thread, so its last bits change with their number. Here rows of 1024 are
    summed first, each by one thread, then their sums.

    Args:
        x: float, of any shape.
    """
    flat = x.reshape(-1)
    while len(flat) > ROW:
        whole = len(flat) // ROW * ROW
        flat = torch.cat([flat[:whole].view(-1, ROW).sum(dim=1), flat[whole:]])
    return flat.sum()
