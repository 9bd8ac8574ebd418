"""Pieces of work that threads share."""

from __future__ import annotations

import numba
import numpy as np
import pytest
import torch

from tastegraph.graph.bipartite import BipartiteGraph
from tastegraph.graph.compiled import dealt, equal_parts, use_torchs_threads


@pytest.mark.parametrize("threads", [1, 2])
def test_pieces_are_dealt_so_that_each_thread_has_as_much_of_users_as_of_items(threads: int) -> None:
    rng = np.random.default_rng(0)
    users, items = 9_000, 1_000
    pairs = np.unique(rng.integers(0, [users, items], (50_000, 2)), axis=0)
    graph = BipartiteGraph.from_pairs(pairs[:, 0], pairs[:, 1], users, items)
    counts = graph.lists.counts
    before = torch.get_num_threads()
    try:
        torch.set_num_threads(threads)
        use_torchs_threads()
        pieces = dealt(equal_parts(counts))
        stretches = np.array_split(pieces, numba.get_num_threads())  # as numba cuts a parallel loop
    finally:
        torch.set_num_threads(before)
        use_torchs_threads()
    rows = [np.concatenate([np.arange(*piece) for piece in stretch]) for stretch in stretches]
    assert np.array_equal(np.sort(np.concatenate(rows)), np.arange(users + items))
    for side in (slice(0, users), slice(users, None)):
        inside = np.arange(users + items)[side]
        entries = [int(counts[np.intersect1d(own, inside)].sum()) for own in rows]
        assert max(entries) - min(entries) < 2 * (2 * len(pairs) + len(counts)) / len(pieces)
