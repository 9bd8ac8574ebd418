"""Keeping the states of a training that several ranks share: rank 0 has the files, and what happens holds for all."""

from __future__ import annotations

import os
import signal
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

import torch

from tastegraph.ranks.alone import ALONE

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tastegraph.lightgcn.checkpoint import Keeper, TrainingState
    from tastegraph.ranks.alone import Ranks
    from tastegraph.studies.checkpoints import Checkpoints, StageKeeper
    from tastegraph.studies.stopping import Stop

__all__ = ["Keepers", "SharedCheckpoints", "SharedKeeper"]


class Keepers(Protocol):
    """Hands out what keeps a stage's training: `Checkpoints`, or `SharedCheckpoints`."""

    def keeper(self, stage: str) -> Keeper:
        """Keeps one stage's training, such as "lightgcn-refit"."""


@dataclass(frozen=True, eq=False)
class SharedCheckpoints:
    """A run's checkpoints, for all its ranks.

    Attributes:
        ranks: who train together.
        width: columns of E0, of all ranks together.
        stop: who may ask this rank's training to end.
        own: rank 0's checkpoints; None elsewhere.
    """

    ranks: Ranks
    width: int
    stop: Stop
    own: Checkpoints | None = None

    def keeper(self, stage: str) -> Keeper:
        """Keeps one stage's training."""
        own = None if self.own is None else self.own.keeper(stage)
        if self.ranks is ALONE and own is not None:
            return own
        return SharedKeeper(self.ranks, self.width, self.stop, own)


class SharedKeeper:
    """A `Keeper` on every rank: rank 0's own one is told whole states, put together from all ranks' columns.

    That a state is due by the clock, or a signal came, only one rank knows. It calls the others with the next step's
    sum of scores (`Ranks.calls`), which costs no message, and after that step all confer.

    Args:
        ranks: who train together.
        width: columns of E0, of all ranks together.
        stop: who may ask this rank's training to end; a signal to one rank ends all.
        own: rank 0's; None elsewhere.
    """

    def __init__(self, ranks: Ranks, width: int, stop: Stop, own: StageKeeper | None) -> None:
        self._ranks, self._width, self._stop, self._own = ranks, width, stop, own
        self._started_by = os.getppid()

    def last(self) -> TrainingState | None:
        """Where rank 0's last state says to go on; of it this rank's columns."""
        self._stop.wait(wanted=True)
        whole = self._own.last() if self._own is not None else None
        state = self._ranks.told(lambda: None if whole is None else _without_values(whole))
        if state is None:
            return None
        return _each_tensor(state if whole is None else whole, self._own_columns)

    def after_step(self, state: Callable[[], TrainingState]) -> None:
        """Confer where a rank called for it."""
        if self._ranks.called:
            self._keep(state, lambda own, whole: own.after_step(whole))
        if os.getppid() != self._started_by:  # torchrun was killed without a chance to end its ranks
            self._stop.hear(signal.SIGTERM)
        self._ranks.calls = self._stop.asked or (self._own is not None and self._own.is_due())

    def after_epoch(self, state: Callable[[], TrainingState]) -> None:
        """Confer where rank 0 counts that a state is due."""
        if self._ranks.told(lambda: self._own is not None and self._own.is_due(state().epoch - 1)):
            self._keep(state, lambda own, whole: own.after_epoch(whole))

    def at_the_end(self, state: Callable[[], TrainingState]) -> None:
        """The training is over."""
        self._keep(state, lambda own, whole: own.at_the_end(whole))
        self._stop.wait(wanted=False)

    def _keep(
        self, state: Callable[[], TrainingState], keep: Callable[[StageKeeper, Callable[[], TrainingState]], None]
    ) -> None:
        """Hear of signals, put the state together and let rank 0 keep it.

        Raises:
            StoppedError: any rank was asked to end; rank 0 has written the state.
        """
        asked = next((heard for heard in self._ranks.all_told(self._stop.heard) if heard), None)
        self._stop.hear(asked)
        now = state()
        whole = _each_tensor(now, self._whole)
        self._ranks.calls = self._ranks.called = False
        try:
            if self._own is not None:
                keep(self._own, lambda: whole)
        finally:
            self._ranks.told(lambda: None)  # that it is written: a rank that leaves before might end the others
        if asked:  # one that came since is for the next time, when all hear of it
            raise self._stop.error(f" after epoch {now.epoch - 1}, {now.step} steps")

    def _whole(self, part: torch.Tensor) -> torch.Tensor:
        """All columns of a table of nodes, on rank 0; what has no columns is the same on all ranks."""
        found = self._ranks.gathered(part, self._width) if part.ndim == 2 else part
        return part if found is None else found

    def _own_columns(self, whole: torch.Tensor) -> torch.Tensor:
        sent = self._ranks.sent(whole)
        return sent[:, self._ranks.columns(self._width)].contiguous() if sent.ndim == 2 else sent


def _each_tensor(state: TrainingState, change: Callable[[torch.Tensor], torch.Tensor]) -> TrainingState:
    """The state with every tensor changed, in the same order on all ranks."""

    def changed(named: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
        return {name: change(named[name]) for name in sorted(named)}

    return replace(
        state,
        model=changed(state.model),
        optimizer=changed(state.optimizer),
        best=changed(state.best),
        draws=change(state.draws),
    )


def _without_values(state: TrainingState) -> TrainingState:
    """The state with tensors of the same shapes and dtypes that take no room in a message."""
    return _each_tensor(state, lambda tensor: torch.zeros((), dtype=tensor.dtype).expand(tensor.shape))
