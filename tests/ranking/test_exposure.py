from __future__ import annotations

import numpy as np
import pytest

from tastegraph.ranking.exposure import Figure, coverage, exposure, gini


def _lists(*rows: list[int]) -> np.ndarray:
    return np.array(rows, np.int32)


def test_coverage_counts_each_listed_item_once() -> None:
    assert coverage(_lists([0, 1], [0, 2], [0, -1]), 5).value == 3 / 5


def test_gini_by_hand() -> None:
    assert gini(_lists([0], [1], [2], [3]), 4).value == 0  # all alike
    assert gini(_lists([0], [0], [0], [0]), 4).value == pytest.approx(3 / 4)  # all on one of four: (m - 1) / m
    # counts 0, 1, 3: (-2 * 0 + 0 * 1 + 2 * 3) / (3 * 4)
    assert gini(_lists([1], [2], [2], [2]), 3).value == pytest.approx(6 / 12)
    assert np.isnan(gini(_lists([-1]), 3).value)


def test_gini_is_half_the_relative_mean_difference() -> None:
    lists = np.random.default_rng(0).integers(0, 30, (50, 1)).astype(np.int32)
    count = np.bincount(lists.ravel(), minlength=30)
    gaps = np.abs(count[:, None] - count).sum()
    assert gini(lists, 30).value == pytest.approx(gaps / (2 * 30 * 30 * count.mean()))


def test_the_standard_error_of_coverage_is_that_of_leaving_each_user_out() -> None:
    lists = np.random.default_rng(1).integers(0, 60, (40, 3)).astype(np.int32)
    without = np.array([coverage(np.delete(lists, user, axis=0), 60).value for user in range(40)])
    error = np.sqrt(39 / 40 * ((without - without.mean()) ** 2).sum())
    found = coverage(lists, 60)
    assert found.interval[1] - found.value == pytest.approx(1.959964 * error, rel=1e-6)


def test_the_standard_error_of_gini_is_near_the_bootstraps() -> None:
    rng = np.random.default_rng(2)
    lists = np.minimum(rng.geometric(0.1, (500, 5)) - 1, 39).astype(np.int32)
    found = gini(lists, 40)
    again = [gini(lists[rng.integers(500, size=500)], 40).value for _ in range(600)]
    assert found.interval[1] - found.value == pytest.approx(1.96 * np.std(again), rel=0.15)


def test_both_at_every_length() -> None:
    found = exposure(_lists([0, 1, 2], [0, 2, 1]), 4, [1, 3])
    assert list(found) == ["coverage@1", "gini@1", "coverage@3", "gini@3"]
    assert found["coverage@1"].value == 1 / 4


def test_one_list_has_no_spread_and_no_interval_leaves_0_to_1() -> None:
    for of in (coverage, gini):
        alone = of(_lists([0, 1]), 4)
        assert alone.interval == (alone.value, alone.value)
    # without any of the users one item of three would be missing: no user matters more than another
    full = coverage(_lists([0], [1], [2]), 3)
    assert (full.value, full.interval) == (1, (1, 1))
    # leaving the first out loses 3 of 4 items, any other nothing: a standard error of 0.56
    assert coverage(_lists([0, 1, 2], [3, -1, -1], [3, -1, -1], [3, -1, -1]), 4).interval == (0, 1)


def test_two_lists_are_enough_for_a_spread_and_none_have_none() -> None:
    # without the first, 2 of 4 items would be missing, without the second 1: shifts 1/2 and 1/4, an error of 1/8
    found = coverage(_lists([0, 1], [2, -1]), 4)
    assert found.value == 3 / 4
    assert found.interval == pytest.approx((0.75 - 1.959963984540054 / 8, 0.75 + 1.959963984540054 / 8))
    assert coverage(np.zeros((0, 3), np.int32), 4) == Figure(0, (0, 0))


def test_nothing_listed_has_no_gini_and_no_coverage() -> None:
    nothing = gini(_lists([-1], [-1]), 3)
    assert np.isnan([nothing.value, *nothing.interval]).all()
    assert coverage(_lists([-1], [-1]), 3).value == 0


def test_ginis_standard_error_is_that_of_the_formulas_derivative() -> None:
    """The influence of a user, by one more of its list in a million of all lists."""
    rng = np.random.default_rng(4)
    lists = np.minimum(rng.geometric(0.3, (30, 2)) - 1, 9)
    lists[1::2] += 10 * rng.integers(0, 2, (15, 2))
    lists[::5, 1] = -1  # lists of one item, too
    listed = [row[row >= 0] for row in lists]
    count = np.bincount(np.concatenate(listed), minlength=20)
    assert len(np.unique(count)) < 20  # ties as well

    def of(counts: np.ndarray) -> float:
        return float(np.abs(counts[:, None] - counts).sum() / (2 * 20 * counts.sum()))

    step = 1e-6
    own = [np.bincount(row, minlength=20) for row in listed]
    pull = np.array([(of(count + step * one) - of(count - step * one)) / (2 * step) for one in own])
    error = np.sqrt(29 / 30 * ((pull - pull.mean()) ** 2).sum())
    found = gini(lists.astype(np.int32), 20)
    assert found.value == pytest.approx(of(count))
    assert found.interval[1] - found.value == pytest.approx(1.959963984540054 * error, rel=1e-6)
    assert found.value - found.interval[0] == pytest.approx(1.959963984540054 * error, rel=1e-6)
