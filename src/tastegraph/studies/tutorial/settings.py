"""One run's settings, as the tutorial gives them, and what each of its readings is in ours."""

from __future__ import annotations

from typing import Any, Final, Literal

from pydantic import BaseModel, ConfigDict

from tastegraph.lightgcn.config import ModelConfig, TrainingConfig
from tastegraph.studies.tutorial.pairs import Draw, Negatives  # noqa: TC001 (pydantic reads them)

__all__ = ["NUM_USERS", "Loss", "Setting", "shape_and_training"]

NUM_USERS: Final = 200
BATCH_SIZE: Final = 128
Loss = Literal["batch", "sum", "mean"]


class Setting(BaseModel):
    """What one run is of; the defaults are the tutorial's.

    Attributes:
        model: "lightgcn", trained as the tutorial does; "parafac"; "ours", LightGCN by our own settings.
        num_users: the first so many users; None for all.
        num_samples: n, pairs a user; None learns from all likes of the training part.
        weight_decay: lambda.
        num_layers: K.
        alpha: "uniform", 1/(K+1); "learned"; "without-0", the tutorial's code: 1/(K+1) for k = 1..K and 0 for k = 0.
        loss: how lambda ||E0||^2 is added: "batch", the mean of a batch + lambda/2B on its rows (the authors' code);
            "sum", the equation: the sum over a batch + lambda on all of E0; "mean", the mean + lambda on all of E0.
        draw: see `pairs`.
        negatives: see `draw_pairs`; "fresh" draws films without an edge anew in every epoch.
        epochs: passes over the pairs.
        learning_rate: Adam's.
        rank: of PARAFAC.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    model: Literal["lightgcn", "parafac", "ours"] = "lightgcn"
    num_users: int | None = NUM_USERS
    num_samples: int | None = 20
    weight_decay: float = 0.1
    num_layers: int = 5
    alpha: Literal["uniform", "learned", "without-0"] = "uniform"
    loss: Loss = "batch"
    draw: Draw = "likes-first"
    negatives: Negatives | Literal["fresh"] = "no-edge"
    epochs: int = 100
    learning_rate: float = 0.001
    rank: int = 8

    @property
    def title(self) -> str:
        """A name for files and people: what is not as in the tutorial."""
        users = "all users" if self.num_users is None else f"{self.num_users} users"
        told = {name: value for name, value in self if value != type(self).model_fields[name].default}
        words = [
            f"{name.replace('_', ' ')} {value}" for name, value in told.items() if name not in ("num_users", "model")
        ]
        return ", ".join([self.model, users, *words])


def shape_and_training(setting: Setting, num_users: int, seed: int) -> tuple[ModelConfig, TrainingConfig]:
    """The model and the training of a setting for so many users.

    With more users than 200 the batch grows in proportion, so that the steps of an epoch stay as many. "sum" and
    "mean" are ours with the penalty on all rows: the sum over B pairs is B times the mean, which Adam does not see, and
    l2_penalty divides by 2B.
    """
    if setting.model == "ours":
        return _ours(setting, seed)
    batch = max(BATCH_SIZE, round(BATCH_SIZE * num_users / NUM_USERS))
    factor = {"batch": 1.0, "sum": 2.0, "mean": 2.0 * batch}[setting.loss]
    weights: dict[str, Any] = {
        "without-0": (0.0, *[1 / (setting.num_layers + 1)] * setting.num_layers),
    }
    shape = ModelConfig(num_layers=setting.num_layers, alpha=weights.get(setting.alpha, setting.alpha))
    training = TrainingConfig(
        epochs=setting.epochs,
        batch_size=batch,
        learning_rate=setting.learning_rate,
        weight_decay=setting.weight_decay * factor,
        regularise="batch" if setting.loss == "batch" else "all",
        propagation_precision="float32",
        patience=setting.epochs,
        validate_every=1 if num_users <= NUM_USERS else max(1, setting.epochs // 10),
        seed=seed,
    )
    return shape, training


def _ours(setting: Setting, seed: int) -> tuple[ModelConfig, TrainingConfig]:
    """Sampled softmax over users with the popularity given back: recipe ml-1m; see the page on accuracy."""
    shape = ModelConfig(num_layers=setting.num_layers, start="xavier", ranking="cosine", popularity_prior=0.135)
    training = TrainingConfig(
        objective="softmax",
        epochs=setting.epochs,
        batch_size=64 if setting.num_users is not None else 512,
        learning_rate=setting.learning_rate,
        betas=(0.9, 0.9),
        schedule="cosine",
        weight_decay=setting.weight_decay,
        negatives="popularity",
        popularity_exponent=1.0,
        shared_negatives=4096,
        temperature=0.15,
        popularity_correction=0.2,
        user_exponent=0.5,
        patience=setting.epochs,
        validate_every=max(1, setting.epochs // 20),
        seed=seed,
    )
    return shape, training
