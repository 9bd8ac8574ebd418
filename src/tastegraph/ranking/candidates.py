"""Rank among chosen candidates, with nothing but `rank`: everything else is excluded, a block of users at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tastegraph.graph.neighbours import NeighbourLists

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from tastegraph.ranking.full_ranking import Ranker

__all__ = ["rank_candidates", "union"]

BLOCK_ENTRIES = 1 << 22  # users x items of a block: what it excludes is held in memory


def rank_candidates(ranker: Ranker, users: NDArray[np.int64], candidates: NeighbourLists, k: int) -> NDArray[np.int32]:
    """The `k` best of each user's candidates, best first, int32 [n, k]; -1 where a user has no further one.

    Args:
        ranker: makes the lists.
        users: user indices [n], each once.
        candidates: what each user's list may hold, by user index.
        k: length of a list.
    """
    lists = np.empty((len(users), k), np.int32)
    for block in _blocks(len(users), candidates.num_columns):
        some = users[block]
        lists[block] = ranker.rank(some, k, _all_but(candidates, some))
    return lists


def union(some: NeighbourLists, other: NeighbourLists) -> NeighbourLists:
    """The pairs that are in either."""
    row, column = np.divmod(np.concatenate([some.keys(), other.keys()]), max(some.num_columns, 1))
    return NeighbourLists.from_pairs(row, column, some.num_rows, some.num_columns)


def _blocks(rows: int, columns: int) -> Iterator[slice]:
    step = max(1, BLOCK_ENTRIES // max(columns, 1))
    for begin in range(0, rows, step):
        yield slice(begin, begin + step)


def _all_but(lists: NeighbourLists, rows: NDArray[np.int64]) -> NeighbourLists:
    """What the given rows do not hold; every other row is empty."""
    outside = np.ones((len(rows), lists.num_columns), bool)
    position, column = lists.pairs_of(rows)
    outside[position, column] = False
    counts = np.zeros(lists.num_rows, np.int64)
    counts[rows] = outside.sum(axis=1)
    start = np.concatenate([[0], np.cumsum(counts)])
    index = np.nonzero(outside[np.argsort(rows)])[1].astype(np.uint32)
    return NeighbourLists(start, index, lists.num_columns)
