"""Early stopping: a training ends when validation has not risen for a while, and its result is the best epoch."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch

    from tastegraph.lightgcn.checkpoint import TrainingState
    from tastegraph.lightgcn.model import LightGCN

__all__ = ["Best"]


class Best:
    """The best validated state so far, and how long ago it was.

    Args:
        patience: validations without a better one that end a training.

    Attributes:
        epoch: of the best state, 0 before the first validation.
    """

    def __init__(self, patience: int) -> None:
        self.epoch = 0
        self._value = -math.inf
        self._state: dict[str, torch.Tensor] = {}
        self._patience = patience
        self._stale = 0

    def offer(self, model: LightGCN, epoch: int, value: float) -> None:
        """Take the model as it is after a validated epoch, where its metric is better than any before."""
        self._stale += 1
        if value > self._value:
            self.epoch, self._value, self._stale = epoch, value, 0
            self._state = {name: tensor.clone() for name, tensor in model.state_dict().items()}

    @property
    def is_over(self) -> bool:
        """Whether patience has run out."""
        return self._stale >= self._patience

    def restore(self, model: LightGCN) -> None:
        """Bring a model to the best state; without any it stays."""
        if self._state:
            model.load_state_dict(self._state)
            self._state = {}

    def state(self) -> dict[str, Any]:
        """The part of a `TrainingState` that it is."""
        value = self._value if self.epoch else None
        return {"best": self._state, "best_epoch": self.epoch, "best_value": value, "stale": self._stale}

    def restore_from(self, state: TrainingState) -> None:
        """Take up where a state of the training stands."""
        self.epoch, self._state, self._stale = state.best_epoch, dict(state.best), state.stale
        self._value = -math.inf if state.best_value is None else state.best_value
