"""Masked top-K for lists ranked where the embeddings are, on any device.

On a CPU it is an operator that torch knows, with the compiled kernel that `top_k` runs where no torch is at hand;
elsewhere plain PyTorch runs, which the tests hold the kernel against.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from tastegraph.errors import ModelError
from tastegraph.graph import devices
from tastegraph.graph.compiled import use_torchs_threads
from tastegraph.graph.top_k import NAN, NO_ITEM, check_places, compiled_lists, users_a_block

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tastegraph.graph.neighbours import NeighbourLists

__all__ = ["rank_embeddings", "top_k_reference", "warm_up"]

DEVICE_ENTRIES = 1 << 25  # users x items that a device scores at a time: 128 MiB of float32, and as keys 256 MiB


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
    check_places(k)
    asked = np.ascontiguousarray(users, np.int64)
    ranked = np.full((len(asked), k), NO_ITEM, np.int32)
    rank = _rank_compiled if devices.is_compiled(e_items) else _rank_plainly
    ranked[:, : len(e_items)] = rank(e_users, e_items, asked, min(k, len(e_items)), exclude)
    return ranked


def _rank_compiled(
    e_users: torch.Tensor, e_items: torch.Tensor, users: NDArray[np.int64], k: int, exclude: NeighbourLists | None
) -> NDArray[np.int32]:
    if exclude is None:
        start, index = np.zeros(len(e_users) + 1, np.int64), np.zeros(0, np.uint32)
    else:
        start, index = exclude.start, exclude.index
    lists, ranked = (torch.from_numpy(start), torch.from_numpy(index)), np.empty((len(users), k), np.int32)
    step = users_a_block(len(e_items))
    for begin in range(0, len(users), step):
        block = torch.from_numpy(users[begin : begin + step])
        scores = e_users[block] @ e_items.T
        ranked[begin : begin + step] = torch.ops.tastegraph.masked_top_k(scores, block, *lists, k).numpy()
    return ranked


def _rank_plainly(
    e_users: torch.Tensor, e_items: torch.Tensor, users: NDArray[np.int64], k: int, exclude: NeighbourLists | None
) -> NDArray[np.int32]:
    """Nobody waits for the device before the last block is under way."""
    device, step = e_items.device, max(1, DEVICE_ENTRIES // max(len(e_items), 1))
    broken, ranked = torch.zeros((), dtype=torch.bool, device=device), []
    counts = None if exclude is None else exclude.counts
    for block in np.split(users, range(step, len(users), step)):
        wanted = devices.sent(torch.from_numpy(block), device)
        scores = (e_users[wanted] @ e_items.T).float()
        if exclude is not None and counts is not None:
            known = devices.kept_lists(exclude, device).pairs_of(wanted, int(counts[block].sum()))
            scores[known] = -torch.inf
        broken |= scores.isnan().any()
        ranked.append(top_k_reference(scores, k))
    if bool(broken):
        raise ModelError(NAN)
    found: NDArray[np.int32] = torch.cat(ranked).cpu().numpy()
    return found


def warm_up() -> float:
    """Compile the kernel, or load it from disk; returns the seconds that took."""
    began = time.perf_counter()
    rank_embeddings(torch.ones(1, 1), torch.ones(1, 1), np.zeros(1, np.int64), 1, None)
    return time.perf_counter() - began


def top_k_reference(scores: torch.Tensor, k: int) -> torch.Tensor:
    """The `k` best columns of each row in plain PyTorch, as `top_k`: by one integer key that orders as the lists do.

    Args:
        scores: float32 [rows, items], -inf where masked.
        k: length of a list, at most the number of items.

    Returns:
        Item indices, best first, int32 [rows, k]; equal scores by lower index, -1 for a masked item.
    """
    last = scores.shape[1] - 1
    bits = (scores + 0.0).view(torch.int32)  # -0 is 0
    ordered = (bits ^ ((bits >> 31) & 0x7FFFFFFF)).to(torch.int64)  # by score, negative ones too
    key = (ordered << 32) | torch.arange(last, -1, -1, device=scores.device)
    item = last - (torch.topk(key, k, dim=1).values & 0xFFFFFFFF)
    return torch.where(scores.gather(1, item) == -torch.inf, NO_ITEM, item).to(torch.int32)


@torch.library.custom_op("tastegraph::masked_top_k", mutates_args={"scores"})
def _masked_top_k(
    scores: torch.Tensor, users: torch.Tensor, start: torch.Tensor, index: torch.Tensor, k: int
) -> torch.Tensor:
    """The `k` best items of each row, best first, int32 [rows, k].

    `scores`, float32 [rows, items] on the CPU, is overwritten where `index`, from `start` of the row's user on, masks.
    """
    use_torchs_threads()
    return torch.from_numpy(compiled_lists(scores.numpy(), users.numpy(), start.numpy(), index.numpy(), k))


@_masked_top_k.register_fake
def _(scores: torch.Tensor, users: torch.Tensor, start: torch.Tensor, index: torch.Tensor, k: int) -> Any:  # noqa: ARG001
    return scores.new_empty((users.shape[0], k), dtype=torch.int32)
