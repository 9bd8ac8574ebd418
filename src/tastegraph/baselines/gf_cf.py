"""GF-CF: LightGCN's graph in closed form, a linear and an ideal low-pass filter."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
from pydantic import BaseModel, Field

from tastegraph.baselines.history import Sparse, history_of
from tastegraph.baselines.hyperparameters import STRICT, checked
from tastegraph.baselines.lists import known_users, rank_by_score
from tastegraph.baselines.low_pass import low_pass, low_pass_bytes
from tastegraph.baselines.search_space import Integers, SearchRange, Uniform

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from tastegraph.data.interactions import Interactions
    from tastegraph.graph.neighbours import NeighbourLists

__all__ = ["GFCF", "GFCFConfig"]

LINEAR = np.array([0.5, 0.5])  # R~^T R~ = P^2 = (T_0(P) + T_2(P)) / 2


class GFCFConfig(BaseModel):
    """Hyperparameters of GFCF.

    Attributes:
        vectors: singular vectors of the ideal low-pass; 0 leaves the linear filter alone.
        weight: of the ideal low-pass; the paper's alpha.
        seed: of the random start for the vectors, which does not show beyond round-off.
    """

    model_config = STRICT

    vectors: int = Field(default=256, ge=0, le=100_000)
    weight: float = Field(default=0.3, ge=0, le=1000, allow_inf_nan=False)
    seed: int = Field(default=0, ge=0)


class GFCF:
    """Scores R (R~^T R~ + weight D_i^-1/2 V V^T D_i^1/2), with R~ = D_u^-1/2 R D_i^-1/2.

    V are the leading right singular vectors of R~.
    Shen et al. 2021, "How Powerful is Graph Convolution for Recommendation?" (arXiv 2108.07567), equation 16: the
    linear filter smooths a history once over the graph, the ideal low-pass keeps its lowest frequencies. Nothing is
    trained, and no item-item matrix is made.

    A user without a positive has only scores of 0: the first items by index.

    Attributes:
        history: R, sparse [users, items].
        e_users: weight R D_i^-1/2 V, float32 [users, vectors].
        e_items: D_i^1/2 V, float32 [items, vectors].
    """

    name: ClassVar[str] = "gfcf"
    title: ClassVar[str] = "GF-CF"
    Config: ClassVar[type[BaseModel]] = GFCFConfig
    SEARCH: ClassVar[Mapping[str, SearchRange]] = MappingProxyType(
        {"vectors": Integers(16, 768, log=True), "weight": Uniform(0.0, 1.0)}
    )
    LEARNED: ClassVar[tuple[str, ...]] = ("history", "e_users", "e_items")

    def __init__(self, **hyperparameters: Any) -> None:
        self.config = checked(self.title, GFCFConfig, hyperparameters)

    def fit(self, interactions: Interactions) -> Self:
        """Find the singular vectors. Raises ModelError where the fit part is empty."""
        self.history: Sparse = history_of(interactions)
        self.num_users, self.num_items = self.history.shape
        config = self.config
        self.e_users, self.e_items = low_pass(self.history, config.vectors, config.weight, 0.5, seed=config.seed)
        return self

    def rank(self, users: NDArray[np.integer], k: int, exclude: NeighbourLists | None) -> NDArray[np.int32]:
        """The `k` best items of each user, int32 [n, k]; see `rank_by_score`."""
        from tastegraph.baselines.item_filters import COLUMNS, ItemGraph

        known_users(self, users)
        items = ItemGraph(self.history)

        def score(block: NDArray[np.integer]) -> NDArray[np.float32]:
            linear = items.chebyshev(self.history[block], LINEAR)
            linear += self.e_users[block] @ self.e_items.T
            return linear

        return rank_by_score(self, score, users, k, exclude, COLUMNS)

    def bytes_needed(self, num_users: int, num_items: int, num_pairs: int) -> int:
        """R and the graph, the Krylov space of the smaller side, and both sides' vectors; in bytes."""
        return low_pass_bytes(num_users, num_items, num_pairs, self.config.vectors)
