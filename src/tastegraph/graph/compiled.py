"""Layers on the CPU: runs the kernels over blocks of columns, arrays in and arrays out.

P acts on each column alone, so columns are taken in blocks as wide as the kernels sum in registers: 100 columns are
64 + 32 + 4. All arrays are C-contiguous; x is float32 [nodes, d].
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numba
import numpy as np
import torch

from tastegraph.graph.kernels import copy_lists, forward_kernel, gather_kernel, horner_kernel, pack_kernel
from tastegraph.graph.room import aligned
from tastegraph.graph.row_values import CACHE_LINE, WIDEST

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    Floats = NDArray[np.float32]

__all__ = [
    "Lists",
    "column_blocks",
    "dealt",
    "equal_parts",
    "layer",
    "layer_into",
    "sum_of_layers",
    "sum_of_layers_at",
    "sum_of_layers_at_transposed",
    "use_torchs_threads",
]

PARTS = 64  # pieces of about equal work that rows are cut into, for the threads to share


@dataclass(frozen=True, eq=False)
class Lists:
    """The neighbour lists of all nodes as the kernels read them.

    Attributes:
        start: where each list starts in `index`, int64 [nodes + 1].
        index: neighbours, list after list, uint32 [entries].
        d: degree^-1/2, float32 [nodes].
        parts: cuts the nodes into pieces of about equal work, int64 [pieces + 1].
    """

    start: NDArray[np.int64]
    index: NDArray[np.uint32]
    d: Floats
    parts: NDArray[np.int64]

    @property
    def whole(self) -> tuple[Any, ...]:
        """The kernels' first arguments for a pass over all nodes."""
        return self.start, self.index, self.d, dealt(self.parts)

    def stretch(self, rows: range) -> tuple[Any, ...]:
        """`gather_kernel`'s first arguments for a pass over rows that follow one another."""
        start = self.start[rows.start : rows.stop + 1]
        return start, self.index, self.d[rows.start : rows.stop], dealt(equal_parts(np.diff(start)))

    def some(self, rows: NDArray[np.int64]) -> tuple[Any, ...]:
        """The same for any rows, int64 [n], in their order; their lists are laid one after the other."""
        counts = self.start[rows + 1] - self.start[rows]
        start = np.concatenate([[0], np.cumsum(counts)])
        index, parts = aligned((int(start[-1]),), np.uint32), dealt(equal_parts(counts))
        copy_lists(self.start, self.index, rows, parts, start, index)
        return start, index, self.d[rows], parts


def layer(x: Floats, lists: Lists, *, half: bool) -> Floats:
    """P x, float32 [nodes, d]."""
    out = aligned(x.shape)
    adds = False
    use_torchs_threads()
    for first, width in column_blocks(x):
        kept = _keep(x, first, width, lists.d, _scratch(x, width, half=half)[0])
        end = (out, first, _starts_lines(out, width))
        gather_kernel(width)(*lists.whole, *kept, np.float32(1), adds, *end)
    return out


def layer_into(x: Floats, rows: range, lists: Lists, out: Floats) -> None:
    """P x at `rows`, written to `out` float32 [rows, d]."""
    use_torchs_threads()
    stretch, adds, past = lists.stretch(rows), False, False
    for first, width in column_blocks(x):
        gather_kernel(width)(*stretch, x, first, lists.d, np.float32(1), adds, out, first, past)


def sum_of_layers(x: Floats, alpha: Floats, lists: Lists, *, half: bool) -> Floats:
    """The sum of alpha_k P^k x, k = 0..K, float32 [nodes, d], of alpha float32 [K + 1].

    By Horner's rule: alpha_0 x + P (alpha_1 x + P (alpha_2 x + ...)).
    """
    num_layers = len(alpha) - 1
    out = aligned(x.shape)
    position, sparse = np.arange(len(x), dtype=np.int32), False
    use_torchs_threads()
    for first, width in column_blocks(x):
        now, after = _scratch(x, width, half=half)
        kept = _keep(x, first, width, alpha[num_layers] * lists.d, now)
        for k in range(num_layers - 1, -1, -1):
            add = (position, alpha[k], x, first, k == 0, out, _starts_lines(out, width))
            horner_kernel(width)(*lists.whole, *kept, sparse, *add, *after)
            kept, now, after = (after[0], 0, after[1]), after, now
    return out


