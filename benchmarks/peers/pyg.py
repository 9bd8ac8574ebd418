"""PyG's LightGCN on an edge_index, trained with the loop of PyG's own example of it."""

from __future__ import annotations

import time
from itertools import islice, pairwise
from typing import TYPE_CHECKING

import torch
from torch.utils.data import DataLoader
from torch_geometric.nn import LightGCN

if TYPE_CHECKING:
    from tastegraph.graph.bipartite import BipartiteGraph

__all__ = ["PygTrainer"]


class PygTrainer:
    """PyG's model and its example's training.

    Args:
        graph: gives the edge_index, every edge in both directions.
        dimensions: d.
        layers: K.
        batch_size: positives a step.
    """

    def __init__(self, graph: BipartiteGraph, dimensions: int, layers: int, batch_size: int) -> None:
        self.edge_index = graph.edge_index
        self.positives = self.edge_index[:, self.edge_index[0] < graph.num_users]
        self.num_users, self.num_items = graph.num_users, graph.num_items
        self.model = LightGCN(graph.num_nodes, embedding_dim=dimensions, num_layers=layers)
        self.optimizer = torch.optim.Adam(self.model.parameters(), lr=0.001)
        edges = range(graph.num_edges)
        self.loader: DataLoader[int] = DataLoader(edges, batch_size, shuffle=True)  # type: ignore[arg-type]  # as PyG's

    @property
    def steps(self) -> int:
        """Steps of an epoch."""
        return len(self.loader)

    def step(self, chosen: torch.Tensor) -> None:
        """One step on the positives of the given numbers, int64 [B]; negatives are any items, uniformly."""
        positive = self.positives[:, chosen]
        drawn = torch.randint(self.num_users, self.num_users + self.num_items, (len(chosen),))
        pairs = torch.cat([positive, torch.stack([positive[0], drawn])], dim=1)
        self.optimizer.zero_grad()
        ranks = self.model(self.edge_index, pairs).chunk(2)
        loss = self.model.recommendation_loss(*ranks, node_id=torch.unique(pairs))
        loss.backward()
        self.optimizer.step()

    def step_seconds(self, steps: int) -> list[float]:
        """Seconds of each of `steps` steps, batches fetched; an epoch's first step, which shuffles, is not counted."""
        ends = []
        for chosen in islice(self.loader, steps + 1):
            self.step(chosen)
            ends.append(time.perf_counter())
        return [end - begin for begin, end in pairwise(ends)]
