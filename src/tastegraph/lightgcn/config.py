"""What a LightGCN is and how it is trained, as typed settings. Imports no torch, so that a recipe is read at once."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

__all__ = ["ModelConfig", "TrainingConfig"]

Alpha = Literal["uniform", "learned"] | tuple[float, ...]


class ModelConfig(BaseModel):
    """The size and shape of a LightGCN.

    Attributes:
        embedding_dim: d, the width of an embedding.
        num_layers: K; 0 is plain matrix factorization.
        alpha: weights of layers 0..K: "uniform" (1 / (K+1) each), "learned" (from uniform), or K+1 numbers >= 0.
        init_std: standard deviation of the normal draw of E0.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    embedding_dim: int = Field(default=64, ge=1, le=4096)
    num_layers: int = Field(default=3, ge=0, le=64)
    alpha: Alpha = "uniform"
    init_std: float = Field(default=0.1, gt=0, allow_inf_nan=False)

    @model_validator(mode="after")
    def _one_weight_a_layer(self) -> ModelConfig:
        if not isinstance(self.alpha, str):
            if len(self.alpha) != self.num_layers + 1:
                raise ValueError(
                    f"alpha needs {self.num_layers + 1} weights, for layers 0 to {self.num_layers}; "
                    f"found {len(self.alpha)}"
                )
            if min(self.alpha) < 0 or max(self.alpha) == 0 or not all(map(_finite, self.alpha)):
                raise ValueError("alpha's weights must be finite, at least 0, and not all 0")
        return self


def _finite(weight: float) -> bool:
    return abs(weight) < float("inf")


class TrainingConfig(BaseModel):
    """How a LightGCN is trained.

    Attributes:
        epochs: passes over all positives, at most.
        batch_size: B, positives a step.
        learning_rate: Adam's step size.
        weight_decay: lambda, the weight of the L2 penalty on E0.
        regularise: the rows of E0 the penalty is on: "batch" (the batch's, as in the authors' code) or "all".
        negatives: how a positive's negative is drawn among what its user has not: "uniform", "popularity" (weight:
            users of the item ^ popularity_exponent), or "hardest" (of `candidates` uniform draws the one that scores
            highest under the current embeddings).
        popularity_exponent: beta, for "popularity".
        candidates: M, for "hardest".
        propagation_precision: how rows between layers are stored, "float32" or "float16"; sums are in float32.
        patience: stop after this many validations without a better one.
        validate_every: epochs between validations.
        seed: seed of E0, of the order of positives and of the negatives.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    epochs: int = Field(default=300, ge=1)
    batch_size: int = Field(default=4096, ge=1)
    learning_rate: float = Field(default=0.01, gt=0, allow_inf_nan=False)
    weight_decay: float = Field(default=1e-3, ge=0, allow_inf_nan=False)
    regularise: Literal["batch", "all"] = "batch"
    negatives: Literal["uniform", "popularity", "hardest"] = "uniform"
    popularity_exponent: float = Field(default=0.75, ge=0, le=10)
    candidates: int = Field(default=16, ge=1, le=4096)
    propagation_precision: Literal["float32", "float16"] = "float16"
    patience: int = Field(default=10, ge=1)
    validate_every: int = Field(default=1, ge=1)
    seed: int = Field(default=0, ge=0)
