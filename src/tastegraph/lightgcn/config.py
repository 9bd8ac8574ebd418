"""What a LightGCN is and how it is trained, as typed settings. Imports no torch, so that a recipe is read at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, WithJsonSchema, model_validator

from tastegraph.graph.bipartite import SYMMETRIC
from tastegraph.lightgcn.choices import OBJECTIVES, SAMPLERS, samplers_of, unread

if TYPE_CHECKING:
    from collections.abc import Container, Mapping

__all__ = ["ModelConfig", "TrainingConfig", "without_unread"]

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


def _one_of(table: Mapping[str, object]) -> AfterValidator:
    """A name in a table."""

    def known(name: str) -> str:
        if name not in table:
            raise ValueError(f"input should be {_either(table, quote=chr(39))}")
        return name

    return AfterValidator(known)


def _schema_of(table: Mapping[str, object]) -> WithJsonSchema:
    return WithJsonSchema({"type": "string", "enum": list(table)})


def _either(names: Mapping[str, object], quote: str = '"') -> str:
    *first, last = (f"{quote}{name}{quote}" for name in names)
    return " or ".join([", ".join(first), last] if first else [last])


class TrainingConfig(BaseModel):
    """How a LightGCN is trained. What an objective and its negatives do not read is refused, but for its default.

    Attributes:
        epochs: passes over all positives, at most.
        objective: one of `OBJECTIVES`: "bpr", over pairs each with a negative of its own, or "softmax", over users with
            all their positives against negatives that the batch shares (see `sampled_softmax_loss`).
        batch_size: positives a step over pairs, users a step over users.
        learning_rate: Adam's step size.
        schedule: "constant", or "cosine": the step size falls to 0 over all `epochs` along half a cosine.
        betas: Adam's decay rates of the gradient's and of its square's average.
        weight_decay: lambda, the weight of the L2 penalty on E0.
        regularise: the rows of E0 the penalty is on: "batch" (the batch's, as in the authors' code) or "all".
        positives: over pairs, the positives of an epoch: "each" once, or "by_user", as many draws as there are
            positives, of a user, each alike, and then of one of its positives (as in the authors' code).
        negatives: how negatives are drawn, one of `SAMPLERS`: "uniform", "popularity" (weight: users of the item ^
            popularity_exponent), over pairs "hardest" (of `candidates` uniform draws the one that scores highest under
            the current embeddings), or over users "batch" (the positives of the batch, each as often as it occurs).
            None of them is a positive of the same user.
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
        validate_every: epochs between validations; one follows the last epoch in any case.
        seed: seed of E0, of the order of positives and of the negatives.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    epochs: int = Field(default=300, ge=1)
    objective: Annotated[str, _one_of(OBJECTIVES), _schema_of(OBJECTIVES)] = "bpr"
    batch_size: int = Field(default=4096, ge=1)
    learning_rate: float = Field(default=0.01, gt=0, allow_inf_nan=False)
    schedule: Literal["constant", "cosine"] = "constant"
    betas: tuple[Rate, Rate] = (0.9, 0.999)
    weight_decay: float = Field(default=1e-3, ge=0, allow_inf_nan=False)
    regularise: Literal["batch", "all"] = "batch"
    positives: Literal["each", "by_user"] = "each"
    negatives: Annotated[str, _one_of(SAMPLERS), _schema_of(SAMPLERS)] = "uniform"
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
    def _all_is_read(self) -> TrainingConfig:
        known = samplers_of(self.objective)
        if self.negatives not in known:
            raise ValueError(
                f'negatives "{self.negatives}" are not for objective "{self.objective}"; take {_either(known)}'
            )
        ignored = unread(self.objective, self.negatives)
        told = [name for name, field in type(self).model_fields.items()
                if name in ignored and getattr(self, name) != field.default]  # fmt: skip
        if told:
            raise ValueError(
                f'{", ".join(told)} would not be read with objective "{self.objective}" and negatives '
                f'"{self.negatives}"; leave it out'
            )
        return self


def without_unread(settings: Mapping[str, Any], keep: Container[str] = ()) -> dict[str, Any]:
    """Settings of a training without those that its objective and its negatives do not read, but for `keep`.

    For settings to which another objective was given afterwards. Negatives that it does not know are left out, too.

    Args:
        settings: some or all, by key of `TrainingConfig`; they need not be valid.
        keep: keys that stay.
    """
    fields = TrainingConfig.model_fields
    objective, negatives = (settings.get(key, fields[key].default) for key in ("objective", "negatives"))
    if not isinstance(objective, str) or not isinstance(negatives, str):
        return dict(settings)
    if objective not in OBJECTIVES or negatives not in SAMPLERS:
        return dict(settings)
    left_out = set()
    if negatives not in samplers_of(objective) and "negatives" not in keep:
        left_out, negatives = {"negatives"}, fields["negatives"].default
    left_out |= unread(objective, negatives)
    return {key: value for key, value in settings.items() if key not in left_out or key in keep}
