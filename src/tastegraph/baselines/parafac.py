"""PARAFAC: TensorLy's decomposition of the users x items matrix."""

from __future__ import annotations

import warnings
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
from pydantic import BaseModel, Field

from tastegraph.baselines.history import history_of, shape_of
from tastegraph.baselines.hyperparameters import STRICT, checked
from tastegraph.baselines.lists import rank_by_factors
from tastegraph.baselines.search_space import Integers, SearchRange
from tastegraph.errors import ModelError, needs_extra

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from tastegraph.baselines.history import Sparse
    from tastegraph.data.interactions import Interactions
    from tastegraph.graph.neighbours import NeighbourLists

__all__ = ["PARAFAC", "PARAFACConfig"]


class PARAFACConfig(BaseModel):
    """Hyperparameters of PARAFAC.

    Attributes:
        factors: number of terms.
        iterations: at most.
        tolerance: stop once an iteration lowers the relative error by less.
        seed: of the random start.
        dense_limit: bytes that R may take as a dense float32 array; TensorLy holds it twice.
    """

    model_config = STRICT

    factors: int = Field(default=64, ge=1, le=4096)
    iterations: int = Field(default=50, ge=1, le=100_000)
    tolerance: float = Field(default=1e-6, ge=0, le=1, allow_inf_nan=False)
    seed: int = Field(default=0, ge=0, lt=2**32)
    dense_limit: int = Field(default=1 << 30, ge=1)


class PARAFAC:
    """Scores sum over r of a_ur b_ir, the rank-`factors` terms that alternating least squares fits to the matrix R.

    R holds 1 for a positive and 0 for all else. Harshman 1970; Kolda and Bader 2009, section 3.4, by TensorLy in
    float32. Of two modes the terms come to span what PureSVD's do, after enough iterations. TensorLy takes dense
    arrays: a data set whose R would take more than `dense_limit` is refused.

    A user without a positive has only scores of about 0.

    Attributes:
        e_users: a, float32 [users, factors].
        e_items: b, float32 [items, factors].
    """

    name: ClassVar[str] = "parafac"
    title: ClassVar[str] = "PARAFAC"
    Config: ClassVar[type[BaseModel]] = PARAFACConfig
    SEARCH: ClassVar[Mapping[str, SearchRange]] = MappingProxyType(
        {"factors": Integers(4, 256, log=True), "iterations": Integers(5, 200, log=True)}
    )
    LEARNED: ClassVar[tuple[str, ...]] = ("e_users", "e_items")

    def __init__(self, **hyperparameters: Any) -> None:
        self.config = checked(self.title, PARAFACConfig, hyperparameters)

    def fit(self, interactions: Interactions) -> Self:
        """Fit the terms.

        Raises:
            ModelError: the fit part is empty, R is too large, TensorLy is missing, or its iterations break down.
        """
        self._refuse_too_large(*shape_of(interactions))
        history = history_of(interactions)
        self.e_users, self.e_items = self._decompose(history)
        self.num_users, self.num_items = history.shape
        return self

    def rank(self, users: NDArray[np.integer], k: int, exclude: NeighbourLists | None) -> NDArray[np.int32]:
        """The `k` best items of each user, int32 [n, k]; see `rank_by_factors`."""
        return rank_by_factors(self, users, k, exclude)

    def bytes_needed(self, num_users: int, num_items: int, num_pairs: int) -> int:
        """R dense and a copy of it, R sparse, and a few copies of the factors; in bytes."""
        return 4 * (2 * num_users * num_items + 2 * num_pairs + 4 * (num_users + num_items) * self.config.factors)

    def _refuse_too_large(self, num_users: int, num_items: int) -> None:
        dense = 4 * num_users * num_items
        if dense > self.config.dense_limit:
            raise ModelError(
                f"PARAFAC needs a dense matrix of {num_users:,} users x {num_items:,} items, {dense / 1e9:.1f} GB in "
                f"float32; dense_limit allows {self.config.dense_limit / 1e9:.1f} GB"
            )

    def _decompose(self, history: Sparse) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        with needs_extra(self.title, "compare"):
            from tensorly.decomposition import parafac
        try:
            with np.errstate(invalid="ignore"), warnings.catch_warnings():
                warnings.simplefilter("ignore", RuntimeWarning)  # of a residual that is 0 but for rounding
                weights, (users, items) = parafac(
                    history.toarray(),
                    rank=self.config.factors,
                    n_iter_max=self.config.iterations,
                    tol=self.config.tolerance,
                    init="random",
                    random_state=self.config.seed,
                )
        except np.linalg.LinAlgError as error:
            raise ModelError(f"PARAFAC broke down ({error}); fewer factors than the matrix's rank help") from error
        return np.ascontiguousarray(users * weights, np.float32), np.ascontiguousarray(items, np.float32)
