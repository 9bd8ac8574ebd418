"""The compiled part of SLIM: coordinate descent on the Gram matrix, an item at a time, items in parallel."""

from __future__ import annotations

import numpy as np
from numba import njit, prange

__all__ = ["descend"]


@njit(parallel=True, cache=True)
def descend(gram, items, l1, l2, sweeps, tolerance, out, used):  # type: ignore[no-untyped-def]
    """Fill out[n] with the w >= 0, w_j = 0 for j = items[n], of least |r_j - R w|^2 / 2 + l1 |w|_1 + l2 |w|^2 / 2.

    The slope r_j^T R - w^T R^T R of every item is kept, and changed only where a weight does; after a sweep over all
    items only those with a weight are swept until they settle, then all again.

    Args:
        gram: R^T R, float32 [items, items].
        items: whose weights are sought, int64 [n].
        l1: penalty on the sum.
        l2: penalty on the squares.
        sweeps: at most, over all items.
        tolerance: a sweep settles when no weight changes by more than this part of the largest.
        out: float32 [n, items].
        used: sweeps over all items that each took, int64 [n]; sweeps + 1 where it did not settle.
    """
    for n in prange(len(items)):
        j, w = items[n], out[n]
        w[:] = 0
        slope = gram[j].copy()
        used[n] = sweeps + 1
        for sweep in range(sweeps):
            if _sweep(gram, slope, w, j, l1, l2, active=False) <= tolerance:
                used[n] = sweep + 1
                break
            for _ in range(sweeps):
                if _sweep(gram, slope, w, j, l1, l2, active=True) <= tolerance:
                    break


@njit(cache=True)
def _sweep(gram, slope, w, j, l1, l2, active):  # type: ignore[no-untyped-def]
    """Best each weight in turn, of `active` ones only those above 0; the largest change by the largest weight."""
    change, largest = np.float32(0), np.float32(0)
    for i in range(len(w)):
        before = w[i]
        if i == j or (active and before == 0):
            continue
        now = max(slope[i] + gram[i, i] * before - l1, np.float32(0)) / (gram[i, i] + l2)
        if now != before:
            step = now - before
            w[i] = now
            for c in range(len(slope)):
                slope[c] -= step * gram[i, c]
            change = max(change, abs(step))
        largest = max(largest, now)
    return change / largest if largest > 0 else np.float32(0)
