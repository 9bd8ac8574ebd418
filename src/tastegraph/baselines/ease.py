"""EASE: the linear item-item model with a closed form."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
from pydantic import BaseModel, Field

from tastegraph.baselines.history import Sparse, history_of
from tastegraph.baselines.hyperparameters import STRICT, checked
from tastegraph.baselines.item_items import gram_matrix
from tastegraph.baselines.lists import rank_by_score
from tastegraph.baselines.search_space import LogUniform, SearchRange
from tastegraph.errors import ModelError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from numpy.typing import NDArray

    from tastegraph.data.interactions import Interactions
    from tastegraph.graph.neighbours import NeighbourLists

__all__ = ["EASE", "EASEConfig"]

LARGEST = 1 << 14  # rows that LAPACK factorizes at once: OpenBLAS's spotrf ends the process somewhere above 33,000
MIRRORED = 512  # rows and columns of a triangle that are copied across at a time


class EASEConfig(BaseModel):
    """Hyperparameters of EASE.

    Attributes:
        l2: lambda, the penalty on the squares of B.
    """

    model_config = STRICT

    l2: float = Field(default=500.0, gt=0, le=1e7, allow_inf_nan=False)


class EASE:
    """Scores R B with B_ij = -P_ij / P_jj off the diagonal and 0 on it, P = (R^T R + l2 I)^-1.

    The item-item weights, none of an item to itself, that rebuild the histories best under an L2 penalty.
    Steck 2019, "Embarrassingly Shallow Autoencoders for Sparse Data" (arXiv 1905.03375), equation 8.

    In float32, inverted by Cholesky in the memory of R^T R, so fitting holds one item-item matrix, as the model does;
    above 16,384 items three eighths more.
    A user without a positive has only scores of 0: the first items by index.

    Attributes:
        history: R, sparse [users, items].
        weights: B, float32 [items, items].
    """

    name: ClassVar[str] = "ease"
    title: ClassVar[str] = "EASE"
    Config: ClassVar[type[BaseModel]] = EASEConfig
    SEARCH: ClassVar[Mapping[str, SearchRange]] = MappingProxyType({"l2": LogUniform(10.0, 10_000.0)})
    LEARNED: ClassVar[tuple[str, ...]] = ("history", "weights")

    def __init__(self, **hyperparameters: Any) -> None:
        self.config = checked(self.title, EASEConfig, hyperparameters)

    def fit(self, interactions: Interactions) -> Self:
        """Solve for B.

        Raises:
            ModelError: the fit part is empty, or l2 is too small for float32.
        """
        self.history: Sparse = history_of(interactions)
        self.num_users, self.num_items = self.history.shape
        self.weights = gram_matrix(self.history)
        self.weights.flat[:: self.num_items + 1] += np.float32(self.config.l2)
        _invert(self.weights)
        scale = -1 / np.diagonal(self.weights)
        self.weights *= scale
        np.fill_diagonal(self.weights, 0)
        return self

    def rank(self, users: NDArray[np.integer], k: int, exclude: NeighbourLists | None) -> NDArray[np.int32]:
        """The `k` best items of each user, int32 [n, k]; see `rank_by_score`."""
        return rank_by_score(self, lambda block: self.history[block] @ self.weights, users, k, exclude)

    def bytes_needed(self, num_users: int, num_items: int, num_pairs: int) -> int:
        """The item-item matrix, three eighths more where it is inverted by halves, and R both ways; in bytes."""
        cells = num_items * num_items
        return 4 * cells + (3 * cells // 2 if num_items > LARGEST else 0) + 8 * (2 * num_pairs + num_users + num_items)


def _invert(a: NDArray[np.float32]) -> None:
    """a^-1 in place of a, symmetric and positive definite, float32 [n, n]; above LARGEST rows by halves.

    With the Schur complement S = A22 - A21 A11^-1 A12, the corners of the inverse are A11^-1 + W S^-1 W^T, -W S^-1 and
    S^-1, W = A11^-1 A12: products, and inverses of half the size; at most three eighths of the matrix are held beside.
    """
    if (n := len(a)) <= LARGEST:
        _invert_by_cholesky(a)
        return
    first, last = slice(0, n // 2), slice(n // 2, n)
    _invert(a[first, first])
    w = a[first, first] @ a[first, last]
    for rows in _blocks(n // 2, n):
        a[rows, last] -= a[first, rows].T @ w
    _invert(a[last, last])
    np.matmul(w, a[last, last], out=a[first, last])
    np.negative(a[first, last], out=a[first, last])
    for rows in _blocks(0, n // 2):
        a[rows, first] -= a[rows, last] @ w.T
    a[last, first] = a[first, last].T


def _blocks(begin: int, end: int) -> Iterator[slice]:
    return (slice(at, min(at + MIRRORED, end)) for at in range(begin, end, MIRRORED))


def _invert_by_cholesky(a: NDArray[np.float32]) -> None:
    from scipy.linalg.lapack import spotrf, spotri

    # LAPACK reads columns where we have rows: of a symmetric matrix these are the same, its lower half our upper one.
    factor, fault = spotrf(a.T, lower=1, clean=0, overwrite_a=1)
    if not fault:
        inverse, fault = spotri(factor, lower=1, overwrite_c=1)
    if fault:
        raise ModelError("EASE: R^T R + l2 I is singular in float32; a larger l2 helps")
    if inverse.ctypes.data != a.ctypes.data:
        a[:] = inverse.T
    for rows in _blocks(0, len(a)):
        corner = a[rows, rows]
        corner[:] = np.triu(corner) + np.triu(corner, 1).T
        for right in _blocks(rows.stop, len(a)):
            a[right, rows] = a[rows, right].T
