"""Beyond accuracy, user by user: novelty, diversity, popularity and calibration of lists.

Throughout, L is a user's list, H the user's profile (the positives learned from), p_i the share of users who have item
i, and G_i the genres of i. Places that hold nothing do not count; NaN stands where a metric is not defined.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

    from tastegraph.ranking.catalogue import Catalogue

    Lists = NDArray[np.int32]
    Users = NDArray[np.int64]
    Values = NDArray[np.float64]

__all__ = ["BEYOND", "LOWER_IS_BETTER", "beyond_accuracy", "diversity", "miscalibration", "novelty", "popularity",
           "popularity_lift"]  # fmt: skip

SMOOTHING = 0.01  # Steck's alpha
BLOCK_ENTRIES = 1 << 22
LOWER_IS_BETTER = frozenset({"miscalibration", "gini", "popularity", "popularity_lift", "dislike_precision",
                             "dislike_recall"})  # fmt: skip


def novelty(lists: Lists, users: Users, catalogue: Catalogue) -> Values:  # noqa: ARG001 (all metrics are called alike)
    """Mean self-information of the list in bits, 1/|L| sum over i in L of -log2 p_i, float64 [n].

    Zhou et al. 2010 (PNAS 107), "surprisal"; Vargas and Castells 2011. An item that nobody has has none.
    """
    with np.errstate(divide="ignore"):
        surprise = np.where(catalogue.popularity > 0, -np.log2(catalogue.popularity), np.nan)
    return _mean_over_places(surprise, lists)


def popularity(lists: Lists, users: Users, catalogue: Catalogue) -> Values:  # noqa: ARG001
    """Mean popularity of the list, 1/|L| sum over i in L of p_i, float64 [n] (Yin et al. 2012, ARP, as a share)."""
    return _mean_over_places(catalogue.popularity, lists)


def popularity_lift(lists: Lists, users: Users, catalogue: Catalogue) -> Values:
    """How much more popular the list is than the profile: (mean p_i of L - mean p_i of H) / mean p_i of H, float64 [n].

    Abdollahpouri et al. 2020, "The Connection Between Popularity Bias, Calibration, and Fairness in Recommendation",
    equation 2, user by user where theirs is of the means of a group. 0 is no bias, 1 twice as popular.
    """
    profile = catalogue.mean_over_profiles(catalogue.popularity[:, None])[users, 0]
    return np.asarray(popularity(lists, users, catalogue) / profile - 1, np.float64)


def diversity(lists: Lists, users: Users, catalogue: Catalogue) -> Values:  # noqa: ARG001
    """1 - mean Jaccard similarity |G_i n G_j| / |G_i u G_j| over the pairs i != j of the list, float64 [n].

    Intra-list diversity (Ziegler et al. 2005; Vargas and Castells 2011) with genres. Items without genres do not count;
    NaN where fewer than two have any.
    """
    found = np.full(len(lists), np.nan)
    if catalogue.genres is None:
        return found
    # Many items share their genres: a list is how often it has each of the kinds, and one product gives all pairs.
    kinds, kind = np.unique(catalogue.genres, axis=0, return_inverse=True)
    alike = _jaccard(kinds.astype(np.float64))
    step = max(1, BLOCK_ENTRIES // len(kinds))
    for begin in range(0, len(lists), step):
        block = lists[begin : begin + step]
        row, place = np.nonzero(block >= 0)
        at = row * len(kinds) + kind.reshape(-1)[block[row, place]]
        counts = np.bincount(at, minlength=len(block) * len(kinds)).reshape(len(block), -1).astype(np.float64)
        counts *= kinds.any(axis=1)
        n = counts.sum(axis=1)
        with np.errstate(invalid="ignore"):  # the n pairs of an item with itself are each alike by 1; 0 / 0 is NaN
            found[begin : begin + step] = 1 - (((counts @ alike) * counts).sum(axis=1) - n) / (n * (n - 1))
    return found


def miscalibration(lists: Lists, users: Users, catalogue: Catalogue) -> Values:
    """How far the list's genres are from the profile's: sum over g of p(g) ln(p(g) / q~(g)), float64 [n]; 0 is best.

    Steck 2018, "Calibrated Recommendations", equations 1 to 4, without weights: p is the mean of p(g | i) over H, q
    over L, p(g | i) = 1 / |G_i|, and q~ = (1 - alpha) q + alpha p with alpha = 0.01. Items without genres do not
    count; NaN where the profile or the list has no genre at all.
    """
    if catalogue.genres is None:
        return np.full(len(lists), np.nan)
    wanted = _shares(catalogue.mean_over_profiles(catalogue.genre_shares)[users])
    found = np.full(len(lists), np.nan)
    step = max(1, BLOCK_ENTRIES // max(lists.shape[1] * wanted.shape[1], 1))
    for begin in range(0, len(lists), step):
        block = lists[begin : begin + step]
        there = (block >= 0)[:, :, None]
        given = _shares(np.where(there, catalogue.genre_shares[np.maximum(block, 0)], 0.0).sum(axis=1))
        found[begin : begin + step] = _divergence(wanted[begin : begin + step], given)
    return found


BEYOND: Mapping[str, Callable[[Lists, Users, Catalogue], Values]] = {
    "novelty": novelty,
    "popularity": popularity,
    "popularity_lift": popularity_lift,
    "diversity": diversity,
    "miscalibration": miscalibration,
}
OF_GENRES = ("diversity", "miscalibration")


def beyond_accuracy(lists: Lists, users: Users, catalogue: Catalogue, k: Sequence[int]) -> dict[str, Values]:
    """Every metric of `BEYOND` of lists that are made, at every K, user by user; those of genres only where there are.

    Args:
        lists: item indices, best first, int32 [n, places]; -1 for none.
        users: whose list each is, [n].
        catalogue: of the same users and items.
        k: lengths K.
    """
    names = [name for name in BEYOND if catalogue.genres is not None or name not in OF_GENRES]
    return {
        f"{name}@{length}": BEYOND[name](lists[:, :length], users, catalogue)
        for length in sorted(set(k))
        for name in names
    }


def _mean_over_places(of_items: Values, lists: Lists) -> Values:
    values = np.where(lists >= 0, of_items[np.maximum(lists, 0)], np.nan)
    known = ~np.isnan(values)
    with np.errstate(invalid="ignore"):
        means: Values = np.where(known, values, 0.0).sum(axis=1) / known.sum(axis=1)
    return means


def _jaccard(kinds: Values) -> Values:
    """|A n B| / |A u B| of each two rows of 0 and 1, float64 [kinds, kinds]; 0 where both are empty."""
    shared, size = kinds @ kinds.T, kinds.sum(axis=1)
    either = size[:, None] + size[None, :] - shared
    similarity: Values = shared / np.maximum(either, 1)
    return similarity


def _shares(weights: Values) -> Values:
    """Rows that sum to 1; NaN for a row of zeros."""
    with np.errstate(invalid="ignore"):
        shares: Values = weights / weights.sum(axis=1, keepdims=True)
    return shares


def _divergence(wanted: Values, given: Values) -> Values:
    """Kullback and Leibler's, in nats, `given` smoothed by `wanted`; 0 ln 0 = 0."""
    smoothed = (1 - SMOOTHING) * given + SMOOTHING * wanted
    with np.errstate(divide="ignore", invalid="ignore"):
        terms = np.where(wanted > 0, wanted * np.log(wanted / smoothed), 0.0)
    undefined = np.isnan(wanted).any(axis=1) | np.isnan(given).any(axis=1)
    return np.where(undefined, np.nan, terms.sum(axis=1))
