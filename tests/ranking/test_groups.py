from __future__ import annotations

import numpy as np
import pytest

from tastegraph.graph.neighbours import NeighbourLists
from tastegraph.ranking.full_ranking import Judged, Relevant
from tastegraph.ranking.groups import activity_bands, age_bands, by_item_band, by_user_group, popularity_bands
from tastegraph.ranking.intervals import bootstrap_interval


def _judged(values: list[float], lists: list[list[int]] | None = None) -> Judged:
    table = np.array(lists if lists is not None else [[0]] * len(values), np.int32)
    return Judged(np.arange(len(values)), {"ndcg@1": np.array(values)}, table)


def test_each_group_has_its_count_mean_and_interval() -> None:
    f, m = by_user_group(_judged([1, 0, 0.5, 1, 0.25, 9]), ["F", "M", "F", "M", "M", None])
    assert (f.name, f.users, m.name, m.users) == ("F", 2, "M", 3)
    assert f.means == {"ndcg@1": 0.75}
    assert m.intervals["ndcg@1"] == bootstrap_interval(np.array([0, 1, 0.25]))


def test_a_single_user_has_no_interval_and_an_undefined_metric_is_left_out() -> None:
    one, other = by_user_group(_judged([1, np.nan, np.nan]), ["a", "b", "b"])
    assert one.intervals == {}
    assert other.means == {}


def test_groups_of_all_users_together_make_the_whole() -> None:
    values = np.random.default_rng(0).random(50)
    groups = by_user_group(_judged(values.tolist()), [str(n % 3) for n in range(50)])
    assert sum(g.users * g.means["ndcg@1"] for g in groups) / 50 == pytest.approx(values.mean())


def test_activity_bands_hold_as_many_users_and_keep_equals_together() -> None:
    assert sorted(set(activity_bands(np.arange(1, 9)))) == [
        "1: 1 to 2 positives", "2: 3 to 4 positives", "3: 5 to 6 positives", "4: 7 to 8 positives",
    ]  # fmt: skip
    assert set(activity_bands(np.array([5, 5, 5, 5, 5, 9]))) == {"1: 5 positives", "2: 9 positives"}
    assert set(activity_bands(np.array([3, 3]))) == {"1: 3 positives"}


def test_popularity_bands_hold_a_third_of_the_pairs_each() -> None:
    assert popularity_bands(np.array([1, 6, 1, 3, 3, 1, 3])).tolist() == [2, 0, 2, 1, 1, 2, 2]
    counts = np.random.default_rng(0).zipf(1.5, 3000).clip(max=300)
    shares = np.bincount(popularity_bands(counts), weights=counts) / counts.sum()
    assert shares == pytest.approx([1 / 3] * 3, abs=0.01)


def test_recall_by_popularity_of_the_items_to_find() -> None:
    # items 0 head, 1 middle, 2 and 3 tail; user 0 finds 0 and 2 of {0, 2, 3}, user 1 nothing of {1, cold}
    band = np.array([0, 1, 2, 2])
    relevant = Relevant.from_pairs(np.array([0, 0, 0, 1, 1]), np.array([0, 2, 3, 1, -1]), 2, 4)
    head, middle, tail = by_item_band(_judged([0, 0], [[2, 0], [3, -1]]), relevant, band, [1, 2, 5])
    assert (head.users, head.items, head.means) == (1, 1, {"recall@1": 0, "recall@2": 1, "recall@5": 1})
    assert (middle.users, middle.means["recall@2"]) == (1, 0)
    assert (tail.users, tail.items, tail.means["recall@1"], tail.means["recall@5"]) == (1, 2, 0.5, 0.5)


def test_recall_by_band_sums_to_recall() -> None:
    rng = np.random.default_rng(1)
    lists = np.array([rng.permutation(30)[:8] for _ in range(20)])
    user, item = np.nonzero(rng.random((20, 30)) < 0.3)
    relevant = Relevant.from_pairs(user, item, 20, 30)
    band = rng.integers(0, 3, 30)
    groups = by_item_band(_judged([0.0] * 20, lists.tolist()), relevant, band, [8])
    found = 0.0
    for at, group in enumerate(groups):
        of_band = NeighbourLists.from_pairs(user[band[item] == at], item[band[item] == at], 20, 30).counts
        assert group.users == (of_band > 0).sum()
        found += group.users * group.means["recall@8"]
    loops = [
        len(set(lists[u]) & own) / len(own)
        for u in range(20) for at in range(3) if (own := {i for i in relevant.lists[u] if band[i] == at})
    ]  # fmt: skip
    assert found == pytest.approx(sum(loops))


