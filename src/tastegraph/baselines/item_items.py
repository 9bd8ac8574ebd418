"""Item-item matrices from what items' users have in common: the whole Gram matrix, or each item's strongest."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import csr_array

from tastegraph.graph.top_k import NO_ITEM, compiled_lists

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

    from tastegraph.baselines.history import Sparse

    Entries = tuple[NDArray[np.float32], NDArray[np.int32], NDArray[np.int32]]

__all__ = ["BLOCK_BYTES", "gram_matrix", "neighbour_weights", "neighbour_weights_bytes"]

BLOCK_BYTES = 1 << 25  # of an item-item matrix at a time: 32 MB


def gram_matrix(history: Sparse) -> NDArray[np.float32]:
    """R^T R, float32 [items, items]: how many users each two items share."""
    num_users, num_items = history.shape
    out = np.empty((num_items, num_items), np.float32)
    _fill(history, np.ones(num_users, np.float32), 0, out, history.T.tocsr())
    return out


def neighbour_weights(
    history: Sparse,
    user_weight: NDArray[np.float32],
    weigh: Callable[[NDArray[np.float32], int], NDArray[np.float32]],
    neighbours: int,
) -> Sparse:
    """W, sparse [items, items]: column j holds the weights of the `neighbours` items strongest for j, itself left out.

    Args:
        history: R, sparse [users, items].
        user_weight: what a shared user counts, float32 [users].
        weigh: turns rows of weighted counts [rows, items], the first of them item `first`'s, into weights.
        neighbours: how many are kept; only weights above 0 are.
    """
    num_items = history.shape[1]
    found = []
    for first, shared in _blocks(history, user_weight):
        found.append(_strongest(weigh(shared, first), first, min(neighbours, num_items)))
    weight, row, column = (np.concatenate(part) for part in zip(*found, strict=True))
    return csr_array((weight, (row, column)), shape=(num_items, num_items))


def neighbour_weights_bytes(num_users: int, num_items: int, num_pairs: int, neighbours: int) -> int:
    """About the peak of `neighbour_weights`: R both ways, a few blocks, the entries as lists and as rows."""
    entries = num_items * min(neighbours, num_items)
    block = min(3 * BLOCK_BYTES, 12 * num_items * num_items)
    return 8 * (2 * num_pairs + num_users + num_items) + block + 40 * entries


def _strongest(weights: NDArray[np.float32], first: int, kept: int) -> Entries:
    """The `kept` largest weights above 0 of each row, their columns and rows; `weights` is overwritten."""
    own = np.arange(len(weights))
    weights[weights <= 0] = -np.inf
    weights[own, first + own] = -np.inf
    nobody = (np.zeros(len(own), np.int64), np.zeros(2, np.int64), np.zeros(0, np.uint32))
    lists = compiled_lists(weights, *nobody, kept)
    row, place = np.nonzero(lists != NO_ITEM)
    item = lists[row, place]
    # A row of weights is a column of W: where the strongest of an item stand.
    return weights[row, item], item, (first + row).astype(np.int32)


def _blocks(history: Sparse, user_weight: NDArray[np.float32]) -> Iterator[tuple[int, NDArray[np.float32]]]:
    """First item and rows of each block of R^T diag(user_weight) R."""
    num_items = history.shape[1]
    step = max(1, BLOCK_BYTES // (4 * num_items))
    transposed = history.T.tocsr()
    for first in range(0, num_items, step):
        out = np.empty((min(step, num_items - first), num_items), np.float32)
        _fill(history, user_weight, first, out, transposed)
        yield first, out


def _fill(
    history: Sparse, user_weight: NDArray[np.float32], first: int, out: NDArray[np.float32], transposed: Sparse
) -> None:
    from tastegraph.baselines.gram_kernel import shared_users
    from tastegraph.graph.compiled import use_torchs_threads

    use_torchs_threads()
    shared_users(history.indptr, history.indices, transposed.indptr, transposed.indices, user_weight, first, out)
