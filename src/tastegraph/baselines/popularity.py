"""Popularity: everybody gets what most people liked."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
from pydantic import BaseModel

from tastegraph.baselines.history import shape_of
from tastegraph.baselines.hyperparameters import STRICT, checked
from tastegraph.baselines.lists import rank_by_score

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from tastegraph.baselines.search_space import SearchRange
    from tastegraph.data.interactions import Interactions
    from tastegraph.graph.neighbours import NeighbourLists

__all__ = ["Popularity", "PopularityConfig"]


class PopularityConfig(BaseModel):
    """Popularity has no hyperparameters."""

    model_config = STRICT


class Popularity:
    """Ranks items by the number of users who have them as a positive.

    Attributes:
        count: users of each item, float32 [items].
    """

    name: ClassVar[str] = "popularity"
    title: ClassVar[str] = "Popularity"
    Config: ClassVar[type[BaseModel]] = PopularityConfig
    SEARCH: ClassVar[Mapping[str, SearchRange]] = MappingProxyType({})
    LEARNED: ClassVar[tuple[str, ...]] = ("count",)

    def __init__(self, **hyperparameters: Any) -> None:
        self.config = checked(self.title, PopularityConfig, hyperparameters)

    def fit(self, interactions: Interactions) -> Self:
        """Count each item's users.

        Raises:
            ModelError: the fit part is empty.
        """
        self.num_users, self.num_items = shape_of(interactions)
        self.count = np.bincount(interactions.item, minlength=self.num_items).astype(np.float32)
        return self

    def rank(self, users: NDArray[np.integer], k: int, exclude: NeighbourLists | None) -> NDArray[np.int32]:
        """The `k` most popular items outside each user's list in `exclude`, int32 [n, k]; see `rank_by_score`."""
        return rank_by_score(self, lambda block: np.tile(self.count, (len(block), 1)), users, k, exclude)

    def bytes_needed(self, num_users: int, num_items: int, num_pairs: int) -> int:  # noqa: ARG002 (all models alike)
        """A few numbers an item, in bytes."""
        return 12 * num_items
