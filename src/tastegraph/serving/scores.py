"""One person's scores of all items, soon and evenly."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["scores_of"]

THREADS_FROM = 1 << 23  # entries of the matrix from which on several threads pay


def scores_of(rows: NDArray[np.float32], vector: NDArray[np.float32]) -> NDArray[np.float32]:
    """The inner product of each row with a vector, float32 [n].

    A small product is done on one thread. The linear algebra library would divide it among all cores, and on a machine
    with other work wait until the last of its threads gets one: rarely, but for many times what the product takes.

    Args:
        rows: float32 [n, d].
        vector: float32 [d].
    """
    scores: NDArray[np.float32] = (
        rows @ vector if rows.size >= THREADS_FROM else np.einsum("nd,d->n", rows, vector, optimize=False)
    )
    return scores
