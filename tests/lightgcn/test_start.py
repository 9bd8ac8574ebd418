from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from tastegraph.errors import ModelError
from tastegraph.graph.bipartite import BipartiteGraph
from tastegraph.graph.spectral import singular_triplets
from tastegraph.lightgcn.config import ModelConfig
from tastegraph.lightgcn.start import start_embeddings


def _start(graph: BipartiteGraph, **settings: object) -> torch.Tensor:
    return start_embeddings(graph, ModelConfig.model_validate(settings), torch.Generator().manual_seed(4))


def _graph(num_users: int = 300, num_items: int = 500) -> BipartiteGraph:
    rng = np.random.default_rng(2)
    return BipartiteGraph.from_pairs(rng.integers(0, num_users, 6000), rng.integers(0, num_items, 6000), 300, 500)


def test_a_normal_start_has_the_standard_deviation_asked_for() -> None:
    e0 = _start(_graph(), init_std=0.3)
    assert e0.shape == (800, 64)
    assert e0.std().item() == pytest.approx(0.3, rel=0.02)


def test_a_xavier_start_lies_within_its_bounds_on_each_side() -> None:
    users, items = torch.split(_start(_graph(), start="xavier"), [300, 500])
    for side, rows in ((users, 300), (items, 500)):
        bound = math.sqrt(6 / (rows + 64))
        assert 0.99 * bound < side.abs().max() <= bound
        assert side.std().item() == pytest.approx(bound / math.sqrt(3), rel=0.02)


def test_a_spectral_start_ranks_as_the_ideal_low_pass_filter_does() -> None:
    """e_u . e_i = (D_u^1/2 U V^T D_i^1/2)_ui up to a factor, at rows of the norm asked for."""
    graph = _graph()
    users, items = torch.split(_start(graph, start="spectral", embedding_dim=8, start_norm=2.0), [300, 500])
    u, _, v = singular_triplets(graph, 8)
    expected = (np.sqrt(graph.items_of.counts)[:, None] * u) @ (np.sqrt(graph.users_of.counts)[:, None] * v).T
    scores = (users @ items.T).numpy()
    factor = scores.ravel() @ expected.ravel() / (expected.ravel() @ expected.ravel())
    np.testing.assert_allclose(scores, factor * expected, atol=1e-4)
    for side in (users, items):
        assert side.square().sum(1).mean().sqrt().item() == pytest.approx(2, rel=1e-5)


def test_a_spectral_start_wider_than_the_graph_is_refused(toy: BipartiteGraph) -> None:
    with pytest.raises(ModelError, match=r"found 3 users and 4 items; set model.embedding_dim=3 or less"):
        _start(toy, start="spectral", embedding_dim=4)
