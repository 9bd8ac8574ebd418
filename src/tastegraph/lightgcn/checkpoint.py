"""Checkpoints: a model at its best, and a training between two of its steps, to be gone on with bit for bit."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

import torch

from tastegraph.errors import ModelError
from tastegraph.lightgcn.config import ModelConfig
from tastegraph.lightgcn.model import LightGCN
from tastegraph.lightgcn.sealed import load_sealed, save_sealed

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from tastegraph.lightgcn.training import Trained

__all__ = [
    "Epoch",
    "Keeper",
    "NothingKept",
    "TrainingState",
    "adam_of",
    "load_checkpoint",
    "load_state",
    "restore_adam",
    "save_checkpoint",
    "save_state",
]

SCHEMA = 1


@dataclass(frozen=True)
class Epoch:
    """What one pass over the positives came to.

    Attributes:
        epoch: its number, from 1.
        seconds: time since training began, validation included, pauses between two sittings not.
        loss: mean loss over the epoch's positives.
        validation: validation metrics by name; empty where the epoch was not validated.
    """

    epoch: int
    seconds: float
    loss: float
    validation: Mapping[str, float]


@dataclass(frozen=True, eq=False)
class TrainingState:
    """A training between two steps: with the data and the settings, all that its future depends on.

    Attributes:
        epoch: the epoch it is in, from 1.
        losses: of the steps of that epoch that are done.
        seconds: time trained so far.
        model: trainable tensors by name.
        optimizer: Adam's moments and step count of each tensor, as "E0.exp_avg".
        draws: state of the generator of orders and negatives when the epoch began.
        best: the trainable tensors at the best epoch; none before the first validation.
        best_epoch: that epoch, or 0.
        best_value: its metric.
        stale: validations since.
        epochs: records of the epochs that are done.
    """

    epoch: int
    losses: tuple[float, ...]
    seconds: float
    model: Mapping[str, torch.Tensor]
    optimizer: Mapping[str, torch.Tensor]
    draws: torch.Tensor
    best: Mapping[str, torch.Tensor] = field(default_factory=dict)
    best_epoch: int = 0
    best_value: float | None = None
    stale: int = 0
    epochs: tuple[Epoch, ...] = ()

    @property
    def step(self) -> int:
        """Steps of the epoch that are done."""
        return len(self.losses)


class Keeper(Protocol):
    """Keeps a training's states, and hands out the last one; see `NothingKept` for none at all."""

    def last(self) -> TrainingState | None:
        """Where to go on, or None to begin."""

    def after_step(self, state: Callable[[], TrainingState]) -> None:
        """A step is done; it keeps the state or not, and may raise an error to end the training."""

    def after_epoch(self, state: Callable[[], TrainingState]) -> None:
        """The same of an epoch."""

    def at_the_end(self, state: Callable[[], TrainingState]) -> None:
        """The training is over, by itself or because its loss is not finite: the state is worth keeping."""


class NothingKept:
    """A keeper that keeps nothing."""

    def last(self) -> TrainingState | None:
        """Begin."""
        return None

    def after_step(self, state: Callable[[], TrainingState]) -> None:
        """Go on."""

    def after_epoch(self, state: Callable[[], TrainingState]) -> None:
        """Go on."""

    def at_the_end(self, state: Callable[[], TrainingState]) -> None:
        """Done."""


def adam_of(optimizer: torch.optim.Optimizer, model: LightGCN) -> dict[str, torch.Tensor]:
    """Adam's moments, of their tensor's shape, and step counts, as "E0.exp_avg"; none before the first step."""
    return {
        f"{name}.{part}": tensor
        for name, parameter in model.named_parameters()
        for part, tensor in optimizer.state.get(parameter, {}).items()
    }


def restore_adam(optimizer: torch.optim.Optimizer, model: LightGCN, kept: Mapping[str, torch.Tensor]) -> None:
    """Bring Adam to `kept`, as `adam_of` gave it; without any, it begins anew."""
    for name, parameter in model.named_parameters():
        parts = {key.rpartition(".")[2]: tensor for key, tensor in kept.items() if key.rpartition(".")[0] == name}
        if parts:
            optimizer.state[parameter] = {part: tensor.to(parameter.device) for part, tensor in parts.items()}


def save_state(state: TrainingState, about: Mapping[str, Any], path: Path) -> None:
    """Write a training's state, whole, with its digest in it.

    Args:
        state: the training.
        about: what it is the training of, for `load_state` to compare.
        path: of the file.

    Raises:
        OSError: the system refused.
    """
    tensors = {
        **{f"model.{name}": tensor for name, tensor in state.model.items()},
        **{f"adam.{name}": tensor for name, tensor in state.optimizer.items()},
        **{f"best.{name}": tensor for name, tensor in state.best.items()},
        "draws": state.draws,
        "losses": torch.tensor(state.losses, dtype=torch.float64),
    }
    place = {
        "epoch": state.epoch,
        "seconds": state.seconds,
        "best_epoch": state.best_epoch,
        "best_value": state.best_value,
        "stale": state.stale,
        "epochs": [asdict(epoch) for epoch in state.epochs],
    }
    save_sealed(tensors, {"state": SCHEMA, "of": dict(about), "place": place}, path)


def load_state(path: Path) -> tuple[TrainingState, dict[str, Any]]:
    """What `save_state` wrote: the state, and what it is the training of.

    Raises:
        ModelError: the file is missing, damaged, no training's state, or one of another schema.
    """
    tensors, said = load_sealed(path)
    if (schema := said.get("state")) != SCHEMA:
        raise ModelError(f"{path}: a training's state of schema {schema}; this version reads schema {SCHEMA}")

    def those(prefix: str) -> dict[str, torch.Tensor]:
        return {name.removeprefix(prefix): tensor for name, tensor in tensors.items() if name.startswith(prefix)}

    place = said["place"]
    state = TrainingState(
        epoch=place["epoch"],
        losses=tuple(tensors["losses"].tolist()),
        seconds=place["seconds"],
        model=those("model."),
        optimizer=those("adam."),
        draws=tensors["draws"],
        best=those("best."),
        best_epoch=place["best_epoch"],
        best_value=place["best_value"],
        stale=place["stale"],
        epochs=tuple(Epoch(**epoch) for epoch in place["epochs"]),
    )
    return state, said["of"]


def save_checkpoint(trained: Trained, shape: ModelConfig, path: Path) -> None:
    """Write E0 (and alpha_logits, where alpha is learned) of the best epoch, whole, with its digest in it."""
    about = {
        "num_users": trained.model.num_users,
        "num_items": trained.model.num_items,
        "model": shape.model_dump(),
        "epoch": trained.best_epoch,
    }
    save_sealed(trained.model.state_dict(), about, path)


def load_checkpoint(path: Path) -> LightGCN:
    """The model that `save_checkpoint` wrote.

    Raises:
        ModelError: the file is missing, damaged, or no checkpoint of ours.
    """
    tensors, about = load_sealed(path)
    try:
        shape = ModelConfig.model_validate(about["model"])
        model = LightGCN(about["num_users"], about["num_items"], **shape.size)
        model.load_state_dict(tensors)
    except (KeyError, TypeError, ValueError, RuntimeError) as error:
        raise ModelError(f"{path}: not a model's checkpoint ({str(error).splitlines()[0]})") from error
    return model
