from __future__ import annotations

import math

import numpy as np
import pytest

from tastegraph.errors import EvaluationError, LeakError
from tastegraph.graph.neighbours import NeighbourLists
from tastegraph.graph.top_k import rank_by_inner_product
from tastegraph.ranking.full_ranking import Relevant, full_ranking, judge, lengths_of

# One user coordinate a row; scores of user u are the rows of SCORES.
SCORES = np.array([[9, 8, 7, 6, 5], [1, 1, 1, 1, 1], [0, 0, 0, 0, 4]], np.float32)


class ByTable:
    def rank(self, users: np.ndarray, k: int, exclude: NeighbourLists | None) -> np.ndarray:
        return rank_by_inner_product(SCORES, np.eye(5, dtype=np.float32), users, k, exclude)


def test_known_positives_are_masked_and_held_out_items_found() -> None:
    known = NeighbourLists.from_pairs([0, 0, 1], [0, 1, 0], 3, 5)
    # user 0 is to find item 3, user 1 items 1 and 4, user 2 nothing
    relevant = Relevant.from_pairs(np.array([0, 1, 1]), np.array([3, 1, 4]), 3, 5)
    judged = full_ranking(ByTable(), relevant, known, [1, 2])
    assert judged.users.tolist() == [0, 1]
    assert judged.lists.tolist() == [[2, 3], [1, 2]]
    # user 0's list is 2, 3; user 1's, all tied, is 1, 2 by lower index
    assert judged.values["recall@2"].tolist() == [1, 0.5]
    assert judged.values["mrr@2"].tolist() == [0.5, 1]
    assert judged.values["ndcg@2"].tolist() == pytest.approx([1 / math.log2(3), 1 / (1 + 1 / math.log2(3))])
    assert judged.values["hit@1"].tolist() == [0, 1]
    assert judged.means()["precision@1"] == 0.5


def test_a_cold_item_counts_among_the_relevant_and_cannot_be_found() -> None:
    relevant = Relevant.from_pairs(np.array([0, 0, 2]), np.array([0, -1, -1]), 3, 5)
    judged = full_ranking(ByTable(), relevant, None, [3])
    assert judged.users.tolist() == [0, 2]
    assert judged.values["recall@3"].tolist() == [0.5, 0]


def test_fewer_candidates_than_places() -> None:
    known = NeighbourLists.from_pairs([0] * 4, [0, 1, 2, 4], 3, 5)
    relevant = Relevant.from_pairs(np.array([0]), np.array([3]), 3, 5)
    judged = full_ranking(ByTable(), relevant, known, [10])
    assert judged.values["precision@10"].tolist() == [0.1]
    assert judged.values["recall@10"].tolist() == [1]
    assert judged.values["ndcg@10"].tolist() == [1]
    far = full_ranking(ByTable(), relevant, known, [1_000_000])
    assert far.values["precision@1000000"].tolist() == [1e-6]  # no list is longer than the catalogue


def test_an_empty_place_of_a_list_is_no_hit() -> None:
    known = NeighbourLists.from_pairs([0] * 4, [1, 2, 3, 4], 3, 5)
    relevant = Relevant.from_pairs(np.array([0]), np.array([0]), 3, 5)  # the list is 0, then nothing
    judged = full_ranking(ByTable(), relevant, known, [4])
    assert judged.values["precision@4"].tolist() == [0.25]


def test_users_are_judged_alike_however_many_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    relevant = Relevant.from_pairs(rng.integers(0, 30, 90), rng.integers(-1, 20, 90), 30, 20)
    users = relevant.users
    lists = np.stack([rng.permutation(20)[:7] for _ in users]).astype(np.int32)
    whole = judge(lists, users, relevant, [3, 7])
    monkeypatch.setattr("tastegraph.ranking.full_ranking.BLOCK", 4)
    parts = judge(lists, users, relevant, [3, 7])
    assert whole.keys() == parts.keys()
    for name, values in whole.items():
        np.testing.assert_array_equal(parts[name], values)


def test_nobody_to_judge_gives_no_means() -> None:
    nobody = Relevant.from_pairs(np.zeros(0, int), np.zeros(0, int), 3, 5)
    assert full_ranking(ByTable(), nobody, None, [2]).means() == {}


def test_lengths_ascend_and_each_is_at_least_one() -> None:
    assert lengths_of([10, 5, 10]) == [5, 10]
    for k, shown in (([0, 5], "0,5"), ([], "none"), ([3, -1], "-1,3")):
        with pytest.raises(EvaluationError, match=rf"^a list has at least one place; found k = {shown}$"):
            lengths_of(k)


def test_a_pair_to_be_found_that_is_masked_is_told() -> None:
    relevant = Relevant.from_pairs(np.array([0]), np.array([3]), 3, 5)
    assert relevant.total.tolist() == [1, 0, 0]
    known = NeighbourLists.from_pairs([0], [3], 3, 5)
    told = "the split leaks: 1 held-out pair is in the known positives; the first is user index 0, item index 3"
    with pytest.raises(LeakError, match=f"^{told}$"):
        full_ranking(ByTable(), relevant, known, [1])
