"""Users as they have been of late: the last step to a user weighs its later items more."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from scipy.sparse import csr_array

from tastegraph.errors import ModelError
from tastegraph.graph.recency import recency_weights

if TYPE_CHECKING:
    from tastegraph.graph.bipartite import BipartiteGraph, Exponents
    from tastegraph.lightgcn.model import LightGCN

__all__ = ["recent_step", "recent_users"]

Sparse = Any  # scipy's csr_array of float32, which carries no types


def recent_step(graph: BipartiteGraph, exponents: Exponents, gamma: float) -> Sparse:
    r"""The last step to users with later items weighed more, r_ui p_ui: sparse float32 [users, items].

    .. math::
        r_{ui} = |N_u| \, a_{ui}^{-\gamma} \Big/ \sum_{j \in N_u} a_{uj}^{-\gamma}, \qquad
        p_{ui} = 1 \Big/ \left( |N_u|^a |N_i|^b \right)

    The idea of weighing a user's history by its recency is that of Ding and Li 2005 (CIKM, time weight collaborative
    filtering).

    Args:
        graph: with the age of each edge.
        exponents: a and b.
        gamma: how fast an item's weight falls with its age; with 0 it is P's own step.

    Raises:
        ModelError: the graph does not tell ages.
    """
    if graph.age is None:
        raise ModelError("model.recency needs to know which of a user's items are later, and nobody has said so")
    a, b = exponents
    lists = graph.items_of
    user = np.repeat(np.arange(graph.num_users), lists.counts)
    p = lists.counts[user] ** -a * graph.users_of.counts[lists.index] ** -b
    weight = recency_weights(graph.age, lists.start, gamma) * p
    return csr_array(
        (weight.astype(np.float32), lists.index.view(np.int32), lists.start), (graph.num_users, graph.num_items)
    )


def recent_users(model: LightGCN, graph: BipartiteGraph, step: Sparse) -> torch.Tensor:
    r"""Final embeddings of users whose last step is a given one, float32 [users, d].

    .. math::
        e_u = \alpha_0 e_u^{(0)} + \sum_{i \in N_u} r_{ui} p_{ui} f_i, \qquad
        f_i = \sum_{k=1}^{K} \alpha_k e_i^{(k-1)}

    With r_ui = 1 these are LightGCN's own (He et al. 2020, equations 3 and 4): all layers of a user are one step from
    its items' layers. Only this step is weighed, and only when lists are made; what is learned stays as it is.

    Args:
        model: trained on `graph`; without gradients.
        graph: what is propagated over.
        step: of `recent_step`, sparse [users, items], for the same graph and the model's exponents.
    """
    with torch.no_grad():
        own, f = model.alpha[0] * model.E0[: graph.num_users], model.hops(graph)[graph.num_users :]
        # One thread's product, whose sums are always in the same order.
        return own + torch.from_numpy(step @ f.cpu().numpy()).to(own)
