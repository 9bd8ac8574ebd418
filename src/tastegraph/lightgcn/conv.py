"""LightGCNConv: one layer of light graph convolution as a PyG message-passing layer."""

from __future__ import annotations

import torch
from torch_geometric.nn import MessagePassing

from tastegraph.errors import GraphError
from tastegraph.graph.bipartite import ONE_WAY, SYMMETRIC, BipartiteGraph, Exponents
from tastegraph.graph.propagation import propagate

__all__ = ["LightGCNConv", "edge_weights"]


class LightGCNConv(MessagePassing):  # type: ignore[misc]  # PyG is untyped
    r"""The light graph convolution of He et al. 2020 (arXiv 2002.02126), equation 3.

    .. math::
        e_u^{(k+1)} = \sum_{i \in N_u} \frac{1}{\sqrt{|N_u|}\sqrt{|N_i|}} e_i^{(k)}

    and the same for items with the roles exchanged: no self loop, no weight matrix, no activation, no parameter.

    Given a `BipartiteGraph` the layer is one run of the propagation operator over neighbour lists that were
    normalised once. Given a PyG edge_index it passes messages along the edges; hand in
    `edge_weights(...)` as `edge_weight` to compute the normalisation once for many calls.

    Shapes:
        - x: float [nodes, d], users first, then items.
        - graph: a `BipartiteGraph`, or an edge_index, int64 [2, E], holding each edge in both directions.
        - edge_weight: float [E], with an edge_index only.
        - result: float [nodes, d].
    """

    def __init__(self) -> None:
        super().__init__(aggr="add")

    def forward(
        self,
        x: torch.Tensor,
        graph: BipartiteGraph | torch.Tensor,
        edge_weight: torch.Tensor | None = None,
    ) -> torch.Tensor:
        """One layer, float [nodes, d]; see the class.

        Raises:
            GraphError: an edge_index (without edge_weight) lists an edge in one direction only.
        """
        if isinstance(graph, BipartiteGraph):
            return propagate(graph, x)
        if edge_weight is None:
            edge_weight = edge_weights(graph, x.size(0), x.dtype)
        passed: torch.Tensor = self.propagate(graph, x=x, edge_weight=edge_weight)
        return passed

    def message(self, x_j: torch.Tensor, edge_weight: torch.Tensor) -> torch.Tensor:
        """What an edge carries: its source's value [E, d], times its weight [E]."""
        return edge_weight.view(-1, 1) * x_j


def edge_weights(
    edge_index: torch.Tensor,
    num_nodes: int,
    dtype: torch.dtype = torch.float32,
    exponents: Exponents = SYMMETRIC,
) -> torch.Tensor:
    """The weight 1 / (|N_n|^a |N_m|^b) of each edge from m to n, float [E], for an edge_index int64 [2, E].

    Raises:
        GraphError: an edge is missing in the other direction: messages would pass one way only, and every
            weight would be of a node without neighbours.
    """
    source, target = edge_index
    forward = torch.sort(source * num_nodes + target).values
    backward = torch.sort(target * num_nodes + source).values
    if not torch.equal(forward, backward):
        raise GraphError(ONE_WAY)
    degree = torch.zeros(num_nodes, dtype=dtype, device=edge_index.device)
    degree.index_add_(0, target, torch.ones_like(target, dtype=dtype))
    degree.clamp_(min=1)
    a, b = exponents
    return degree[target] ** -a * degree[source] ** -b
