"""Draws of negative items: compiled operators that torch knows on a CPU, and the same in plain PyTorch.

`uniform_negatives` and `popular_negatives` draw by rejection, `hardest` picks the highest-scored candidate. Each draw
computes its own random numbers, so draws are shared among any number of threads, or of a GPU's, and come out the same.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numba import njit, prange

from tastegraph.graph.compiled import use_torchs_threads

if TYPE_CHECKING:
    from collections.abc import Callable

    from tastegraph.graph.devices import KeptLists

__all__ = ["hardest_reference", "popular_negatives_reference", "streams_of", "uniform_negatives_reference"]

# SplitMix64 (Steele, Lea and Flood 2014): number n of a stream is a mix of seed + n x GOLDEN.
GOLDEN, MIX_1, MIX_2 = 0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9, 0x94D049BB133111EB
TRIES = 1 << 20  # numbers of the stream that belong to one draw
UNIT = 2.0**-53
# The same for the kernels, where every number of a computation must be unsigned.
U_GOLDEN, U_MIX_1, U_MIX_2, U_TRIES, ONE = (np.uint64(number) for number in (GOLDEN, MIX_1, MIX_2, TRIES, 1))
S11, S27, S30, S31 = (np.uint64(bits) for bits in (11, 27, 30, 31))


def uniform_negatives_reference(user: torch.Tensor, lists: KeptLists, streams: torch.Tensor) -> torch.Tensor:
    """The draws of `torch.ops.tastegraph.uniform_negatives` in plain PyTorch, number for number, on any device.

    Args:
        user: whose negative each draw is, int64 [n].
        lists: each user's positives.
        streams: where each draw's random numbers begin, int64 [n]; see `streams_of`.

    Returns:
        Item indices, int64 [n].
    """
    return _by_rejection(user, lists, streams, lambda share: (share * lists.num_columns).to(torch.int64))


def popular_negatives_reference(
    user: torch.Tensor, lists: KeptLists, streams: torch.Tensor, cumulative: torch.Tensor
) -> torch.Tensor:
    """The draws of `torch.ops.tastegraph.popular_negatives`, with the items' weights summed up, float64 [items]."""
    last = len(cumulative) - 1

    def item_of(share: torch.Tensor) -> torch.Tensor:
        return torch.searchsorted(cumulative, share * cumulative[last], right=True).clamp(max=last)

    return _by_rejection(user, lists, streams, item_of)


def streams_of(seed: int, draws: int, device: torch.device) -> torch.Tensor:
    """Where the random numbers of each draw of one call begin, int64 [draws]: draw n has TRIES numbers of its own."""
    return _signed(seed) + torch.arange(draws, device=device) * TRIES * _signed(GOLDEN)


def hardest_reference(e: torch.Tensor, user: torch.Tensor, candidates: torch.Tensor) -> torch.Tensor:
    """The candidate of the highest inner product with its user, the first of equals.

    Args:
        e: embeddings, float [nodes, d].
        user: node of each user, int64 [n].
        candidates: nodes of each user's candidates, int64 [n, M].

    Returns:
        Nodes, int64 [n].
    """
    scores = (e[candidates] @ e[user].unsqueeze(2)).squeeze(2)
    return candidates.gather(1, scores.argmax(1, keepdim=True)).squeeze(1)


def _by_rejection(
    user: torch.Tensor, lists: KeptLists, streams: torch.Tensor, item_of: Callable[[torch.Tensor], torch.Tensor]
) -> torch.Tensor:
    """Draw again wherever the item is one of the user's; `item_of` takes numbers in [0, 1), float64."""
    item = torch.empty(len(user), dtype=torch.int64, device=user.device)
    left = torch.arange(len(user), device=user.device)
    for attempt in range(1, TRIES + 1):
        number = streams[left] + _signed(attempt * GOLDEN % 2**64)
        item[left] = item_of(_shifted(_mixed(number), 11).to(torch.float64) * UNIT)
        asked = user[left].to(torch.int64) * lists.num_columns + item[left]
        left = left[lists.keys[torch.searchsorted(lists.keys, asked)] == asked]
        if not len(left):
            break
    return item


def _mixed(z: torch.Tensor) -> torch.Tensor:
    z = (z ^ _shifted(z, 30)) * _signed(MIX_1)
    z = (z ^ _shifted(z, 27)) * _signed(MIX_2)
    return z ^ _shifted(z, 31)


def _shifted(z: torch.Tensor, bits: int) -> torch.Tensor:
    """Unsigned shift to the right; torch's is signed."""
    return (z >> bits) & ((1 << (64 - bits)) - 1)


