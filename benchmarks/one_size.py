"""A made graph of one size in a process of its own: built, propagated over, trained on for some steps; as JSON.

Usage: python -m benchmarks.one_size EDGES NODES prints seconds of each and peak memory.
"""

from __future__ import annotations

import json
import sys
import time
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from benchmarks import ours
from benchmarks.made_ratings import BLOCK, sides_of
from benchmarks.peak_memory import forget_peak, peak_mb, resident_mb
from benchmarks.workloads import SKEW
from tastegraph.graph.bipartite import BipartiteGraph

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["BATCH", "batch_of"]

BATCH, SHARE = 131_072, 100  # a batch has a hundredth of the edges, and so many at most
FEW, MANY = 4, 20  # steps that are timed, and of graphs below MANY_BELOW edges
MANY_BELOW = 5_000_000


def batch_of(edges: int) -> int:
    """The batch that a graph of so many edges is trained with."""
    return min(BATCH, max(1, edges // SHARE))


def main(edges: int, nodes: int) -> dict[str, Any]:
    """Build, propagate, train some steps."""
    before = resident_mb()
    user, item = _drawn(edges, nodes)
    forget_peak()
    began = time.perf_counter()
    graph = BipartiteGraph.from_pairs(user, item, *sides_of(nodes))
    build = time.perf_counter() - began
    about = {"before_mb": before, "build_seconds": build, "build_peak_mb": peak_mb()}
    del user, item
    about |= {"users": graph.num_users, "items": graph.num_items, "edges": graph.num_edges}
    layer = _layer_seconds(graph)
    forget_peak()
    batch, ends = batch_of(graph.num_edges), list[float]()
    steps = MANY if edges < MANY_BELOW else FEW
    ours.run_steps(graph, batch, steps + 1, lambda _: ends.append(time.perf_counter()))
    step = [after - then for then, after in pairwise(ends)]
    return about | {"batch": batch, "layer_seconds": layer, "step_seconds": step, "peak_mb": peak_mb()}


def _layer_seconds(graph: BipartiteGraph) -> list[float]:
    """Seconds of one propagation each, after one that is not counted."""
    x, found = torch.ones(graph.num_nodes, ours.DIMENSIONS), []
    for _ in range(4):
        began = time.perf_counter()
        ours.one_layer(graph, x, ours.FAST)
        found.append(time.perf_counter() - began)
    return found[1:]


def _drawn(edges: int, nodes: int) -> tuple[NDArray[np.int32], ...]:
    """Pairs of power-law degrees, in no order; popular nodes lie scattered."""
    rng = np.random.default_rng(0)
    sides = []
    for size in sides_of(nodes):
        name, side = rng.permutation(size).astype(np.int32), np.empty(edges, np.int32)
        for at in range(0, edges, BLOCK):
            part = side[at : at + BLOCK]
            part[:] = name[(size * rng.random(len(part)) ** (1 / (1 - SKEW))).astype(np.int64)]
        sides.append(side)
    return tuple(sides)


if __name__ == "__main__":
    print(json.dumps(main(int(sys.argv[1]), int(sys.argv[2]))))
