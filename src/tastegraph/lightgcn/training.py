"""The training loop: batches, gradient steps with Adam, early stopping on a validation metric."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

import numpy as np
import torch

from tastegraph.errors import ModelError
from tastegraph.lightgcn.model import LightGCN
from tastegraph.lightgcn.pairs import PairBatches
from tastegraph.lightgcn.ranking import ranking_embeddings
from tastegraph.lightgcn.start import start_embeddings
from tastegraph.lightgcn.users import UserBatches

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from numpy.typing import NDArray

    from tastegraph.graph.bipartite import BipartiteGraph
    from tastegraph.lightgcn.config import ModelConfig, TrainingConfig

    Embeddings = tuple[NDArray[np.float32], NDArray[np.float32]]
    Validate = Callable[[Embeddings], Mapping[str, float]]

__all__ = ["Batches", "Epoch", "Trained", "train", "train_step"]

Batch = TypeVar("Batch")

ADVICE = "try a smaller training.learning_rate, training.weight_decay or model.init_std"


class Batches(Protocol[Batch]):
    """What an objective learns from, and its loss: `PairBatches` or `UserBatches`.

    Attributes:
        steps: batches an epoch.
    """

    @property
    def steps(self) -> int: ...  # noqa: D102

    def epoch(self, draws: torch.Generator) -> Iterator[Batch]:
        """An epoch's batches, in a fresh random order, with fresh negatives."""

    def loss(self, model: LightGCN, batch: Batch) -> torch.Tensor:
        """The loss of a batch, a scalar with its gradient."""


@dataclass(frozen=True)
class Epoch:
    """What one pass over the positives came to.

    Attributes:
        epoch: its number, from 1.
        seconds: time since training began, validation included.
        loss: mean loss over the epoch's positives.
        validation: validation metrics by name; empty where the epoch was not validated.
    """

    epoch: int
    seconds: float
    loss: float
    validation: Mapping[str, float]


@dataclass(frozen=True, eq=False)
class Trained:
    """A trained model at its best epoch.

    Attributes:
        model: the `LightGCN`, its parameters those of `best_epoch`.
        embeddings: users' and items' rows whose inner products rank, float32 (see `ranking_embeddings`).
        best_epoch: the epoch of the best validation metric, or the last one where nothing validates.
        epochs: one record an epoch.
    """

    model: LightGCN
    embeddings: Embeddings
    best_epoch: int
    epochs: tuple[Epoch, ...]


def train(
    graph: BipartiteGraph,
    shape: ModelConfig,
    config: TrainingConfig,
    *,
    batches: Batches[Any] | None = None,
    stop_after: int | None = None,
    validate: Validate | None = None,
    select: str = "ndcg@10",
    on_step: Callable[[int, int, float], None] = lambda *_: None,
    on_epoch: Callable[[Epoch], None] = lambda _: None,
) -> Trained:
    """Train a LightGCN on all edges of a graph.

    The loss of a step is the objective's mean + lambda R, see `bpr_loss`, `sampled_softmax_loss` and `l2_penalty`. An
    epoch takes every edge once, in a fresh random order, with fresh negatives (see `TrainingConfig.negatives`). The
    same arguments give the same result, bit for bit, on the same machine and number of threads.

    Args:
        graph: the fit part.
        shape: size of the model.
        config: how to train.
        batches: what is learned from, in place of all edges, such as `GivenPairs`.
        stop_after: stop after so many of the epochs, with the learning rate that they have in a training to the end.
        validate: metrics of some embeddings; without it all epochs are run and the last one is the result.
        select: name of the metric that early stopping raises.
        on_step: told (step from 1, steps an epoch, the step's loss).
        on_epoch: told each epoch's record.

    Returns:
        The model at its best epoch.

    Raises:
        ModelError: the loss is not finite, or no user has a negative.
    """
    init, draws = (_generator(seed) for seed in np.random.SeedSequence(config.seed).spawn(2))
    began = time.perf_counter()
    batches = batches or _batches(graph, config)
    start = start_embeddings(graph, shape, init)
    model = LightGCN(graph.num_users, graph.num_items, **shape.size, start=start)
    optimizer = torch.optim.Adam(model.parameters(), betas=config.betas, fused=True)
    best = _Best(config.patience)
    epochs: list[Epoch] = []
    for number in range(1, (stop_after or config.epochs) + 1):
        losses = []
        for step, batch in enumerate(batches.epoch(draws), start=1):
            done = (number - 1 + (step - 1) / batches.steps) / config.epochs
            optimizer.param_groups[0]["lr"] = _learning_rate(config, done)
            loss = train_step(batches.loss(model, batch), optimizer)
            if not math.isfinite(loss):
                raise ModelError(f"the loss is {loss} at epoch {number}, step {step}; {ADVICE}")
            losses.append(loss)
            on_step(step, batches.steps, loss)
        metrics = {}
        if validate is not None and (number % config.validate_every == 0 or number == config.epochs):
            metrics = dict(validate(_finite_embeddings(model, graph, shape, number)))
            best.offer(model, number, metrics[select])
        epochs.append(Epoch(number, time.perf_counter() - began, float(np.mean(losses)), metrics))
        on_epoch(epochs[-1])
        if best.is_over:
            break
    best.restore(model)
    return Trained(model, _embeddings(model, graph, shape), best.epoch or len(epochs), tuple(epochs))


class _Best:
    """The best validated state so far, and how long ago it was."""

    def __init__(self, patience: int) -> None:
        self.epoch = 0
        self._value = -math.inf
        self._state: dict[str, torch.Tensor] = {}
        self._patience = patience
        self._stale = 0

    def offer(self, model: LightGCN, epoch: int, value: float) -> None:
        self._stale += 1
        if value > self._value:
            self.epoch, self._value, self._stale = epoch, value, 0
            self._state = {name: tensor.clone() for name, tensor in model.state_dict().items()}

    @property
    def is_over(self) -> bool:
        return self._stale >= self._patience

    def restore(self, model: LightGCN) -> None:
        if self._state:
            model.load_state_dict(self._state)


def _generator(seed: np.random.SeedSequence) -> torch.Generator:
    return torch.Generator().manual_seed(int(seed.generate_state(1, np.uint64)[0] >> 1))


def _batches(graph: BipartiteGraph, config: TrainingConfig) -> Batches[Any]:
    return UserBatches(graph, config) if config.objective == "softmax" else PairBatches(graph, config)


def train_step(loss: torch.Tensor, optimizer: torch.optim.Optimizer) -> float:
    """Step down the gradient of a loss; returns the loss."""
    optimizer.zero_grad()
    loss.backward()  # type: ignore[no-untyped-call]
    optimizer.step()
    return loss.item()


def _learning_rate(config: TrainingConfig, done: float) -> float:
    """Adam's step size when a share `done` of all epochs is done."""
    if config.schedule == "constant":
        return config.learning_rate
    return config.learning_rate * (1 + math.cos(math.pi * done)) / 2


def _finite_embeddings(model: LightGCN, graph: BipartiteGraph, shape: ModelConfig, epoch: int) -> Embeddings:
    embeddings = _embeddings(model, graph, shape)
    if not all(np.isfinite(side).all() for side in embeddings):
        raise ModelError(f"embeddings are not finite after epoch {epoch}; {ADVICE}")
    return embeddings


def _embeddings(model: LightGCN, graph: BipartiteGraph, shape: ModelConfig) -> Embeddings:
    with torch.no_grad():
        e_users, e_items = model(graph)
    return ranking_embeddings(e_users.cpu().numpy(), e_items.cpu().numpy(), graph.users_of.counts, shape)
