"""RP3beta: three steps at random through the graph, popular ends held back."""

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

__all__ = ["RP3beta", "RP3betaConfig"]


class RP3betaConfig(BaseModel):
    """Hyperparameters of RP3beta.

    Attributes:
        neighbours: weights kept of each item.
        alpha: exponent of the steps' probabilities.
        beta: how much popular items are held back.
    """

    model_config = STRICT

    neighbours: int = Field(default=200, ge=1, le=1_000_000)
    alpha: float = Field(default=1.0, ge=0, le=4, allow_inf_nan=False)
    beta: float = Field(default=0.3, ge=0, le=4, allow_inf_nan=False)


class RP3beta:
    """Scores an item by the walks from the user's items, over another user, that end there.

    W_ij = d_i^-alpha (sum over the users u who have both of d_u^-alpha) d_j^-beta, the `neighbours` largest of each
    column j kept; the user's score is R W. With alpha 1 these are the probabilities of a walk of three steps.
    Paudel et al. 2017, "Updatable, Accurate, Diverse, and Scalable Recommendations for Interactive Applications"; alpha
    and the pruning as in Ferrari Dacrema et al. 2019 (arXiv 1907.06902).

    A user without a positive has only scores of 0: the first items by index.

    Attributes:
        history: R, sparse [users, items].
        weights: W, sparse [items, items].
    """

    name: ClassVar[str] = "rp3beta"
    title: ClassVar[str] = "RP3beta"
    Config: ClassVar[type[BaseModel]] = RP3betaConfig
    SEARCH: ClassVar[Mapping[str, SearchRange]] = MappingProxyType(
        {"neighbours": Integers(5, 1000, log=True), "alpha": Uniform(0.0, 2.0), "beta": Uniform(0.0, 2.0)}
    )
    LEARNED: ClassVar[tuple[str, ...]] = ("history", "weights")

    def __init__(self, **hyperparameters: Any) -> None:
        self.config = checked(self.title, RP3betaConfig, hyperparameters)

    def fit(self, interactions: Interactions) -> Self:
        """Weigh the walks between items. Raises ModelError where the fit part is empty."""
        self.history: Sparse = history_of(interactions)
        self.num_users, self.num_items = self.history.shape
        users_of = np.maximum(np.bincount(self.history.indices, minlength=self.num_items), 1).astype(np.float32)
        items_of = np.maximum(np.diff(self.history.indptr), 1).astype(np.float32)
        leave, arrive = users_of**-self.config.alpha, users_of**-self.config.beta

        def walks(shared: NDArray[np.float32], first: int) -> NDArray[np.float32]:
            shared *= leave  # rows are the items j arrived at: each keeps the strongest i it is reached from
            shared *= arrive[first : first + len(shared), None]
            return shared

        self.weights = neighbour_weights(self.history, items_of**-self.config.alpha, walks, self.config.neighbours)
        return self

    def rank(self, users: NDArray[np.integer], k: int, exclude: NeighbourLists | None) -> NDArray[np.int32]:
        """The `k` best items of each user, int32 [n, k]; see `rank_by_score`."""
        return rank_by_score(self, lambda block: (self.history[block] @ self.weights).toarray(), users, k, exclude)

    def bytes_needed(self, num_users: int, num_items: int, num_pairs: int) -> int:
        """R both ways, blocks of the item-item matrix, and the neighbours; in bytes."""
        return neighbour_weights_bytes(num_users, num_items, num_pairs, self.config.neighbours)