def _signed(number: int) -> int:
    return number - 2**64 if number >= 2**63 else number


@torch.library.custom_op("tastegraph::uniform_negatives", mutates_args=())
def _uniform_negatives(
    user: torch.Tensor, start: torch.Tensor, index: torch.Tensor, num_items: int, seed: int
) -> torch.Tensor:
    item = torch.empty(len(user), dtype=torch.int64, device=user.device)
    use_torchs_threads()
    _draw_uniform(user.numpy(), start.numpy(), index.numpy(), num_items, np.uint64(seed), item.numpy())
    return item


@torch.library.custom_op("tastegraph::popular_negatives", mutates_args=())
def _popular_negatives(
    user: torch.Tensor, start: torch.Tensor, index: torch.Tensor, cumulative: torch.Tensor, seed: int
) -> torch.Tensor:
    item = torch.empty(len(user), dtype=torch.int64, device=user.device)
    use_torchs_threads()
    _draw_popular(user.numpy(), start.numpy(), index.numpy(), cumulative.numpy(), np.uint64(seed), item.numpy())
    return item


@torch.library.custom_op("tastegraph::hardest", mutates_args=())
def _hardest(e: torch.Tensor, user: torch.Tensor, candidates: torch.Tensor) -> torch.Tensor:
    item = torch.empty(len(user), dtype=torch.int64, device=user.device)
    use_torchs_threads()
    _pick_hardest(e.shape[1])(
        e.detach().contiguous().numpy(), user.numpy(), candidates.contiguous().numpy(), item.numpy()
    )
    return item


@_uniform_negatives.register_fake
def _(user: torch.Tensor, *_: Any) -> torch.Tensor:
    return torch.empty_like(user)


@_popular_negatives.register_fake
def _(user: torch.Tensor, *_: Any) -> torch.Tensor:
    return torch.empty_like(user)


@_hardest.register_fake
def _(e: torch.Tensor, user: torch.Tensor, candidates: torch.Tensor) -> torch.Tensor:  # noqa: ARG001
    return torch.empty_like(user)


@njit(cache=True)
def _share(seed, counter):  # type: ignore[no-untyped-def]
    """Number `counter` of the stream, as float64 in [0, 1)."""
    z = seed + counter * U_GOLDEN
    z = (z ^ (z >> S30)) * U_MIX_1
    z = (z ^ (z >> S27)) * U_MIX_2
    z = z ^ (z >> S31)
    return np.float64(z >> S11) * UNIT


@njit(cache=True)
def _is_listed(index, first, end, item):  # type: ignore[no-untyped-def]
    """Whether `item` is among index[first:end], ascending."""
    low, high = first, end
    while low < high:
        middle = (low + high) // 2
        if index[middle] < item:
            low = middle + 1
        else:
            high = middle
    return low < end and index[low] == item


@njit(parallel=True, cache=True)
def _draw_uniform(user, start, index, num_items, seed, item):  # type: ignore[no-untyped-def]
    for n in prange(len(user)):
        first, end = start[user[n]], start[user[n] + 1]
        counter = np.uint64(n) * U_TRIES
        while True:
            counter += ONE
            drawn = np.int64(_share(seed, counter) * num_items)
            if not _is_listed(index, first, end, drawn):
                item[n] = drawn
                break


@njit(parallel=True, cache=True)
def _draw_popular(user, start, index, cumulative, seed, item):  # type: ignore[no-untyped-def]
    last = len(cumulative) - 1
    for n in prange(len(user)):
        first, end = start[user[n]], start[user[n] + 1]
        counter = np.uint64(n) * U_TRIES
        while True:
            counter += ONE
            wanted = _share(seed, counter) * cumulative[last]
            low, high = 0, last  # the first item whose cumulative weight is above `wanted`
            while low < high:
                middle = (low + high) // 2
                if cumulative[middle] <= wanted:
                    low = middle + 1
                else:
                    high = middle
            if not _is_listed(index, first, end, low):
                item[n] = low
                break


@cache
def _pick_hardest(width: int) -> Callable[..., None]:
    @njit(parallel=True, fastmath=True, cache=True)
    def pick(e, user, candidates, item):  # type: ignore[no-untyped-def]
        for n in prange(len(user)):
            mine, best = e[user[n]], np.float32(-np.inf)
            item[n] = candidates[n, 0]
            for candidate in candidates[n]:
                score = np.float32(0)
                for c in range(width):
                    score += mine[c] * e[candidate, c]
                if score > best:
                    best = score
                    item[n] = candidate

    kernel: Callable[..., None] = pick
    return kernel
