from __future__ import annotations

import numpy as np
import pytest

from tastegraph.graph.neighbours import NeighbourLists
from tastegraph.graph.top_k import rank_by_inner_product
from tastegraph.ranking import candidates as candidates_module
from tastegraph.ranking.candidates import rank_candidates, union

SCORES = np.random.default_rng(0).random((20, 8), np.float32)


class ByTable:
    """Ranks by SCORES, and keeps what it was asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[np.ndarray, NeighbourLists | None]] = []

    def rank(self, users: np.ndarray, k: int, exclude: NeighbourLists | None) -> np.ndarray:
        self.asked.append((users, exclude))
        return rank_by_inner_product(SCORES, np.eye(8, dtype=np.float32), users, k, exclude)


def test_what_is_no_candidate_is_excluded_and_nothing_else() -> None:
    ranker, users = ByTable(), np.array([2, 0])
    candidates = NeighbourLists.from_pairs([0, 0, 2], [1, 5, 7], 20, 8)
    assert rank_candidates(ranker, users, candidates, 1)[0].tolist() == [7]
    ((asked, exclude),) = ranker.asked
    assert asked.tolist() == [2, 0]
    assert exclude is not None
    assert exclude[0].tolist() == [0, 2, 3, 4, 6, 7]
    assert exclude[2].tolist() == [0, 1, 2, 3, 4, 5, 6]
    assert exclude.counts.sum() == 6 + 7  # of the users asked for alone
    assert (exclude.num_rows, exclude.num_columns) == (20, 8)
    assert exclude.index.dtype == np.uint32


@pytest.mark.parametrize(("entries", "blocks"), [(1, 20), (8, 20), (24, 7), (159, 2), (160, 1)])
def test_users_a_block_at_a_time_get_the_lists_they_get_together(
    entries: int, blocks: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = np.random.default_rng(1)
    candidates = NeighbourLists.from_pairs(rng.integers(20, size=70), rng.integers(8, size=70), 20, 8)
    together = rank_candidates(ByTable(), np.arange(20), candidates, 3)
    monkeypatch.setattr(candidates_module, "BLOCK_ENTRIES", entries)
    ranker = ByTable()
    assert np.array_equal(rank_candidates(ranker, np.arange(20), candidates, 3), together)
    assert len(ranker.asked) == blocks
    assert np.concatenate([users for users, _ in ranker.asked]).tolist() == list(range(20))


def test_nobody_to_rank_for_is_an_empty_table() -> None:
    none = NeighbourLists.from_pairs([], [], 20, 8)
    found = rank_candidates(ByTable(), np.zeros(0, np.int64), none, 3)
    assert found.shape == (0, 3)
    assert found.dtype == np.int32


def test_a_union_holds_the_pairs_of_either_once() -> None:
    some = NeighbourLists.from_pairs([0, 0, 2], [1, 3, 0], 3, 4)
    other = NeighbourLists.from_pairs([0, 1], [3, 2], 3, 4)
    both = union(some, other)
    assert [both[row].tolist() for row in range(3)] == [[1, 3], [2], [0]]
    assert (both.num_rows, both.num_columns) == (3, 4)
