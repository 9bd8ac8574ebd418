"""Polynomial filters over the items of the graph, through the propagation operator.

With R~ = D_u^-1/2 R D_i^-1/2, P = [[0, R~], [R~^T, 0]] over users and items: an even power of P takes a signal on the
items to the items again, P^2 as R~^T R~, over the users half way. So T_2k(P) is a polynomial of R~^T R~.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch

from tastegraph.graph.bipartite import BipartiteGraph
from tastegraph.graph.propagation import layer_into

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tastegraph.baselines.history import Sparse

__all__ = ["COLUMNS", "ItemGraph"]

COLUMNS = 64  # signals that the kernels sum at a time


class ItemGraph:
    """The items of a graph, joined by the users they share.

    Attributes:
        graph: the bipartite graph of the histories.
    """

    def __init__(self, history: Sparse) -> None:
        user = np.repeat(np.arange(history.shape[0]), np.diff(history.indptr))
        self.graph = BipartiteGraph.from_pairs(user, history.indices, *history.shape)
        self._users = range(self.graph.num_users)
        self._items = range(self.graph.num_users, self.graph.num_nodes)
        self._kept: tuple[torch.Tensor, torch.Tensor, torch.Tensor] | None = None

    def chebyshev(self, signals: Sparse, coefficients: NDArray[np.float64]) -> NDArray[np.float32]:
        """The sum of c_k T_2k(P) x of each signal x, k = 0..K; float32 [n, items].

        By T_n+1 = 2 P T_n - T_n-1: odd terms live on the users, even
        ones on the items, each written over the one before it on its side.

        Args:
            signals: values of the items, sparse float32 [n, items].
            coefficients: c, float [K + 1].
        """
        num_users, width = self.graph.num_users, signals.shape[0]
        nodes, reached, total = self._space(width)
        on_users, on_items = nodes[:num_users], nodes[num_users:]
        column = np.repeat(np.arange(width), np.diff(signals.indptr))
        on_items.zero_().numpy()[signals.indices, column] = signals.data
        torch.mul(on_items, float(coefficients[0]), out=total)
        for k, c in enumerate(coefficients[1:].tolist()):
            if k == 0:
                layer_into(self.graph, nodes, self._users, on_users)
            else:
                self._step(nodes, on_users, self._users, reached)
            self._step(nodes, on_items, self._items, reached)
            total.add_(on_items, alpha=c)
        return total.T.contiguous().numpy()

    def _step(self, nodes: torch.Tensor, side: torch.Tensor, rows: range, reached: torch.Tensor) -> None:
        """T_n+1 in place of T_n-1 on one side, T_n being on the other."""
        there = reached[: len(side)]
        layer_into(self.graph, nodes, rows, there)
        side.lerp_(there, 2.0)  # 2 P T_n - T_n-1, in one pass

    def _space(self, width: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Values of all nodes, of one side and of the items, from call to call: fresh pages cost as much as a layer."""
        if self._kept is None or self._kept[0].shape[1] != width:
            sides = self.graph.num_nodes, max(len(self._users), len(self._items)), len(self._items)
            one, two, three = (torch.zeros(rows, width) for rows in sides)
            self._kept = one, two, three
        return self._kept
