"""The ideal low-pass of the spectral models: a history through the leading singular vectors of the normalised graph."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tastegraph.baselines.history import Sparse

__all__ = ["degrees_to", "low_pass", "low_pass_bytes"]


def low_pass(
    history: Sparse, vectors: int, weight: float, power: float, *, seed: int
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """The filter's two sides: weight R D_i^-power V, float32 [users, n], and D_i^power V, float32 [items, n].

    Args:
        history: R, sparse [users, items].
        vectors: leading right singular vectors V of R~, as many as there are at most; none where the weight is 0.
        weight: of the filter.
        power: of the item degrees, to scale a history by before and undo after.
        seed: of the random start.
    """
    rank = min(vectors, *history.shape) if weight else 0
    if not rank:
        return np.zeros((history.shape[0], 0), np.float32), np.zeros((history.shape[1], 0), np.float32)
    from tastegraph.baselines.item_filters import ItemGraph
    from tastegraph.graph.spectral import singular_triplets

    v = singular_triplets(ItemGraph(history).graph, rank, seed=seed)[2]
    e_users = history @ (degrees_to(history, -power)[:, None] * v)
    e_users *= np.float32(weight)
    return e_users, degrees_to(history, power)[:, None] * v


def degrees_to(history: Sparse, power: float) -> NDArray[np.float32]:
    """D_i^power, float32 [items]; 0 for an item of no user."""
    degree = np.bincount(history.indices, minlength=history.shape[1])
    return np.where(degree > 0, np.maximum(degree, 1) ** np.float64(power), 0.0).astype(np.float32)


def low_pass_bytes(num_users: int, num_items: int, num_pairs: int, vectors: int) -> int:
    """About the peak of `low_pass`: R and the graph, the Krylov space of the smaller side, both sides' vectors."""
    smaller = min(num_users, num_items)
    rank = min(vectors, smaller)
    space = min(4 * rank, smaller) * (2 * smaller + 16 * rank)
    return 60 * num_pairs + 4 * (space + 4 * (num_users + num_items) * rank)
