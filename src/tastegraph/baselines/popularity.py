"""Popularity: everybody gets what most people liked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

import numpy as np

from tastegraph.graph.top_k import rank_blocks

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tastegraph.data.interactions import Interactions
    from tastegraph.graph.neighbours import NeighbourLists

__all__ = ["Popularity"]


class Popularity:
    """Ranks items by the number of users who have them as a positive."""

    def fit(self, interactions: Interactions) -> Self:
        """Count each item's users.

        Args:
            interactions: the fit part.
        """
        self.count = np.bincount(interactions.item, minlength=len(interactions.items)).astype(np.float32)
        return self

    def rank(self, users: NDArray[np.integer], k: int, exclude: NeighbourLists | None) -> NDArray[np.int32]:
        """The `k` most popular items outside each user's list in `exclude`, int32 [n, k]; see `rank_blocks`."""
        return rank_blocks(lambda block: np.tile(self.count, (len(block), 1)), len(self.count), users, k, exclude)
