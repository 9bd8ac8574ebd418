"""Metrics by group: of users (how active, of what age ...), and of the items to be found (head, middle, tail)."""

from __future__ import annotations

from bisect import bisect
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from tastegraph.ranking.full_ranking import hits_of
from tastegraph.ranking.intervals import bootstrap_intervals

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from tastegraph.ranking.full_ranking import Judged, Relevant

__all__ = ["AGE_BANDS", "Group", "activity_bands", "age_bands", "by_item_band", "by_user_group", "popularity_bands"]

AGE_BANDS = (18, 25, 35, 45, 50, 56)  # where MovieLens' bands begin
ITEM_BANDS = ("head", "middle", "tail")


@dataclass(frozen=True)
class Group:
    """Figures of one group.

    Attributes:
        name: of the group.
        users: how many users they are of.
        means: of each metric over these users.
        intervals: 95 % bootstrap interval of each mean; empty for a single user, who says nothing of others.
        items: number of items in the group, where it is one of items.
    """

    name: str
    users: int
    means: Mapping[str, float]
    intervals: Mapping[str, tuple[float, float]]
    items: int | None = None


def by_user_group(judged: Judged, labels: Sequence[str | None], *, seed: int = 0) -> list[Group]:
    """The figures of each group of users.

    Args:
        judged: metrics user by user.
        labels: the group of each of `judged.users`, in the same order; None for a user who is in none.
        seed: of the intervals.

    Returns:
        A group for each label, in the order of the labels' text.
    """
    names = sorted({label for label in labels if label is not None})
    index = {name: at for at, name in enumerate(names)}
    of = np.array([-1 if label is None else index[label] for label in labels], np.int64)
    return [
        _group(
            name, {metric: values[of == at] for metric, values in judged.values.items()}, int((of == at).sum()), seed
        )
        for at, name in enumerate(names)
    ]


def by_item_band(
    judged: Judged, relevant: Relevant, band: NDArray[np.integer], k: Sequence[int], *, seed: int = 0
) -> list[Group]:
    """Recall of the items of each popularity band: |L n T n B| / |T n B| over the users whose T meets the band B.

    Args:
        judged: whose lists are looked at.
        relevant: T of each user; cold items belong to no band.
        band: of each item, as an index of head, middle, tail; int [items].
        k: lengths K.
        seed: of the intervals.
    """
    position, item = relevant.lists.pairs_of(judged.users)
    hits = hits_of(judged.lists, judged.users, relevant.lists)
    listed_band = np.append(band, -1)[judged.lists]
    groups = []
    for at, name in enumerate(ITEM_BANDS):
        wanted = np.bincount(position[band[item] == at], minlength=len(judged.users))
        found = np.cumsum(hits & (listed_band == at), axis=1)
        there = wanted > 0
        values = {
            f"recall@{length}": found[there, min(length, found.shape[1]) - 1] / wanted[there]
            for length in sorted(set(k))
        }
        groups.append(_group(name, values, int(there.sum()), seed, int((band == at).sum())))
    return groups


def activity_bands(profile_sizes: NDArray[np.integer], bands: int = 4) -> list[str]:
    """A label of each user by the size of the profile: bands of about as many users, "1 (coldest): 2 to 18 positives".

    Users with profiles of one size are in one band, so that there may be fewer bands.

    Args:
        profile_sizes: number of positives each user was learned from, [n].
        bands: how many.
    """
    edges = np.unique(np.quantile(profile_sizes, np.arange(1, bands) / bands, method="inverted_cdf"))
    band = np.searchsorted(edges, profile_sizes, side="left")
    names = {}
    for place, at in enumerate(np.unique(band)):
        own = profile_sizes[band == at]
        width = f"{own.min():,}" if own.min() == own.max() else f"{own.min():,} to {own.max():,}"
        names[int(at)] = f"{place + 1}: {width} positives"
    return [names[int(at)] for at in band]


def popularity_bands(counts: NDArray[np.integer]) -> NDArray[np.int64]:
    """The band of each item: 0 head, 1 middle, 2 tail, each with about a third of all pairs, int64 [items].

    The head is the fewest most popular items that together have a third of the pairs (equal counts by lower index), the
    tail the least popular items that have the last third.

    Args:
        counts: users of each item, [items].
    """
    order = np.argsort(-counts, kind="stable")
    before = np.cumsum(counts[order]) - counts[order]
    band = np.empty(len(counts), np.int64)
    band[order] = np.minimum(3 * before // max(int(counts.sum()), 1), 2)
    return band


def age_bands(ages: Sequence[float | None]) -> list[str | None]:
    """The band of each age, as MovieLens 1M has them: "0 to 17", "18 to 24", ..., "56 and over"."""
    edges = [0, *AGE_BANDS]
    names = [f"{low} to {high - 1}" for low, high in pairwise(edges)] + [f"{edges[-1]} and over"]
    return [None if age is None or not age >= 0 else names[bisect(edges, age) - 1] for age in ages]


def _group(
    name: str, values: Mapping[str, NDArray[np.float64]], users: int, seed: int, items: int | None = None
) -> Group:
    means = {metric: float(np.nanmean(own)) for metric, own in values.items() if (~np.isnan(own)).any()}
    several = {metric: values[metric] for metric in means} if users > 1 else {}
    return Group(name, users, means, bootstrap_intervals(several, seed=seed), items)
