"""The training loop: batches of positives with drawn negatives, BPR, Adam, early stopping on a validation metric."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch

from tastegraph.errors import ModelError
from tastegraph.lightgcn.model import LightGCN
from tastegraph.lightgcn.negatives import hardest, negatives_of
from tastegraph.lightgcn.objective import bpr_loss, l2_penalty
from tastegraph.lightgcn.pair_scores import pair_scores

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from numpy.typing import NDArray

    from tastegraph.graph.bipartite import BipartiteGraph
    from tastegraph.lightgcn.config import ModelConfig, TrainingConfig
    from tastegraph.lightgcn.negatives import Negatives

    Embeddings = tuple[NDArray[np.float32], NDArray[np.float32]]
    Validate = Callable[[Embeddings], Mapping[str, float]]
    Batch = tuple[torch.Tensor, torch.Tensor, torch.Tensor]

__all__ = ["Epoch", "Trained", "train", "train_step"]

ADVICE = "try a smaller training.learning_rate, training.weight_decay or model.init_std"


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
        embeddings: final embeddings of users, float32 [users, d], and items, float32 [items, d].
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
    validate: Validate | None = None,
    select: str = "ndcg@10",
    on_step: Callable[[int, int, float], None] = lambda *_: None,
    on_epoch: Callable[[Epoch], None] = lambda _: None,
) -> Trained:
    """Train a LightGCN on all edges of a graph.

    The loss of a step is mean BPR + lambda R, see `bpr_loss` and `l2_penalty`. An epoch takes every edge once, in a
    fresh random order, each with one fresh negative (see `TrainingConfig.negatives`). The same arguments give the same
    result, bit for bit, on the same machine and number of threads.

    Args:
        graph: the fit part.
        shape: size of the model.
        config: how to train.
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
    model = LightGCN(graph.num_users, graph.num_items, **shape.model_dump(), generator=init)
    negatives = negatives_of(graph.items_of, config)
    positives = _positives(graph, negatives)
    optimizer = torch.optim.Adam(model.parameters(), lr=config.learning_rate, fused=True)
    best = _Best(config.patience)
    epochs: list[Epoch] = []
    began = time.perf_counter()
    for number in range(1, config.epochs + 1):
        losses = []
        batches = _batches(positives, negatives, config, draws)
        steps = math.ceil(len(positives[0]) / config.batch_size)
        for step, batch in enumerate(batches, start=1):
            loss = train_step(model, graph, optimizer, batch, config)
            if not math.isfinite(loss):
                raise ModelError(f"the loss is {loss} at epoch {number}, step {step}; {ADVICE}")
            losses.append(loss)
            on_step(step, steps, loss)
        metrics = {}
        if validate is not None and (number % config.validate_every == 0 or number == config.epochs):
            metrics = dict(validate(_finite_embeddings(model, graph, number)))
            best.offer(model, number, metrics[select])
        epochs.append(Epoch(number, time.perf_counter() - began, float(np.mean(losses)), metrics))
        on_epoch(epochs[-1])
        if best.is_over:
            break
    best.restore(model)
    return Trained(model, _embeddings(model, graph), best.epoch or len(epochs), tuple(epochs))


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


def _positives(graph: BipartiteGraph, negatives: Negatives) -> tuple[torch.Tensor, torch.Tensor]:
    """User and item of each edge to learn from, int64 [n] each."""
    user = torch.from_numpy(np.repeat(np.arange(graph.num_users), graph.items_of.counts))
    item = torch.from_numpy(graph.items_of.index.astype(np.int64))
    usable = negatives.drawable[user]
    if not bool(usable.any()):
        raise ModelError("every user has every item as a positive; there is nothing to learn a ranking from")
    return user[usable], item[usable]


def _batches(
    positives: tuple[torch.Tensor, torch.Tensor], negatives: Negatives, config: TrainingConfig, draws: torch.Generator
) -> Iterator[Batch]:
    """An epoch's (user, positive, negative) index tensors; a batch's candidates are drawn when it is asked for."""
    order = torch.randperm(len(positives[0]), generator=draws)
    user, item = positives[0][order], positives[1][order]
    if config.negatives != "hardest":
        negative = negatives.draw(user, draws)
        yield from zip(*(torch.split(part, config.batch_size) for part in (user, item, negative)), strict=True)
        return
    for some, liked in zip(*(torch.split(part, config.batch_size) for part in (user, item)), strict=True):
        repeated = some.repeat_interleave(config.candidates)
        yield some, liked, negatives.draw(repeated, draws).view(len(some), config.candidates)


def train_step(
    model: LightGCN, graph: BipartiteGraph, optimizer: torch.optim.Optimizer, batch: Batch, config: TrainingConfig
) -> float:
    """One gradient step; returns its loss.

    Args:
        model: is stepped.
        graph: what it propagates over.
        optimizer: takes the step.
        batch: user, positive and negative item indices, int64 [B] each; or candidates to be negatives, int64 [B, M].
        config: how to train.
    """
    user, positive, negative = batch
    positive = positive + model.num_users
    negative = negative + model.num_users
    if negative.ndim == 1:
        nodes, place, times = _distinct(user, positive, negative)
        e, e0 = model.embeddings_at(graph, nodes, config.propagation_precision)
        rows = torch.arange(len(nodes))
    else:
        e, e0 = model.embeddings(graph, config.propagation_precision), model.E0
        negative = hardest(e, user, negative)
        rows, _, times = _distinct(user, positive, negative)
        place = torch.cat([user, positive, negative])
    u, i, j = place.chunk(3)
    loss = bpr_loss(*pair_scores(e, u.repeat(2), torch.cat([i, j])).chunk(2))
    if config.weight_decay:
        squares = pair_scores(e0, rows, rows) * times if config.regularise == "batch" else model.E0.square()
        loss = loss + config.weight_decay * l2_penalty(squares, batch_size=len(user))
    optimizer.zero_grad()
    loss.backward()  # type: ignore[no-untyped-call]
    optimizer.step()
    return loss.item()


def _distinct(*nodes: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """The distinct ones among some nodes, the place of each node among them, and how often each occurs."""
    return torch.unique(torch.cat(nodes), return_inverse=True, return_counts=True)  # type: ignore[no-any-return]


def _finite_embeddings(model: LightGCN, graph: BipartiteGraph, epoch: int) -> Embeddings:
    embeddings = _embeddings(model, graph)
    if not all(np.isfinite(side).all() for side in embeddings):
        raise ModelError(f"embeddings are not finite after epoch {epoch}; {ADVICE}")
    return embeddings


def _embeddings(model: LightGCN, graph: BipartiteGraph) -> Embeddings:
    with torch.no_grad():
        e_users, e_items = model(graph)
    return e_users.cpu().numpy(), e_items.cpu().numpy()
