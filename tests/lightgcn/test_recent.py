from __future__ import annotations

import numpy as np
import pytest
import torch

from tastegraph.errors import ModelError
from tastegraph.graph.bipartite import BipartiteGraph
from tastegraph.lightgcn.config import ModelConfig, TrainingConfig
from tastegraph.lightgcn.model import LightGCN
from tastegraph.lightgcn.recent import recent_step, recent_users
from tastegraph.lightgcn.training import train

ADJACENCY = np.array([[1, 1, 0, 1], [0, 1, 1, 0], [1, 0, 0, 0]])
AGE = np.array([2, 3, 1, 1, 2, 1])


def _graph(age: np.ndarray | None = AGE) -> BipartiteGraph:
    user, item = np.nonzero(ADJACENCY)
    return BipartiteGraph.from_pairs(user, item, 3, 4, age)


def _users(model: LightGCN, gamma: float) -> np.ndarray:
    return recent_users(model, _graph(), recent_step(_graph(), model.exponents, gamma)).numpy()


@pytest.mark.parametrize("exponents", [(0.5, 0.5), (0.8, 0.3)])
def test_the_last_step_to_a_user_is_that_of_the_dense_formula(exponents: tuple[float, float]) -> None:
    model = LightGCN(3, 4, embedding_dim=5, num_layers=2, alpha=(0.2, 0.3, 0.5), exponents=exponents)
    joined = np.block([[np.zeros((3, 3)), ADJACENCY], [ADJACENCY.T, np.zeros((4, 4))]])
    degree = joined.sum(1)
    p = joined * np.outer(degree ** -exponents[0], degree ** -exponents[1])
    weighed = p[:3].copy()
    for user, (items, ages) in enumerate([([0, 1, 3], [2, 3, 1]), ([1, 2], [1, 2]), ([0], [1])]):
        r = np.array(ages, float) ** -1.3
        weighed[user, np.array(items) + 3] *= r / r.mean()
    e0 = model.E0.detach().numpy().astype(np.float64)
    expected = 0.2 * e0[:3] + weighed @ (0.3 * e0 + 0.5 * p @ e0)
    np.testing.assert_allclose(_users(model, 1.3), expected, atol=1e-6)


def test_at_gamma_zero_users_are_lightgcns_own() -> None:
    model = LightGCN(3, 4, embedding_dim=5, num_layers=3)
    np.testing.assert_allclose(_users(model, 0), model(_graph())[0].detach(), atol=1e-6)


def test_training_takes_no_part_in_it_and_its_result_does() -> None:
    config = TrainingConfig(epochs=3, objective="softmax", batch_size=2)
    plain, recent = (
        train(_graph(), ModelConfig(embedding_dim=5, ranking="cosine", recency=gamma), config) for gamma in (0, 1)
    )
    assert torch.equal(plain.model.E0, recent.model.E0)
    assert np.array_equal(plain.embeddings[1], recent.embeddings[1])
    users = _users(recent.model, 1)
    np.testing.assert_array_equal(recent.embeddings[0], users / np.linalg.norm(users, axis=1, keepdims=True))
    assert not np.allclose(plain.embeddings[0], recent.embeddings[0])


def test_a_graph_that_does_not_tell_ages_is_refused() -> None:
    with pytest.raises(ModelError, match=r"model\.recency needs to know which"):
        train(_graph(None), ModelConfig(embedding_dim=5, recency=1.0), TrainingConfig(epochs=1))
