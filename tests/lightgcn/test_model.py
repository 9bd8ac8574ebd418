from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import torch
from pydantic import ValidationError

from tastegraph.errors import ModelError
from tastegraph.lightgcn.config import ModelConfig
from tastegraph.lightgcn.model import LightGCN

if TYPE_CHECKING:
    from tastegraph.graph.bipartite import BipartiteGraph


def dense_embeddings(
    graph: BipartiteGraph, x: torch.Tensor, alpha: list[float], exponents: tuple[float, float] = (0.5, 0.5)
) -> torch.Tensor:
    """Sum of alpha_k P^k E0 with P written out."""
    adjacency = torch.zeros(graph.num_nodes, graph.num_nodes)
    adjacency[graph.edge_index[1], graph.edge_index[0]] = 1
    degree = adjacency.sum(1).clamp(min=1)
    a, b = exponents
    matrix = degree[:, None] ** -a * adjacency * degree[None, :] ** -b
    total, layer = torch.zeros_like(x), x
    for weight in alpha:
        total, layer = total + weight * layer, matrix @ layer
    return total


@pytest.mark.parametrize(
    ("num_layers", "alpha", "weights"),
    [
        (3, "uniform", [0.25] * 4),
        (2, (0.5, 0.0, 2.0), [0.5, 0.0, 2.0]),
        (3, (0.0, 0.25, 0.25, 0.25), [0.0, 0.25, 0.25, 0.25]),  # the tutorial's variant
        (2, "learned", [1 / 3] * 3),  # where learning starts
    ],
)
def test_embeddings_are_the_weighted_sum_of_layers(
    toy: BipartiteGraph, num_layers: int, alpha: str | tuple[float, ...], weights: list[float]
) -> None:
    model = LightGCN(3, 4, embedding_dim=8, num_layers=num_layers, alpha=alpha)  # type: ignore[arg-type]
    expected = dense_embeddings(toy, model.E0.detach(), weights)
    e_users, e_items = model(toy)
    torch.testing.assert_close(torch.cat([e_users, e_items]), expected)
    torch.testing.assert_close(torch.cat(model(toy.edge_index)), expected)
    torch.testing.assert_close(torch.cat(model(toy, "float16")), expected, rtol=4e-3, atol=4e-3)
    nodes = torch.tensor([5, 0, 3])
    torch.testing.assert_close(model.embeddings_at(toy, nodes)[0], expected[nodes])
    scores = model.score(toy, torch.tensor([0, 2]), torch.tensor([3, 1]))
    torch.testing.assert_close(scores, torch.stack([expected[0] @ expected[6], expected[2] @ expected[4]]))


@pytest.mark.parametrize("exponents", [(1.0, 0.0), (0.6, 0.6), (0.1, 0.7), (0.0, 0.0)])
def test_exponents_are_those_of_the_gathering_node_and_of_its_neighbours(
    toy: BipartiteGraph, exponents: tuple[float, float]
) -> None:
    """D^-a A D^-b, dense; through the operators, at some rows, with its gradient, and over a PyG edge_index."""
    model = LightGCN(3, 4, embedding_dim=8, num_layers=3, exponents=exponents)
    expected = dense_embeddings(toy, model.E0, [0.25] * 4, exponents)
    for graph in (toy, toy.normalised((0.3, 0.4)), toy.edge_index):
        torch.testing.assert_close(model.embeddings(graph), expected)
    nodes = torch.tensor([5, 0, 3])
    rows, own = model.embeddings_at(toy, nodes)
    torch.testing.assert_close(rows, expected[nodes])
    torch.testing.assert_close(own, model.E0[nodes])
    (wanted,) = torch.autograd.grad(expected[nodes].square().sum() + model.E0[nodes].sum(), model.E0)
    (found,) = torch.autograd.grad(rows.square().sum() + own.sum(), model.E0)
    torch.testing.assert_close(found, wanted)


def test_a_model_shows_its_size() -> None:
    assert repr(LightGCN(3, 4, embedding_dim=5, num_layers=2)) == "LightGCN(3 users, 4 items, d = 5, K = 2)"


def test_k_0_is_plain_factorization(toy: BipartiteGraph) -> None:
    model = LightGCN(3, 4, num_layers=0)
    e_users, e_items = model(toy)
    assert torch.equal(e_users, model.E0[:3])
    assert torch.equal(e_items, model.E0[3:])


def test_e0_is_the_only_trainable_tensor_but_for_learned_alpha() -> None:
    fixed, learned = LightGCN(3, 4, num_layers=2), LightGCN(3, 4, num_layers=2, alpha="learned")
    assert [(name, tuple(p.shape)) for name, p in fixed.named_parameters()] == [("E0", (7, 64))]
    assert {name for name, _ in learned.named_parameters()} == {"E0", "alpha_logits"}


def test_learned_alpha_moves_and_stays_at_least_zero(toy: BipartiteGraph) -> None:
    model = LightGCN(3, 4, num_layers=2, alpha="learned")
    optimizer = torch.optim.SGD(model.parameters(), lr=50.0)
    for _ in range(5):
        e_users, e_items = model(toy)
        optimizer.zero_grad()
        (-(e_users[0] * e_items[3]).sum()).backward()
        optimizer.step()
    assert not torch.allclose(model.alpha, torch.full((3,), 1 / 3))
    assert bool((model.alpha >= 0).all())
    torch.testing.assert_close(model.alpha.sum(), torch.tensor(1.0))


def test_propagation_moves_embeddings_and_an_isolated_item_stays_finite(toy: BipartiteGraph) -> None:
    model = LightGCN(3, 4, num_layers=3)
    e_users, e_items = model(toy)
    assert not torch.allclose(e_users, model.E0[:3] / 4)
    assert bool(e_items.isfinite().all())
    torch.testing.assert_close(e_items[3], model.E0[6] / 4)  # only its own layer 0 reaches it


def test_a_seed_repeats_e0() -> None:
    one, other = (LightGCN(3, 4, generator=torch.Generator().manual_seed(5)) for _ in range(2))
    assert torch.equal(one.E0, other.E0)
    assert one.E0.std().item() == pytest.approx(0.1, rel=0.15)


@pytest.mark.parametrize("alpha", [(1.0, 1.0), (1.0, -1.0, 1.0), (1.0, float("nan"), 1.0)])
def test_weights_that_fit_no_layers_are_refused(alpha: tuple[float, ...]) -> None:
    with pytest.raises(ModelError, match="alpha needs 3 finite weights"):
        LightGCN(3, 4, num_layers=2, alpha=alpha)
    with pytest.raises(ValidationError, match="alpha"):
        ModelConfig(num_layers=2, alpha=alpha)
