"""This machine as the cost model sees it: bandwidths measured by moving bytes, not by training.

`python -m benchmarks.machine` prints them as JSON.
"""

from __future__ import annotations

import json
import time
from dataclasses import asdict
from typing import TYPE_CHECKING

import numpy as np
import torch

from benchmarks.bandwidth import copy_bandwidth
from benchmarks.measurement import seconds_of
from benchmarks.workloads import power_law_pairs
from tastegraph.graph.bipartite import BipartiteGraph
from tastegraph.graph.propagation import propagate
from tastegraph.studies.cost import LINE, Machine

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["measure_machine"]

WIDTH, ROW = 64, 128  # columns, and bytes of a row of halves
EDGES = 6_000_000
SMALL, MIDDLE, LARGE = 4_000, 128_000, 1_500_000  # nodes a side: tables of half, 16 and 192 MB
TRIALS = 5
TINY_EDGES, TINY_STEPS = 2_000, 60
IDS = 400_000


def measure_machine() -> Machine:
    """Copy bandwidth, gathering within caches and beyond, how much caches hold, and what a step costs at the least."""
    stream = copy_bandwidth()
    cached, middle, scattered = (_gathered(nodes, stream) for nodes in (SMALL, MIDDLE, LARGE))
    # 1 / middle = h / cached + (1 - h) / scattered, and h is the cache's share of the middle table.
    share = (1 / scattered - 1 / middle) / max(1 / scattered - 1 / cached, 1e-30)
    cache = min(max(share, 0.01), 1.0) * MIDDLE * ROW
    return Machine(stream, cached, scattered, cache, _least_step(), _sorting())


def _best(what: Callable[[], object]) -> float:
    what()
    return min(seconds_of(what) for _ in range(TRIALS))


def _gathered(nodes: int, stream: float) -> float:
    """Bytes a second of rows gathered evenly from a table of so many rows: a layer, less what it moves in order."""
    rng = np.random.default_rng(0)
    user, item = (rng.integers(nodes, size=EDGES) for _ in range(2))
    graph = BipartiteGraph.from_pairs(user, item, nodes, nodes)
    x = torch.ones(graph.num_nodes, WIDTH)
    moved = 2 * graph.num_edges * 4 + graph.num_nodes * (12 + 2 * WIDTH * 4 + ROW)
    seconds = _best(lambda: propagate(graph, x, "float16")) - moved / stream
    return 2 * graph.num_edges * max(ROW, LINE) / seconds


def _least_step() -> float:
    """Seconds of a step of next to no edges."""
    from benchmarks import ours

    graph = BipartiteGraph.from_pairs(*power_law_pairs(TINY_EDGES))
    return float(np.median(ours.step_seconds(graph, max(1, graph.num_edges // TINY_STEPS), TINY_STEPS - 4, ours.FAST)))


def _sorting() -> float:
    """Seconds an id of torch.unique with places and counts."""
    ids = torch.randint(1 << 22, (IDS,), generator=torch.Generator().manual_seed(0))
    return _best(lambda: torch.unique(ids, return_inverse=True, return_counts=True)) / IDS


if __name__ == "__main__":
    began = time.perf_counter()
    print(json.dumps(asdict(measure_machine()) | {"seconds": time.perf_counter() - began}))
