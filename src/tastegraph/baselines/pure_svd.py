"""PureSVD: the interactions through their leading singular vectors."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
from pydantic import BaseModel, Field

from tastegraph.baselines.history import Sparse, history_of
from tastegraph.baselines.hyperparameters import STRICT, checked
from tastegraph.baselines.lists import rank_by_factors
from tastegraph.baselines.search_space import Integers, SearchRange

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from tastegraph.data.interactions import Interactions
    from tastegraph.graph.neighbours import NeighbourLists

__all__ = ["PureSVD", "PureSVDConfig"]


class PureSVDConfig(BaseModel):
    """Hyperparameters of PureSVD.

    Attributes:
        factors: rank of the approximation.
        seed: of the random start, which does not show in the result beyond round-off.
    """

    model_config = STRICT

    factors: int = Field(default=64, ge=1, le=100_000)
    seed: int = Field(default=0, ge=0)


class PureSVD:
    """Scores R V V^T with V the `factors` leading right singular vectors of R: its best approximation of that rank.

    Cremonesi, Koren and Turrin 2010, "Performance of Recommender Algorithms on Top-N Recommendation Tasks", section
    3.2.2. SciPy's Lanczos method finds V; where more than half of all vectors are asked for, a dense decomposition.

    A user without a positive has only scores of 0: the first items by index.

    Attributes:
        e_users: R V, float32 [users, factors]; fewer factors where R has fewer singular values.
        e_items: V, float32 [items, factors].
    """

    name: ClassVar[str] = "puresvd"
    title: ClassVar[str] = "PureSVD"
    Config: ClassVar[type[BaseModel]] = PureSVDConfig
    SEARCH: ClassVar[Mapping[str, SearchRange]] = MappingProxyType({"factors": Integers(8, 512, log=True)})
    LEARNED: ClassVar[tuple[str, ...]] = ("e_users", "e_items")

    def __init__(self, **hyperparameters: Any) -> None:
        self.config = checked(self.title, PureSVDConfig, hyperparameters)

    def fit(self, interactions: Interactions) -> Self:
        """Find V. Raises ModelError where the fit part is empty."""
        history = history_of(interactions)
        self.num_users, self.num_items = history.shape
        self.e_items = self._right_vectors(history)
        self.e_users: NDArray[np.float32] = history @ self.e_items
        return self

    def rank(self, users: NDArray[np.integer], k: int, exclude: NeighbourLists | None) -> NDArray[np.int32]:
        """The `k` best items of each user, int32 [n, k]; see `rank_by_factors`."""
        return rank_by_factors(self, users, k, exclude)

    def bytes_needed(self, num_users: int, num_items: int, num_pairs: int) -> int:
        """R, the Lanczos vectors of the smaller side, and both sides' factors; in bytes."""
        vectors = 3 * min(num_users, num_items) * 2 * self.config.factors
        return 4 * (2 * num_pairs + vectors + 2 * (num_users + num_items) * self.config.factors)

    def _right_vectors(self, history: Sparse) -> NDArray[np.float32]:
        from scipy.sparse.linalg import svds

        smaller, factors = min(history.shape), min(self.config.factors, *history.shape)
        if 2 * factors > smaller:
            vectors = np.linalg.svd(history.toarray(), full_matrices=False)[2][:factors]
        else:
            start = np.random.default_rng(self.config.seed).standard_normal(smaller, np.float32)
            _, values, found = svds(history, k=factors, v0=start, return_singular_vectors="vh")
            vectors = found[np.argsort(-values)]
        return np.ascontiguousarray(vectors.T, np.float32)
