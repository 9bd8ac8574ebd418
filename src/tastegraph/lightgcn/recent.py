"""Users as they have been of late: the last step to a user weighs its later items more."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch
from scipy.sparse import csr_array

from tastegraph.errors import ModelError
from tastegraph.graph.recency import recency_weights

if TYPE_CHECKING:
    from tastegraph.graph.bipartite import BipartiteGraph
    from tastegraph.lightgcn.model import LightGCN

__all__ = ["recent_users"]


def recent_users(model: LightGCN, graph: BipartiteGraph, gamma: float) -> torch.Tensor:
    r"""Final embeddings of users with a last step that weighs a later item more, float32 [users, d].

    .. math::
        e_u = \alpha_0 e_u^{(0)} + \sum_{i \in N_u} r_{ui} p_{ui} f_i, \qquad
        f_i = \sum_{k=1}^{K} \alpha_k e_i^{(k-1)}, \qquad
        r_{ui} = |N_u| \, a_{ui}^{-\gamma} \Big/ \sum_{j \in N_u} a_{uj}^{-\gamma}

    With gamma = 0 these are LightGCN's own (He et al. 2020, equations 3 and 4): all layers of a user are one step from
    its items' layers. Only this step is weighed, and only when lists are made; what is learned stays as it is. The idea
    of weighing a user's history by its recency is that of Ding and Li 2005 (CIKM, time weight collaborative filtering).

    Args:
        model: trained on `graph`; without gradients.
        graph: with the age of each edge.
        gamma: how fast an item's weight falls with its age.

    Raises:
        ModelError: the graph does not tell ages.
    """
    if graph.age is None:
        raise ModelError("model.recency needs to know which of a user's items are later, and nobody has said so")
    a, b = model.exponents
    lists = graph.items_of
    user = np.repeat(np.arange(graph.num_users), lists.counts)
    p = lists.counts[user] ** -a * graph.users_of.counts[lists.index] ** -b
    weight = recency_weights(graph.age, lists.start, gamma) * p
    step = csr_array(
        (weight.astype(np.float32), lists.index.astype(np.int64), lists.start), (graph.num_users, graph.num_items)
    )
    with torch.no_grad():
        own, f = model.alpha[0] * model.E0[: graph.num_users], model.hops(graph)[graph.num_users :]
        # One thread's product, whose sums are always in the same order.
        return own + torch.from_numpy(step @ f.cpu().numpy()).to(own)
