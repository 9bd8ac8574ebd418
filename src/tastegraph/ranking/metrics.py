"""Metrics of top-K lists, user by user, exactly as the field defines them.

Throughout, L is a user's list of length K, best first, and T the set of the user's relevant held-out items, not empty.
`hits` [n, places] says which places of L hold an item of T, `relevant` [n] is |T|, items that no model could list
included, and `k` is K; L has fewer places than K where there are fewer items.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray

    Hits = NDArray[np.bool_]
    Counts = NDArray[np.int64]
    Values = NDArray[np.float64]

__all__ = ["METRICS", "hit", "mean_average_precision", "mrr", "ndcg", "precision", "recall"]


def recall(hits: Hits, relevant: Counts, k: int) -> Values:  # noqa: ARG001 (all metrics are called alike)
    """Hits by the number of relevant items, ``|L n T| / |T|``, of each user, float64 [n]."""
    return np.asarray(np.divide(hits.sum(axis=1), relevant), np.float64)


def precision(hits: Hits, relevant: Counts, k: int) -> Values:  # noqa: ARG001
    """Hits by places, ``|L n T| / K``, of each user, float64 [n]; a list shorter than K still counts K places."""
    return np.asarray(np.divide(hits.sum(axis=1), k), np.float64)


def hit(hits: Hits, relevant: Counts, k: int) -> Values:  # noqa: ARG001
    """1 where L and T meet, else 0: the hit rate once averaged, float64 [n]."""
    return np.asarray(np.any(hits, axis=1), np.float64)


def ndcg(hits: Hits, relevant: Counts, k: int) -> Values:
    """Sum of 1/log2(rank + 1) over hits, by the same sum for min(K, |T|) hits at the top, float64 [n].

    Järvelin and Kekäläinen 2002, with binary relevance.
    """
    at_most = np.minimum(relevant, k)
    discount = 1 / np.log2(np.arange(2, max(hits.shape[1], at_most.max(initial=1)) + 2))
    ideal = np.cumsum(discount)[at_most - 1]
    return np.asarray(np.divide(hits @ discount[: hits.shape[1]], ideal), np.float64)


def mrr(hits: Hits, relevant: Counts, k: int) -> Values:  # noqa: ARG001
    """1 / rank of the first hit, 0 without one, float64 [n]."""
    return np.asarray(np.where(np.any(hits, axis=1), 1 / (hits.argmax(axis=1) + 1), 0.0), np.float64)


def mean_average_precision(hits: Hits, relevant: Counts, k: int) -> Values:
    """Sum of the precision at each hit, by min(K, |T|): MAP once averaged, float64 [n]."""
    rank = np.arange(1, hits.shape[1] + 1)
    at_hits = np.where(hits, np.cumsum(hits, axis=1) / rank, 0.0)
    return np.asarray(np.divide(at_hits.sum(axis=1), np.minimum(relevant, k)), np.float64)


METRICS: Mapping[str, Callable[[Hits, Counts, int], Values]] = {
    "recall": recall,
    "precision": precision,
    "hit": hit,
    "ndcg": ndcg,
    "mrr": mrr,
    "map": mean_average_precision,
}
