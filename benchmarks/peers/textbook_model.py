"""The textbook LightGCN: two embedding tables, torch.sparse.mm for each layer, autograd through it, plain Adam."""

from __future__ import annotations

import torch
from torch import nn

__all__ = ["TextbookLightGCN", "TextbookTrainer"]


class TextbookLightGCN(nn.Module):
    """He et al. 2020 on a COO matrix.

    Args:
        p: the propagation matrix, sparse COO float32 [nodes, nodes], users first.
        num_users: users; the other nodes are items.
        dimensions: d.
        layers: K.
    """

    def __init__(self, p: torch.Tensor, num_users: int, dimensions: int, layers: int) -> None:
        super().__init__()
        self.p = p
        self.layers = layers
        self.users = nn.Embedding(num_users, dimensions)
        self.items = nn.Embedding(p.shape[0] - num_users, dimensions)
        for table in (self.users, self.items):
            nn.init.normal_(table.weight, std=0.1)

    def forward(self) -> tuple[torch.Tensor, torch.Tensor]:
        """Final embeddings of users [users, d] and items [items, d]: the mean over a stack of all layers."""
        x = torch.cat([self.users.weight, self.items.weight])
        layers = [x]
        for _ in range(self.layers):
            x = torch.sparse.mm(self.p, x)
            layers.append(x)
        out = torch.mean(torch.stack(layers, dim=1), dim=1)
        e_users, e_items = torch.split(out, [self.users.num_embeddings, self.items.num_embeddings])
        return e_users, e_items


class TextbookTrainer:
    """One BPR step at a time, with Adam's default (not fused) implementation.

    Args:
        model: the model.
        learning_rate: Adam's.
        decay: weight of the L2 penalty on the batch's rows of E0.
    """

    def __init__(self, model: TextbookLightGCN, learning_rate: float = 1e-3, decay: float = 1e-4) -> None:
        self.model = model
        self.decay = decay
        self.optimizer = torch.optim.Adam(model.parameters(), lr=learning_rate)

    def step(self, user: torch.Tensor, positive: torch.Tensor, negative: torch.Tensor) -> float:
        """A step on index tensors int64 [B] each; returns the loss."""
        e_users, e_items = self.model()
        users, positives, negatives = e_users[user], e_items[positive], e_items[negative]
        margin = torch.mul(users, negatives).sum(1) - torch.mul(users, positives).sum(1)
        rows = (self.model.users(user), self.model.items(positive), self.model.items(negative))
        penalty = sum(row.norm(2).pow(2) for row in rows) / 2 / len(user)
        loss = nn.functional.softplus(margin).mean() + self.decay * penalty
        self.optimizer.zero_grad()
        loss.backward()
        self.optimizer.step()
        return float(loss.item())
