from __future__ import annotations

import math
import platform
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import torch

from tastegraph.errors import ModelError
from tastegraph.graph import room
from tastegraph.graph.bipartite import BipartiteGraph
from tastegraph.lightgcn.choices import OBJECTIVES, samplers_of
from tastegraph.lightgcn.config import ModelConfig, TrainingConfig
from tastegraph.lightgcn.model import LightGCN
from tastegraph.lightgcn.objective import l2_penalty, loss_of
from tastegraph.lightgcn.pair_batches import GivenPairs, PairBatches
from tastegraph.lightgcn.training import train, train_step
from tastegraph.lightgcn.user_batches import UserBatches

if TYPE_CHECKING:
    from collections.abc import Mapping


def _two_tastes() -> BipartiteGraph:
    rng = np.random.default_rng(3)
    user = np.repeat(np.arange(40), 8)
    item = np.concatenate([rng.choice(15, 8, replace=False) + 15 * (u % 2) for u in range(40)])
    return BipartiteGraph.from_pairs(user, item, 40, 30)


@pytest.mark.parametrize("rows", ["batch", "all"])
def test_one_gradient_step_equals_the_hand_derived_one(toy: BipartiteGraph, rows: str) -> None:
    """d/dE0 of mean BPR + lambda R, written out with the dense P, on one batch of two pairs that share a user."""
    user, positive, negative = torch.tensor([0, 0]), torch.tensor([0, 1]), torch.tensor([2, 3])
    lam, lr = 0.1, 0.5
    model = LightGCN(3, 4, embedding_dim=5, num_layers=2).double()
    e0 = model.E0.detach().clone()

    adjacency = torch.zeros(7, 7, dtype=torch.float64)
    adjacency[toy.edge_index[1], toy.edge_index[0]] = 1
    d = adjacency.sum(1).clamp(min=1) ** -0.5
    p = d[:, None] * adjacency * d[None, :]
    m = (torch.eye(7, dtype=torch.float64) + p + p @ p) / 3  # e = M E0
    e = m @ e0
    gradient = torch.zeros_like(e)  # of the mean BPR, by e
    for u, i, j in zip(user.tolist(), positive.tolist(), negative.tolist(), strict=True):
        slope = -torch.sigmoid(e[u] @ e[3 + j] - e[u] @ e[3 + i]) / 2
        gradient[u] += slope * (e[3 + i] - e[3 + j])
        gradient[3 + i] += slope * e[u]
        gradient[3 + j] -= slope * e[u]
    counts = torch.tensor([2.0, 0, 0, 1, 1, 1, 1]) if rows == "batch" else torch.ones(7)
    expected = m.T @ gradient + lam * counts.double()[:, None] * e0 / 2  # R = 1/(2B) sum of squares, B = 2

    optimizer = torch.optim.SGD(model.parameters(), lr=lr)
    config = TrainingConfig(weight_decay=lam, regularise=rows)  # type: ignore[arg-type]
    train_step(PairBatches(toy, config).loss(model, (user, positive, negative)), optimizer)
    torch.testing.assert_close((e0 - model.E0.detach()) / lr, expected, rtol=1e-6, atol=1e-9)


def test_a_step_takes_the_hardest_candidate_as_its_negative(toy: BipartiteGraph) -> None:
    """The same step as with that negative handed in: equal losses and equal tensors afterwards."""
    user, positive = torch.tensor([0, 1]), torch.tensor([0, 0])
    config = TrainingConfig(weight_decay=0.1)
    torch.manual_seed(3)
    first, second = (LightGCN(3, 4, embedding_dim=5, num_layers=2).double() for _ in range(2))
    second.load_state_dict(first.state_dict())
    e_users, e_items = first(toy)
    candidates = torch.tensor([[2, 3, 3], [1, 3, 2]])
    scores = (e_items[candidates] @ e_users[user].unsqueeze(2)).squeeze(2)
    chosen = candidates.gather(1, scores.argmax(1, keepdim=True)).squeeze(1)
    losses: list[torch.Tensor] = []
    for model, negative in ((first, candidates), (second, chosen)):
        optimizer = torch.optim.SGD(model.parameters(), lr=0.5)
        losses.append(loss := PairBatches(toy, config).loss(model, (user, positive, negative)))
        train_step(loss, optimizer)
    assert losses[0].item() == pytest.approx(losses[1].item(), rel=1e-12)
    torch.testing.assert_close(first.E0, second.E0)


