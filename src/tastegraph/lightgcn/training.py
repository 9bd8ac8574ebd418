"""The training loop: batches, gradient steps with Adam, early stopping on a validation metric."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from tastegraph.errors import DivergedError, ModelError
from tastegraph.graph import devices
from tastegraph.graph.room import heap_kept
from tastegraph.lightgcn.batches import batches_of
from tastegraph.lightgcn.checkpoint import Epoch, NothingKept, TrainingState, adam_of, restore_adam
from tastegraph.lightgcn.early_stopping import Best
from tastegraph.lightgcn.model import LightGCN
from tastegraph.lightgcn.ranking import embeddings_that_rank
from tastegraph.lightgcn.recent import recent_step
from tastegraph.lightgcn.start import start_embeddings
from tastegraph.lightgcn.step_losses import StepLosses
from tastegraph.ranks.alone import ALONE

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tastegraph.graph.bipartite import BipartiteGraph
    from tastegraph.lightgcn.batches import Batches
    from tastegraph.lightgcn.checkpoint import Keeper
    from tastegraph.lightgcn.config import ModelConfig, TrainingConfig
    from tastegraph.lightgcn.ranking import Embeddings
    from tastegraph.ranks.alone import Ranks

    Validate = Callable[[Embeddings], Mapping[str, float]]

__all__ = ["Trained", "learning_rate", "train", "train_step"]

ADVICE = "try a smaller training.learning_rate, training.weight_decay or model.init_std"


@dataclass(frozen=True, eq=False)
class Trained:
    """A trained model at its best epoch.

    Attributes:
        model: the `LightGCN`, its parameters those of `best_epoch`.
        embeddings: users' and items' rows whose inner products rank, float32 (see `embeddings_that_rank`).
        best_epoch: the epoch of the best validation metric, or the last one where nothing validates.
        epochs: one record an epoch.
        seconds_before: of the training, spent in earlier sittings.
    """

    model: LightGCN
    embeddings: Embeddings
    best_epoch: int
    epochs: tuple[Epoch, ...]
    seconds_before: float = 0.0


@heap_kept()
def train(
    graph: BipartiteGraph,
    shape: ModelConfig,
    config: TrainingConfig,
    *,
    device: torch.device = devices.CPU,
    batches: Batches[Any] | None = None,
    stop_after: int | None = None,
    validate: Validate | None = None,
    select: str = "ndcg@10",
    keeper: Keeper | None = None,
    on_step: Callable[[int, int, float], None] = lambda *_: None,
    on_epoch: Callable[[Epoch], None] = lambda _: None,
    ranks: Ranks = ALONE,
) -> Trained:
    """Train a LightGCN on all edges of a graph.

    The loss of a step is the objective's (see `OBJECTIVES`) + lambda R (`l2_penalty`). An epoch takes every edge once,
    or as many that are drawn (see `TrainingConfig.positives`), in a fresh random order, with fresh negatives. The same
    arguments give the same result, bit for bit, on the same kind of machine, for any number of threads, in one sitting
    or in several. A GPU draws the same numbers, and adds up in no fixed order: there the last bits may differ. No step
    waits for it, so its losses are read, and told, some steps late. Memory that is freed meanwhile stays with the
    process (`heap_kept`).

    Args:
        graph: the fit part.
        shape: size of the model.
        config: how to train.
        device: what computes.
        batches: what is learned from, in place of all edges, such as `GivenPairs`; on `device`.
        stop_after: stop after so many of the epochs, with the learning rate that they have in a training to the end; 0
            leaves E0 as it is.
        validate: metrics of some embeddings; without it all epochs are run and the last one is the result.
        select: name of the metric that early stopping raises.
        keeper: keeps states of the training, and says where to go on; by default nothing is kept.
        on_step: told (step from 1, steps an epoch, the step's loss), in order.
        on_epoch: told each epoch's record, those of earlier sittings first.
        ranks: processes that train it together, each with columns of E0; all call this with the same arguments. What is
            validated and returned is whole on each; a keeper is told each rank's own columns.

    Returns:
        The model at its best epoch.

    Raises:
        DivergedError: the loss is not finite.
        ModelError: no user has a negative, `stop_after` is below 0, or `validate` tells no `select`.
    """
    if stop_after is not None and stop_after < 0:
        raise ModelError(f"stop_after: expected 0 epochs or more, found {stop_after}")
    keeper = keeper or NothingKept()
    training = _Training(graph, shape, config, batches or batches_of(graph, config, device), device, ranks)
    training.go_on_from(keeper.last())
    for record in training.epochs:
        on_epoch(record)
    last = config.epochs if stop_after is None else min(stop_after, config.epochs)
    while len(training.epochs) < last and not training.best.is_over:
        training.run_epoch(keeper, on_step)
        number = training.epoch
        metrics: Mapping[str, float] = {}
        if validate is not None and (number % config.validate_every == 0 or number == config.epochs):
            metrics = ranks.told(partial(dict, validate(training.finite_embeddings())))
            if select not in metrics:
                raise ModelError(f"validate tells {', '.join(metrics) or 'nothing'}, but no {select} to select by")
            training.best.offer(training.model, number, metrics[select])
        on_epoch(training.end_epoch(metrics))
        keeper.after_epoch(training.state)
    keeper.at_the_end(training.state)
    return training.result()


class _Training:
    """A training under way: the model, Adam, the generator of draws, the best epoch, and how far it has come."""

    def __init__(
        self,
        graph: BipartiteGraph,
        shape: ModelConfig,
        config: TrainingConfig,
        batches: Batches[Any],
        device: torch.device,
        ranks: Ranks,
    ) -> None:
        init, self._draws = (_generator(seed) for seed in np.random.SeedSequence(config.seed).spawn(2))
        self._began = time.perf_counter()
        self._graph, self._shape, self._config, self._batches = graph, shape, config, batches
        self._ranks = ranks
        self._recent_step = recent_step(graph, shape.exponents, shape.recency) if shape.recency else None
        start = start_embeddings(graph, shape, init, ranks)
        size = {**shape.size, "embedding_dim": start.shape[1]}
        self.model = LightGCN(graph.num_users, graph.num_items, **size, start=start, ranks=ranks).to(device)
        self._optimizer = torch.optim.Adam(self.model.parameters(), betas=config.betas, fused=True)
        self.best = Best(config.patience)
        self.epochs: list[Epoch] = []
        self._losses = StepLosses(device)
        self._broken = torch.zeros((), device=device)  # 1 from a step on whose loss is not finite
        self._epoch_draws = self._draws.get_state()
        self._before = 0.0

    @property
    def epoch(self) -> int:
        """The epoch it is in, from 1."""
        return len(self.epochs) + 1

    def go_on_from(self, state: TrainingState | None) -> None:
        """Take a state's place, where there is one."""
        if state is None:
            return
        self.model.load_state_dict(dict(state.model))
        restore_adam(self._optimizer, self.model, state.optimizer)
        self._draws.set_state(state.draws)
        self.best.restore_from(state)
        self.epochs = list(state.epochs)
        self._losses.begin(state.losses)
        self._before = state.seconds
        self._began = time.perf_counter()

    def state(self) -> TrainingState:
        """Where it stands, as views that the next step overwrites."""
        return TrainingState(
            epoch=self.epoch,
            losses=tuple(self._losses.finite),
            seconds=self._seconds,
            model=self.model.state_dict(),
            optimizer=adam_of(self._optimizer, self.model),
            draws=self._epoch_draws,
            epochs=tuple(self.epochs),
            **self.best.state(),
        )

    @property
    def _seconds(self) -> float:
        return self._before + time.perf_counter() - self._began

    def run_epoch(self, keeper: Keeper, on_step: Callable[[int, int, float], None]) -> None:
        """Take all steps of an epoch, or those that are left of it."""
        self._epoch_draws = self._draws.get_state()
        steps = self._batches.steps
        for done, batch in enumerate(self._batches.epoch(self._draws)):
            if done < len(self._losses):
                continue  # in an earlier sitting; what it drew is drawn again
            self._optimizer.param_groups[0]["lr"] = self._rate_of(done)
            self._step(self._batches.loss(self.model, batch))
            if self._losses.are_due or len(self._losses) == steps:
                self._read_losses(steps, keeper, on_step)
            keeper.after_step(self.state)

    def _step(self, loss: torch.Tensor) -> None:
        """Step down the gradient of a loss, without waiting for it; from one that is not finite on nothing changes."""
        self._losses.add(loss)
        self._broken = torch.maximum(self._broken, (~loss.detach().isfinite()).float())
        self._optimizer.found_inf = self._broken  # type: ignore[attr-defined]  # as torch.amp's scaler hands it over
        train_step(loss, self._optimizer)

    def _read_losses(self, steps: int, keeper: Keeper, on_step: Callable[[int, int, float], None]) -> None:
        for step, loss in self._losses.news():
            if not math.isfinite(loss):
                keeper.at_the_end(self.state)
                where = f"at epoch {self.epoch}, step {step}, with a learning rate of {self._rate_of(step - 1):.3g}"
                raise DivergedError(f"the loss is {loss} {where}; {ADVICE}")
            on_step(step, steps, loss)

    def _rate_of(self, done: int) -> float:
        """Adam's step size when so many steps of the epoch are done."""
        return learning_rate(self._config, (self.epoch - 1 + done / self._batches.steps) / self._config.epochs)

    def end_epoch(self, metrics: Mapping[str, float]) -> Epoch:
        """Close the epoch; its record."""
        self.epochs.append(Epoch(self.epoch, self._seconds, float(np.mean(self._losses.finite)), metrics))
        self._losses.begin()
        self._epoch_draws = self._draws.get_state()
        return self.epochs[-1]

    def finite_embeddings(self) -> Embeddings:
        """The embeddings that rank, as they are now.

        Raises:
            DivergedError: they are not finite.
        """
        embeddings = embeddings_that_rank(self.model, self._graph, self._shape, self._recent_step)
        if not all(np.isfinite([side.min(), side.max()]).all() for side in embeddings):  # no mask of their size
            number = self.epoch if self._losses else len(self.epochs)
            raise DivergedError(f"embeddings are not finite after epoch {number}; {ADVICE}")
        return embeddings

    def result(self) -> Trained:
        """The model at its best epoch, on the CPU; Adam's moments, twice E0, make room for it."""
        self.best.restore(self.model)
        self._optimizer.state.clear()
        embeddings = self.finite_embeddings()
        model = _whole(self.model, self._shape, self._ranks).cpu()
        return Trained(model, embeddings, self.best.epoch or len(self.epochs), tuple(self.epochs), self._before)


def _generator(seed: np.random.SeedSequence) -> torch.Generator:
    return torch.Generator().manual_seed(int(seed.generate_state(1, np.uint64)[0] >> 1))


def train_step(loss: torch.Tensor, optimizer: torch.optim.Optimizer) -> None:
    """Step down the gradient of a loss, a scalar; the gradient is gone before anything else needs its room."""
    loss.backward()  # type: ignore[no-untyped-call]
    optimizer.step()
    optimizer.zero_grad()


def learning_rate(config: TrainingConfig, done: float) -> float:
    """Adam's step size when a share `done` of all epochs is done."""
    if config.schedule == "constant":
        return config.learning_rate
    return config.learning_rate * (1 + math.cos(math.pi * done)) / 2


def _whole(model: LightGCN, shape: ModelConfig, ranks: Ranks) -> LightGCN:
    """The model with all columns."""
    if ranks.size == 1:
        return model
    start = ranks.joined(model.E0, shape.embedding_dim)
    whole = LightGCN(model.num_users, model.num_items, **shape.size, start=start)
    whole.load_state_dict({**model.state_dict(), "E0": start})
    return whole
