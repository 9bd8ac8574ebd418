from __future__ import annotations

import numpy as np
import pytest
import torch

from tastegraph.errors import ModelError
from tastegraph.graph.bipartite import BipartiteGraph
from tastegraph.lightgcn.config import ModelConfig, TrainingConfig
from tastegraph.lightgcn.model import LightGCN
from tastegraph.lightgcn.training import train
from tastegraph.lightgcn.user_batches import UserBatch, UserBatches


def _softmax(**settings: object) -> TrainingConfig:
    return TrainingConfig.model_validate({"objective": "softmax", "weight_decay": 0.0, **settings})


def _tastes() -> BipartiteGraph:
    rng = np.random.default_rng(3)
    user = np.repeat(np.arange(40), 8)
    item = np.concatenate([rng.choice(15, 8, replace=False) + 15 * (u % 2) for u in range(40)])
    return BipartiteGraph.from_pairs(user, item, 40, 30)


def test_an_epoch_has_every_user_once_with_all_its_positives(toy: BipartiteGraph) -> None:
    batches = UserBatches(toy, _softmax(batch_size=2, shared_negatives=3))
    epoch = list(batches.epoch(torch.Generator().manual_seed(0)))
    assert len(epoch) == batches.steps == 2
    pairs = torch.cat([torch.stack([batch.user[batch.row], batch.positive]) for batch in epoch], dim=1)
    assert sorted(map(tuple, pairs.T.tolist())) == [(0, 0), (0, 1), (1, 0), (2, 1), (2, 2)]
    for batch in epoch:
        assert len(torch.unique(batch.shared)) == len(batch.shared)
        assert batch.times.sum() == 3


@pytest.mark.parametrize(
    ("negatives", "shares"),
    [({}, [1, 1, 1, 1]), ({"negatives": "popularity", "popularity_exponent": 2.0}, [4, 4, 1, 0])],
)
def test_shared_negatives_follow_their_weights(
    toy: BipartiteGraph, negatives: dict[str, object], shares: list[float]
) -> None:
    """Where every item can be a negative they are exact; drawn three at a time, they come out in the long run."""
    for number, epochs, tolerance in ((40_000, 1, 1e-6), (3, 3000, 0.02)):
        config = _softmax(**negatives, shared_negatives=number, batch_size=3)
        batches, draws, drawn = UserBatches(toy, config), torch.Generator().manual_seed(0), torch.zeros(4)
        for _ in range(epochs):
            batch = next(batches.epoch(draws))
            drawn.index_add_(0, batch.shared, batch.times)
        np.testing.assert_allclose(drawn / (number * epochs), np.array(shares) / sum(shares), atol=tolerance)


def test_negatives_of_the_batch_are_its_positives_as_often_as_they_occur(toy: BipartiteGraph) -> None:
    """In expectation that is a draw by popularity, of a batch's size."""
    batches = UserBatches(toy, _softmax(negatives="batch", batch_size=3))
    (batch,) = batches.epoch(torch.Generator().manual_seed(0))
    assert dict(zip(batch.shared.tolist(), batch.times.tolist(), strict=True)) == {0: 2, 1: 2, 2: 1}
    for seed in range(3):
        one = next(UserBatches(toy, _softmax(negatives="batch", batch_size=1)).epoch(torch.manual_seed(seed)))
        assert sorted(one.shared.tolist()) == sorted(one.positive.tolist())


