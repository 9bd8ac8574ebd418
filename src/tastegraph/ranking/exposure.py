"""What all lists together show of the catalogue: coverage, and the Gini index of exposure, each with an interval.

These are of all users at once, so they have no value user by user; how far they would move with other users is told by
leaving each user out in turn (the jackknife, Efron and Tibshirani 1993, chapter 11). The bootstrap would not do: a
resample holds only 63 % of the users, so that its coverage is always too low.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

__all__ = ["Figure", "coverage", "exposure", "gini"]

NORMAL_95 = 1.959963984540054  # the normal distribution's 97.5 % quantile


@dataclass(frozen=True)
class Figure:
    """A figure of all lists together.

    Attributes:
        value: the figure.
        interval: value -+ 1.96 standard errors, within 0 and 1.
    """

    value: float
    interval: tuple[float, float]


def coverage(lists: NDArray[np.int32], num_items: int) -> Figure:
    """|union of all L| / |I|: the share of the catalogue that stands in any list (Ge et al. 2010).

    It grows with the number of users: compare figures of the same users only.

    Args:
        lists: item indices int32 [n, K]; -1 for none. No item stands twice in a list.
        num_items: |I|.
    """
    count = _counts(lists, num_items)
    shown_once = np.append(count == 1, False)  # index -1, no item, finds the last
    lost = shown_once[lists].sum(axis=1) / num_items
    return _figure(float((count > 0).mean()), lost)


def gini(lists: NDArray[np.int32], num_items: int) -> Figure:
    """Gini index of how often each item is listed: 0 where all are listed alike, near 1 where few take all places.

    With counts c_(1) <= ... <= c_(m) of all m items, sum over r of (2r - m - 1) c_(r) / (m sum c) (Fleder and Hosanagar
    2009; Shani and Gunawardana 2011). NaN where nothing is listed. The standard error is the infinitesimal jackknife's:
    each user's share in the derivative of the formula.

    Args:
        lists: item indices int32 [n, K]; -1 for none.
        num_items: m.
    """
    count = _counts(lists, num_items)
    total = int(count.sum())
    if not total:
        return Figure(float("nan"), (float("nan"), float("nan")))
    weight = 2 * _mean_rank(count) - num_items - 1
    value = float(weight @ count) / (num_items * total)
    listed = lists >= 0
    pull = np.append(weight, 0.0)[lists].sum(axis=1) / (num_items * total) - value * listed.sum(axis=1) / total
    return _figure(value, pull)


def exposure(lists: NDArray[np.int32], num_items: int, k: Sequence[int]) -> dict[str, Figure]:
    """Coverage and Gini of lists, int32 [n, places], cut at every K, by name: "coverage@10", "gini@10"."""
    return {
        f"{name}@{length}": of(lists[:, :length], num_items)
        for length in sorted(set(k))
        for name, of in (("coverage", coverage), ("gini", gini))
    }


def _counts(lists: NDArray[np.int32], num_items: int) -> NDArray[np.int64]:
    return np.bincount(lists[lists >= 0], minlength=num_items).astype(np.int64)


def _mean_rank(count: NDArray[np.int64]) -> NDArray[np.float64]:
    """Each item's rank by count from 1; equal counts share the mean of theirs."""
    _, group, size = np.unique(count, return_inverse=True, return_counts=True)
    last = np.cumsum(size)
    rank: NDArray[np.float64] = ((last - size + 1 + last) / 2)[group]
    return rank


def _figure(value: float, shifts: NDArray[np.float64]) -> Figure:
    """The interval from how much the figure moves without each user."""
    n = len(shifts)
    error = float(np.sqrt((n - 1) / n * ((shifts - shifts.mean()) ** 2).sum())) if n else 0.0
    half = NORMAL_95 * error
    return Figure(value, (max(0.0, value - half), min(1.0, value + half)))
