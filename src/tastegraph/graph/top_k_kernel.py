"""The compiled part of top-K: mask, then keep the K best of each row in one pass, rows in parallel."""

from __future__ import annotations

from numba import njit, prange

__all__ = ["masked_top_k"]

INFINITY = float("inf")
STRETCH = 64  # entries whose largest is compared first: most stretches hold nothing to keep


@njit(cache=True)
def _worse(score_a, item_a, score_b, item_b):  # type: ignore[no-untyped-def]
    """Whether place a ranks below place b: a lower score or, at the same score, a higher index."""
    return score_a < score_b or (score_a == score_b and item_a > item_b)


@njit(cache=True)
def _sink(scores, items, size, at):  # type: ignore[no-untyped-def]
    """Restore a heap whose root is the worst place, after the entry `at` got better."""
    while True:
        child = 2 * at + 1
        if child >= size:
            return
        if child + 1 < size and _worse(scores[child + 1], items[child + 1], scores[child], items[child]):
            child += 1
        if not _worse(scores[child], items[child], scores[at], items[at]):
            return
        scores[at], scores[child] = scores[child], scores[at]
        items[at], items[child] = items[child], items[at]
        at = child


@njit(parallel=True, cache=True)
def masked_top_k(scores, users, start, index, lists, best, broken):  # type: ignore[no-untyped-def]
    """Fill `lists` int32 [rows, k] with the columns of the k largest entries of each row of `scores`, largest first.

    Equal entries go to the lower column; entries in the user's list (start, index; by users[row]) are masked, and so is
    -inf: their places are -1. `scores` float32 [rows, columns] is overwritten where masked; `best` float32 [rows, k] is
    scratch; `broken` bool [rows] is set where a row holds a NaN.
    """
    rows, width = scores.shape
    k = lists.shape[1]
    for r in prange(rows):
        row, held, items = scores[r], best[r], lists[r]
        for entry in range(start[users[r]], start[users[r] + 1]):
            row[index[entry]] = -INFINITY
        size = 0
        for begin in range(0, width, STRETCH):
            end = min(begin + STRETCH, width)
            largest, fault = row[begin], False
            for c in range(begin, end):
                largest = max(largest, row[c])
                fault |= row[c] != row[c]
            if fault:
                broken[r] = True
            if size == k and largest <= held[0]:
                continue
            for c in range(begin, end):
                score = row[c]
                if score == -INFINITY:
                    continue
                if size < k:
                    held[size], items[size] = score, c
                    size += 1
                    if size == k:
                        for at in range(k // 2 - 1, -1, -1):
                            _sink(held, items, k, at)
                elif score > held[0]:
                    held[0], items[0] = score, c
                    _sink(held, items, k, 0)
        if size < k:
            for at in range(size // 2 - 1, -1, -1):
                _sink(held, items, size, at)
        for last in range(size - 1, 0, -1):  # the worst goes to the end, again and again
            held[0], held[last] = held[last], held[0]
            items[0], items[last] = items[last], items[0]
            _sink(held, items, last, 0)
        for place in range(size, k):
            items[place] = -1
