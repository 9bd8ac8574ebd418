"""Polynomial filters over the items of the graph, through the propagation operator.

With R~ = D_u^-1/2 R D_i^-1/2, P = [[0, R~], [R~^T, 0]] over users and items: an even power of P takes a signal on the
items to the items again, P^2 as R~^T R~, over the users half way. So T_2k(P) is a polynomial of R~^T R~.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch

from tastegraph.graph.bipartite import BipartiteGraph
from tastegraph.graph.propagation import propagate_at

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
        self._users = torch.arange(self.graph.num_users)
        self._items = torch.arange(self.graph.num_users, self.graph.num_nodes)

    def chebyshev(self, signals: Sparse, coefficients: NDArray[np.float64]) -> NDArray[np.float32]:
        """The sum of c_k T_2k(P) x of each signal x, k = 0..K; float32 [n, items].

        By T_n+1 = 2 P T_n - T_n-1: odd terms live on the users, even
        ones on the items, each written over the one before it on its side.

        Args:
            signals: values of the items, sparse float32 [n, items].
            coefficients: c, float [K + 1].
        """
        num_users = self.graph.num_users
        nodes = torch.zeros(self.graph.num_nodes, signals.shape[0])
        on_users, on_items = nodes[:num_users], nodes[num_users:]
        column = np.repeat(np.arange(signals.shape[0]), np.diff(signals.indptr))
        on_items.numpy()[signals.indices, column] = signals.data
        total = float(coefficients[0]) * on_items
        for k, c in enumerate(coefficients[1:].tolist()):
            self._step(nodes, on_users, self._users, first=k == 0)
            self._step(nodes, on_items, self._items)
            total.add_(on_items, alpha=c)
        return total.T.contiguous().numpy()

    def _step(self, nodes: torch.Tensor, side: torch.Tensor, rows: torch.Tensor, *, first: bool = False) -> None:
        """T_n+1 in place of T_n-1 on one side, T_n being on the other; the first step makes T_1 = P T_0."""
        reached = propagate_at(self.graph, nodes, rows)
        if first:
            side.copy_(reached)
        else:
            torch.sub(reached, side, alpha=0.5, out=side)
            side.mul_(2)
