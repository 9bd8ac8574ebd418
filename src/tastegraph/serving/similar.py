"""Neighbours: the rows of a matrix that point most nearly where another one points."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tastegraph.graph.top_k import top_k

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["nearest_rows"]


def nearest_rows(
    rows: NDArray[np.float32], row: NDArray[np.float32], k: int, without: int | None
) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
    """The `k` rows with the highest cosine to `row`, highest first, equal ones by lower index.

    Args:
        rows: float32 [n, d].
        row: float32 [d].
        k: at least 1.
        without: index of a row to leave out.

    Returns:
        Their indices, int32, and cosines, float32, each [at most k]; a row of zeros has the cosine 0 to all.
    """
    lengths = np.linalg.norm(rows, axis=1) * np.linalg.norm(row)
    cosine = np.divide(rows @ row, lengths, out=np.zeros(len(rows), np.float32), where=lengths > 0)
    if without is not None:
        cosine[without] = -np.inf
    nearest = top_k(cosine[None], k)[0]
    nearest = nearest[nearest >= 0]
    return nearest, cosine[nearest]
