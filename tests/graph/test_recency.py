from __future__ import annotations

import numpy as np

from tastegraph.graph.recency import recency_weights


def test_weights_fall_by_a_power_of_the_age_and_are_of_mean_one_for_every_user() -> None:
    start = np.array([0, 3, 3, 4, 6])  # the second user has nothing
    weights = recency_weights(np.array([3, 1, 2, 1, 1, 1]), start, 2.0)
    np.testing.assert_allclose(weights[:3], 3 * np.array([1 / 9, 1, 1 / 4]) / (1 / 9 + 1 + 1 / 4))
    assert weights[3:].tolist() == [1, 1, 1]  # an only item, and two of one moment


def test_without_a_power_all_weigh_alike() -> None:
    assert recency_weights(np.array([2, 1, 1]), np.array([0, 2, 3]), 0.0).tolist() == [1, 1, 1]
