"""ALS: matrix factorization for implicit feedback by alternating least squares, by the library `implicit`."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar, Self

from pydantic import BaseModel, Field

from tastegraph.baselines.history import history_of
from tastegraph.baselines.hyperparameters import STRICT, checked
from tastegraph.baselines.implicit_faults import finite_factors
from tastegraph.baselines.lists import rank_by_factors
from tastegraph.baselines.search_space import Integers, LogUniform, SearchRange
from tastegraph.errors import needs_extra

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    from numpy.typing import NDArray

    from tastegraph.baselines.history import Sparse
    from tastegraph.data.interactions import Interactions
    from tastegraph.graph.neighbours import NeighbourLists

__all__ = ["ImplicitALS", "ImplicitALSConfig"]


class ImplicitALSConfig(BaseModel):
    """Hyperparameters of ImplicitALS.

    Attributes:
        factors: d.
        regularization: the penalty on the squares of X and Y.
        confidence: c_ui of a positive; `implicit` calls it alpha.
        iterations: times that X and Y are solved for.
        seed: of the random start.
    """

    model_config = STRICT

    factors: int = Field(default=64, ge=1, le=4096)
    regularization: float = Field(default=30.0, ge=0, le=1e6, allow_inf_nan=False)
    confidence: float = Field(default=3.0, gt=0, le=1e6, allow_inf_nan=False)
    iterations: int = Field(default=15, ge=1, le=10_000)
    seed: int = Field(default=0, ge=0, lt=2**32)


class ImplicitALS:
    """Scores x_u . y_i that minimise sum c_ui (p_ui - x_u . y_i)^2 + regularization (|X|^2 + |Y|^2) over all pairs.

    p_ui is 1 for a positive, else 0; the confidence c_ui is `confidence` for a positive, else 1. Hu, Koren and Volinsky
    2008, "Collaborative Filtering for Implicit Feedback Datasets", equation 3; solved by `implicit`'s conjugate
    gradients (Takács, Pilászy and Tikk 2011). Each row is solved alone, so threads change no bit of the result.

    A user without a positive has only scores of 0: the first items by index.

    Attributes:
        e_users: X, float32 [users, factors].
        e_items: Y, float32 [items, factors].
    """

    name: ClassVar[str] = "als"
    title: ClassVar[str] = "ALS"
    Config: ClassVar[type[BaseModel]] = ImplicitALSConfig
    SEARCH: ClassVar[Mapping[str, SearchRange]] = MappingProxyType(
        {
            "factors": Integers(16, 256, log=True),
            "regularization": LogUniform(1e-3, 300.0),
            "confidence": LogUniform(1.0, 100.0),
            "iterations": Integers(5, 40, log=True),
        }
    )
    LEARNED: ClassVar[tuple[str, ...]] = ("e_users", "e_items")

    def __init__(self, **hyperparameters: Any) -> None:
        self.config = checked(self.title, ImplicitALSConfig, hyperparameters)

    def fit(self, interactions: Interactions) -> Self:
        """Factorize. Raises ModelError where the fit part is empty or `implicit` is missing."""
        history = history_of(interactions)
        self.e_users, self.e_items = self._factorize(history)
        self.num_users, self.num_items = history.shape
        return self

    def rank(self, users: NDArray[np.integer], k: int, exclude: NeighbourLists | None) -> NDArray[np.int32]:
        """The `k` best items of each user, int32 [n, k]; see `rank_by_factors`."""
        return rank_by_factors(self, users, k, exclude)

    def bytes_needed(self, num_users: int, num_items: int, num_pairs: int) -> int:
        """R three times (as given, weighed, transposed) and two copies of the factors; in bytes."""
        return 24 * num_pairs + 8 * (num_users + num_items) * self.config.factors

    def _factorize(self, history: Sparse) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        with needs_extra(self.title, "compare"):
            from implicit.cpu.als import AlternatingLeastSquares
            from scipy.sparse import csr_matrix
            from threadpoolctl import threadpool_limits
        with threadpool_limits(1, "blas"):  # its own threads call BLAS for small rows
            model = AlternatingLeastSquares(
                factors=self.config.factors,
                regularization=self.config.regularization,
                alpha=self.config.confidence,
                iterations=self.config.iterations,
                random_state=self.config.seed,
            )
            with finite_factors(self.title, "a larger regularization"):
                model.fit(csr_matrix(history), show_progress=False)
        return model.user_factors, model.item_factors
