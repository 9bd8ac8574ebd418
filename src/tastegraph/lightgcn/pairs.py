"""Steps over pairs: each positive with one negative of its own, or the hardest of several: BPR."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import torch

from tastegraph.errors import ModelError
from tastegraph.lightgcn.negatives import hardest, negatives_of
from tastegraph.lightgcn.objective import bpr_loss, l2_penalty

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tastegraph.graph.bipartite import BipartiteGraph
    from tastegraph.lightgcn.config import TrainingConfig
    from tastegraph.lightgcn.model import LightGCN

    PairBatch = tuple[torch.Tensor, torch.Tensor, torch.Tensor]

__all__ = ["PairBatches"]


class PairBatches:
    """Batches of positives, each once an epoch, and the step that learns from one: BPR.

    A batch is user, positive and negative item indices, int64 [B] each; or candidates to be negatives, int64 [B, M].

    Args:
        graph: what is learned from.
        config: how.

    Raises:
        ModelError: no user has a negative.
    """

    def __init__(self, graph: BipartiteGraph, config: TrainingConfig) -> None:
        self._graph, self._config = graph, config
        self._negatives = negatives_of(graph.items_of, config)
        user = torch.from_numpy(np.repeat(np.arange(graph.num_users), graph.items_of.counts))
        item = torch.from_numpy(graph.items_of.index.astype(np.int64))
        usable = self._negatives.drawable[user]
        if not bool(usable.any()):
            raise ModelError("every user has every item as a positive; there is nothing to learn a ranking from")
        self._positives = user[usable], item[usable]

    @property
    def steps(self) -> int:
        """Batches an epoch."""
        return math.ceil(len(self._positives[0]) / self._config.batch_size)

    def epoch(self, draws: torch.Generator) -> Iterator[PairBatch]:
        """All positives in a random order, in batches; a batch's candidates are drawn when it is asked for."""
        config = self._config
        order = torch.randperm(len(self._positives[0]), generator=draws)
        user, item = (part[order] for part in self._positives)
        if config.negatives != "hardest":
            negative = self._negatives.draw(user, draws)
            yield from zip(*(torch.split(part, config.batch_size) for part in (user, item, negative)), strict=True)
            return
        for some, liked in zip(*(torch.split(part, config.batch_size) for part in (user, item)), strict=True):
            repeated = some.repeat_interleave(config.candidates)
            yield some, liked, self._negatives.draw(repeated, draws).view(len(some), config.candidates)

    def loss(self, model: LightGCN, batch: PairBatch) -> torch.Tensor:
        """Mean BPR + lambda R of a batch; a scalar with its gradient."""
        user, positive, negative = batch
        config = self._config
        if negative.ndim == 1:
            parts, e0 = self._at_nodes(model, torch.cat([user, *_nodes(model, positive, negative)]))
        else:
            e = model.embeddings(self._graph, config.propagation_precision)
            liked, candidates = _nodes(model, positive, negative)
            nodes = torch.cat([user, liked, hardest(e, user, candidates)])
            parts, e0 = e.index_select(0, nodes), model.E0.index_select(0, nodes)
        users, positives, negatives = parts.chunk(3)
        loss = bpr_loss((users * positives).sum(1), (users * negatives).sum(1))
        if config.weight_decay:
            rows = model.E0 if config.regularise == "all" else e0
            loss = loss + config.weight_decay * l2_penalty(rows, batch_size=len(user))
        return loss

    def _at_nodes(self, model: LightGCN, nodes: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Embeddings and rows of E0 of some nodes, float [n, d] each, at the cost of what they need of the layers."""
        unique, place = torch.unique(nodes, return_inverse=True)
        layers = model.layers_at(self._graph, unique, self._config.propagation_precision)
        return model.combine(layers).index_select(0, place), layers[0].index_select(0, place)


def _nodes(model: LightGCN, *items: torch.Tensor) -> tuple[torch.Tensor, ...]:
    return tuple(item + model.num_users for item in items)
