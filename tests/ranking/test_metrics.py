"""Every metric on lists worked out by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from tastegraph.ranking.metrics import METRICS

LOG3, LOG5, LOG6 = math.log2(3), math.log2(5), math.log2(6)

# (hits by place, |T|) and what each metric is.
CASES: list[tuple[list[int], int, dict[str, float]]] = [
    # K = 5, hits at ranks 2 and 4, three relevant
    (
        [0, 1, 0, 1, 0],
        3,
        {
            "recall": 2 / 3,
            "precision": 2 / 5,
            "hit": 1,
            "mrr": 1 / 2,
            "map": (1 / 2 + 2 / 4) / 3,
            "ndcg": (1 / LOG3 + 1 / LOG5) / (1 + 1 / LOG3 + 1 / 2),
        },
    ),
    # more relevant items than places: the ideal has hits at all five places
    (
        [1, 0, 0, 0, 1],
        9,
        {
            "recall": 2 / 9,
            "precision": 2 / 5,
            "hit": 1,
            "mrr": 1,
            "map": (1 + 2 / 5) / 5,
            "ndcg": (1 + 1 / LOG6) / (1 + 1 / LOG3 + 1 / 2 + 1 / LOG5 + 1 / LOG6),
        },
    ),
    ([1, 1, 1, 0, 0], 3, {"recall": 1, "precision": 3 / 5, "hit": 1, "mrr": 1, "map": 1, "ndcg": 1}),
    ([0, 0, 0, 0, 0], 1, {"recall": 0, "precision": 0, "hit": 0, "mrr": 0, "map": 0, "ndcg": 0}),
    ([0, 0, 1], 1, {"recall": 1, "precision": 1 / 3, "hit": 1, "mrr": 1 / 3, "map": 1 / 3, "ndcg": 1 / 2}),
]


@pytest.mark.parametrize(("hits", "relevant", "expected"), CASES)
def test_hand_values(hits: list[int], relevant: int, expected: dict[str, float]) -> None:
    assert set(expected) == set(METRICS)
    for name, value in expected.items():
        found = METRICS[name](np.array([hits], bool), np.array([relevant]), len(hits))
        assert found.tolist() == pytest.approx([value], rel=1e-12), name


def test_users_do_not_mix() -> None:
    hits = np.array([case[0] for case in CASES[:4]], bool)
    relevant = np.array([case[1] for case in CASES[:4]])
    for name, metric in METRICS.items():
        assert metric(hits, relevant, 5).tolist() == pytest.approx([case[2][name] for case in CASES[:4]], rel=1e-12)


def test_values_are_float64_and_nobody_has_none() -> None:
    for name, metric in METRICS.items():
        assert metric(np.array([[True, False]]), np.array([1]), 2).dtype == np.float64, name
        assert metric(np.zeros((0, 5), bool), np.zeros(0, np.int64), 5).shape == (0,), name
