"""Lists made by several ranks, each of a block of the users."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tastegraph.graph.top_k import users_a_block
from tastegraph.ranks.alone import share_of

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from tastegraph.graph.neighbours import NeighbourLists
    from tastegraph.ranking.full_ranking import Ranker
    from tastegraph.ranks.alone import Ranks

__all__ = ["SharedLists"]


@dataclass(frozen=True, eq=False)
class SharedLists:
    """A ranker, the same on all ranks, that makes its lists there block by block of users; all ranks get all lists.

    A block is as one process takes it, so the lists are the same bit for bit.

    Attributes:
        ranker: makes the lists of some users.
        ranks: who make them.
        num_items: of how many items.
    """

    ranker: Ranker
    ranks: Ranks
    num_items: int

    def rank(self, users: NDArray[np.integer], k: int, exclude: NeighbourLists | None) -> NDArray[np.int32]:
        """The `k` best items of each user, int32 [n, k]."""
        own = share_of(len(users), self.ranks.rank, self.ranks.size, users_a_block(self.num_items))
        return self.ranks.rows_of_all(self.ranker.rank(users[own], k, exclude))
