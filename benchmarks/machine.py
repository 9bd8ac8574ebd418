"""This machine as the cost model sees it: bandwidths measured by moving bytes, not by training.

Seconds are the processors', of all threads together: on a machine that others use, too, they tell what work costs.

`python -m benchmarks.machine` prints them as JSON.
"""

from __future__ import annotations

import json
import time
from dataclasses import asdict
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import torch

from benchmarks.bandwidth import COPIED
from benchmarks.workloads import power_law_pairs
from tastegraph.graph.bipartite import BipartiteGraph
from tastegraph.graph.propagation import propagate
from tastegraph.studies.cost import Machine

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["measure_machine"]

WIDTH, ROW = 64, 128  # columns, and bytes of a row of halves
EDGES = 6_000_000
SMALL, MIDDLE, LARGE = 40_000, 200_000, 1_500_000  # nodes a side: tables of 5, 26 and 192 MB
TRIALS = 7
TINY_EDGES, TINY_STEPS = 2_000, 60
IDS = 400_000


def measure_machine() -> Machine:
    """Copying, gathering within caches and beyond, how much caches hold, and what rows and steps cost at least."""
    source = torch.ones(COPIED // 4)
    target = torch.zeros_like(source)
    stream = 2 * COPIED / _best(lambda: target.copy_(source))
    few, many = (_layer(SMALL, edges) for edges in (SMALL, EDGES))
    cached = ROW * 2 * (EDGES - SMALL) / (many - few)
    row = max(0.0, few / (4 * SMALL) - ROW / (2 * cached))  # 2 SMALL nodes, each packed and summed up; SMALL edges
    middle, scattered = (ROW * 2 * EDGES / (_layer(nodes, EDGES) - 4 * nodes * row) for nodes in (MIDDLE, LARGE))
    # 1 / middle = h / cached + (1 - h) / scattered, and h is the cache's share of the middle table.
    share = (1 / scattered - 1 / middle) / max(1 / scattered - 1 / cached, 1e-30)
    cache = min(max(share, 0.01), 1.0) * MIDDLE * ROW
    return Machine(stream, cached, scattered, cache, row, _least_step(), _sorting())


def _best(what: Callable[[], object]) -> float:
    what()
    found = []
    for _ in range(TRIALS):
        began = time.process_time()
        what()
        found.append(time.process_time() - began)
    return min(found)


def _layer(nodes: int, edges: int) -> float:
    """Seconds of a layer over a graph with so many nodes a side, joined evenly."""
    rng = np.random.default_rng(0)
    user, item = (rng.integers(nodes, size=edges) for _ in range(2))
    graph = BipartiteGraph.from_pairs(user, item, nodes, nodes)
    x = torch.ones(graph.num_nodes, WIDTH)
    return _best(lambda: propagate(graph, x, "float16")) * edges / graph.num_edges


def _least_step() -> float:
    """Seconds of a step of next to no edges."""
    from benchmarks import ours

    graph, ends = BipartiteGraph.from_pairs(*power_law_pairs(TINY_EDGES)), list[float]()
    ours.run_steps(graph, graph.num_edges // TINY_STEPS, TINY_STEPS, lambda _: ends.append(time.process_time()))
    return min(after - before for before, after in pairwise(ends))


def _sorting() -> float:
    """Seconds an id of torch.unique with places and counts."""
    ids = torch.randint(1 << 22, (IDS,), generator=torch.Generator().manual_seed(0))
    return _best(lambda: torch.unique(ids, return_inverse=True, return_counts=True)) / IDS


if __name__ == "__main__":
    print(json.dumps(asdict(measure_machine()) | {"network": None}))
