"""What a trained model leaves for new users and items to be folded in from."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from tastegraph.saved_model import Folding

if TYPE_CHECKING:
    from tastegraph.graph.bipartite import BipartiteGraph
    from tastegraph.lightgcn.model import LightGCN

__all__ = ["folding_of"]


def folding_of(model: LightGCN, graph: BipartiteGraph, recency: float = 0.0) -> Folding:
    """The vectors f = alpha_1 E0 + alpha_2 P E0 + ... + alpha_K P^(K-1) E0 of all nodes, and the users' alpha_0 E0.

    Args:
        model: trained on `graph`.
        graph: what it has learned from.
        recency: gamma, how much more a user's later items weigh.
    """
    with torch.no_grad():
        f, own = model.hops(graph), model.alpha[0] * model.E0[: model.num_users]
    users, items = torch.split(f.cpu(), [model.num_users, model.num_items])
    own, users, items = (part.contiguous().cpu() for part in (own, users, items))
    return Folding(own.numpy(), users.numpy(), items.numpy(), model.exponents, recency)
