"""The other protocols on scores worked out by hand, and what holds of any."""

from __future__ import annotations

import numpy as np
import pytest

from tastegraph.errors import EvaluationError, LeakError
from tastegraph.graph.neighbours import NeighbourLists
from tastegraph.graph.top_k import rank_by_inner_product
from tastegraph.ranking import other_protocols
from tastegraph.ranking.candidates import rank_candidates
from tastegraph.ranking.full_ranking import Relevant
from tastegraph.ranking.metrics import METRICS
from tastegraph.ranking.other_protocols import (
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


def test_auc_of_lists_cut_short_by_hand_and_users_do_not_mix() -> None:
    # user 0: of 2 likes and 2 dislikes the list holds like, dislike: 2 pairs in order, 1 of the like left out under the
    # dislike, 1 left out whole; user 1: of 1 like and 3 dislikes two dislikes: 2 the wrong way, 1 left out whole
    found = liked_above_disliked(
        np.array([[True, False], [False, False]]), np.ones((2, 2), bool), np.array([2, 1]), np.array([2, 3])
    )
    assert found.tolist() == [(2 + 0 + 1 / 2) / 4, (0 + 1 / 2) / 3]


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


def test_no_list_is_longer_than_the_catalogue_or_the_candidates() -> None:
    likes = _relevant((0, 0), (1, 4))
    assert tutorial(ByTable(), likes, None, [1, 2, 100]).lists.shape == (2, 5)
    assert rated_only(ByTable(), likes, _lists((0, 1), (0, 2), (1, 0)), [1, 2, 100]).lists.shape == (2, 3)
    assert sampled_negatives(ByTable(), likes, _lists((0, 1)), [1, 2, 100], negatives=2).lists.shape == (2, 3)


def test_each_protocol_judges_at_every_length_and_knows_its_name() -> None:
    likes, dislikes = _relevant((0, 0), (1, 4)), _lists((0, 1), (1, 0))
    for judged, name, more in (
        (tutorial(ByTable(), likes, dislikes, [2, 1]), "tutorial", 4),
        (rated_only(ByTable(), likes, dislikes, [2, 1]), "rated-only", 1),
        (sampled_negatives(ByTable(), likes, dislikes, [2, 1], negatives=2), "sampled-negatives", 0),
    ):
        assert judged.protocol == name
        assert judged.users.tolist() == [0, 1]
        assert len(judged.values) == 2 * len(METRICS) + more
        assert all(f"{metric}@{length}" in judged.values for metric in METRICS for length in (1, 2))


def test_dislikes_of_the_tutorials_protocol_by_hand_at_two_lengths() -> None:
    # user 0's order is 0 1 2 3 4, dislikes 0, 1 and 4; user 1's is 4 3 2 1 0, dislikes 3
    judged = tutorial(ByTable(), _relevant((0, 2), (1, 2)), _lists((0, 0), (0, 1), (0, 4), (1, 3)), [1, 2])
    assert judged.values["dislike_precision@1"].tolist() == [1, 0]
    assert judged.values["dislike_recall@1"].tolist() == pytest.approx([1 / 3, 0])
    assert judged.values["dislike_precision@2"].tolist() == [1, 1 / 2]
    assert judged.values["dislike_recall@2"].tolist() == pytest.approx([2 / 3, 1])


def test_what_is_held_out_is_neither_disliked_nor_known() -> None:
    held = _relevant((0, 1))
    with pytest.raises(LeakError, match=r"^the split leaks: 1 held-out pair is in the dislikes; "):
        rated_only(ByTable(), held, held.lists, [1])
    with pytest.raises(LeakError, match=r"^the split leaks: 1 held-out pair is in the known positives; "):
        sampled_negatives(ByTable(), held, held.lists, [1])


def test_a_protocol_that_judges_nobody_says_which_and_why() -> None:
    told = r"^protocol rated-only: no user has both a held-out like and a rating below the threshold$"
    with pytest.raises(EvaluationError, match=told):
        rated_only(ByTable(), _relevant((0, 1)), _lists((1, 1)), [1])
    with pytest.raises(EvaluationError, match=r"^protocol sampled-negatives: expected at least one negative, found 0$"):
        sampled_negatives(ByTable(), _relevant((0, 1)), _lists((1, 1)), [1], negatives=0)
    nobody = Relevant.from_pairs(np.zeros(0, int), np.zeros(0, int), 3, 5)
    with pytest.raises(EvaluationError, match=r"^protocol sampled-negatives: no user has a held-out item$"):
        sampled_negatives(ByTable(), nobody, _lists((1, 1)), [1])


def test_a_hundred_negatives_are_drawn_unless_asked_otherwise_by_the_seed_outside_what_is_known() -> None:
    scores = np.random.default_rng(0).random((3, 300)).astype(np.float32)
    held = Relevant.from_pairs(np.arange(3), np.array([7, 8, 9]), 3, 300)
    known = NeighbourLists.from_pairs(np.repeat(np.arange(3), 50), np.tile(np.arange(100, 150), 3), 3, 300)

    def lists(**how: int) -> np.ndarray:
        return sampled_negatives(ByTable(scores), held, known, [300], **how).lists

    usual = lists()
    assert usual.shape == (3, 101)
    assert (usual >= 0).all()
    assert not np.isin(usual, np.arange(100, 150)).any()
    for own, item in zip(usual, (7, 8, 9), strict=True):
        assert item in own
        assert len(set(own.tolist())) == 101
    assert np.array_equal(usual, lists(negatives=100, seed=0))
    assert not np.array_equal(usual, lists(seed=1))
    assert lists(negatives=1).shape == (3, 2)


def test_negatives_are_those_with_the_lowest_lots() -> None:
    taken = NeighbourLists.from_pairs([0, 1, 1], [3, 0, 5], 2, 50)
    lots = np.random.default_rng(7).random((2, 50), np.float32)
    lots[[0, 1, 1], [3, 0, 5]] = np.inf
    for n in (1, 2, 10):
        drawn = draw_negatives(np.array([0, 1]), taken, n, 7)
        assert [drawn[user].tolist() for user in (0, 1)] == np.sort(np.argsort(lots, axis=1)[:, :n], axis=1).tolist()


@pytest.mark.parametrize("entries", [1, 25, 10_000])
def test_negatives_are_drawn_outside_whatever_the_size_of_a_block(
    entries: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(other_protocols, "DRAW_ENTRIES", entries)
    taken = NeighbourLists.from_pairs([0, 0, 1, 4], [0, 1, 9, 2], 6, 10)
    drawn = draw_negatives(np.array([4, 0, 1, 5]), taken, 8, 0)
    assert drawn.counts.tolist() == [8, 8, 0, 0, 8, 8]
    assert (drawn.num_rows, drawn.num_columns) == (6, 10)
    for user in (0, 1, 4, 5):
        assert not set(drawn[user].tolist()) & set(taken[user].tolist())
    together = draw_negatives(np.arange(6), NeighbourLists.from_pairs([], [], 6, 10), 10, 0)
    assert (together.counts == 10).all()
