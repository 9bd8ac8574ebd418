"""ChebyCF: a flat-topped filter of the item graph as a Chebyshev polynomial."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
from pydantic import BaseModel, Field

from tastegraph.baselines.history import Sparse, history_of
from tastegraph.baselines.hyperparameters import STRICT, checked
from tastegraph.baselines.lists import known_users, rank_by_score
from tastegraph.baselines.low_pass import degrees_to, low_pass, low_pass_bytes
from tastegraph.baselines.search_space import Choice, Integers, LogUniform, SearchRange, Uniform

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from tastegraph.data.interactions import Interactions
    from tastegraph.graph.neighbours import NeighbourLists

__all__ = ["ChebyCF", "ChebyCFConfig", "plateau_coefficients"]


class ChebyCFConfig(BaseModel):
    """Hyperparameters of ChebyCF.

    Attributes:
        order: degree of the polynomial in L~: 2 x order half layers to rank a user.
        flatness: exponent of the plateau.
        vectors: singular vectors of the ideal low-pass; 0 leaves it out.
        weight: of the ideal low-pass.
        degree_power: beta, of the item degrees that a history is divided by before and multiplied by after.
        seed: of the random start for the vectors, which does not show beyond round-off.
    """

    model_config = STRICT

    order: int = Field(default=8, ge=1, le=64)
    flatness: float = Field(default=1.5, gt=0, le=1000, allow_inf_nan=False)
    vectors: int = Field(default=512, ge=0, le=100_000)
    weight: float = Field(default=0.2, ge=0, le=1000, allow_inf_nan=False)
    degree_power: float = Field(default=0.4, ge=0, le=2, allow_inf_nan=False)
    seed: int = Field(default=0, ge=0)


class ChebyCF:
    """Scores R D_i^-beta (h(L~) + weight V V^T) D_i^beta, with h the Chebyshev interpolant of a plateau.

    L~ = I - 2 R~^T R~ is the Laplacian of the item graph, brought to [-1, 1]; R~ = D_u^-1/2 R D_i^-1/2, and V are its
    leading right singular vectors. The plateau is 1/2 - sign(x) |x|^flatness / 2: 1 at the lowest frequency, -1, and 0
    at the highest, the flatter between the larger `flatness`. Kim et al. 2025, "Graph Spectral Filtering with Chebyshev
    Interpolation for Recommendation" (arXiv 2505.00552). Their K, phi, eta, alpha and beta are our order, flatness,
    vectors, weight and degree_power. With a weight of 0 nothing is factorized, and fitting takes no time.

    A user without a positive has only scores of 0: the first items by index.

    Attributes:
        history: R, sparse [users, items].
        e_users: weight R D_i^-beta V, float32 [users, vectors].
        e_items: D_i^beta V, float32 [items, vectors].
    """

    name: ClassVar[str] = "chebycf"
    title: ClassVar[str] = "ChebyCF"
    Config: ClassVar[type[BaseModel]] = ChebyCFConfig
    SEARCH: ClassVar[Mapping[str, SearchRange]] = MappingProxyType(
        {
            "order": Integers(4, 12),
            "flatness": LogUniform(1.0, 30.0),
            "vectors": Choice((32, 64, 128, 256, 512)),
            "weight": Uniform(0.0, 0.6),
            "degree_power": Uniform(0.0, 0.8),
        }
    )
    LEARNED: ClassVar[tuple[str, ...]] = ("history", "e_users", "e_items")

    def __init__(self, **hyperparameters: Any) -> None:
        self.config = checked(self.title, ChebyCFConfig, hyperparameters)

    def fit(self, interactions: Interactions) -> Self:
        """Find the singular vectors, where they have a weight. Raises ModelError where the fit part is empty."""
        self.history: Sparse = history_of(interactions)
        self.num_users, self.num_items = self.history.shape
        config = self.config
        self.e_users, self.e_items = low_pass(
            self.history, config.vectors, config.weight, config.degree_power, seed=config.seed
        )
        return self

    def rank(self, users: NDArray[np.integer], k: int, exclude: NeighbourLists | None) -> NDArray[np.int32]:
        """The `k` best items of each user, int32 [n, k]; see `rank_by_score`."""
        from tastegraph.baselines.item_filters import COLUMNS, ItemGraph

        known_users(self, users)
        items = ItemGraph(self.history)
        before, after = (degrees_to(self.history, sign * self.config.degree_power) for sign in (-1, 1))
        # T_k(L~) = T_k(1 - 2 P^2) = (-1)^k T_2k(P)
        coefficients = plateau_coefficients(self.config.order, self.config.flatness)
        coefficients[1::2] *= -1

        def score(block: NDArray[np.integer]) -> NDArray[np.float32]:
            signals = self.history[block]
            signals.data *= before[signals.indices]
            scores = items.chebyshev(signals, coefficients)
            scores *= after
            scores += self.e_users[block] @ self.e_items.T
            return scores

        return rank_by_score(self, score, users, k, exclude, COLUMNS)

    def bytes_needed(self, num_users: int, num_items: int, num_pairs: int) -> int:
        """R and, where the low-pass has a weight, the graph, a Krylov space and both sides' vectors; in bytes."""
        vectors = self.config.vectors if self.config.weight else 0
        return low_pass_bytes(num_users, num_items, num_pairs, vectors)


def plateau_coefficients(order: int, flatness: float) -> NDArray[np.float64]:
    """c_0..c_K of the plateau's interpolant h(x) = sum of c_k T_k(x), float64 [K + 1], K being `order`.

    The interpolant's values at the Chebyshev nodes cos(pi (n + 1/2) / (K + 1)) are the plateau's at the extreme points
    cos(pi n / K), as in the authors' code: it is 1 and 0 at its outermost nodes, so a little steeper.
    """
    n = np.arange(order + 1)
    extreme = np.round(np.cos(np.pi * n / order), 12)  # the middle is 0, whatever its power
    values = 0.5 - 0.5 * np.sign(extreme) * np.abs(extreme) ** flatness
    terms = np.cos(np.pi * np.outer(n, n + 0.5) / (order + 1))
    coefficients: NDArray[np.float64] = 2 / (order + 1) * (terms @ values)
    coefficients[0] /= 2
    return coefficients
