from __future__ import annotations

import numpy as np
import pytest

from tastegraph.ranking.exposure import coverage, exposure, gini


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