def sum_of_layers_at(
    x: Floats, alpha: Floats, rows: NDArray[np.int64], lists: Lists, *, half: bool
) -> tuple[Floats, Floats]:
    """The same sum at `rows`, and x there, float32 [rows, d]; the last layer is computed at these rows only."""
    num_layers = len(alpha) - 1
    out, x_there = aligned((len(rows), x.shape[1])), aligned((len(rows), x.shape[1]))
    torch.index_select(torch.from_numpy(x), 0, torch.from_numpy(rows), out=torch.from_numpy(x_there))
    torch.mul(torch.from_numpy(x_there), float(alpha[0]), out=torch.from_numpy(out))
    use_torchs_threads()
    position, some = _positions(rows, len(x)), lists.some(rows)
    adds, past = True, False
    for first, width in column_blocks(x):
        now, after = _scratch(x, width, half=half)
        kept = _keep(x, first, width, lists.d, now)
        for k in range(1, num_layers):
            forward_kernel(width)(*lists.whole, *kept, position, alpha[k], out, first, *after)
            kept, now, after = (after[0], 0, after[1]), after, now
        gather_kernel(width)(*some, *kept, alpha[num_layers], adds, out, first, past)
    return out, x_there


def sum_of_layers_at_transposed(
    g: Floats, last: Floats, alpha: Floats, rows: NDArray[np.int64], lists: Lists, *, half: bool
) -> Floats:
    """The sum of alpha_k P^k G, k = 1..K, plus L, float32 [nodes, d], by Horner's rule.

    G and L are zero but at `rows`, where they are g and last, float32 [rows, d].
    """
    num_layers = len(alpha) - 1
    out = aligned((len(lists.d), g.shape[1]))
    position, d = _positions(rows, len(out)), lists.d[rows]
    use_torchs_threads()
    for first, width in column_blocks(out):
        now, after = _scratch(out, width, half=half)
        kept = _keep(g, first, width, alpha[num_layers] * d, now)
        for k in range(num_layers - 1, -1, -1):
            factor, add = (np.float32(1), last) if k == 0 else (alpha[k], g)
            end = (first, k == 0, out, _starts_lines(out, width))
            horner_kernel(width)(*lists.whole, *kept, k == num_layers - 1, position, factor, add, *end, *after)
            kept, now, after = (after[0], 0, after[1]), after, now
    return out


def equal_parts(counts: NDArray[np.int64]) -> NDArray[np.int64]:
    """Row numbers, int64 [PARTS + 1], that cut rows with so many entries [rows] into pieces of about equal work."""
    work = np.concatenate([[0], np.cumsum(counts + 1)])
    cuts = np.searchsorted(work, np.linspace(0, work[-1], PARTS + 1)).astype(np.int64)
    cuts[-1] = len(counts)
    return cuts


def dealt(cuts: NDArray[np.int64]) -> NDArray[np.int64]:
    """Begin and end of each piece, int64 [pieces, 2], in an order of which each thread takes one stretch.

    Pieces are dealt like cards. Rows of users gather from the items' table and rows of items from the users', which are
    of different sizes: were each thread given neighbouring pieces, one would have the side that takes longer, and both
    tables would be wanted in the caches at once.
    """
    pieces, threads = np.column_stack([cuts[:-1], cuts[1:]]), numba.get_num_threads()
    return np.concatenate([pieces[thread::threads] for thread in range(threads)])


def use_torchs_threads() -> None:
    """Let compiled kernels run on as many threads as torch is set to, where numba has so many."""
    threads = torch.get_num_threads()
    numba.set_num_threads(min(threads, numba.config.NUMBA_NUM_THREADS))
    if torch.get_num_threads() != threads:  # the first time: numba's threads are OpenMP's, as torch's, and start as all
        torch.set_num_threads(threads)


def column_blocks(x: Floats) -> Iterator[tuple[int, int]]:
    """First column and width of each block of columns of x [n, d]; widths are powers of two."""
    first = 0
    while first < x.shape[1]:
        width = min(WIDEST, 1 << ((x.shape[1] - first).bit_length() - 1))
        yield first, width
        first += width


def _keep(x: Floats, first: int, width: int, d: Floats, space: tuple[NDArray[Any], Floats]) -> tuple[Any, int, Floats]:
    """Rows of x ready to be gathered (kept, its first column, weight): as they are, unless `space` is for halves."""
    kept, weight = space
    if kept.dtype == np.float32:
        return x, first, d
    pack_kernel(width)(x, first, d, kept, weight)
    return kept, 0, weight


def _positions(rows: NDArray[np.int64], num_nodes: int) -> NDArray[np.int32]:
    """The place of each node in `rows`, -1 for a node that is not there."""
    position = np.full(num_nodes, -1, np.int32)
    position[rows] = np.arange(len(rows), dtype=np.int32)
    return position


def _scratch(x: Floats, width: int, *, half: bool) -> tuple[tuple[NDArray[Any], Floats], ...]:
    """Room for two kept layers: twice (kept, weight) for the rows of x."""
    dtype = np.uint16 if half else np.float32
    one, two = ((aligned((len(x), width), dtype), aligned((len(x),))) for _ in range(2))
    return one, two


def _starts_lines(out: Floats, width: int) -> bool:
    """Whether each row of a block of `width` columns of `out`, itself `aligned`, starts on a cache line."""
    return width == WIDEST and out.strides[0] % CACHE_LINE == 0
