"""Exact top-K lists from blocks of scores, with the known items masked."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tastegraph.errors import ModelError

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from tastegraph.graph.neighbours import NeighbourLists

__all__ = [
    "NO_ITEM",
    "check_places",
    "compiled_lists",
    "rank_blocks",
    "rank_by_inner_product",
    "top_k",
    "users_a_block",
]

NO_ITEM = -1
BLOCK_ENTRIES = 1 << 22  # users x items scored at a time: 16 MB of float32
COMPILED_FROM = 1 << 20  # scores from which on the compiled kernel pays for its import; one person's list stays below
NAN = "a score is NaN; the model did not train to finite embeddings"


def rank_blocks(
    score_block: Callable[[NDArray[np.integer]], NDArray[np.float32]],
    num_items: int,
    users: NDArray[np.integer],
    k: int,
    exclude: NeighbourLists | None,
    multiple: int = 1,
) -> NDArray[np.int32]:
    """The `k` best items of each user, best first, without ever holding a users x items array.

    Args:
        score_block: scores of all items for some users: user indices [b] -> a fresh float32 [b, items].
        num_items: number of items.
        users: user indices [n].
        k: length of a list, at least 1.
        exclude: items that a user's list must not hold, by user index; None masks nothing.
        multiple: users are scored so many, or twice, three times, ... so many at a time.

    Returns:
        int32 [n, k]; equal scores go to the lower item index; -1 where a user has no further item.

    Raises:
        ModelError: k is below 1, or a score is NaN.
    """
    check_places(k)
    step = users_a_block(num_items, multiple)
    lists = np.full((len(users), k), NO_ITEM, np.int32)
    places = min(k, num_items)
    select = _select_compiled if len(users) * num_items > COMPILED_FROM else _select
    for begin in range(0, len(users), step):
        block = users[begin : begin + step]
        lists[begin : begin + step, :places] = select(score_block(block), block, exclude, places)
    return lists


def check_places(k: int) -> None:
    """Refuse a list without a place.

    Raises:
        ModelError: k is below 1.
    """
    if k < 1:
        raise ModelError(f"a list needs at least one place, k = {k}")


def users_a_block(num_items: int, multiple: int = 1) -> int:
    """How many users are scored at a time, a multiple of `multiple`."""
    return max(1, BLOCK_ENTRIES // max(num_items, 1) // multiple) * multiple


def _select(
    scores: NDArray[np.float32], users: NDArray[np.integer], exclude: NeighbourLists | None, k: int
) -> NDArray[np.int32]:
    if exclude is not None:
        position, item = exclude.pairs_of(users)
        scores[position, item] = -np.inf
    return top_k(scores, k)


def _select_compiled(
    scores: NDArray[np.float32], users: NDArray[np.integer], exclude: NeighbourLists | None, k: int
) -> NDArray[np.int32]:
    rows = np.ascontiguousarray(users, np.int64)
    if exclude is None:
        rows, start, index = np.zeros(len(rows), np.int64), np.zeros(2, np.int64), np.zeros(0, np.uint32)
    else:
        start, index = exclude.start, exclude.index
    return compiled_lists(scores, rows, start, index, k)


def compiled_lists(
    scores: NDArray[np.float32],
    users: NDArray[np.int64],
    start: NDArray[np.int64],
    index: NDArray[np.uint32],
    k: int,
) -> NDArray[np.int32]:
    """The `k` best columns of each row, int32 [rows, k], by the compiled kernel; `scores` is overwritten where masked.

    Raises:
        ModelError: a score is NaN.
    """
    from tastegraph.graph.top_k_kernel import masked_top_k

    lists, broken = np.empty((len(users), k), np.int32), np.zeros(len(users), np.bool_)
    masked_top_k(scores, users, start, index, lists, np.empty((len(users), k), np.float32), broken)
    if broken.any():
        raise ModelError(NAN)
    return lists


def rank_by_inner_product(
    e_users: NDArray[np.float32],
    e_items: NDArray[np.float32],
    users: NDArray[np.integer],
    k: int,
    exclude: NeighbourLists | None,
) -> NDArray[np.int32]:
    """`rank_blocks` for y_ui = e_u . e_i, with e_users [users, d] and e_items [items, d]."""
    return rank_blocks(lambda block: e_users[block] @ e_items.T, len(e_items), users, k, exclude)


def top_k(scores: NDArray[np.float32], k: int) -> NDArray[np.int32]:
    """Column indices of the `k` largest entries of each row, largest first; equal entries by lower index.

    An entry of -inf is never listed: its place, and any beyond the row's width, is -1.

    Args:
        scores: float32 [rows, columns].
        k: at least 1.

    Returns:
        int32 [rows, k].

    Raises:
        ModelError: an entry is NaN.
    """
    if np.isnan(scores).any():
        raise ModelError(NAN)
    rows, width = scores.shape
    kept = min(k, width)
    # One integer key orders by score, then by lower index: float bits, made monotone, above the reversed index.
    bits = (scores.astype(np.float32, copy=False) + np.float32(0.0)).view(np.int32)
    ordered = (bits ^ ((bits >> 31) & np.int32(0x7FFFFFFF))).astype(np.int64)
    key = (ordered << 32) | np.arange(width - 1, -1, -1)
    best = key if kept == width else np.partition(key, width - kept, axis=1)[:, width - kept :]
    best = -np.sort(-best, axis=1)
    column = (width - 1 - (best & 0xFFFFFFFF)).astype(np.int32)
    column[np.isneginf(np.take_along_axis(scores, column, axis=1))] = NO_ITEM
    lists = np.full((rows, k), NO_ITEM, np.int32)
    lists[:, :kept] = column
    return lists