def test_ages_fall_into_movielens_bands() -> None:
    assert age_bands([1, 17, 18, 24, 25, 56, 99, None, float("nan")]) == [
        "0 to 17", "0 to 17", "18 to 24", "18 to 24", "25 to 34", "56 and over", "56 and over", None, None,
    ]  # fmt: skip


def test_groups_stand_in_the_order_of_their_names_and_a_seed_moves_their_intervals_alone() -> None:
    values = np.random.default_rng(3).random(40).tolist()
    labels = ["m", "f", "x", "f"] * 10
    one, other = by_user_group(_judged(values), labels), by_user_group(_judged(values), labels, seed=1)
    assert [group.name for group in one] == ["f", "m", "x"]
    assert [group.users for group in one] == [20, 10, 10]
    assert [group.means for group in one] == [group.means for group in other]
    assert all(a.intervals != b.intervals for a, b in zip(one, other, strict=True))
    own = np.array(values)[1::2]
    assert one[0].intervals == {"ndcg@1": bootstrap_interval(own, seed=0)}
    assert other[0].intervals == {"ndcg@1": bootstrap_interval(own, seed=1)}
    assert one[0].items is None


def test_two_users_are_enough_for_an_interval() -> None:
    (group,) = by_user_group(_judged([0, 1]), ["a", "a"])
    assert group.intervals == {"ndcg@1": (0, 1)}


def test_intervals_of_recall_by_band_are_over_the_users_with_such_items() -> None:
    n = 37  # all are to find item 0, every fifth item 1 as well, one item 2; a third are shown item 2, the others 0
    user = np.array([*range(n), *range(0, n, 5), 3])
    item = np.array([*[0] * n, *[1] * 8, 2])
    relevant = Relevant.from_pairs(user, item, n, 3)
    judged = _judged([0.0] * n, [[0 if user % 3 else 2] for user in range(n)])
    head, middle, tail = by_item_band(judged, relevant, np.array([0, 0, 2]), [1])
    found = np.array([float(user % 3 > 0) / (1 if user % 5 else 2) for user in range(n)])
    assert head.means == {"recall@1": found.mean()}
    assert head.intervals == {"recall@1": bootstrap_interval(found, seed=0)}
    (other, *_) = by_item_band(judged, relevant, np.array([0, 0, 2]), [1], seed=5)
    assert other.intervals == {"recall@1": bootstrap_interval(found, seed=5)} != head.intervals
    assert (middle.users, middle.items, middle.means, middle.intervals) == (0, 0, {}, {})
    assert (tail.users, tail.items, tail.means, tail.intervals) == (1, 1, {"recall@1": 1}, {})
    assert [group.name for group in (head, middle, tail)] == ["head", "middle", "tail"]


def test_as_many_activity_bands_as_asked_for_in_the_order_of_users() -> None:
    sizes = np.array([1000, 3, 1, 2000])
    coldest, warmest = "1: 1 to 3 positives", "2: 1,000 to 2,000 positives"
    assert activity_bands(sizes, 2) == [warmest, coldest, coldest, warmest]
    # the edges are sizes that somebody has: 2, 3 and 5, which a quarter, a half, three quarters of six do not exceed
    assert [label[0] for label in activity_bands(np.arange(1, 7))] == ["1", "1", "2", "3", "3", "4"]
    assert activity_bands(sizes, 1) == ["1: 1 to 2,000 positives"] * 4


def test_items_that_nobody_has_are_the_tail_of_a_catalogue_and_the_head_of_an_empty_one() -> None:
    assert popularity_bands(np.array([0, 3, 0])).tolist() == [2, 0, 2]
    assert popularity_bands(np.array([0, 1])).tolist() == [2, 0]
    assert popularity_bands(np.array([0, 0])).tolist() == [0, 0]
    assert popularity_bands(np.array([1, 1, 1])).tolist() == [0, 1, 2]  # equal counts by lower index


def test_bands_of_ages_meet_without_a_gap() -> None:
    assert age_bands([0, 34.5, 35, 44, 45, 49, 50, 55]) == [
        "0 to 17", "25 to 34", "35 to 44", "35 to 44", "45 to 49", "45 to 49", "50 to 55", "50 to 55",
    ]  # fmt: skip
    assert age_bands([-1]) == [None]
