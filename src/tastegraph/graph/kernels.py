"""The CPU kernels of propagation, compiled by numba on first use and kept on disk.

A row of a node is one value to them (see `row_values`), whatever the length of its neighbour list. Sums are in float32,
in the order of the list, so no result depends on the number of threads.

Rows are `kept` for gathering as float32, or as halves (float16, as uint16) each scaled by its own power of two, so that
no row is too large or too small; `weight` float32 [nodes] holds d_m over that scale, so row m counts for
weight_m kept_m. Throughout, start int64 [nodes + 1] and index uint32 [entries] are the neighbour lists, d float32
[nodes] is degree^-1/2, `parts` int64 [parts, 2] says where pieces of about equal work begin and end, and `first` is the
first of the `width` columns of an array that are meant.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import numpy as np
from numba import njit, prange

from tastegraph.graph.row_values import (
    headroom,
    load_row,
    plus,
    prefetch_row,
    store_row,
    store_row_past_caches,
    times,
    zeros,
)

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["AHEAD", "FOUND", "copy_lists", "forward_kernel", "gather_kernel", "horner_kernel", "pack_kernel"]

UNSIGNED = np.uint64  # an index that is none of Python's negative ones costs a kernel's loop less
FOUND = 256  # marked neighbours that are looked for at a time
AHEAD = 40  # entries: how far ahead rows are asked for, across the ends of lists, where a processor's own guess stops


@njit(inline="always")
def _sum(start, index, n, weight, kept, first, width):  # type: ignore[no-untyped-def]
    """The sum of weight_m kept_m over N_n."""
    total, end = zeros(width), UNSIGNED(len(index) - 1)
    for entry in range(UNSIGNED(start[n]), UNSIGNED(start[n + 1])):
        m = index[entry]
        prefetch_row(kept, index[min(entry + UNSIGNED(AHEAD), end)], first, width)
        total = plus(total, weight[m], load_row(kept, m, first, width))
    return total


@njit(inline="always")
def _sum_marked(start, index, n, position, found, weight, kept, first, width):  # type: ignore[no-untyped-def]
    """The same where only marked rows are kept, by position; the others are zero.

    Marked neighbours are looked for first, into `found` uint32 [some], and summed then: a branch at each entry would be
    guessed wrong at nearly every marked one.
    """
    total, end = zeros(width), UNSIGNED(start[n + 1])
    for begin in range(UNSIGNED(start[n]), end, UNSIGNED(len(found))):
        count = UNSIGNED(0)
        for entry in range(begin, min(begin + UNSIGNED(len(found)), end)):
            place = position[index[entry]]
            found[count] = place
            count += UNSIGNED(place >= 0)
        for k in range(count):
            total = plus(total, weight[found[k]], load_row(kept, found[k], first, width))
    return total


@njit(parallel=True, cache=True)
def copy_lists(start, index, rows, parts, copied_start, copied):  # type: ignore[no-untyped-def]
    """The lists of some rows one after the other, so that rows can be asked for ahead; fills copied [entries]."""
    for part in prange(len(parts)):
        for r in range(parts[part, 0], parts[part, 1]):
            begin, count = start[rows[r]], copied_start[r + 1] - copied_start[r]
            copied[copied_start[r] : copied_start[r + 1]] = index[begin : begin + count]


@cache
def pack_kernel(width: int) -> Callable[..., None]:
    """Keep `width` columns of x float32 [nodes, ...], with d float32 [nodes]: fills kept [nodes, width] and weight."""

    @njit(parallel=True, cache=True)
    def pack(x, first, d, kept, weight):  # type: ignore[no-untyped-def]
        for n in prange(len(x)):
            row = load_row(x, n, first, width)
            scale = headroom(kept, row)
            store_row(kept, n, 0, times(scale, row))
            weight[n] = d[n] / scale

    kernel: Callable[..., None] = pack
    return kernel


@cache
def gather_kernel(width: int) -> Callable[..., None]:
    """A layer at the rows whose lists and d these are: out[r] = factor d_r times the sum of weight_m kept_m over N_r.

    With `add` it is added to what `out` holds; kept is read from column `kept_first` on. `past` sends the rows of
    `out`, each on a cache line, past the caches.
    """

    @njit(parallel=True, cache=True)
    def gather(  # type: ignore[no-untyped-def]
        start, index, d, parts, kept, kept_first, weight, factor, add, out, first, past
    ):
        for part in prange(len(parts)):
            for r in range(parts[part, 0], parts[part, 1]):
                total = times(factor * d[r], _sum(start, index, r, weight, kept, kept_first, width))
                if add:
                    total = plus(total, np.float32(1), load_row(out, r, first, width))
                if past:
                    store_row_past_caches(out, r, first, total)
                else:
                    store_row(out, r, first, total)

    kernel: Callable[..., None] = gather
    return kernel


@cache
def forward_kernel(width: int) -> Callable[..., None]:
    """A whole layer, kept for the next layer everywhere, and added, times a factor, to `out` at the marked rows.

    `position` int32 [nodes] is a row's place in `out`, -1 where it is not asked for.
    """

    @njit(parallel=True, cache=True)
    def forward(  # type: ignore[no-untyped-def]
        start, index, d, parts, kept, kept_first, weight, position, factor, out, first, after, after_weight
    ):
        for part in prange(len(parts)):
            for n in range(parts[part, 0], parts[part, 1]):
                total = times(d[n], _sum(start, index, n, weight, kept, kept_first, width))
                scale = headroom(after, total)
                store_row(after, n, 0, times(scale, total))
                after_weight[n] = d[n] / scale
                if position[n] >= 0:
                    before = load_row(out, position[n], first, width)
                    store_row(out, position[n], first, plus(before, factor, total))

    kernel: Callable[..., None] = forward
    return kernel


@cache
def horner_kernel(width: int) -> Callable[..., None]:
    """One step of Horner's rule, z becomes P z + factor g, with g float32 [rows, ...] given at the marked rows only.

    `sparse` says that `kept` holds z at the marked rows only, by position; neighbours that are not marked are zero and
    are skipped. The last step writes `out` (`past` the caches), the others keep `after`.
    """

    @njit(parallel=True, cache=True)
    def horner(  # type: ignore[no-untyped-def]
        start, index, d, parts, kept, kept_first, weight, sparse, position, factor, g, first, last, out, past,
        after, after_weight,
    ):  # fmt: skip
        for part in prange(len(parts)):
            found = np.empty(FOUND, np.uint32)
            for n in range(parts[part, 0], parts[part, 1]):
                if sparse:
                    total = _sum_marked(start, index, n, position, found, weight, kept, kept_first, width)
                else:
                    total = _sum(start, index, n, weight, kept, kept_first, width)
                total = times(d[n], total)
                if position[n] >= 0:
                    total = plus(total, factor, load_row(g, position[n], first, width))
                if last and past:
                    store_row_past_caches(out, n, first, total)
                elif last:
                    store_row(out, n, first, total)
                else:
                    scale = headroom(after, total)
                    store_row(after, n, 0, times(scale, total))
                    after_weight[n] = d[n] / scale

    kernel: Callable[..., None] = horner
    return kernel
