"""What a LightGCN is and how it is trained, as typed settings. Imports no torch, so that a recipe is read at once."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from tastegraph.graph.bipartite import SYMMETRIC

__all__ = ["ModelConfig", "TrainingConfig"]

Alpha = Literal["uniform", "learned"] | tuple[float, ...]
Rate = Annotated[float, Field(ge=0, lt=1)]
Exponent = Annotated[float, Field(ge=0, le=2)]


class ModelConfig(BaseModel):
    """The size and shape of a LightGCN.

    Attributes:
        embedding_dim: d, the width of an embedding.
        num_layers: K; 0 is plain matrix factorization.
        alpha: weights of layers 0..K: "uniform" (1 / (K+1) each), "learned" (from uniform), or K+1 numbers >= 0.
        exponents: a and b of P = D^-a A D^-b: a of the degree of the node that gathers, b of its neighbour's; 1/2 each
            in the paper, any others as in LightGCN++ (Lee et al. 2024).
        start: what E0 is before training: "normal" draws, "xavier" draws, or "spectral", the singular vectors of the
            normalised interactions (see `start_embeddings`).
        init_std: standard deviation of the normal draw of E0.
        start_norm: root mean square norm of E0's rows after a spectral start, users and items each.
        ranking: what lists are ranked by: "inner", the inner product of the final embeddings, or "cosine".
        popularity_prior: b, for "cosine": b ln(users of the item) is added (see `ranking_embeddings`).
        recency: gamma, how much more a user's later items weigh in its vector when lists are made: with a_ui = 1 for
            the latest item, in proportion to a_ui^-gamma (see `recent_users`). It takes part in no training. It needs
            times, or the lists of a published split.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    embedding_dim: int = Field(default=64, ge=1, le=4096)
    num_layers: int = Field(default=3, ge=0, le=64)
    alpha: Alpha = "uniform"
    exponents: tuple[Exponent, Exponent] = SYMMETRIC
    start: Literal["normal", "xavier", "spectral"] = "normal"
    init_std: float = Field(default=0.1, gt=0, allow_inf_nan=False)
    start_norm: float = Field(default=1.5, gt=0, allow_inf_nan=False)
    ranking: Literal["inner", "cosine"] = "inner"
    popularity_prior: float = Field(default=0.0, ge=0, le=10)
    recency: float = Field(default=0.0, ge=0, le=10)

    @property
    def size(self) -> dict[str, Any]:
        """The arguments of `LightGCN` that say its size and shape."""
        return self.model_dump(include={"embedding_dim", "num_layers", "alpha", "exponents", "init_std"})

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
        objective: "bpr", over pairs each with a negative of its own, or "softmax", over users with all their positives
            against negatives that the batch shares (see `sampled_softmax_loss`).
        batch_size: positives a step for "bpr", users a step for "softmax".
        learning_rate: Adam's step size.
        schedule: "constant", or "cosine": the step size falls to 0 over all `epochs` along half a cosine.
        betas: Adam's decay rates of the gradient's and of its square's average.
        weight_decay: lambda, the weight of the L2 penalty on E0.
        regularise: the rows of E0 the penalty is on: "batch" (the batch's, as in the authors' code) or "all".
        negatives: how negatives are drawn: "uniform", "popularity" (weight: users of the item ^ popularity_exponent),
            for "bpr" "hardest" (of `candidates` uniform draws the one that scores highest under the current
            embeddings), or for "softmax" "batch" (the positives of the batch, each as often as it occurs). None of
            them is a positive of the same user.
        popularity_exponent: beta, for "popularity".
        candidates: M, for "hardest".
        shared_negatives: N, draws a step, for "softmax"; from the number of items on, every item is a negative, with
            the weight of its expected number of draws.
        similarity: the score that "softmax" trains: "cosine", or "inner", the inner product. It need not be what lists
            are ranked by (`model.ranking`).
        temperature: tau, what "softmax" divides the similarity by.
        popularity_correction: c, for "softmax": c ln(users of the item) is taken from a score in training.
        user_exponent: w, for "softmax": a positive weighs (positives of its user)^-w in the mean: 0 every pair alike, 1
            every user alike.
        propagation_precision: how rows between layers are stored, "float32" or "float16"; sums are in float32.
        patience: stop after this many validations without a better one.
        validate_every: epochs between validations.
        seed: seed of E0, of the order of positives and of the negatives.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    epochs: int = Field(default=300, ge=1)
    objective: Literal["bpr", "softmax"] = "bpr"
    batch_size: int = Field(default=4096, ge=1)
    learning_rate: float = Field(default=0.01, gt=0, allow_inf_nan=False)
    schedule: Literal["constant", "cosine"] = "constant"
    betas: tuple[Rate, Rate] = (0.9, 0.999)
    weight_decay: float = Field(default=1e-3, ge=0, allow_inf_nan=False)
    regularise: Literal["batch", "all"] = "batch"
    negatives: Literal["uniform", "popularity", "hardest", "batch"] = "uniform"
    popularity_exponent: float = Field(default=0.75, ge=0, le=10)
    candidates: int = Field(default=16, ge=1, le=4096)
    shared_negatives: int = Field(default=2048, ge=1, le=1 << 20)
    similarity: Literal["cosine", "inner"] = "cosine"
    temperature: float = Field(default=0.12, gt=0, allow_inf_nan=False)
    popularity_correction: float = Field(default=0.0, ge=0, le=10)
    user_exponent: float = Field(default=0.0, ge=0, le=10)
    propagation_precision: Literal["float32", "float16"] = "float16"
    patience: int = Field(default=10, ge=1)
    validate_every: int = Field(default=1, ge=1)
    seed: int = Field(default=0, ge=0)

    @model_validator(mode="after")
    def _negatives_of_the_objective(self) -> TrainingConfig:
        own = {"bpr": "hardest", "softmax": "batch"}
        for owner, negatives in own.items():
            if self.negatives == negatives and self.objective != owner:
                raise ValueError(
                    f'training.negatives "{negatives}" belongs to training.objective "{owner}"; '
                    f'for "{self.objective}" take "uniform", "popularity" or "{own[self.objective]}"'
                )
        return self
