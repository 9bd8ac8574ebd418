"""Layer `lightgcnconv` and network `lightgcn` of GraphGym."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from torch import nn
from torch_geometric.graphgym import register
from torch_geometric.graphgym.config import cfg
from torch_geometric.graphgym.models.layer import new_layer_config

from tastegraph.graph.neighbours import NeighbourLists
from tastegraph.lightgcn.conv import LightGCNConv
from tastegraph.lightgcn.negatives import UniformNegatives

if TYPE_CHECKING:
    from torch_geometric.data import Data

__all__ = ["GymLightGCN", "GymLightGCNConv"]

NEVER = float("-inf")  # the score of what no list may hold


@register.register_layer("lightgcnconv")
class GymLightGCNConv(nn.Module):
    """`LightGCNConv` as a layer of GraphGym: takes and gives a batch; it has no width of its own.

    Args:
        layer_config: GraphGym's, unused.
    """

    def __init__(self, layer_config: Any = None, **_: Any) -> None:  # noqa: ARG002 (GraphGym hands it in)
        super().__init__()
        self.model = LightGCNConv()

    def forward(self, batch: Data) -> Data:
        """Propagate batch.x, float [nodes, d], along batch.edge_index, each edge both ways."""
        batch.x = self.model(batch.x, batch.edge_index)
        return batch


@register.register_network("lightgcn")
class GymLightGCN(nn.Module):
    """LightGCN of cfg.gnn.layers_mp layers of cfg.gnn.layer_type at cfg.gnn.dim_inner dimensions.

    In training a batch gives the scores of each edge and of one negative, float [edges, 2], and which column is to be
    higher. In validation and test it gives the scores of all items for each user with a held-out like, known ones and
    cold ones at -inf, float [users, items + cold], and which are to be found: full ranking.

    Args:
        dim_in: GraphGym's, unused: what is learned is E0 alone.
        dim_out: unused as well.
    """

    def __init__(self, dim_in: int, dim_out: int) -> None:  # noqa: ARG002
        super().__init__()
        self.num_users, self.num_items = cfg.share.num_users, cfg.share.num_items
        d, num_layers = cfg.gnn.dim_inner, cfg.gnn.layers_mp
        self.E0 = nn.Parameter(torch.empty(self.num_users + self.num_items, d).normal_(0, 0.1))
        layer = register.layer_dict[cfg.gnn.layer_type]
        config = new_layer_config(d, d, 1, has_act=False, has_bias=False, cfg=cfg)
        self.layers = nn.ModuleList(layer(config) for _ in range(num_layers))

    def embeddings(self, batch: Data) -> torch.Tensor:
        """The mean of layers 0 to K, float [nodes, d]."""
        batch.x = self.E0
        total: torch.Tensor = self.E0
        for layer in self.layers:
            batch = layer(batch)
            total = total + batch.x
        mean: torch.Tensor = total / (len(self.layers) + 1)
        return mean

    def forward(self, batch: Data) -> tuple[torch.Tensor, torch.Tensor]:
        """Scores and what is to be high among them, of the shapes that the class tells."""
        e = self.embeddings(batch)
        if batch.split == "train":
            return self._pairs(e, batch.edge_index)
        held = batch.val_edge if batch.split == "val" else batch.test_edge
        known = self._known(batch.edge_index)
        if batch.split == "test":
            known = torch.cat([known, batch.val_edge[:, batch.val_edge[1] >= 0]], dim=1)
        return self._all(e, known, held)

    def _known(self, edge_index: torch.Tensor) -> torch.Tensor:
        user, item = edge_index[:, edge_index[0] < self.num_users]
        return torch.stack([user, item - self.num_users])

    def _pairs(self, e: torch.Tensor, edge_index: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        user, item = self._known(edge_index)
        lists = NeighbourLists.from_pairs(user.cpu().numpy(), item.cpu().numpy(), self.num_users, self.num_items)
        draws = torch.Generator().manual_seed(int(torch.randint(2**62, ())))
        negative = UniformNegatives(lists).draw(user.cpu(), draws).to(user.device)
        sides = torch.stack([item, negative], dim=1) + self.num_users
        scores = (e[user].unsqueeze(1) * e[sides]).sum(-1)
        return scores, torch.tensor([1.0, 0.0], device=e.device).expand_as(scores)

    def _all(self, e: torch.Tensor, known: torch.Tensor, held: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        user, item = held
        cold = torch.bincount(user[item < 0], minlength=self.num_users)
        scores = torch.full((self.num_users, self.num_items + int(cold.max())), NEVER, device=e.device)
        scores[:, : self.num_items] = e[: self.num_users] @ e[self.num_users :].T
        scores[known[0], known[1]] = NEVER
        wanted = torch.zeros_like(scores)
        wanted[user[item >= 0], item[item >= 0]] = 1
        wanted[:, self.num_items :] = (torch.arange(int(cold.max()), device=e.device) < cold.unsqueeze(1)).float()
        judged = wanted.sum(1) > 0
        return scores[judged], wanted[judged]
