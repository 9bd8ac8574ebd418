"""Metrics beyond accuracy on lists worked out by hand, and against their formulas written as loops."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
import torch

from tastegraph.graph.neighbours import NeighbourLists
from tastegraph.ranking import beyond
from tastegraph.ranking.beyond import BEYOND, beyond_accuracy
from tastegraph.ranking.catalogue import Catalogue

# Four users, four items; item popularity 4/4, 2/4, 1/4, 1/4. Item 3 has no genre.
PROFILES = NeighbourLists.from_pairs([0, 0, 1, 1, 2, 2, 3, 3], [0, 1, 0, 1, 0, 2, 0, 3], 4, 4)
GENRES = [["Drama"], ["Drama", "War"], ["Comedy"], None]
CATALOGUE = Catalogue.of(PROFILES, GENRES)


def _of_user_0(name: str, items: list[int]) -> float:
    return float(BEYOND[name](np.array([items], np.int32), np.array([0]), CATALOGUE)[0])


def test_popularity_is_the_share_of_users() -> None:
    assert CATALOGUE.popularity.tolist() == [1, 0.5, 0.25, 0.25]


def test_novelty_is_mean_self_information_in_bits() -> None:
    assert _of_user_0("novelty", [0]) == 0
    assert _of_user_0("novelty", [1, 2]) == pytest.approx((1 + 2) / 2)
    assert _of_user_0("novelty", [1, 2, -1]) == pytest.approx((1 + 2) / 2)  # a place that holds nothing


def test_popularity_lift_is_against_the_users_own_profile() -> None:
    assert _of_user_0("popularity", [2, 3]) == 0.25
    # the profile is items 0 and 1: mean popularity 0.75
    assert _of_user_0("popularity_lift", [2, 3]) == pytest.approx(0.25 / 0.75 - 1)
    assert _of_user_0("popularity_lift", [0]) == pytest.approx(1 / 0.75 - 1)


def test_diversity_is_one_minus_mean_jaccard_of_the_pairs_with_genres() -> None:
    assert _of_user_0("diversity", [0, 1]) == pytest.approx(1 - 1 / 2)
    # pairs (0,1) 1/2 alike, (0,2) and (1,2) not at all
    assert _of_user_0("diversity", [0, 1, 2]) == pytest.approx(1 - (1 / 2) / 3)
    assert _of_user_0("diversity", [0, 1, 3, -1]) == pytest.approx(1 - 1 / 2)  # item 3 has no genre
    assert math.isnan(_of_user_0("diversity", [0, 3]))


def test_miscalibration_is_stecks_smoothed_divergence() -> None:
    # profile of user 0, items 0 and 1: Drama (1 + 1/2) / 2 = 3/4, War 1/4
    assert _of_user_0("miscalibration", [0, 1]) == pytest.approx(0, abs=1e-12)
    drama = 0.99 * 1 + 0.01 * 0.75
    war = 0.01 * 0.25
    assert _of_user_0("miscalibration", [0]) == pytest.approx(
        0.75 * math.log(0.75 / drama) + 0.25 * math.log(0.25 / war)
    )
    assert math.isnan(_of_user_0("miscalibration", [3]))
    everything_else = 0.75 * math.log(1 / 0.01) + 0.25 * math.log(1 / 0.01)
    assert _of_user_0("miscalibration", [2]) == pytest.approx(everything_else)


def test_without_genres_there_are_no_metrics_of_genres() -> None:
    found = beyond_accuracy(np.zeros((1, 1), np.int32), np.array([0]), Catalogue.of(PROFILES, [None] * 4), [1])
    assert list(found) == ["novelty@1", "popularity@1", "popularity_lift@1"]


def test_many_users_against_the_formulas_as_loops_and_pygs_popularity() -> None:
    from torch_geometric.metrics import LinkPredAveragePopularity

    rng = np.random.default_rng(3)
    users, items, k = 80, 40, 7
    row, column = np.nonzero(rng.random((users, items)) < 0.3)
    profiles = NeighbourLists.from_pairs(row, column, users, items)
    genres = [sorted(rng.choice(list("abcdef"), rng.integers(0, 4), replace=False).tolist()) for _ in range(items)]
    catalogue = Catalogue.of(profiles, genres)
    lists = np.array([rng.permutation(items)[:k] for _ in range(users)], np.int32)
    found = beyond_accuracy(lists, np.arange(users), catalogue, [3, k])

    for user in range(users):
        sets = [set(genres[i]) for i in lists[user, :3] if genres[i]]
        pairs = [1 - len(a & b) / len(a | b) for a, b in itertools.combinations(sets, 2)]
        expected = sum(pairs) / len(pairs) if pairs else math.nan
        assert found["diversity@3"][user] == pytest.approx(expected, nan_ok=True)

        def shares(own: np.ndarray) -> dict[str, float]:
            weight = {g: sum(1 / len(genres[i]) for i in own if g in genres[i]) for g in "abcdef"}
            return {g: w / sum(weight.values()) for g, w in weight.items()} if any(weight.values()) else {}

        p, q = shares(profiles[user]), shares(lists[user])
        kl = sum(p[g] * math.log(p[g] / (0.99 * q[g] + 0.01 * p[g])) for g in p if p[g] > 0) if p and q else math.nan
        assert found[f"miscalibration@{k}"][user] == pytest.approx(kl, nan_ok=True)

    peer = LinkPredAveragePopularity(k, torch.from_numpy(catalogue.popularity))
    peer.update(torch.from_numpy(lists).long(), torch.zeros(2, 0, dtype=torch.long))
    assert found[f"popularity@{k}"].mean() == pytest.approx(float(peer.compute()), rel=1e-5)


@pytest.mark.parametrize("entries", [1, 50, 1 << 22])
def test_the_size_of_a_block_of_lists_does_not_show(entries: int, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(5)
    lists, users = rng.integers(-1, 4, (23, 3)).astype(np.int32), rng.integers(0, 4, 23)
    expected = beyond_accuracy(lists, users, CATALOGUE, [2, 3])
    monkeypatch.setattr(beyond, "BLOCK_ENTRIES", entries)
    found = beyond_accuracy(lists, users, CATALOGUE, [2, 3])
    assert list(found) == list(expected)
    for name, values in expected.items():
        assert found[name].shape == (23,)
        np.testing.assert_array_equal(found[name], values)


def test_a_list_of_nothing_and_a_user_without_a_profile_have_no_such_metric() -> None:
    profiles = NeighbourLists.from_pairs([0], [0], 2, 2)
    catalogue = Catalogue.of(profiles, [["Drama"], ["War"]])
    for name, metric in BEYOND.items():
        assert math.isnan(metric(np.array([[-1, -1]], np.int32), np.array([0]), catalogue)[0]), name
    found = {name: metric(np.array([[0, 1]], np.int32), np.array([1]), catalogue)[0] for name, metric in BEYOND.items()}
    assert [name for name, value in found.items() if math.isnan(value)] == ["popularity_lift", "miscalibration"]


def test_what_is_undefined_for_one_user_is_defined_for_the_others() -> None:
    profiles = NeighbourLists.from_pairs([0, 2], [0, 1], 3, 2)  # user 1 has nothing
    catalogue = Catalogue.of(profiles, [["Drama"], None])
    lists = np.array([[0], [0], [0], [1]], np.int32)
    found = BEYOND["miscalibration"](lists, np.array([0, 1, 2, 0]), catalogue)
    assert found.tolist() == pytest.approx([0, math.nan, math.nan, math.nan], nan_ok=True)
    lift = BEYOND["popularity_lift"](lists, np.array([0, 1, 2, 0]), catalogue)
    assert lift.tolist() == pytest.approx([0, math.nan, 0, 0], nan_ok=True)


def test_an_item_that_nobody_has_has_no_novelty_and_popularity_0() -> None:
    profiles = NeighbourLists.from_pairs([0, 1], [0, 1], 2, 3)
    catalogue = Catalogue.of(profiles)
    lists, user = np.array([[2, 0]], np.int32), np.array([0])
    assert BEYOND["novelty"](lists, user, catalogue).tolist() == [1]  # of item 0 alone
    assert BEYOND["popularity"](lists, user, catalogue).tolist() == [0.25]


def test_metrics_of_genres_are_undefined_without_genres() -> None:
    catalogue = Catalogue.of(PROFILES, None)
    assert catalogue.genres is None
    for name in ("diversity", "miscalibration"):
        values = BEYOND[name](np.zeros((3, 2), np.int32), np.arange(3), catalogue)
        assert values.shape == (3,)
        assert np.isnan(values).all()


def test_the_catalogues_genres_are_a_table_of_items_and_sorted_names() -> None:
    catalogue = Catalogue.of(PROFILES, GENRES)
    assert catalogue.genres is not None
    assert catalogue.genres.dtype == bool
    # Comedy, Drama, War
    assert catalogue.genres.tolist() == [[False, True, False], [False, True, True], [True, False, False], [False] * 3]
    assert catalogue.genre_shares.tolist() == [[0, 1, 0], [0, 0.5, 0.5], [1, 0, 0], [0, 0, 0]]
    assert Catalogue.of(PROFILES).genre_shares.shape == (4, 0)
    means = catalogue.mean_over_profiles(catalogue.genre_shares)
    assert means.tolist() == [[0, 0.75, 0.25], [0, 0.75, 0.25], [0.5, 0.5, 0], [0, 0.5, 0]]
