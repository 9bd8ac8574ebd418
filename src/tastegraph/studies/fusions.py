"""Fusions: several models' lists as one, named by their models with a plus between them, such as "lightgcn+ease"."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from pydantic import BaseModel, Field

from tastegraph.baselines.hyperparameters import STRICT, checked
from tastegraph.errors import ModelError
from tastegraph.ranking.fusion import Fusion

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tastegraph.ranking.full_ranking import Ranker

__all__ = ["PLUS", "FusionConfig", "fused", "fusion_config", "is_fusion", "parts_of"]

PLUS = "+"
Weight = Annotated[float, Field(gt=0, le=1_000_000, allow_inf_nan=False)]


class FusionConfig(BaseModel):
    """Settings of a fusion of models' lists, such as `[models."lightgcn+ease"]`.

    Attributes:
        weights: one for each model, in the order of the name; 1 for each where there are none.
        constant: c: the larger, the less the first places are ahead of the next ones.
        depth: places of each model's list that count; as many as are asked for, where that is more.
    """

    model_config = STRICT

    weights: tuple[Weight, ...] = ()
    constant: float = Field(default=60.0, ge=0, le=1_000_000, allow_inf_nan=False)
    depth: int = Field(default=200, ge=1, le=100_000)


def is_fusion(name: str) -> bool:
    """Whether a name is of several models."""
    return PLUS in name


def parts_of(name: str) -> tuple[str, ...]:
    """The models of a name: those that are fused, or the one."""
    return tuple(name.split(PLUS))


def fusion_config(name: str, settings: Mapping[str, Any]) -> FusionConfig:
    """The settings of a fusion, the others at their defaults, with a weight for each model.

    Raises:
        ModelError: one is unknown or out of range, or there are not as many weights as models.
    """
    parts, config = parts_of(name), checked(name, FusionConfig, settings)
    if config.weights and len(config.weights) != len(parts):
        raise ModelError(f"{name}: weights: expected one for each of {len(parts)} models; found {len(config.weights)}")
    return config.model_copy(update={"weights": config.weights or (1.0,) * len(parts)})


def fused(rankers: Sequence[Ranker], config: FusionConfig) -> Fusion:
    """The models of a fusion, ready to rank."""
    return Fusion(tuple(rankers), config.weights, config.constant, config.depth)
