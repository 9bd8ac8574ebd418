from __future__ import annotations

import numpy as np
import pytest

from tastegraph.ranking.intervals import bootstrap_interval


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
