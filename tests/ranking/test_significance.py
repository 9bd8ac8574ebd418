"""Tests between models: against enumeration, SciPy, hand values, and the error rate they promise."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from scipy import stats

from tastegraph.errors import EvaluationError
from tastegraph.ranking.significance import against_best, holm, sign_flip_test


def test_few_users_are_enumerated() -> None:
    d = np.array([0.5, 0.25, -0.125, 0.75, 0.0, 0.5])
    sums = [abs(np.dot(signs, d)) for signs in itertools.product([1, -1], repeat=6)]
    expected = np.mean(np.array(sums) >= abs(d.sum()))
    assert sign_flip_test(d).tolist() == [expected]
    theirs = stats.permutation_test((d,), np.mean, permutation_type="samples", n_resamples=np.inf)
    assert expected == pytest.approx(theirs.pvalue)


def test_many_users_agree_with_scipys_draws() -> None:
    rng = np.random.default_rng(0)
    table = rng.normal([0.0, 0.12, 0.25], 1, (300, 3))
    ours = sign_flip_test(table, flips=20_000, seed=1)
    for column, p in zip(table.T, ours, strict=True):
        theirs = stats.permutation_test(
            (column,), np.mean, permutation_type="samples", n_resamples=20_000, rng=np.random.default_rng(2)
        ).pvalue
        assert p == pytest.approx(theirs, abs=4 * np.sqrt(0.25 / 20_000))
    assert ours[2] < 0.01


def test_p_is_never_zero_and_identical_models_are_never_told_apart() -> None:
    assert sign_flip_test(np.ones(100), flips=999).tolist() == [1 / 1000]
    assert sign_flip_test(np.zeros(100), flips=999).tolist() == [1]
    assert sign_flip_test(np.array([np.nan, 1.0, 1.0])).tolist() == sign_flip_test(np.ones(2)).tolist()


def test_models_of_equal_worth_are_told_apart_as_often_as_the_level_says() -> None:
    rng = np.random.default_rng(5)
    # 1,000 pairs of models whose metric has the same (skewed) distribution, correlated user by user
    common = rng.random((60, 1)) ** 3
    one, other = (common + rng.random((60, 1000)) ** 3 for _ in range(2))
    found = int((sign_flip_test(one - other, flips=999) <= 0.05).sum())
    low, high = stats.binom.interval(0.999, 1000, 0.05)
    assert low <= found <= high


def test_holm_by_hand() -> None:
    # sorted .005 .01 .03 .04 by 4 3 2 1: .02 .03 .06 .04, and none below the one before
    assert holm([0.01, 0.04, 0.03, 0.005]).tolist() == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.9, 0.8]).tolist() == [1, 1]
    assert holm([]).tolist() == []


def test_who_ties_the_best() -> None:
    rng = np.random.default_rng(0)
    best = rng.random(400)
    found = against_best({"a": best - 0.2, "b": best, "c": best - 0.001 * rng.choice([-1, 1], 400) - 1e-5})
    assert [(name, one.tied) for name, one in found.items()] == [("a", False), ("b", True), ("c", True)]
    assert found["a"].behind == pytest.approx(0.2)
    assert found["a"].interval == pytest.approx((0.2, 0.2))
    assert found["a"].p_holm == pytest.approx(2 * found["a"].p)
    lower = against_best({"a": best - 0.2, "b": best}, higher_is_better=False)
    assert lower["a"].behind == 0
    assert lower["b"].behind == pytest.approx(0.2)
    assert against_best({"a": best})["a"].tied


def test_models_judged_on_different_users_are_refused() -> None:
    with pytest.raises(EvaluationError, match=r"the same users; found \[2, 3\]"):
        against_best({"a": np.ones(2), "b": np.ones(3)})


def test_a_metric_that_is_defined_for_nobody_is_refused_and_lists_are_taken() -> None:
    with pytest.raises(EvaluationError, match="b: the metric is defined for no user"):
        against_best({"a": np.ones(3), "b": np.full(3, np.nan)})
    assert against_best({"a": [1, 0, 1], "b": [0, 0, 1]})["a"].mean == pytest.approx(2 / 3)  # type: ignore[dict-item]
