"""The machine's copy bandwidth, and the least time that moving some bytes takes."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import torch

from benchmarks.measurement import seconds_of

if TYPE_CHECKING:
    from tastegraph.graph.bipartite import BipartiteGraph

__all__ = ["copy_bandwidth", "propagation_bytes"]

COPIED = 1 << 28  # bytes, far beyond any cache
TRIALS = 8


@cache
def copy_bandwidth() -> float:
    """Bytes a second of a large copy on all threads, bytes read and bytes written both counted, as STREAM does."""
    source = torch.ones(COPIED // 4)
    target = torch.zeros_like(source)
    best = min(seconds_of(lambda: target.copy_(source)) for _ in range(TRIALS))
    return 2 * COPIED / best


def propagation_bytes(graph: BipartiteGraph, width: int, itemsize: int) -> int:
    """Bytes that one layer touches if no gathered row is found in a cache.

    Every directed edge reads its index (4 bytes) and a row of `width` numbers of `itemsize` bytes; every node's row is
    written once in float32.
    """
    entries = 2 * graph.num_edges
    return entries * (4 + width * itemsize) + graph.num_nodes * width * 4
