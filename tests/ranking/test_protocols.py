"""The other protocols on scores worked out by hand, and what holds of any."""

from __future__ import annotations

import numpy as np
import pytest

from tastegraph.errors import EvaluationError
from tastegraph.graph.neighbours import NeighbourLists
from tastegraph.graph.top_k import rank_by_inner_product
from tastegraph.ranking.candidates import rank_candidates
from tastegraph.ranking.protocol import Relevant
from tastegraph.ranking.protocols import (
    draw_negatives,
    liked_above_disliked,
    rated_only,
    sampled_negatives,
    tutorial,
)

# Scores of three users for five items.
SCORES = np.array([[9, 8, 7, 6, 5], [1, 2, 3, 4, 5], [5, 4, 3, 2, 1]], np.float32)


class ByTable:
    def __init__(self, scores: np.ndarray = SCORES) -> None:
        self.scores = scores

    def rank(self, users: np.ndarray, k: int, exclude: NeighbourLists | None) -> np.ndarray:
        eye = np.eye(self.scores.shape[1], dtype=np.float32)
        return rank_by_inner_product(self.scores, eye, users, k, exclude)


def _lists(*pairs: tuple[int, int]) -> NeighbourLists:
    user, item = zip(*pairs, strict=True)
    return NeighbourLists.from_pairs(user, item, 3, 5)


def _relevant(*pairs: tuple[int, int]) -> Relevant:
    user, item = zip(*pairs, strict=True)
    return Relevant.from_pairs(np.array(user), np.array(item), 3, 5)


def test_only_candidates_are_ranked_whatever_the_order_of_users() -> None:
    candidates = _lists((0, 4), (0, 2), (1, 0), (2, 1), (2, 3), (2, 4))
    assert rank_candidates(ByTable(), np.array([2, 0, 1]), candidates, 2).tolist() == [[1, 3], [2, 4], [0, -1]]


def test_tutorial_masks_nothing_and_counts_all_likes_and_dislikes() -> None:
    likes = _relevant((0, 0), (0, 1), (0, 4), (1, 0))
    judged = tutorial(ByTable(), likes, _lists((0, 2), (2, 0)), [2, 3])
    assert judged.protocol == "tutorial"
    assert judged.users.tolist() == [0, 1]
    assert judged.values["precision@2"].tolist() == [1, 0]
    assert judged.values["recall@3"].tolist() == [2 / 3, 0]
    assert judged.values["dislike_precision@3"].tolist() == pytest.approx([1 / 3, 0])
    assert judged.values["dislike_recall@3"].tolist() == pytest.approx([1, np.nan], nan_ok=True)
    assert judged.means()["dislike_recall@3"] == 1  # over those who dislike anything
    assert "dislike_recall@2" not in tutorial(ByTable(), likes, None, [2]).values


def test_rated_only_ranks_held_out_likes_among_dislikes() -> None:
    # user 0: likes 1 and 3, dislikes 2 and 4: order 1 2 3 4; user 1 dislikes nothing; user 2: like 4 below dislike 0
    held, dislikes = _relevant((0, 1), (0, 3), (1, 0), (2, 4)), _lists((0, 2), (0, 4), (2, 0))
    judged = rated_only(ByTable(), held, dislikes, [1, 2])
    assert judged.protocol == "rated-only"
    assert judged.users.tolist() == [0, 2]
    assert judged.values["auc"].tolist() == [3 / 4, 0]
    assert judged.values["precision@2"].tolist() == [1 / 2, 1 / 2]
    assert judged.values["mrr@2"].tolist() == [1, 1 / 2]
    assert judged.lists.tolist() == [[1, 2], [0, 4]]
    with pytest.raises(EvaluationError, match="no user has both"):
        rated_only(ByTable(), _relevant((0, 1)), _lists((1, 1)), [1])


def test_auc_is_scikit_learns_and_what_is_left_out_stands_last() -> None:
    metrics = pytest.importorskip("sklearn.metrics")
    rng = np.random.default_rng(0)
    for _ in range(20):
        liked = np.append(rng.permutation([1, 0, *rng.integers(0, 2, 8)]), [])
        whole = liked_above_disliked(
            liked[None] > 0, np.ones((1, 10), bool), np.array([int(liked.sum())]), np.array([int(10 - liked.sum())])
        )
        assert whole[0] == pytest.approx(metrics.roc_auc_score(liked, -np.arange(10)))
        cut = liked_above_disliked(
            liked[None, :4] > 0, np.ones((1, 4), bool), np.array([int(liked.sum())]), np.array([int(10 - liked.sum())])
        )
        assert cut[0] == pytest.approx(metrics.roc_auc_score(liked, -np.minimum(np.arange(10), 4)))


def test_negatives_are_drawn_outside_what_is_taken_uniformly_and_by_seed() -> None:
    taken = NeighbourLists.from_pairs([0, 0, 1], [0, 1, 9], 3, 10)
    drawn = draw_negatives(np.array([0, 1]), taken, 4, 0)
    assert drawn.counts.tolist() == [4, 4, 0]
    assert set(drawn[0].tolist()) <= set(range(2, 10))
    assert 9 not in drawn[1]
    assert draw_negatives(np.array([0]), taken, 100, 0)[0].tolist() == list(range(2, 10))
    assert np.array_equal(drawn.index, draw_negatives(np.array([0, 1]), taken, 4, 0).index)
    many = draw_negatives(np.arange(4000), NeighbourLists.from_pairs([], [], 4000, 10), 3, 1)
    share = np.bincount(many.index, minlength=10) / len(many.index)
    assert share == pytest.approx(np.full(10, 0.1), abs=0.01)


def test_sampled_negatives_rank_among_the_drawn_and_flatter() -> None:
    rng = np.random.default_rng(0)
    scores = rng.random((40, 200)).astype(np.float32)
    held = Relevant.from_pairs(np.arange(40), rng.integers(0, 200, 40), 40, 200)
    none = NeighbourLists.from_pairs([], [], 40, 200)
    judged = sampled_negatives(ByTable(scores), held, none, [10], negatives=20)
    assert judged.protocol == "sampled-negatives"
    # an item of random score is among the best 10 of 21 in 10 of 21 cases, of 200 in 10 of 200
    assert judged.means()["recall@10"] == pytest.approx(10 / 21, abs=0.25)
    everything = sampled_negatives(ByTable(scores), held, none, [10], negatives=500)
    assert everything.means()["recall@10"] == pytest.approx(10 / 200, abs=0.1)
    with pytest.raises(EvaluationError, match="at least one negative"):
        sampled_negatives(ByTable(scores), held, none, [10], negatives=0)


@pytest.mark.parametrize("k", [[], [0], [5, 0]])
def test_a_list_without_places_is_refused_by_every_protocol(k: list[int]) -> None:
    held, none = _relevant((0, 1)), _lists((0, 0))
    for judge in (tutorial, rated_only, sampled_negatives):
        with pytest.raises(EvaluationError, match="a list has at least one place; found k = "):
            judge(ByTable(), held, none, k)
