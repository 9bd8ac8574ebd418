from __future__ import annotations

import numpy as np
import pytest

from tastegraph.ranking import intervals
from tastegraph.ranking.intervals import bootstrap_interval, bootstrap_intervals


def test_the_interval_is_that_of_the_central_limit_theorem_for_many_users() -> None:
    values = np.random.default_rng(1).normal(0.3, 0.2, 4000)
    low, high = bootstrap_interval(values, resamples=4000)
    half = 1.96 * values.std() / np.sqrt(4000)
    assert low == pytest.approx(values.mean() - half, abs=0.06 * half)
    assert high == pytest.approx(values.mean() + half, abs=0.06 * half)


def test_a_constant_has_no_spread() -> None:
    assert bootstrap_interval(np.full(10, 0.25)) == (0.25, 0.25)


def test_a_seed_repeats_it() -> None:
    values = np.arange(50.0)
    assert bootstrap_interval(values, seed=3) == bootstrap_interval(values, seed=3)
    assert bootstrap_interval(values, seed=3) != bootstrap_interval(values, seed=4)


def test_metrics_together_have_the_intervals_they_have_alone() -> None:
    rng = np.random.default_rng(0)
    values = {"a": rng.random(30), "b": rng.normal(size=30)}
    together = bootstrap_intervals(values, seed=2)
    for name, own in values.items():
        assert together[name] == pytest.approx(bootstrap_interval(own, seed=2), rel=1e-12)
        drawn = own[np.random.default_rng(2).integers(30, size=(1000, 30))].mean(axis=1)
        assert together[name] == pytest.approx(np.quantile(drawn, [0.025, 0.975]), rel=1e-12)


def test_a_metric_undefined_for_some_users_is_averaged_over_the_others() -> None:
    own = np.random.default_rng(0).random(40)
    own[::4] = np.nan
    drawn = np.nanmean(own[np.random.default_rng(0).integers(40, size=(1000, 40))], axis=1)
    found = bootstrap_intervals({"whole": np.ones(40), "some": own, "none": np.full(40, np.nan)})
    assert found["some"] == pytest.approx(np.quantile(drawn, [0.025, 0.975]))
    assert list(found["whole"]) == [1, 1]
    assert np.isnan(found["none"]).all()
    assert bootstrap_intervals({}) == {}


def test_level_and_number_of_resamples_are_those_asked_for() -> None:
    own = np.random.default_rng(0).random(30)
    drawn = own[np.random.default_rng(2).integers(30, size=(200, 30))].mean(axis=1)
    found = bootstrap_interval(own, level=0.5, resamples=200, seed=2)
    assert found == pytest.approx(np.quantile(drawn, [0.25, 0.75]), rel=1e-12)


@pytest.mark.parametrize("entries", [1, 95, 1 << 22])
def test_the_size_of_a_block_of_resamples_does_not_show(entries: int, monkeypatch: pytest.MonkeyPatch) -> None:
    own = np.random.default_rng(0).random((30, 2))
    own[3, 1] = np.nan
    values = {"whole": own[:, 0], "some": own[:, 1]}
    expected = bootstrap_intervals(values, resamples=101, seed=4)
    monkeypatch.setattr(intervals, "BLOCK", entries)
    found = bootstrap_intervals(values, resamples=101, seed=4)
    for name, ends in expected.items():
        assert found[name] == pytest.approx(ends, rel=1e-12)


def test_a_metric_defined_for_one_user_is_that_users_in_every_resample_that_has_it() -> None:
    values = np.array([0.25, np.nan, np.nan])
    assert bootstrap_interval(values) == (0.25, 0.25)


def test_what_is_usual() -> None:
    """95 % of 1,000 resamples by seed 0, of one metric and of several."""
    own = np.random.default_rng(0).random(30)
    usual = bootstrap_interval(own, level=0.95, resamples=1000, seed=0)
    assert bootstrap_interval(own) == bootstrap_intervals({"a": own})["a"] == usual
