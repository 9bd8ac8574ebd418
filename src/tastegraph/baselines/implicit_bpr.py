"""BPR: matrix factorization by pairwise ranking, by the library `implicit`."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
from pydantic import BaseModel, Field

from tastegraph.baselines.history import history_of
from tastegraph.baselines.hyperparameters import STRICT, checked
from tastegraph.baselines.implicit_faults import finite_factors
from tastegraph.baselines.lists import rank_by_factors
from tastegraph.baselines.search_space import Integers, LogUniform, SearchRange
from tastegraph.errors import needs_extra

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from tastegraph.baselines.history import Sparse
    from tastegraph.data.interactions import Interactions
    from tastegraph.graph.neighbours import NeighbourLists

__all__ = ["ImplicitBPR", "ImplicitBPRConfig"]


class ImplicitBPRConfig(BaseModel):
    """Hyperparameters of ImplicitBPR.

    Attributes:
        factors: d.
        learning_rate: step size.
        regularization: the penalty on the squares of x, y and b.
        iterations: passes; each draws as many positives as there are.
        seed: of the random start and of the draws.
    """

    model_config = STRICT

    factors: int = Field(default=64, ge=1, le=4096)
    learning_rate: float = Field(default=0.005, gt=0, le=10, allow_inf_nan=False)
    regularization: float = Field(default=0.01, ge=0, le=10, allow_inf_nan=False)
    iterations: int = Field(default=100, ge=1, le=100_000)
    seed: int = Field(default=0, ge=0, lt=2**32)


class ImplicitBPR:
    """Scores x_u . y_i + b_i trained so that a positive ranks above a random other item: min -log sigmoid(s_ui - s_uj).

    Rendle et al. 2009, "BPR: Bayesian Personalized Ranking from Implicit Feedback" (arXiv 1205.2618), by stochastic
    gradient descent. Negatives are verified: a drawn item that the user has is skipped. One thread, since several
    write over one another and no two runs are then alike.

    A user without a positive has only scores of 0: the first items by index.

    Attributes:
        e_users: x and a 1, float32 [users, factors + 1].
        e_items: y and b, float32 [items, factors + 1].
    """

    name: ClassVar[str] = "bpr"
    title: ClassVar[str] = "BPR"
    Config: ClassVar[type[BaseModel]] = ImplicitBPRConfig
    SEARCH: ClassVar[Mapping[str, SearchRange]] = MappingProxyType(
        {
            "factors": Integers(16, 256, log=True),
            "learning_rate": LogUniform(0.001, 0.2),
            "regularization": LogUniform(1e-4, 0.3),
            "iterations": Integers(20, 300, log=True),
        }
    )
    LEARNED: ClassVar[tuple[str, ...]] = ("e_users", "e_items")

    def __init__(self, **hyperparameters: Any) -> None:
        self.config = checked(self.title, ImplicitBPRConfig, hyperparameters)

    def fit(self, interactions: Interactions) -> Self:
        """Train. Raises ModelError where the fit part is empty or `implicit` is missing."""
        history = history_of(interactions)
        self.e_users, self.e_items = self._train(history)
        self.num_users, self.num_items = history.shape
        return self

    def rank(self, users: NDArray[np.integer], k: int, exclude: NeighbourLists | None) -> NDArray[np.int32]:
        """The `k` best items of each user, int32 [n, k]; see `rank_by_factors`."""
        return rank_by_factors(self, users, k, exclude)

    def bytes_needed(self, num_users: int, num_items: int, num_pairs: int) -> int:
        """R twice with the user of each pair, and two copies of the factors; in bytes."""
        return 24 * num_pairs + 8 * (num_users + num_items) * (self.config.factors + 1)

    def _train(self, history: Sparse) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        with needs_extra(self.title, "compare"):
            from implicit.cpu.bpr import BayesianPersonalizedRanking
            from scipy.sparse import csr_matrix
            from threadpoolctl import threadpool_limits
        with threadpool_limits(1, "blas"):  # or it warns
            model = BayesianPersonalizedRanking(
                factors=self.config.factors,
                learning_rate=self.config.learning_rate,
                regularization=self.config.regularization,
                iterations=self.config.iterations,
                verify_negative_samples=True,
                num_threads=1,
                random_state=self.config.seed,
            )
            with finite_factors(self.title, "a smaller learning_rate"):
                model.fit(csr_matrix(history), show_progress=False)
        return np.asarray(model.user_factors), np.asarray(model.item_factors)
