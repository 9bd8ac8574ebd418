"""Tests between models: against enumeration, SciPy, hand values, and the error rate they promise."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from scipy import stats

from tastegraph.errors import EvaluationError
from tastegraph.ranking import significance
from tastegraph.ranking.intervals import bootstrap_interval
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


def test_two_sided_p_by_hand() -> None:
    """+-1 +-2 +-3: of 8 sums 6, 4, 2, 0, 0, -2, -4, -6 six are at least 2 away from 0."""
    assert sign_flip_test(np.array([3.0, -2.0, 1.0])).tolist() == [6 / 8]
    assert sign_flip_test(np.array([[3.0, 1], [-2, 2], [1, 3]])).tolist() == [6 / 8, 2 / 8]


def test_all_patterns_are_taken_where_they_are_no_more_than_the_random_ones_would_be() -> None:
    d = np.array([1.0, 1, 1])
    assert sign_flip_test(d, flips=8).tolist() == [2 / 8]
    drawn = sign_flip_test(d, flips=7)[0] * 8  # with the observed one counted in
    assert drawn == int(drawn) >= 1
    assert sign_flip_test(np.array([1.0]), flips=1)[0] in (1 / 2, 1)
    assert sign_flip_test(np.ones(4), flips=16).tolist() == [2 / 16]
    drawn = sign_flip_test(np.ones(4), flips=8)[0] * 9  # of nine, not of sixteen
    assert drawn == pytest.approx(round(drawn))


def test_sums_of_the_same_numbers_in_another_order_are_ties() -> None:
    d = np.array([0.1, 0.2, 0.3, -0.1, -0.2, 0.6])
    sums = [round(abs(np.dot(signs, d)), 9) for signs in itertools.product([1, -1], repeat=6)]
    assert sign_flip_test(d).tolist() == [np.mean([one >= 0.9 for one in sums])]


@pytest.mark.parametrize("entries", [1, 100, 1_000])
def test_random_patterns_are_even_independent_and_as_many_as_asked_for(
    entries: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(significance, "BLOCK", entries)
    signs = np.concatenate(list(significance._random_signs(17, 4001, 0)))
    assert signs.shape == (4001, 17)
    assert signs.dtype == np.float64
    assert set(signs.ravel().tolist()) == {-1, 1}
    bound = 5 / np.sqrt(4001)
    assert np.abs(signs.mean(axis=0)).max() < bound
    assert np.abs(np.corrcoef(signs.T) - np.eye(17)).max() < bound
    assert not np.array_equal(signs, np.concatenate(list(significance._random_signs(17, 4001, 1))))


def test_a_comparison_by_hand() -> None:
    """Sums of 8 over all sign patterns: only the observed one and its reverse are as large."""
    values = {"worse": np.zeros(8), "best": np.full(8, 0.5), "undefined": np.array([0.25] * 7 + [np.nan])}
    found = against_best(values)
    assert list(found) == list(values)
    best = found["best"]
    assert (best.mean, best.behind, best.interval, best.p, best.p_holm, best.tied) == (0.5, 0, (0, 0), 1, 1, True)
    worse = found["worse"]
    assert (worse.mean, worse.behind, worse.interval, worse.p, worse.p_holm) == (0, 0.5, (0.5, 0.5), 2 / 256, 4 / 256)
    assert not worse.tied
    other = found["undefined"]
    assert (other.mean, other.behind, other.p, other.p_holm) == (0.25, 0.25, 4 / 256, 4 / 256)


def test_a_model_alone_is_the_best() -> None:
    (alone,) = against_best({"a": np.array([0.25, 0.75])}).values()
    assert (alone.mean, alone.behind, alone.interval, alone.p, alone.p_holm, alone.tied) == (0.5, 0, (0, 0), 1, 1, True)


def test_ten_thousand_flips_by_seed_0_are_usual() -> None:
    d = np.random.default_rng(0).normal(0.1, 1, (40, 3))
    assert sign_flip_test(d).tolist() == sign_flip_test(d, flips=10_000, seed=0).tolist()
    assert sign_flip_test(d).tolist() != sign_flip_test(d, flips=10_000, seed=1).tolist()


def test_level_flips_and_seed_are_those_asked_for() -> None:
    rng = np.random.default_rng(1)
    values = {"a": rng.random(30), "b": rng.random(30) + 0.12}
    one = against_best(values)["a"]
    assert one.p == sign_flip_test(values["b"] - values["a"], flips=10_000, seed=0)[0]
    assert one.interval == bootstrap_interval(values["b"] - values["a"], seed=0)
    again = against_best(values, flips=99, seed=3)["a"]
    assert again.p == sign_flip_test(values["b"] - values["a"], flips=99, seed=3)[0]
    assert again.interval == bootstrap_interval(values["b"] - values["a"], seed=3)
    assert one.tied == (one.p_holm > 0.05)
    assert against_best(values, level=one.p_holm)["a"].tied is False  # at the level is told apart
    assert against_best(values, level=one.p_holm * 0.999)["a"].tied is True


def test_no_models_and_models_judged_on_nobody_are_refused() -> None:
    with pytest.raises(EvaluationError, match=r"^models must be judged on the same users; found \[\] of them$"):
        against_best({})
    with pytest.raises(EvaluationError, match=r"^models must be judged on the same users; found \[0\] of them$"):
        against_best({"a": np.zeros(0), "b": np.zeros(0)})
