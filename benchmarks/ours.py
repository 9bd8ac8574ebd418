"""Every call into TasteGraph that is measured, in one place."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from tastegraph.graph.devices import CPU
from tastegraph.graph.propagation import propagate, sum_of_layers
from tastegraph.lightgcn.config import ModelConfig, TrainingConfig
from tastegraph.lightgcn.negatives import UniformNegatives
from tastegraph.lightgcn.ranking import InnerProduct
from tastegraph.lightgcn.training import Trained, train
from tastegraph.ranking.full_ranking import Judged, full_ranking

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from benchmarks.workloads import Workload
    from tastegraph.graph.bipartite import BipartiteGraph
    from tastegraph.graph.propagation import Precision
    from tastegraph.lightgcn.training import Validate

__all__ = [
    "DIMENSIONS",
    "FAST",
    "LAYERS",
    "OPERATORS",
    "epoch_seconds",
    "epoch_seconds_of_steps",
    "judge",
    "mean_of_layers",
    "one_layer",
    "run_steps",
    "step_seconds",
    "train_model",
    "triples",
]  # fmt: skip

DIMENSIONS = 64
LAYERS = 3
FAST: Precision = "float16"  # the storage of inner layers that targets are judged with
# Operators by the names the profiler gives them: our own, and the optimizer's fused step.
OPERATORS = ("tastegraph::", "aten::_fused_adam")


def one_layer(graph: BipartiteGraph, x: torch.Tensor, precision: Precision) -> torch.Tensor:
    """P x."""
    return propagate(graph, x, precision)


def mean_of_layers(graph: BipartiteGraph, x: torch.Tensor, precision: Precision) -> torch.Tensor:
    """(x + P x + P^2 x + P^3 x) / 4, with autograd: a LightGCN's forward."""
    return sum_of_layers(graph, x, torch.full((LAYERS + 1,), 1 / (LAYERS + 1)), precision)


def train_model(
    graph: BipartiteGraph,
    *,
    batch_size: int,
    epochs: int = 1,
    on_step: Callable[[int, int, float], None] = lambda *_: None,
    validate: Validate | None = None,
    device: torch.device = CPU,
    width: int = DIMENSIONS,
    **settings: Any,
) -> Trained:
    """The ordinary training: K = 3, 64 dimensions, BPR, uniform negatives; `settings` are of `TrainingConfig`."""
    shape = ModelConfig(embedding_dim=width, num_layers=LAYERS)
    config = TrainingConfig(epochs=epochs, batch_size=batch_size, **settings)
    return train(graph, shape, config, device=device, on_step=on_step, validate=validate, select="recall@20")


class _EnoughError(Exception):
    """Ends a training after the steps that were asked for."""


def run_steps(
    graph: BipartiteGraph,
    batch_size: int,
    steps: int,
    on_step: Callable[[int], None] = lambda _: None,
    precision: Precision = FAST,
    width: int = DIMENSIONS,
) -> None:
    """The first `steps` steps of a training; `on_step` is told each step's number, from 1, when it is done."""

    def count(step: int, _steps: int, _loss: float) -> None:
        on_step(step)
        if step == steps:
            raise _EnoughError

    try:
        train_model(graph, batch_size=batch_size, on_step=count, propagation_precision=precision, width=width)
    except _EnoughError:
        return


def step_seconds(graph: BipartiteGraph, batch_size: int, steps: int, precision: Precision) -> list[float]:
    """Seconds of each of `steps` steps, after three that are not counted."""
    ends: list[float] = []
    run_steps(graph, batch_size, steps + 3, lambda _: ends.append(time.perf_counter()), precision)
    return [float(gap) for gap in np.diff(ends)[2:]]


def epoch_seconds(
    graph: BipartiteGraph, batch_size: int, epochs: int = 1, *, device: torch.device = CPU, **settings: Any
) -> list[float]:
    """Seconds of each of `epochs` whole epochs, sampling included, after one that is not counted."""
    done = train_model(graph, batch_size=batch_size, epochs=epochs + 1, device=device, **settings)
    return [float(gap) for gap in np.diff([epoch.seconds for epoch in done.epochs])]


def epoch_seconds_of_steps(graph: BipartiteGraph, batch_size: int, steps: int) -> float:
    """Seconds of a whole epoch, sampling included, from its first `steps` steps."""
    ends: list[float] = [time.perf_counter()]
    run_steps(graph, batch_size, steps, lambda _: ends.append(time.perf_counter()))
    first, *others = np.diff(ends)
    step = float(np.median(others))
    return float(first) + step * (-(-graph.num_edges // batch_size) - 1)


def triples(graph: BipartiteGraph) -> Callable[[], tuple[torch.Tensor, torch.Tensor, torch.Tensor]]:
    """A function that draws an epoch: every positive once in a fresh order, a uniform negative with each."""
    negatives = UniformNegatives(graph.items_of)
    user = torch.from_numpy(np.repeat(np.arange(graph.num_users), graph.items_of.counts))
    item = torch.from_numpy(graph.items_of.index.astype(np.int64))
    draws = torch.Generator().manual_seed(0)

    def draw() -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        order = torch.randperm(len(user), generator=draws)
        drawn = user[order]
        return drawn, item[order], negatives.draw(drawn, draws)

    return draw


def judge(work: Workload, embeddings: tuple[NDArray[Any], NDArray[Any]]) -> Judged:
    """The full ranking of all test users at K = 20, with every metric."""
    return full_ranking(InnerProduct(embeddings), work.test, work.known, (20,))
