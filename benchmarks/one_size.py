"""A made graph of one size in a process of its own: built, propagated over, trained on for some steps; as JSON.

Usage: python -m benchmarks.one_size EDGES NODES,WIDTH prints seconds of each and peak memory.
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
FEW, MANY = 2, 20  # steps that are timed, and of graphs below MANY_BELOW edges
MANY_BELOW = 5_000_000
LAYERS = 3  # propagations that are timed


def batch_of(edges: int) -> int:
    """The batch that a graph of so many edges is trained with."""
    return min(BATCH, max(1, edges // SHARE))


def main(edges: int, nodes: int, width: int) -> dict[str, Any]:
    """Build, propagate, train some steps."""
    before = resident_mb()
    user, item = _drawn(edges, nodes)
    forget_peak()
    build = Clock()
    build.tick()
    graph = BipartiteGraph.from_pairs(user, item, *sides_of(nodes))
    build.tick()
    about: dict[str, Any] = {"before_mb": before, "build": build.gaps(), "build_peak_mb": peak_mb()}
    del user, item
    about |= {"users": graph.num_users, "items": graph.num_items, "edges": graph.num_edges}
    layer = _layer_seconds(graph, width)
    forget_peak()
    batch, steps = batch_of(graph.num_edges), Clock()
    ours.run_steps(graph, batch, (MANY if edges < MANY_BELOW else FEW) + 1, lambda _: steps.tick(), width=width)
    return about | {"width": width, "batch": batch, "layer": layer, "step": steps.gaps(), "peak_mb": peak_mb()}


class Clock:
    """Ticks of two clocks: the wall's, and the processors' time of this process, all threads together."""

    def __init__(self) -> None:
        self._ticks: list[tuple[float, float]] = []

    def tick(self) -> None:
        """Note the moment."""
        self._ticks.append((time.perf_counter(), time.process_time()))

    def gaps(self) -> dict[str, list[float]]:
        """Seconds between ticks, by clock."""
        walls, processors = zip(*self._ticks, strict=True)
        named = {"wall": walls, "processors": processors}
        return {name: [after - before for before, after in pairwise(ticks)] for name, ticks in named.items()}


def _layer_seconds(graph: BipartiteGraph, width: int) -> dict[str, list[float]]:
    """Seconds of one propagation each, after one that is not counted."""
    x, clock = torch.ones(graph.num_nodes, width), Clock()
    for _ in range(LAYERS + 1):
        ours.one_layer(graph, x, ours.FAST)
        clock.tick()
    return clock.gaps()


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
    print(json.dumps(main(int(sys.argv[1]), *map(int, sys.argv[2].split(",")))))
