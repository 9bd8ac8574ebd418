"""The objectives and the samplers of negatives that a training may name, and what each reads. Imports no torch.

A line in one of the two tables is what makes a loss or a sampler known to recipes, `train`, `tune` and all else.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["OBJECTIVES", "SAMPLERS", "Objective", "Over", "Sampler", "samplers_of", "unread"]

Over = Literal["pairs", "users"]


@dataclass(frozen=True)
class Objective:
    """What a training minimises.

    Attributes:
        loss: its function in `lightgcn.objective`, by name.
        over: what its batches are of, and so what it is handed: "pairs" (`PairBatches`; as `bpr_loss`), or "users" with
            all their positives (`UserBatches`; as `sampled_softmax_loss`).
    """

    loss: str
    over: Over = "pairs"


@dataclass(frozen=True)
class Sampler:
    """What the negatives of a training are.

    Attributes:
        draws: its class in `lightgcn.negatives`, by name; None where nothing is drawn.
        over: the batches that know it. Over users it needs `weight` (see `SharedNegatives`).
        settings: what it reads of `TrainingConfig` that not every sampler does.
    """

    draws: str | None
    over: tuple[Over, ...] = ("pairs",)
    settings: tuple[str, ...] = ()


OBJECTIVES: Mapping[str, Objective] = {
    "bpr": Objective("bpr_loss"),
    "softmax": Objective("sampled_softmax_loss", over="users"),
}

SAMPLERS: Mapping[str, Sampler] = {
    "uniform": Sampler("UniformNegatives", over=("pairs", "users")),
    "popularity": Sampler("PopularNegatives", over=("pairs", "users"), settings=("popularity_exponent",)),
    "hardest": Sampler("UniformNegatives", settings=("candidates",)),  # which of them is hardest, a step says
    "batch": Sampler(None, over=("users",)),
}

# What steps over pairs read and those over users do not, and the other way round; how many negatives the latter share,
# where any are drawn.
OF_PAIRS = ("positives",)
OF_USERS = ("similarity", "temperature", "popularity_correction", "user_exponent")
SHARED = "shared_negatives"


def samplers_of(objective: str) -> dict[str, Sampler]:
    """The samplers that an objective's batches know, by name."""
    return {name: sampler for name, sampler in SAMPLERS.items() if OBJECTIVES[objective].over in sampler.over}


def unread(objective: str, negatives: str) -> set[str]:
    """The settings of `TrainingConfig` that a training with this objective and these negatives does not read."""
    sampler = SAMPLERS[negatives]
    read = {*sampler.settings}
    over_users = OBJECTIVES[objective].over == "users"
    read |= {*OF_USERS, *([SHARED] if sampler.draws else [])} if over_users else {*OF_PAIRS}
    return {*OF_PAIRS, *OF_USERS, SHARED, *(key for other in SAMPLERS.values() for key in other.settings)} - read