@pytest.mark.parametrize(
    ("objective", "negatives"), [(name, negatives) for name in OBJECTIVES for negatives in samplers_of(name)]
)
def test_every_objective_learns_by_all_its_negatives_and_repeats_bit_for_bit_on_any_number_of_threads(
    objective: str, negatives: str
) -> None:
    batch_size = {"pairs": 64, "users": 8}[OBJECTIVES[objective].over]
    config = TrainingConfig(epochs=12, batch_size=batch_size, objective=objective, negatives=negatives)
    threads = torch.get_num_threads()
    try:
        torch.set_num_threads(1)
        alone = train(_two_tastes(), ModelConfig(embedding_dim=8), config)
    finally:
        torch.set_num_threads(threads)
    together = train(_two_tastes(), ModelConfig(embedding_dim=8), config)
    assert [e.loss for e in alone.epochs] == [e.loss for e in together.epochs]
    assert together.epochs[-1].loss < together.epochs[0].loss


@pytest.mark.parametrize("name", [name for name, objective in OBJECTIVES.items() if objective.over == "pairs"])
def test_a_step_over_pairs_is_the_loss_of_their_scores_and_the_penalty_on_their_rows(
    toy: BipartiteGraph, name: str
) -> None:
    user, positive, negative = torch.tensor([0, 0, 1]), torch.tensor([0, 1, 0]), torch.tensor([2, 3, 1])
    model = LightGCN(3, 4, embedding_dim=5, num_layers=2).double()
    e_users, e_items = model(toy)
    scores = ((e_users[user] * e_items[item]).sum(1) for item in (positive, negative))
    e0 = model.E0[torch.cat([user, 3 + positive, 3 + negative])]
    expected = loss_of(name, "pairs")(*scores) + 0.1 * l2_penalty(e0.square().sum(1), batch_size=3)
    config = TrainingConfig(objective=name, weight_decay=0.1)
    torch.testing.assert_close(PairBatches(toy, config).loss(model, (user, positive, negative)), expected)


def test_batches_that_the_objective_does_not_learn_from_are_refused(toy: BipartiteGraph) -> None:
    pairs = torch.tensor([0]), torch.tensor([0]), torch.tensor([2])
    softmax = TrainingConfig(objective="softmax")
    for make in (lambda: PairBatches(toy, softmax), lambda: GivenPairs(toy, softmax, pairs)):
        with pytest.raises(ModelError, match='objective "softmax" learns from batches of users, not of pairs'):
            make()
    with pytest.raises(ModelError, match='objective "bpr" learns from batches of pairs, not of users'):
        UserBatches(toy, TrainingConfig())


def test_a_seed_repeats_a_run_bit_for_bit_and_another_does_not() -> None:
    config = TrainingConfig(epochs=3, batch_size=64, seed=11)
    one, other = (train(_two_tastes(), ModelConfig(embedding_dim=8), config) for _ in range(2))
    assert [e.loss for e in one.epochs] == [e.loss for e in other.epochs]
    assert np.array_equal(one.embeddings[0], other.embeddings[0])
    assert np.array_equal(one.embeddings[1], other.embeddings[1])
    third = train(_two_tastes(), ModelConfig(embedding_dim=8), config.model_copy(update={"seed": 12}))
    assert not np.array_equal(one.embeddings[0], third.embeddings[0])


def test_training_learns_the_two_tastes() -> None:
    trained = train(
        _two_tastes(), ModelConfig(embedding_dim=16), TrainingConfig(epochs=40, batch_size=64, learning_rate=0.01)
    )
    e_users, e_items = trained.embeddings
    scores = e_users @ e_items.T
    own = np.arange(40)[:, None] % 2 == np.arange(30)[None, :] // 15
    assert scores[own].mean() > scores[~own].mean() + 1
    assert trained.epochs[-1].loss < trained.epochs[0].loss / 2


def test_early_stopping_returns_the_best_epoch() -> None:
    heights = iter([0.1, 0.5, 0.3, 0.4, 0.2, 0.9])
    seen: list[np.ndarray[tuple[int, ...], np.dtype[np.float32]]] = []

    def validate(embeddings: tuple[np.ndarray[tuple[int, ...], np.dtype[np.float32]], ...]) -> Mapping[str, float]:
        seen.append(embeddings[0].copy())
        return {"ndcg@10": next(heights)}

    config = TrainingConfig(epochs=9, batch_size=64, patience=3)
    trained = train(_two_tastes(), ModelConfig(embedding_dim=4), config, validate=validate)
    assert trained.best_epoch == 2
    assert len(trained.epochs) == 5  # three validations without a better one
    assert np.array_equal(trained.embeddings[0], seen[1])


def test_a_validation_that_does_not_tell_what_is_selected_by_is_refused() -> None:
    config = TrainingConfig(epochs=2, batch_size=64)
    with pytest.raises(ModelError, match=r"^validate tells recall@10, mrr@10, but no ndcg@10 to select by$"):
        train(_two_tastes(), ModelConfig(), config, validate=lambda _: {"recall@10": 0.5, "mrr@10": 0.5})


