"""The full-ranking protocol: lists over all items, known positives masked, held-out likes to be found."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np

from tastegraph.errors import EvaluationError
from tastegraph.graph.neighbours import NeighbourLists
from tastegraph.ranking.leaks import check_leaks
from tastegraph.ranking.metrics import METRICS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

__all__ = ["FULL_RANKING", "Judged", "Ranker", "Relevant", "full_ranking", "hits_of", "judge", "lengths_of"]

FULL_RANKING = "full-ranking"
BLOCK = 1 << 16  # users that are judged at a time: places of all of them would take as much as several tables of E0


class Ranker(Protocol):
    """Anything that makes lists."""

    def rank(self, users: NDArray[np.integer], k: int, exclude: NeighbourLists | None) -> NDArray[np.int32]:
        """The `k` best items of each user, best first, none of its list in `exclude`; int32 [n, k], -1 for none."""


@dataclass(frozen=True, eq=False)
class Relevant:
    """T of each user: the held-out items to be found.

    Attributes:
        lists: those that can be listed, by user.
        total: how many T has, with those that cannot (cold items), int64 [users].
    """

    lists: NeighbourLists
    total: NDArray[np.int64]

    @classmethod
    def from_pairs(
        cls, user: NDArray[np.integer], item: NDArray[np.integer], num_users: int, num_items: int
    ) -> Relevant:
        """T from held-out pairs, user and item int [pairs] each; an item of -1 is cold."""
        warm = item >= 0
        lists = NeighbourLists.from_pairs(user[warm], item[warm], num_users, num_items)
        return cls(lists, np.bincount(user, minlength=num_users).astype(np.int64))

    @property
    def users(self) -> NDArray[np.int64]:
        """The users with a non-empty T, ascending, int64 [n]."""
        return np.flatnonzero(self.total)


@dataclass(frozen=True, eq=False)
class Judged:
    """Metrics of every judged user, and the lists that they are of.

    Attributes:
        users: user indices [n].
        values: by metric name, such as `ndcg@10`, float64 [n]; NaN for a user for whom a metric is not defined.
        lists: item indices, best first, int32 [n, longest K]; -1 for none.
        protocol: what the lists were made of and what counted as a hit.
    """

    users: NDArray[np.int64]
    values: Mapping[str, NDArray[np.float64]]
    lists: NDArray[np.int32]
    protocol: str = FULL_RANKING

    def means(self) -> dict[str, float]:
        """Each metric's mean over the users for whom it is defined; one that is defined for nobody is left out."""
        return {
            name: float(values[known].mean())
            for name, values in self.values.items()
            if (known := ~np.isnan(values)).any()
        }


def full_ranking(ranker: Ranker, relevant: Relevant, known: NeighbourLists | None, k: Sequence[int]) -> Judged:
    """Judge lists over all items minus the known positives, for every user with something to find.

    Args:
        ranker: makes the lists.
        relevant: T of each user.
        known: positives to mask, by user.
        k: lengths K of the lists, each at least 1.

    Returns:
        Every metric of `METRICS` at every K, user by user.

    Raises:
        EvaluationError: a K is below 1, or there is none.
        LeakError: a pair to be found is among the known.
    """
    lengths = lengths_of(k)
    check_leaks("held-out", relevant, {"the known positives": known})
    users = relevant.users
    lists = ranker.rank(users, min(lengths[-1], relevant.lists.num_columns), known)
    return Judged(users, judge(lists, users, relevant, lengths), lists)


def lengths_of(k: Sequence[int]) -> list[int]:
    """The lengths K in ascending order, each once.

    Raises:
        EvaluationError: a K is below 1, or there is none.
    """
    lengths = sorted(set(k))
    if not lengths or lengths[0] < 1:
        raise EvaluationError(f"a list has at least one place; found k = {','.join(map(str, lengths)) or 'none'}")
    return lengths


def judge(
    lists: NDArray[np.int32], users: NDArray[np.int64], relevant: Relevant, k: Sequence[int]
) -> dict[str, NDArray[np.float64]]:
    """Every metric of `METRICS` of lists that are made, at every K, user by user.

    Args:
        lists: item indices, best first, int32 [n, places]; -1 for none.
        users: whose list each is, [n]; each has a non-empty T.
        relevant: T of each user.
        k: lengths K.
    """
    values = {f"{name}@{length}": np.empty(len(users)) for length in k for name in METRICS}
    for begin in range(0, len(users), BLOCK):
        block = slice(begin, begin + BLOCK)
        hits, total = hits_of(lists[block], users[block], relevant.lists), relevant.total[users[block]]
        for length in k:
            for name, metric in METRICS.items():
                values[f"{name}@{length}"][block] = metric(hits[:, :length], total, length)
    return values


def hits_of(lists: NDArray[np.int32], users: NDArray[np.int64], wanted: NeighbourLists) -> NDArray[np.bool_]:
    """Which places of each user's list hold an item of the user's row in `wanted`, bool [n, places]."""
    owner = np.repeat(users, lists.shape[1])
    listed = lists.ravel()
    there = wanted.contain(owner, np.maximum(listed, 0))
    return ((listed >= 0) & there).reshape(lists.shape)
