"""Negative items: drawn for each positive, never a positive of the same user."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numba import njit, prange

from tastegraph.errors import GraphError
from tastegraph.graph.compiled import use_torchs_threads

if TYPE_CHECKING:
    from collections.abc import Callable

    from tastegraph.graph.neighbours import NeighbourLists

__all__ = ["UniformNegatives", "uniform_negatives_reference"]

# SplitMix64 (Steele, Lea and Flood 2014): number n of a stream is a mix of seed + n x GOLDEN. Each draw computes its
# own numbers, so draws can be shared among any number of threads.
GOLDEN, MIX_1, MIX_2 = 0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9, 0x94D049BB133111EB
TRIES = 1 << 20  # numbers of the stream that belong to one draw


class UniformNegatives:
    """Draws items uniformly among those that are no positives of the user, by rejection.

    Attributes:
        drawable: whether each user has any negative, bool [users].

    Args:
        items_of: the positives of each user.
    """

    def __init__(self, items_of: NeighbourLists) -> None:
        self.drawable = torch.from_numpy(items_of.counts < items_of.num_columns)
        self._lists = (torch.from_numpy(items_of.start), torch.from_numpy(items_of.index))
        self._num_items = items_of.num_columns

    def draw(self, user: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
        """One negative item for each user index, int64 [n] -> int64 [n]; the same for any number of threads.

        Raises:
            GraphError: a user has every item as a positive.
        """
        if not bool(self.drawable[user].all()):
            raise GraphError("a user has every item as a positive; no negative can be drawn")
        seed = int(torch.randint(2**62, (), generator=generator))
        return torch.ops.tastegraph.uniform_negatives(user, *self._lists, self._num_items, seed)  # type: ignore[no-any-return]


def uniform_negatives_reference(
    user: torch.Tensor, start: torch.Tensor, index: torch.Tensor, num_items: int, seed: int
) -> torch.Tensor:
    """The same draws in plain PyTorch, number for number: what the compiled kernel is held against."""
    row = torch.repeat_interleave(start[1:] - start[:-1])
    # The last key is one that no pair has, so that every search ends on a key.
    last = torch.tensor([torch.iinfo(torch.int64).max])
    keys = torch.cat([row * num_items + index.to(torch.int64), last]).to(user.device)
    item = torch.empty_like(user)
    left = torch.arange(len(user), device=user.device)
    for attempt in range(TRIES):
        number = _signed(seed) + (left * TRIES + attempt + 1) * _signed(GOLDEN)
        item[left] = (_shifted(_mixed(number), 11).to(torch.float64) * 2.0**-53 * num_items).to(torch.int64)
        asked = user[left] * num_items + item[left]
        left = left[keys[torch.searchsorted(keys, asked)] == asked]
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
    if user.device.type != "cpu":
        return uniform_negatives_reference(user, start, index, num_items, seed)
    item = np.empty(len(user), np.int64)
    use_torchs_threads()
    _kernel()(user.numpy(), start.numpy(), index.numpy(), num_items, np.uint64(seed), item)
    return torch.from_numpy(item)


@_uniform_negatives.register_fake
def _(user: torch.Tensor, *_: Any) -> torch.Tensor:
    return torch.empty_like(user)


@cache
def _kernel() -> Callable[..., None]:
    golden, mix_1, mix_2 = np.uint64(GOLDEN), np.uint64(MIX_1), np.uint64(MIX_2)
    one, tries = np.uint64(1), np.uint64(TRIES)
    s11, s27, s30, s31 = np.uint64(11), np.uint64(27), np.uint64(30), np.uint64(31)

    @njit(parallel=True, cache=True)
    def draw(user, start, index, num_items, seed, item):  # type: ignore[no-untyped-def]
        for n in prange(len(user)):
            first, end = start[user[n]], start[user[n] + 1]
            counter = np.uint64(n) * tries
            while True:
                counter += one
                z = seed + counter * golden
                z = (z ^ (z >> s30)) * mix_1
                z = (z ^ (z >> s27)) * mix_2
                z = z ^ (z >> s31)
                drawn = np.int64(np.float64(z >> s11) * 2.0**-53 * num_items)
                low, high = first, end
                while low < high:
                    middle = (low + high) // 2
                    if index[middle] < drawn:
                        low = middle + 1
                    else:
                        high = middle
                if low == end or index[low] != drawn:
                    item[n] = drawn
                    break

    kernel: Callable[..., None] = draw
    return kernel
