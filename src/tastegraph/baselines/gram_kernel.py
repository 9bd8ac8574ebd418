"""The compiled part of item-item matrices: weighted counts of the users that two items share, row by row."""

from __future__ import annotations

from numba import njit, prange

__all__ = ["shared_users"]


@njit(parallel=True, cache=True)
def shared_users(user_start, user_index, item_start, item_index, weight, first, out):  # type: ignore[no-untyped-def]
    """Fill out[i - first, j] with the sum of weight_u over the users u who have both items i and j.

    Args:
        user_start: where each user's items start in `user_index`, int32 [users + 1].
        user_index: the items, user after user.
        item_start: where each item's users start in `item_index`, int32 [items + 1].
        item_index: the users, item after item.
        weight: float32 [users].
        first: the item of the first row of `out`.
        out: float32 [rows, items], rows contiguous.
    """
    for row in prange(len(out)):
        line = out[row]
        line[:] = 0
        for place in range(item_start[first + row], item_start[first + row + 1]):
            u = item_index[place]
            for entry in range(user_start[u], user_start[u + 1]):
                line[user_index[entry]] += weight[u]
