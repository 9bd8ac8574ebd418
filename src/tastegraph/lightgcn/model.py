"""LightGCN: E0, K propagations, a weighted sum, inner products."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import torch
from torch import nn

from tastegraph.errors import ModelError
from tastegraph.graph.bipartite import SYMMETRIC, BipartiteGraph
from tastegraph.graph.propagation import sum_of_layers, sum_of_layers_at
from tastegraph.lightgcn.conv import LightGCNConv, edge_weights
from tastegraph.ranks.alone import ALONE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tastegraph.graph.bipartite import Exponents
    from tastegraph.graph.propagation import Precision
    from tastegraph.ranks.alone import Ranks

__all__ = ["LightGCN"]


class LightGCN(nn.Module):
    r"""LightGCN of He et al. 2020 (arXiv 2002.02126).

    .. math::
        E = \sum_{k=0}^{K} \alpha_k P^k E^{(0)}, \qquad P = D^{-a} A D^{-b}, \qquad \hat y_{ui} = e_u \cdot e_i

    `E0` is the only trainable tensor (equations 6 to 8); with learned alpha, `alpha_logits` joins it and alpha is their
    softmax, so that alpha_k >= 0 and they sum to 1.

    Args:
        num_users: users, the first rows of E0.
        num_items: items, the rows after them.
        embedding_dim: d.
        num_layers: K.
        alpha: "uniform", "learned" or K+1 weights.
        exponents: a and b of the normalisation; the paper's are 1/2 each. Whatever those of a graph handed in.
        init_std: standard deviation of E0's normal draw.
        generator: source of that draw; torch's global one by default.
        start: E0 before training, float32 [nodes, d], in place of that draw.
        ranks: where several processes hold columns of one E0 each, those; `embedding_dim` and `start` are of this one's
            columns then, and so are embeddings. An inner product is the sum of all ranks' (`ranks.sum`).

    Raises:
        ModelError: a size is out of range or alpha does not fit K.
    """

    _alpha: torch.Tensor

    def __init__(
        self,
        num_users: int,
        num_items: int,
        *,
        embedding_dim: int = 64,
        num_layers: int = 3,
        alpha: Literal["uniform", "learned"] | Sequence[float] = "uniform",
        exponents: Exponents = SYMMETRIC,
        init_std: float = 0.1,
        generator: torch.Generator | None = None,
        start: torch.Tensor | None = None,
        ranks: Ranks = ALONE,
    ) -> None:
        super().__init__()
        if num_users < 1 or num_items < 1 or embedding_dim < 1 or num_layers < 0:
            raise ModelError(
                f"cannot build {num_users} users x {num_items} items at {embedding_dim} dimensions, {num_layers} layers"
            )
        self.num_users = num_users
        self.num_items = num_items
        self.exponents = exponents
        self.ranks = ranks
        if start is None:
            start = torch.empty(num_users + num_items, embedding_dim).normal_(0, init_std, generator=generator)
        elif start.shape != (num_users + num_items, embedding_dim):
            raise ModelError(f"E0 needs the shape {(num_users + num_items, embedding_dim)}, found {tuple(start.shape)}")
        self.E0 = nn.Parameter(start)
        self.convs = nn.ModuleList(LightGCNConv() for _ in range(num_layers))
        self.alpha_logits = nn.Parameter(torch.zeros(num_layers + 1)) if alpha == "learned" else None
        if not isinstance(alpha, str):
            given = torch.tensor(list(alpha), dtype=torch.float32)
            if len(given) != num_layers + 1 or bool((given < 0).any()) or not bool(given.isfinite().all()):
                raise ModelError(f"alpha needs {num_layers + 1} finite weights of at least 0, found {list(alpha)}")
        else:
            given = torch.full((num_layers + 1,), 1 / (num_layers + 1))
        self.register_buffer("_alpha", given, persistent=False)

    def __repr__(self) -> str:
        d, k = self.E0.shape[1], len(self.convs)
        return f"LightGCN({self.num_users:,} users, {self.num_items:,} items, d = {d}, K = {k})"

    @property
    def alpha(self) -> torch.Tensor:
        """The layers' weights alpha_0..alpha_K, float [K+1], each >= 0."""
        if self.alpha_logits is not None:
            return torch.softmax(self.ranks.shared(self.alpha_logits), dim=0)
        return self._alpha

    def forward(
        self, graph: BipartiteGraph | torch.Tensor, precision: Precision = "float32"
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Final embeddings of users, float [users, d], and of items, float [items, d]; see `embeddings`."""
        e_users, e_items = torch.split(self.embeddings(graph, precision), [self.num_users, self.num_items])
        return e_users, e_items

    def embeddings(self, graph: BipartiteGraph | torch.Tensor, precision: Precision = "float32") -> torch.Tensor:
        """Final embeddings of all nodes, users first, float [nodes, d].

        A `BipartiteGraph` is run through in one operator, with rows between layers stored in `precision`; a PyG
        edge_index, int64 [2, E], through the stack of `LightGCNConv` layers.
        """
        if isinstance(graph, BipartiteGraph):
            return sum_of_layers(graph.normalised(self.exponents), self.E0, self.alpha, precision)
        return self._through_convs(graph)

    def _through_convs(self, edge_index: torch.Tensor) -> torch.Tensor:
        alpha = self.alpha
        weight = edge_weights(edge_index, len(self.E0), self.E0.dtype, self.exponents)  # [E]
        x = self.E0  # [nodes, d], layer after layer
        total = alpha[0] * x
        for layer, conv in enumerate(self.convs, start=1):
            x = conv(x, edge_index, weight)
            total = total + alpha[layer] * x
        return total

    def embeddings_at(
        self, graph: BipartiteGraph, nodes: torch.Tensor, precision: Precision = "float32"
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Final embeddings and rows of E0 of some nodes, float [n, d] each, at the cost of what a step needs.

        Args:
            graph: what is propagated over.
            nodes: node indices, int64 [n], users first, each at most once.
            precision: how rows between layers are stored.
        """
        return sum_of_layers_at(graph.normalised(self.exponents), self.E0, self.alpha, nodes, precision)

    def hops(self, graph: BipartiteGraph) -> torch.Tensor:
        """What a node hands to its neighbours, f = alpha_1 E0 + ... + alpha_K P^(K-1) E0, float [nodes, d].

        A final embedding is alpha_0 of the node's own row of E0, and the sum of p_ui f over its neighbours.
        """
        alpha = self.alpha
        if len(alpha) == 1:
            return torch.zeros_like(self.E0)
        return sum_of_layers(graph.normalised(self.exponents), self.E0, alpha[1:].contiguous())

    def score(self, graph: BipartiteGraph, user: torch.Tensor, item: torch.Tensor) -> torch.Tensor:
        """y_ui = e_u . e_i of each (user, item) pair, float [n], for index tensors int64 [n]."""
        e_users, e_items = self(graph)
        (scores,) = self.ranks.sum(torch.sum(e_users[user] * e_items[item], dim=-1))
        return scores
