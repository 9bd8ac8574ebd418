"""The same on a GPU; skipped where PyTorch finds none."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import torch

from tastegraph.graph import devices
from tastegraph.graph.bipartite import BipartiteGraph
from tastegraph.graph.neighbours import NeighbourLists
from tastegraph.graph.propagation import propagate, sum_of_layers
from tastegraph.graph.top_k_operator import rank_embeddings
from tastegraph.lightgcn.checkpoint import NothingKept
from tastegraph.lightgcn.config import ModelConfig, TrainingConfig
from tastegraph.lightgcn.model import LightGCN
from tastegraph.lightgcn.pair_batches import PairBatches
from tastegraph.lightgcn.training import train, train_step
from tastegraph.lightgcn.user_batches import UserBatches

if TYPE_CHECKING:
    from collections.abc import Callable

    from tastegraph.lightgcn.checkpoint import TrainingState

pytestmark = [
    pytest.mark.cuda,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU that this PyTorch can use"),
]

GPU = torch.device("cuda", 0)
TRAININGS: list[dict[str, Any]] = [
    {"negatives": "popularity", "regularise": "all"},
    {"negatives": "hardest", "candidates": 4},
    {"objective": "softmax", "shared_negatives": 200, "user_exponent": 0.5},
    {"objective": "softmax", "negatives": "batch", "popularity_correction": 0.5},
]


@pytest.fixture(scope="module")
def graph() -> BipartiteGraph:
    rng = np.random.default_rng(0)
    return BipartiteGraph.from_pairs(rng.integers(500, size=9000), (800 * rng.random(9000) ** 2).astype(int), 500, 800)


def config_of(**settings: Any) -> TrainingConfig:
    fixed = {"epochs": 2, "batch_size": 256, "propagation_precision": "float32"}
    return TrainingConfig.model_validate(fixed | settings)


@pytest.mark.parametrize(("precision", "tolerance"), [("float32", 1e-5), ("float16", 3e-3)])
def test_layers_and_their_gradients(graph: BipartiteGraph, precision: Any, tolerance: float) -> None:
    x = torch.randn(graph.num_nodes, 64, generator=torch.Generator().manual_seed(0), requires_grad=True)
    there, alpha = x.detach().to(GPU).requires_grad_(), torch.tensor([0.1, 0.2, 0.3, 0.4])
    for ours, theirs in (
        (propagate(graph, there, precision), propagate(graph, x)),
        (sum_of_layers(graph, there, alpha.to(GPU), precision), sum_of_layers(graph, x, alpha)),
    ):
        torch.testing.assert_close(ours.cpu(), theirs, rtol=tolerance, atol=tolerance)
        (slope,) = torch.autograd.grad(ours.square().sum(), there)
        (expected,) = torch.autograd.grad(theirs.square().sum(), x)
        torch.testing.assert_close(slope.cpu(), expected, rtol=tolerance, atol=10 * tolerance)


def test_lists_are_the_kernels() -> None:
    rng = np.random.default_rng(0)
    e_users, e_items = (torch.from_numpy(rng.integers(-2, 3, (n, 4)).astype(np.float32)) for n in (50, 30))
    known = NeighbourLists.from_pairs(rng.integers(50, size=300), rng.integers(30, size=300), 50, 30)
    for exclude in (known, None):  # scores are whole numbers, full of ties
        found = rank_embeddings(e_users.to(GPU), e_items.to(GPU), np.arange(50), 35, exclude)
        assert np.array_equal(found, rank_embeddings(e_users, e_items, np.arange(50), 35, exclude))


@pytest.mark.parametrize("settings", TRAININGS)
def test_a_training_loses_what_it_loses_on_the_processor(graph: BipartiteGraph, settings: dict[str, Any]) -> None:
    shape = ModelConfig(embedding_dim=32, alpha="learned")
    one, other = (train(graph, shape, config_of(**settings), device=device) for device in (devices.CPU, GPU))
    assert [epoch.loss for epoch in other.epochs] == pytest.approx([epoch.loss for epoch in one.epochs], rel=1e-4)
    for ours, theirs in zip(other.embeddings, one.embeddings, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-2, atol=1e-3)


@pytest.mark.parametrize("precision", ["float32", "float16"])
@pytest.mark.parametrize("settings", TRAININGS)
def test_no_step_waits(graph: BipartiteGraph, settings: dict[str, Any], precision: str) -> None:
    """CUDA itself is asked to raise where anything synchronises."""
    config = config_of(**settings, propagation_precision=precision)
    batches: Any = (UserBatches if config.objective == "softmax" else PairBatches)(graph, config, GPU)
    model = LightGCN(graph.num_users, graph.num_items, alpha="learned").to(GPU)
    optimizer = torch.optim.Adam(model.parameters(), fused=True)
    optimizer.found_inf = torch.zeros((), device=GPU)  # type: ignore[attr-defined]
    batch = next(batches.epoch(torch.Generator().manual_seed(0)))
    train_step(batches.loss(model, batch), optimizer)  # brings the graph there
    torch.cuda.set_sync_debug_mode("error")
    try:
        train_step(batches.loss(model, batch), optimizer)
    finally:
        torch.cuda.set_sync_debug_mode("default")


def test_a_training_begun_on_one_is_gone_on_with_on_the_other(graph: BipartiteGraph) -> None:
    class Halfway(NothingKept):
        begin: TrainingState | None = None
        kept: TrainingState | None = None

        def last(self) -> TrainingState | None:
            return self.begin

        def after_epoch(self, state: Callable[[], TrainingState]) -> None:
            now = state()
            parts = {name: {key: part.cpu().clone() for key, part in getattr(now, name).items()} for name in KEPT}
            self.kept = self.kept or type(now)(**vars(now) | parts)

    config, shape = config_of(negatives="hardest"), ModelConfig(embedding_dim=8)
    whole = train(graph, shape, config)
    for first, second in ((devices.CPU, GPU), (GPU, devices.CPU)):
        train(graph, shape, config, device=first, keeper=(halfway := Halfway()))
        rest = Halfway()
        rest.begin = halfway.kept
        gone_on = train(graph, shape, config, device=second, keeper=rest)
        assert [one.loss for one in gone_on.epochs] == pytest.approx([one.loss for one in whole.epochs], rel=1e-4)


KEPT = ("model", "optimizer")