def test_a_training_stops_after_as_many_epochs_as_asked_for_be_it_none() -> None:
    config = TrainingConfig(epochs=3, batch_size=64)
    trained = {n: train(_two_tastes(), ModelConfig(embedding_dim=4), config, stop_after=n) for n in (0, 2, 9)}
    assert {n: (len(one.epochs), one.best_epoch) for n, one in trained.items()} == {0: (0, 0), 2: (2, 2), 9: (3, 3)}
    untrained = LightGCN(40, 30, embedding_dim=4, start=trained[0].model.E0.detach())
    assert trained[0].model.E0.std().item() == pytest.approx(0.1, rel=0.15)
    np.testing.assert_allclose(trained[0].embeddings[0], untrained(_two_tastes())[0].detach(), rtol=1e-5, atol=1e-6)
    with pytest.raises(ModelError, match=r"^stop_after: expected 0 epochs or more, found -1$"):
        train(_two_tastes(), ModelConfig(embedding_dim=4), config, stop_after=-1)


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="another C library")
def test_memory_stays_with_the_process_while_it_trains() -> None:
    wanted: list[int] = []
    config = TrainingConfig(epochs=2, batch_size=64)
    train(_two_tastes(), ModelConfig(), config, on_epoch=lambda _: wanted.append(room._keeping.number))
    assert wanted == [1, 1]
    assert room._keeping.number == 0


def test_a_loss_that_is_not_finite_stops_with_advice() -> None:
    config = TrainingConfig(epochs=50, batch_size=64, learning_rate=1e30)
    with pytest.raises(
        ModelError,
        match=r"not finite after epoch 1|the loss is .* at epoch 1, step \d+, with a learning rate of 1e\+30; try a",
    ):
        train(_two_tastes(), ModelConfig(embedding_dim=4), config)


def test_users_without_a_negative_are_left_out_and_nobody_left_is_refused() -> None:
    one_full = BipartiteGraph.from_pairs([0, 0, 1], [0, 1, 0], 2, 2)
    trained = train(one_full, ModelConfig(embedding_dim=4), TrainingConfig(epochs=1))
    assert math.isfinite(trained.epochs[0].loss)
    all_full = BipartiteGraph.from_pairs([0, 0, 1, 1], [0, 1, 0, 1], 2, 2)
    with pytest.raises(ModelError, match="every item as a positive"):
        train(all_full, ModelConfig(embedding_dim=4), TrainingConfig(epochs=1))


def test_users_drawn_alike_have_each_of_their_positives_alike_and_as_many_draws_as_there_are_positives() -> None:
    user, item = [0] * 1 + [1] * 4 + [3] * 9 + [4] * 10, [0, *range(4), *range(9), *range(10)]  # 2 has none, 4 all
    graph = BipartiteGraph.from_pairs(user, item, 5, 10)
    batches = PairBatches(graph, TrainingConfig(positives="by_user", batch_size=5))
    counts, draws = np.zeros((5, 10)), torch.Generator().manual_seed(0)
    for _ in range(3000):
        users, positives, negatives = (torch.cat(part) for part in zip(*batches.epoch(draws), strict=True))
        assert len(users) == 14  # of users with a negative
        assert not graph.items_of.contain(users.numpy(), negatives.numpy()).any()
        np.add.at(counts, (users.numpy(), positives.numpy()), 1)
    expected = np.zeros((5, 10))
    for u in (0, 1, 3):
        expected[u, graph.items_of[u]] = 3000 * 14 / 3 / len(graph.items_of[u])
    np.testing.assert_allclose(counts, expected, atol=5 * np.sqrt(expected.max()))
    assert (counts[expected == 0] == 0).all()


@pytest.mark.parametrize(
    ("shape", "config"),
    [
        ({"alpha": "learned"}, {"batch_size": 60_000}),
        ({"start": "spectral"}, {"negatives": "hardest", "batch_size": 4096}),
        ({}, {"positives": "by_user", "batch_size": 60_000}),
        ({}, {"objective": "softmax", "batch_size": 700, "shared_negatives": 900, "user_exponent": 0.5}),
    ],
)
def test_the_number_of_threads_does_not_show(shape: dict[str, Any], config: dict[str, Any]) -> None:
    """Large enough for torch to cut its sums, and its vectors, into a part a thread."""
    rng = np.random.default_rng(3)
    user, item = np.divmod(rng.choice(1500 * 1100, 120_000, replace=False), 1100)
    graph = BipartiteGraph.from_pairs(user, item, 1500, 1100)
    before = torch.get_num_threads()
    found = []
    try:
        for threads in (1, 2, 3):
            torch.set_num_threads(threads)
            trained = train(graph, ModelConfig(num_layers=2, **shape), TrainingConfig(epochs=1, **config))
            found.append((trained.epochs[0].loss, *(side.tobytes() for side in trained.embeddings)))
    finally:
        torch.set_num_threads(before)
    assert found[0] == found[1] == found[2]
