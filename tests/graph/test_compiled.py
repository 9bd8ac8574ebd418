"""Pieces of work that threads share."""

from __future__ import annotations

import subprocess
import sys

import numba
import numpy as np
import pytest
import torch

from tastegraph.graph.bipartite import BipartiteGraph
from tastegraph.graph.compiled import column_blocks, dealt, equal_parts, use_torchs_threads


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


@pytest.mark.parametrize(("columns", "blocks"), [
    (0, []), (1, [(0, 1)]), (64, [(0, 64)]), (63, [(0, 32), (32, 16), (48, 8), (56, 4), (60, 2), (62, 1)]),
    (100, [(0, 64), (64, 32), (96, 4)]), (129, [(0, 64), (64, 64), (128, 1)]),
])  # fmt: skip
def test_columns_are_taken_in_blocks_of_powers_of_two_up_to_64(columns: int, blocks: list[tuple[int, int]]) -> None:
    assert list(column_blocks(np.zeros((2, columns), np.float32))) == blocks


def test_pieces_are_of_as_many_rows_and_entries_together() -> None:
    counts = np.random.default_rng(0).integers(0, 9, 1000)
    cuts = equal_parts(counts)
    assert cuts.dtype == np.int64
    assert (cuts[0], cuts[-1], len(cuts)) == (0, 1000, 65)
    work = np.add.reduceat(counts + 1, cuts[:-1])
    assert abs(work - (counts + 1).sum() / 64).max() <= 9
    assert equal_parts(np.zeros(0, np.int64)).tolist() == [0] * 65
    few = equal_parts(np.array([5, 0, 2]))
    assert sorted(set(few.tolist())) == [0, 1, 2, 3]
    assert (np.diff(few) >= 0).all()


def test_kernels_run_on_torchs_threads_and_on_no_more_than_numba_has() -> None:
    before = torch.get_num_threads()
    try:
        for asked in (1, numba.config.NUMBA_NUM_THREADS, numba.config.NUMBA_NUM_THREADS + 3):
            torch.set_num_threads(asked)
            use_torchs_threads()
            assert numba.get_num_threads() == min(asked, numba.config.NUMBA_NUM_THREADS)
            assert torch.get_num_threads() == asked
    finally:
        torch.set_num_threads(before)
        use_torchs_threads()


def test_the_first_kernel_leaves_torch_the_threads_that_it_was_set_to() -> None:
    program = """
import numba, numpy as np, torch
from tastegraph.graph.bipartite import BipartiteGraph
from tastegraph.graph.propagation import propagate
torch.set_num_threads(1)
graph = BipartiteGraph.from_pairs(np.array([0, 1]), np.array([0, 1]), 2, 2)
propagate(graph, torch.ones(4, 2))
print(torch.get_num_threads(), numba.get_num_threads())
"""
    done = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    assert done.stdout.split() == ["1", "1"]
