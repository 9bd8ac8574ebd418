r"""Propagation where no process holds all edges: rows of P in blocks, each with the columns of a slice.

With G blocks of rows and C slices of columns, rank (g, c) of G C ranks holds the neighbour lists of its own rows, about
2 E / G entries, and of x the rows g of columns c. A layer needs the values of all neighbours: within a slice the blocks
tell one another their rows, an all-gather. P is symmetric, so a layer's backward is the layer itself, with the same
message:

.. math::
    \text{bytes received by a rank in a layer} = 4\,(G - 1)\,\max_g n_g\, w, \qquad w = d / C,

with n_g the rows of block g, about N / G. K layers forward and backward are 2 K layers. With G = 1 nothing is sent:
that is the layout by columns alone, which `tastegraph.lightgcn.training.train` takes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import torch

from tastegraph.errors import GraphError
from tastegraph.graph.compiled import column_blocks, dealt, equal_parts, use_torchs_threads
from tastegraph.graph.kernels import gather_kernel
from tastegraph.graph.room import aligned

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from tastegraph.graph.bipartite import BipartiteGraph

__all__ = ["Exchange", "RowBlock", "bytes_of_layers", "row_cuts", "sum_of_layers_in_blocks"]

FLOAT = 4  # bytes


class Exchange(Protocol):
    """Tells the blocks of a slice one another's rows; see `RowsOfGrid`."""

    def all_rows(self, own: torch.Tensor, counts: Sequence[int]) -> torch.Tensor:
        """The rows of all blocks, one after the other, float32 [nodes, w], of each block's own ones [own, w]."""


@dataclass(frozen=True, eq=False)
class RowBlock:
    """Some rows of P = D^-1/2 A D^-1/2, all that a rank holds of the edges.

    Attributes:
        start: where each row's list starts in `index`, int64 [own + 1].
        index: neighbours, as nodes of the whole graph, uint32 [entries].
        scale: degree^-1/2 of all nodes, float32 [nodes].
        counts: rows of each block, in order.
        block: which one this is.
    """

    start: NDArray[np.int64]
    index: NDArray[np.uint32]
    scale: NDArray[np.float32]
    counts: tuple[int, ...]
    block: int

    @classmethod
    def of(cls, graph: BipartiteGraph, counts: Sequence[int], block: int) -> RowBlock:
        """A block of a graph that is at hand whole.

        Raises:
            GraphError: the counts are not those of the graph's nodes, or there is no such block.
        """
        if sum(counts) != graph.num_nodes or not 0 <= block < len(counts):
            raise GraphError(f"block {block} of {sum(counts):,} rows is none of a graph of {graph.num_nodes:,} nodes")
        begin = sum(counts[:block])
        lists = graph.lists
        start = lists.start[begin : begin + counts[block] + 1]
        index = lists.index[start[0] : start[-1]].copy()
        return cls(start - start[0], index, graph.symmetric_scale.astype(np.float32), tuple(counts), block)

    @property
    def rows(self) -> slice:
        """This block's rows among all."""
        begin = sum(self.counts[: self.block])
        return slice(begin, begin + self.counts[self.block])

    def layer(self, own: torch.Tensor, exchange: Exchange) -> torch.Tensor:
        """This block's rows of P x, float32 [own, w], from its rows of x."""
        everywhere = np.ascontiguousarray(exchange.all_rows(own.detach(), self.counts).numpy())
        out = aligned((len(own), own.shape[1]))
        adds, past = False, False
        use_torchs_threads()
        d, parts = self.scale[self.rows], dealt(equal_parts(np.diff(self.start)))
        for first, width in column_blocks(everywhere):
            given = (self.start, self.index, d, parts, everywhere, first, self.scale)
            gather_kernel(width)(*given, np.float32(1), adds, out, first, past)
        return torch.from_numpy(out)


def row_cuts(graph: BipartiteGraph, blocks: int) -> tuple[int, ...]:
    """How many rows each block gets, so that blocks have about as many rows and entries together.

    Raises:
        GraphError: there are fewer nodes than blocks.
    """
    if not 1 <= blocks <= graph.num_nodes:
        raise GraphError(f"{graph.num_nodes:,} nodes make from 1 to as many blocks of rows; found {blocks:,}")
    work = np.concatenate([[0], np.cumsum(graph.lists.counts + 1)])
    cuts = np.searchsorted(work, np.linspace(0, work[-1], blocks + 1))
    cuts = np.maximum(cuts, np.arange(blocks + 1))  # a block is never empty
    cuts = np.minimum(cuts, graph.num_nodes - np.arange(blocks, -1, -1))
    return tuple(int(count) for count in np.diff(cuts))


def sum_of_layers_in_blocks(
    block: RowBlock, own: torch.Tensor, alpha: torch.Tensor, exchange: Exchange
) -> torch.Tensor:
    """This block's rows of alpha_0 x + alpha_1 P x + ... + alpha_K P^K x, float32 [own, w], with its gradient for x.

    Args:
        block: its rows of P.
        own: its rows of x, float32 [own, w].
        alpha: weights of layers 0..K, float [K + 1]; without a gradient.
        exchange: tells the blocks one another's rows; all blocks call this together, and backward together.
    """
    x, total = own, alpha[0] * own
    for weight in alpha[1:]:
        x = _Layer.apply(x, block, exchange)  # type: ignore[no-untyped-call]
        total = total + weight * x
    return total


def bytes_of_layers(counts: Sequence[int], width: int, layers: int) -> int:
    """Bytes of rows that a rank is sent in so many layers, by the formula above; forward and backward count alike."""
    return layers * FLOAT * (len(counts) - 1) * max(counts) * width


class _Layer(torch.autograd.Function):
    """A layer, which is its own backward."""

    @staticmethod
    def forward(ctx: Any, own: torch.Tensor, block: RowBlock, exchange: Exchange) -> torch.Tensor:
        ctx.given = block, exchange
        return block.layer(own, exchange)

    @staticmethod
    def backward(ctx: Any, gradient: torch.Tensor) -> tuple[torch.Tensor, None, None]:
        block, exchange = ctx.given
        return block.layer(gradient, exchange), None, None
