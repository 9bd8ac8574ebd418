"""The full-ranking protocol: lists over all items, known positives masked, held-out likes to be found."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np

from tastegraph.graph.neighbours import NeighbourLists
from tastegraph.ranking.metrics import METRICS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

__all__ = ["FULL_RANKING", "Judged", "Ranker", "Relevant", "full_ranking"]

FULL_RANKING = "full-ranking"


class Ranker(Protocol):
    """Anything that makes lists."""

    def rank(self, users: NDArray[np.integer], k: int, exclude: NeighbourLists | None) -> NDArray[np.int32]:
        """The `k` best items of each user, best first, none of its list in `exclude`; int32 [n, k], -1 for none."""


@dataclass(frozen=True, eq=False)
class Relevant:
    """T of each user: the held-out items to be found.

    Attributes:
        lists: those that can be listed, by user.
        total: |T| with those that cannot (cold items), int64 [users].
    """

    lists: NeighbourLists
    total: NDArray[np.int64]

    @classmethod
    def from_pairs(
        cls, user: NDArray[np.integer], item: NDArray[np.integer], num_users: int, num_items: int
    ) -> Relevant:
        """T from held-out (user, item) pairs; an item of -1 is cold."""
        warm = item >= 0
        lists = NeighbourLists.from_pairs(user[warm], item[warm], num_users, num_items)
        return cls(lists, np.bincount(user, minlength=num_users).astype(np.int64))

    @property
    def users(self) -> NDArray[np.int64]:
        """The users with a non-empty T."""
        return np.flatnonzero(self.total)


@dataclass(frozen=True, eq=False)
class Judged:
    """Metrics of every judged user.

    Attributes:
        users: user indices [n].
        values: by metric name ("ndcg@10"), float64 [n].
    """

    users: NDArray[np.int64]
    values: Mapping[str, NDArray[np.float64]]

    def means(self) -> dict[str, float]:
        """Each metric's mean over users; 0 users have no mean and give an empty dictionary."""
        return {name: float(values.mean()) for name, values in self.values.items() if len(values)}


def full_ranking(ranker: Ranker, relevant: Relevant, known: NeighbourLists | None, k: Sequence[int]) -> Judged:
    """Judge lists over all items minus the known positives, for every user with something to find.

    Args:
        ranker: makes the lists.
        relevant: T of each user.
        known: positives to mask, by user.
        k: lengths K of the lists, each at least 1.

    Returns:
        Every metric of `METRICS` at every K, user by user.
    """
    users = relevant.users
    lists = ranker.rank(users, min(max(k), relevant.lists.num_columns), known)
    listed = lists.astype(np.int64)
    owner = np.repeat(users, lists.shape[1]).reshape(lists.shape)
    hits = (listed >= 0) & relevant.lists.contain(owner.ravel(), np.maximum(listed, 0).ravel()).reshape(lists.shape)
    total = relevant.total[users]
    return Judged(
        users,
        {
            f"{name}@{length}": metric(hits[:, :length], total, length)
            for length in sorted(set(k))
            for name, metric in METRICS.items()
        },
    )
