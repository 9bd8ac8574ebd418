from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch

from tastegraph.lightgcn.model import LightGCN
from tastegraph.studies.saving import folding_of

if TYPE_CHECKING:
    from tastegraph.graph.bipartite import BipartiteGraph


def test_own_part_and_neighbours_parts_are_the_final_embedding(toy: BipartiteGraph) -> None:
    """e_u = alpha_0 E0_u + sum over N_u of p_ui f_i, for each user; and the same for items."""
    model = LightGCN(3, 4, embedding_dim=5, num_layers=3, alpha=(0.4, 0.3, 0.2, 0.1), generator=torch.manual_seed(0))
    e_users, e_items = (part.detach().numpy() for part in model(toy))
    folding = folding_of(model, toy)
    p = np.zeros((3, 4))
    for user in range(3):
        for item in toy.items_of[user]:
            p[user, item] = 1 / np.sqrt(toy.items_of.counts[user] * toy.users_of.counts[item])
    np.testing.assert_allclose(folding.own + p @ folding.items, e_users, atol=1e-6)
    own_items = 0.4 * model.E0.detach().numpy()[3:]
    np.testing.assert_allclose(own_items + p.T @ folding.users, e_items, atol=1e-6)


def test_without_layers_nothing_comes_from_neighbours(toy: BipartiteGraph) -> None:
    model = LightGCN(3, 4, embedding_dim=5, num_layers=0, generator=torch.manual_seed(0))
    folding = folding_of(model, toy)
    assert not folding.items.any()
    assert np.array_equal(folding.own, model.E0.detach().numpy()[:3])
