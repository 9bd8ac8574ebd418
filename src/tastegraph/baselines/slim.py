"""SLIM: sparse linear item-item weights."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
from pydantic import BaseModel, Field
from scipy.sparse import csr_array, vstack

from tastegraph.baselines.history import Sparse, history_of
from tastegraph.baselines.hyperparameters import STRICT, checked
from tastegraph.baselines.item_items import BLOCK_BYTES, gram_matrix
from tastegraph.baselines.lists import rank_by_score
from tastegraph.baselines.search_space import LogUniform, SearchRange

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from tastegraph.data.interactions import Interactions
    from tastegraph.graph.neighbours import NeighbourLists

__all__ = ["SLIM", "SLIMConfig"]

KEPT = 0.1  # of all weights: about the most that are not 0, for the estimate of memory


class SLIMConfig(BaseModel):
    """Hyperparameters of SLIM.

    Attributes:
        l1: lambda, which makes weights 0.
        l2: beta, which makes them small.
        sweeps: passes over all weights of an item, at most.
        tolerance: an item is done when no weight changes by more than this part of its largest.
    """

    model_config = STRICT

    l1: float = Field(default=5.0, ge=0, le=1e7, allow_inf_nan=False)
    l2: float = Field(default=500.0, ge=0, le=1e7, allow_inf_nan=False)
    sweeps: int = Field(default=100, ge=1, le=100_000)
    tolerance: float = Field(default=1e-3, gt=0, le=1, allow_inf_nan=False)


class SLIM:
    """Scores R W with the sparse W >= 0, 0 on the diagonal, that minimises |R - R W|^2 / 2 + l1 |W|_1 + l2 |W|^2 / 2.

    An elastic net for each item. Ning and Karypis 2011, "SLIM: Sparse Linear Methods for Top-N Recommender Systems",
    equation 3. Solved by coordinate descent on R^T R (Friedman, Hastie and Tibshirani 2010), which all items share, by
    kernels of our own: scikit-learn's ElasticNet goes through R anew for each item and takes minutes where these take
    seconds.

    A user without a positive has only scores of 0: the first items by index.

    Attributes:
        history: R, sparse [users, items].
        weights: W, sparse [items, items].
        unsettled: items whose weights still changed by more than `tolerance` after `sweeps`.
    """

    name: ClassVar[str] = "slim"
    title: ClassVar[str] = "SLIM"
    Config: ClassVar[type[BaseModel]] = SLIMConfig
    SEARCH: ClassVar[Mapping[str, SearchRange]] = MappingProxyType(
        {"l1": LogUniform(0.1, 200.0), "l2": LogUniform(1.0, 10_000.0)}
    )
    LEARNED: ClassVar[tuple[str, ...]] = ("history", "weights")

    def __init__(self, **hyperparameters: Any) -> None:
        self.config = checked(self.title, SLIMConfig, hyperparameters)

    def fit(self, interactions: Interactions) -> Self:
        """Solve for W, a block of items at a time. Raises ModelError where the fit part is empty."""
        self.history: Sparse = history_of(interactions)
        self.num_users, self.num_items = self.history.shape
        gram = gram_matrix(self.history)
        step = max(1, BLOCK_BYTES // (4 * self.num_items))
        blocks = [
            self._solve(gram, np.arange(n, min(n + step, self.num_items))) for n in range(0, self.num_items, step)
        ]
        self.weights: Sparse = vstack([rows for rows, _ in blocks]).T.tocsr()
        self.unsettled = sum(unsettled for _, unsettled in blocks)
        return self

    def rank(self, users: NDArray[np.integer], k: int, exclude: NeighbourLists | None) -> NDArray[np.int32]:
        """The `k` best items of each user, int32 [n, k]; see `rank_by_score`."""
        return rank_by_score(self, lambda block: (self.history[block] @ self.weights).toarray(), users, k, exclude)

    def bytes_needed(self, num_users: int, num_items: int, num_pairs: int) -> int:
        """The item-item matrix, a block of weights, those that are not 0, and R both ways; in bytes."""
        square = num_items * num_items
        return 4 * square + min(BLOCK_BYTES, 4 * square) + int(24 * KEPT * square) + 8 * (2 * num_pairs + num_users)

    def _solve(self, gram: NDArray[np.float32], items: NDArray[np.int64]) -> tuple[Sparse, int]:
        """Columns of W as sparse rows, and how many did not settle."""
        from tastegraph.baselines.elastic_net_kernel import descend
        from tastegraph.graph.compiled import use_torchs_threads

        use_torchs_threads()
        weights, used = np.empty((len(items), self.num_items), np.float32), np.empty(len(items), np.int64)
        l1, l2, tolerance = (np.float32(value) for value in (self.config.l1, self.config.l2, self.config.tolerance))
        descend(gram, items, l1, l2, self.config.sweeps, tolerance, weights, used)
        return csr_array(weights), int((used > self.config.sweeps).sum())
