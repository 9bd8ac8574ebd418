"""What lists are held against beyond accuracy: how popular items are, of what genres, and what each user has."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from tastegraph.graph.neighbours import NeighbourLists

__all__ = ["Catalogue"]


@dataclass(frozen=True, eq=False)
class Catalogue:
    """Items and users as the fit part has them.

    Attributes:
        profiles: the positives of each user that the model learned from.
        genres: which genres each item has, bool [items, genres]; None where the source has none.
    """

    profiles: NeighbourLists
    genres: NDArray[np.bool_] | None = None

    @classmethod
    def of(cls, profiles: NeighbourLists, genres: Sequence[Sequence[str] | None] | None = None) -> Catalogue:
        """The catalogue with the genres of each item by name, in index order; an item may have none."""
        if genres is None or not any(genres):
            return cls(profiles)
        names = {name: at for at, name in enumerate(sorted({name for own in genres for name in own or ()}))}
        table = np.zeros((profiles.num_columns, len(names)), bool)
        for item, own in enumerate(genres):
            table[item, [names[name] for name in own or ()]] = True
        return cls(profiles, table)

    @cached_property
    def popularity(self) -> NDArray[np.float64]:
        """p_i: the share of users who have item i, float64 [items]."""
        counts = np.bincount(self.profiles.index, minlength=self.profiles.num_columns)
        return counts / self.profiles.num_rows

    @cached_property
    def genre_shares(self) -> NDArray[np.float64]:
        """p(g | i): 1 by the number of i's genres for each of them, float64 [items, genres]; zeros without any."""
        genres = np.zeros((self.profiles.num_columns, 0)) if self.genres is None else self.genres.astype(np.float64)
        shares: NDArray[np.float64] = np.divide(genres, np.maximum(genres.sum(axis=1, keepdims=True), 1))
        return shares

    def mean_over_profiles(self, of_items: NDArray[np.float64]) -> NDArray[np.float64]:
        """The sum of `of_items` [items, m] over each user's profile, by the size of the profile; float64 [users, m].

        NaN for a user without a profile.
        """
        from scipy.sparse import csr_matrix

        lists = self.profiles
        ones = np.ones(len(lists.index))
        rows = csr_matrix((ones, lists.index.astype(np.int64), lists.start), (lists.num_rows, lists.num_columns))
        with np.errstate(invalid="ignore"):
            means: NDArray[np.float64] = np.divide(rows @ of_items, lists.counts[:, None])
        return means