@pytest.mark.parametrize("similarity", ["cosine", "inner"])
def test_the_loss_is_the_formula_over_dense_scores(toy: BipartiteGraph, similarity: str) -> None:
    """-ln(exp s_ui / (exp s_ui + sum_j n_j exp s_uj)), s = sim / tau - c ln(users of the item), and lambda R."""
    settings = {"similarity": similarity, "temperature": 0.5, "popularity_correction": 0.3, "user_exponent": 1}
    config = _softmax(**settings, weight_decay=0.1)
    model = LightGCN(3, 4, embedding_dim=5, num_layers=2).double()
    batch = UserBatch(
        user=torch.tensor([2, 1]),
        row=torch.tensor([0, 0, 1]),
        positive=torch.tensor([1, 2, 0]),
        shared=torch.tensor([0, 2, 3]),
        times=torch.tensor([2.0, 1.0, 4.0]),
    )
    e_users, e_items = model(toy)
    if similarity == "cosine":
        e_users, e_items = e_users / e_users.norm(dim=1, keepdim=True), e_items / e_items.norm(dim=1, keepdim=True)
    s = e_users @ e_items.T / 0.5 - 0.3 * torch.tensor([2, 2, 1, 1]).log()
    negatives = {2: 2 * s[2, 0].exp() + 4 * s[2, 3].exp(), 1: s[1, 2].exp() + 4 * s[1, 3].exp()}  # none their own
    losses = [-(s[u, i].exp() / (s[u, i].exp() + negatives[u])).log() for u, i in ((2, 1), (2, 2), (1, 0))]
    nodes = torch.tensor([2, 1, 3 + 1, 3 + 2, 3 + 0, 3 + 0, 3 + 2, 3 + 3])
    mean = (losses[0] / 2 + losses[1] / 2 + losses[2]) / 2  # user 2 has two positives, user 1 one
    expected = mean + 0.1 * model.E0[nodes].square().sum() / (2 * 2)
    loss = UserBatches(toy, config).loss(model, batch)
    torch.testing.assert_close(loss, expected, rtol=1e-5, atol=1e-6)
    (slope,), (expected_slope,) = (torch.autograd.grad(value, model.E0) for value in (loss, expected))
    torch.testing.assert_close(slope, expected_slope, rtol=1e-5, atol=1e-6)


def test_a_user_with_no_negative_among_the_shared_has_no_gradient(toy: BipartiteGraph) -> None:
    model = LightGCN(3, 4, embedding_dim=5, num_layers=0)
    one = UserBatch(*(torch.tensor(part) for part in ([0], [0, 0], [0, 1], [0, 1], [1, 1])))
    loss = UserBatches(toy, _softmax()).loss(model, one)
    torch.autograd.backward(loss)
    assert loss.item() == 0
    assert model.E0.grad is not None
    assert not model.E0.grad.any()


def test_training_learns_the_two_tastes_and_repeats_bit_for_bit() -> None:
    config = _softmax(epochs=100, batch_size=16, negatives="popularity", schedule="cosine", shared_negatives=20)
    one, other = (train(_tastes(), ModelConfig(embedding_dim=16, start="xavier"), config) for _ in range(2))
    assert [epoch.loss for epoch in one.epochs] == [epoch.loss for epoch in other.epochs]
    scores = one.embeddings[0] @ one.embeddings[1].T
    own = np.arange(40)[:, None] % 2 == np.arange(30)[None, :] // 15
    best = np.argsort(-scores, axis=1)[:, :15]
    assert np.take_along_axis(own, best, axis=1).mean() > 0.9


def test_stopping_after_some_epochs_is_the_beginning_of_the_whole_training() -> None:
    """The cosine is over all epochs of the recipe: a refit for fewer has the same learning rates."""
    config = _softmax(epochs=6, batch_size=16, schedule="cosine")
    whole = train(_tastes(), ModelConfig(embedding_dim=8), config)
    begun = train(_tastes(), ModelConfig(embedding_dim=8), config, stop_after=2)
    assert len(begun.epochs) == begun.best_epoch == 2
    assert [epoch.loss for epoch in begun.epochs] == [epoch.loss for epoch in whole.epochs[:2]]


def test_a_graph_where_everybody_has_everything_is_refused() -> None:
    full = BipartiteGraph.from_pairs([0, 0, 1, 1], [0, 1, 0, 1], 2, 2)
    with pytest.raises(ModelError, match="every item as a positive"):
        UserBatches(full, _softmax())
