"""The bipartite, undirected graph of users and items, compressed both ways, with its symmetric normalisation."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from tastegraph.errors import GraphError
from tastegraph.graph.neighbours import NeighbourLists

if TYPE_CHECKING:
    import torch
    from numpy.typing import ArrayLike, NDArray

__all__ = ["ONE_WAY", "SYMMETRIC", "BipartiteGraph", "Exponents"]

ONE_WAY = (
    "edge_index lists an edge in one direction only; messages must pass both ways "
    "(torch_geometric.utils.to_undirected adds the missing ones)"
)


Exponents = tuple[float, float]
SYMMETRIC: Exponents = (0.5, 0.5)


@dataclass(frozen=True, eq=False)
class BipartiteGraph:
    """Users on one side, items on the other; node n is user n below `num_users`, item n - num_users from there.

    With A the adjacency matrix of all nodes and d their degrees, P = D^-a A D^-b is the propagation matrix: with
    exponents (1/2, 1/2) that of He et al. 2020 (arXiv 2002.02126), equation 8. It is never stored with values: powers
    of the degrees and the lists say it all. Other exponents are Lee et al. 2024's (LightGCN++, RecSys), a of the node
    that gathers and b of its neighbours.

    Attributes:
        items_of: N_u, the items of each user.
        users_of: N_i, the users of each item.
        exponents: a and b.
        age: of each entry of `items_of`, 1 for the user's latest item, int64 [edges]; None where nobody has said so.
    """

    items_of: NeighbourLists
    users_of: NeighbourLists
    exponents: Exponents = SYMMETRIC
    age: NDArray[np.int64] | None = None

    @classmethod
    def from_pairs(
        cls, user: ArrayLike, item: ArrayLike, num_users: int, num_items: int, age: NDArray[np.int64] | None = None
    ) -> BipartiteGraph:
        """The graph with an edge for each (user, item) pair; pairs given twice make one edge.

        Args:
            user: index of each pair's user, whole numbers [n].
            item: index of each pair's item, whole numbers [n].
            num_users: users there are.
            num_items: items there are.
            age: of each pair, int64 [n], where no pair is given twice.

        Raises:
            GraphError: an index is out of range, or a side is empty; or there are ages and a pair is given twice.
        """
        if num_users < 1 or num_items < 1:
            raise GraphError(f"both sides need a node, found {num_users} users and {num_items} items")
        items_of = NeighbourLists.from_pairs(user, item, num_users, num_items)
        if age is not None:
            if len(age) != len(items_of.index):
                raise GraphError(f"{len(age):,} ages for {len(items_of.index):,} edges; each needs one")
            age = np.asarray(age)[np.lexsort((np.asarray(item), np.asarray(user)))]
        return cls(items_of, items_of.transposed(), age=age)

    @classmethod
    def from_edge_index(cls, edge_index: torch.Tensor, num_users: int, num_items: int) -> BipartiteGraph:
        """The graph of a PyG edge_index (int64 [2, E]) over nodes, users first, that lists each edge both ways.

        Raises:
            GraphError: an edge stands in one direction only, or joins two nodes of one side.
        """
        source, target = edge_index.cpu().numpy()
        outward = source < num_users
        if bool((outward == (target < num_users)).any()):
            raise GraphError("an edge joins two nodes of the same side; the graph is not bipartite")
        graph = cls.from_pairs(source[outward], target[outward] - num_users, num_users, num_items)
        back = cls.from_pairs(target[~outward], source[~outward] - num_users, num_users, num_items)
        if not np.array_equal(graph.items_of.keys(), back.items_of.keys()):
            raise GraphError(ONE_WAY)
        return graph

    def __repr__(self) -> str:
        return f"BipartiteGraph({self.num_users:,} users, {self.num_items:,} items, {self.num_edges:,} edges)"

    @property
    def num_users(self) -> int:
        """Number of users."""
        return self.items_of.num_rows

    @property
    def num_items(self) -> int:
        """Number of items."""
        return self.users_of.num_rows

    @property
    def num_nodes(self) -> int:
        """Users and items together."""
        return self.num_users + self.num_items

    @property
    def num_edges(self) -> int:
        """Undirected edges: unique (user, item) pairs."""
        return len(self.items_of.index)

    @cached_property
    def lists(self) -> NeighbourLists:
        """The neighbour lists of all nodes, users first, then items: A in compressed rows."""
        start = np.concatenate([self.items_of.start, self.num_edges + self.users_of.start[1:]])
        index = np.concatenate([self.items_of.index + np.uint32(self.num_users), self.users_of.index])
        return NeighbourLists(start, index, self.num_nodes)

    def normalised(self, exponents: Exponents) -> BipartiteGraph:
        """The same edges with exponents (a, b); what was asked for once is kept."""
        if exponents == self.exponents:
            return self
        if exponents not in self._normalised:
            self._normalised[exponents] = replace(self, exponents=exponents)
        return self._normalised[exponents]

    @cached_property
    def _normalised(self) -> dict[Exponents, BipartiteGraph]:
        return {}

    @cached_property
    def symmetric_scale(self) -> NDArray[np.float64]:
        """D^-(a+b)/2, 0 for an isolated node; float64 [nodes].

        P is similar to a symmetric matrix, P = Z S A S Z^-1, with this S and Z = D^(b-a)/2.
        """
        return _power(self.lists.counts, -sum(self.exponents) / 2)

    @cached_property
    def similarity(self) -> NDArray[np.float64] | None:
        """Z = D^(b-a)/2, 1 for an isolated node, float64 [nodes]; None where a = b and P is symmetric itself."""
        a, b = self.exponents
        return None if a == b else _power(np.maximum(self.lists.counts, 1), (b - a) / 2)

    @cached_property
    def edge_index(self) -> torch.Tensor:
        """The PyG form: int64 [2, 2 x edges], every edge in both directions."""
        import torch

        target = np.repeat(np.arange(self.num_nodes), self.lists.counts)
        return torch.from_numpy(np.stack([self.lists.index.astype(np.int64), target]))


def _power(degree: NDArray[np.int64], exponent: float) -> NDArray[np.float64]:
    """degree^exponent, 0 where the degree is 0."""
    return np.power(degree, exponent, out=np.zeros(len(degree)), where=degree > 0)
