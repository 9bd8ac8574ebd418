"""Negative items: drawn for each positive, never a positive of the same user."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from tastegraph.errors import GraphError

if TYPE_CHECKING:
    from tastegraph.graph.neighbours import NeighbourLists

__all__ = ["UniformNegatives"]


class UniformNegatives:
    """Draws items uniformly among those that are no positives of the user, by rejection.

    Attributes:
        drawable: whether each user has any negative, bool [users].

    Args:
        items_of: the positives of each user.
    """

    def __init__(self, items_of: NeighbourLists) -> None:
        self.drawable = torch.from_numpy(items_of.counts < items_of.num_columns)
        self._num_items = items_of.num_columns
        # The last key is one that no pair has, so that every search ends on a key.
        self._positives = torch.cat([torch.from_numpy(items_of.keys()), torch.tensor([torch.iinfo(torch.int64).max])])

    def draw(self, user: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
        """One negative item for each user index, int64 [n] -> int64 [n].

        Raises:
            GraphError: a user has every item as a positive.
        """
        if not bool(self.drawable[user].all()):
            raise GraphError("a user has every item as a positive; no negative can be drawn")
        item = torch.randint(self._num_items, user.shape, generator=generator)
        again = torch.nonzero(self._is_positive(user, item)).squeeze(1)
        while len(again):
            item[again] = torch.randint(self._num_items, again.shape, generator=generator)
            again = again[self._is_positive(user[again], item[again])]
        return item

    def _is_positive(self, user: torch.Tensor, item: torch.Tensor) -> torch.Tensor:
        asked = user * self._num_items + item
        return self._positives[torch.searchsorted(self._positives, asked)] == asked
