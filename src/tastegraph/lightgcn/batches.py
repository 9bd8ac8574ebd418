"""What an objective learns from: the batches of an epoch, and the loss of one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from tastegraph.graph import devices
from tastegraph.lightgcn.choices import OBJECTIVES
from tastegraph.lightgcn.pair_batches import PairBatches
from tastegraph.lightgcn.user_batches import UserBatches

if TYPE_CHECKING:
    from collections.abc import Iterator

    import torch

    from tastegraph.graph.bipartite import BipartiteGraph
    from tastegraph.lightgcn.config import TrainingConfig
    from tastegraph.lightgcn.model import LightGCN

__all__ = ["Batches", "batches_of"]

Batch = TypeVar("Batch")


class Batches(Protocol[Batch]):
    """What an objective learns from, and its loss: `PairBatches`, `GivenPairs` or `UserBatches`."""

    @property
    def steps(self) -> int:
        """Batches an epoch."""

    def epoch(self, draws: torch.Generator) -> Iterator[Batch]:
        """An epoch's batches, in a fresh random order, with fresh negatives."""

    def loss(self, model: LightGCN, batch: Batch) -> torch.Tensor:
        """The loss of a batch, a scalar with its gradient."""


def batches_of(graph: BipartiteGraph, config: TrainingConfig, device: torch.device = devices.CPU) -> Batches[Any]:
    """What a training's objective learns from.

    Raises:
        ModelError: no user has a negative.
    """
    kind = UserBatches if OBJECTIVES[config.objective].over == "users" else PairBatches
    return kind(graph, config, device)
