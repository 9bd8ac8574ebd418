"""What lists are ranked by, written as an inner product, which is all that judging and serving need."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tastegraph.lightgcn.config import ModelConfig

    Floats = NDArray[np.float32]

__all__ = ["ranking_embeddings"]


def ranking_embeddings(
    e_users: Floats, e_items: Floats, popularity: NDArray[np.int64], shape: ModelConfig
) -> tuple[Floats, Floats]:
    """Rows whose inner products are the scores that lists are ranked by.

    - "inner": e_u . e_i, the rows as they are.
    - "cosine": cos(e_u, e_i) + b ln(popularity of i, at least 1), with b `popularity_prior`: rows of length 1 and,
      where b > 0, one column more, 1 for users. After a training by cosines against negatives drawn by popularity
      the cosine tells how much better than its popularity an item suits a user; the prior gives the popularity back.

    Args:
        e_users: final embeddings, float32 [users, d].
        e_items: float32 [items, d].
        popularity: users of each item in the fit part, int64 [items].
        shape: says which.

    Returns:
        float32 [users, d or d + 1] and [items, d or d + 1].
    """
    if shape.ranking == "inner":
        return e_users, e_items
    users, items = _unit(e_users), _unit(e_items)
    if not shape.popularity_prior:
        return users, items
    prior = shape.popularity_prior * np.log(np.maximum(popularity, 1))
    return (
        np.concatenate([users, np.ones((len(users), 1), np.float32)], axis=1),
        np.concatenate([items, prior[:, None].astype(np.float32)], axis=1),
    )


def _unit(rows: Floats) -> Floats:
    """Rows of length 1; a row of zeros stays."""
    length = np.linalg.norm(rows, axis=1, keepdims=True)
    unit: Floats = np.divide(rows, length, out=np.zeros_like(rows), where=length > 0)
    return unit
