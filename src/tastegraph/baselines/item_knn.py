"""Item k-nearest neighbours by cosine."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
from pydantic import BaseModel, Field

from tastegraph.baselines.history import Sparse, history_of
from tastegraph.baselines.hyperparameters import STRICT, checked
from tastegraph.baselines.item_items import neighbour_weights, neighbour_weights_bytes
from tastegraph.baselines.lists import rank_by_score
from tastegraph.baselines.search_space import Integers, SearchRange, Uniform

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from tastegraph.data.interactions import Interactions
    from tastegraph.graph.neighbours import NeighbourLists

__all__ = ["ItemKNN", "ItemKNNConfig"]


class ItemKNNConfig(BaseModel):
    """Hyperparameters of ItemKNN.

    Attributes:
        neighbours: k.
        shrinkage: added to the denominator.
    """

    model_config = STRICT

    neighbours: int = Field(default=100, ge=1, le=1_000_000)
    shrinkage: float = Field(default=10.0, ge=0, le=1e6, allow_inf_nan=False)


class ItemKNN:
    """Scores an item by the summed similarity of those of its k nearest neighbours that the user has.

    s_ij = |U_i n U_j| / (sqrt(|U_i| |U_j|) + shrinkage), U_i the users of item i: the cosine, shrunk where it rests
    on few users. Deshpande and Karypis 2004; shrinkage as in Ferrari Dacrema et al. 2019 (arXiv 1907.06902).

    A user without a positive has only scores of 0: the first items by index.

    Attributes:
        history: R, sparse [users, items].
        weights: column j holds s_ij of the neighbours i of item j, sparse [items, items].
    """

    name: ClassVar[str] = "itemknn"
    title: ClassVar[str] = "ItemKNN"
    Config: ClassVar[type[BaseModel]] = ItemKNNConfig
    SEARCH: ClassVar[Mapping[str, SearchRange]] = MappingProxyType(
        {"neighbours": Integers(5, 1000, log=True), "shrinkage": Uniform(0.0, 1000.0)}
    )
    LEARNED: ClassVar[tuple[str, ...]] = ("history", "weights")

    def __init__(self, **hyperparameters: Any) -> None:
        self.config = checked(self.title, ItemKNNConfig, hyperparameters)

    def fit(self, interactions: Interactions) -> Self:
        """Find each item's neighbours. Raises ModelError where the fit part is empty."""
        self.history: Sparse = history_of(interactions)
        self.num_users, self.num_items = self.history.shape
        length = np.sqrt(np.bincount(self.history.indices, minlength=self.num_items)).astype(np.float32)

        def cosine(shared: NDArray[np.float32], first: int) -> NDArray[np.float32]:
            product = length[first : first + len(shared), None] * length + np.float32(self.config.shrinkage)
            np.divide(shared, product, out=shared, where=product > 0)
            return shared

        self.weights = neighbour_weights(
            self.history, np.ones(self.num_users, np.float32), cosine, self.config.neighbours
        )
        return self

    def rank(self, users: NDArray[np.integer], k: int, exclude: NeighbourLists | None) -> NDArray[np.int32]:
        """The `k` best items of each user, int32 [n, k]; see `rank_by_score`."""
        return rank_by_score(self, lambda block: (self.history[block] @ self.weights).toarray(), users, k, exclude)

    def bytes_needed(self, num_users: int, num_items: int, num_pairs: int) -> int:
        """R both ways, blocks of the item-item matrix, and the neighbours; in bytes."""
        return neighbour_weights_bytes(num_users, num_items, num_pairs, self.config.neighbours)
