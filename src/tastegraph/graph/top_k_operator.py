"""Masked top-K as an operator that torch knows, for lists ranked where the embeddings are, on any device.

The compiled kernel is the one that `top_k` runs where no torch is at hand; elsewhere than on a CPU plain PyTorch runs,
which the tests hold the kernel against.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from tastegraph.errors import ModelError
from tastegraph.graph.compiled import use_torchs_threads
from tastegraph.graph.top_k import NAN, NO_ITEM, compiled_lists, users_a_block

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tastegraph.graph.neighbours import NeighbourLists

__all__ = ["masked_top_k_reference", "rank_embeddings", "warm_up"]


def rank_embeddings(
    e_users: torch.Tensor, e_items: torch.Tensor, users: NDArray[np.integer], k: int, exclude: NeighbourLists | None
) -> NDArray[np.int32]:
    """The `k` items of the highest y_ui = e_u . e_i of each user, best first, a block of users at a time.

    Args:
        e_users: float [users, d].
        e_items: float [items, d], on the same device.
        users: user indices [n].
        k: length of a list, at least 1.
        exclude: items that a user's list must not hold, by user index; None masks nothing.

    Returns:
        int32 [n, k]; equal scores go to the lower item index; -1 where a user has no further item.

    Raises:
        ModelError: k is below 1, or a score is NaN.
    """
    if k < 1:
        raise ModelError(f"a list needs at least one place, k = {k}")
    device, num_items = e_items.device, len(e_items)
    wanted = torch.from_numpy(np.ascontiguousarray(users, np.int64)).to(device)
    if exclude is None:
        start, index = np.zeros(len(e_users) + 1, np.int64), np.zeros(0, np.uint32)
    else:
        start, index = exclude.start, exclude.index
    lists = (torch.from_numpy(start).to(device), torch.from_numpy(index).to(device))
    ranked = torch.full((len(wanted), k), NO_ITEM, dtype=torch.int32, device=device)
    step, places = users_a_block(num_items), min(k, num_items)
    for begin in range(0, len(wanted), step):
        block = wanted[begin : begin + step]
        scores = e_users[block] @ e_items.T
        ranked[begin : begin + step, :places] = torch.ops.tastegraph.masked_top_k(scores, block, *lists, places)
    found: NDArray[np.int32] = ranked.cpu().numpy()
    return found


def warm_up() -> float:
    """Compile the kernel, or load it from disk; returns the seconds that took."""
    began = time.perf_counter()
    rank_embeddings(torch.ones(1, 1), torch.ones(1, 1), np.zeros(1, np.int64), 1, None)
    return time.perf_counter() - began


def masked_top_k_reference(
    scores: torch.Tensor, users: torch.Tensor, start: torch.Tensor, index: torch.Tensor, k: int
) -> torch.Tensor:
    """`torch.ops.tastegraph.masked_top_k` in plain PyTorch: the head of a stable sort.

    Args:
        scores: float [rows, items]; overwritten with -inf where masked.
        users: whose row each is, int64 [rows].
        start: with `index`, the items to mask by user as neighbour lists, int64 [users + 1].
        index: uint32 [entries].
        k: length of a list, at most the number of items.

    Returns:
        Item indices, best first, int32 [rows, k]; equal scores by lower index, -1 for a masked item or -inf.

    Raises:
        ModelError: a score is NaN.
    """
    first, counts = start[users], start[users + 1] - start[users]
    row = torch.repeat_interleave(counts)
    offset = torch.arange(len(row), device=row.device) - (torch.cumsum(counts, 0) - counts)[row]
    scores[row, index.to(torch.int64)[first[row] + offset]] = -torch.inf
    if bool(scores.isnan().any()):
        raise ModelError(NAN)
    best, item = torch.sort(scores, dim=1, descending=True, stable=True)
    return torch.where(best[:, :k] == -torch.inf, NO_ITEM, item[:, :k]).to(torch.int32)


@torch.library.custom_op("tastegraph::masked_top_k", mutates_args={"scores"})
def _masked_top_k(
    scores: torch.Tensor, users: torch.Tensor, start: torch.Tensor, index: torch.Tensor, k: int
) -> torch.Tensor:
    if scores.device.type != "cpu" or scores.dtype != torch.float32 or not scores.is_contiguous():
        return masked_top_k_reference(scores, users, start, index, k)
    use_torchs_threads()
    return torch.from_numpy(compiled_lists(scores.numpy(), users.numpy(), start.numpy(), index.numpy(), k))


@_masked_top_k.register_fake
def _(scores: torch.Tensor, users: torch.Tensor, start: torch.Tensor, index: torch.Tensor, k: int) -> Any:  # noqa: ARG001
    return scores.new_empty((users.shape[0], k), dtype=torch.int32)
