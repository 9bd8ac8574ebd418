"""Steps over pairs: each positive with one negative of its own, or the hardest of several, as in BPR."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import torch

from tastegraph.errors import NOTHING_TO_RANK, ModelError
from tastegraph.graph import devices
from tastegraph.lightgcn.negatives import hardest, hardest_of_ranks, negatives_of
from tastegraph.lightgcn.objective import l2_penalty, loss_of
from tastegraph.lightgcn.pair_scores import distinct, pair_scores

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tastegraph.graph.bipartite import BipartiteGraph
    from tastegraph.lightgcn.config import TrainingConfig
    from tastegraph.lightgcn.model import LightGCN

__all__ = ["GivenPairs", "PairBatch", "PairBatches", "pair_loss"]

AHEAD = 32  # batches whose candidates are drawn together
PairBatch = tuple[torch.Tensor, torch.Tensor, torch.Tensor]


class PairBatches:
    """Batches of an epoch's positives (see `TrainingConfig.positives`), and the step of a loss over pairs on one.

    A batch is user, positive and negative item indices, int64 [B] each; or candidates to be negatives, int64 [B, M].

    Args:
        graph: what is learned from.
        config: how.
        device: where batches are made and losses computed.

    Raises:
        ModelError: no user has a negative, or the objective is not over pairs.
    """

    def __init__(self, graph: BipartiteGraph, config: TrainingConfig, device: torch.device = devices.CPU) -> None:
        loss_of(config.objective, "pairs")
        self._graph, self._config = graph, config
        self._negatives = negatives_of(graph, config, device)
        # 32 bits a side: of 10^8 pairs that is a gigabyte and a half less than what tensors are indexed by.
        user = torch.from_numpy(np.repeat(np.arange(graph.num_users, dtype=np.int32), graph.items_of.counts)).to(device)
        item = torch.from_numpy(graph.items_of.index.view(np.int32)).to(device)
        drawable = self._negatives.drawable
        if not bool(drawable.all()):
            usable = torch.repeat_interleave(drawable, torch.from_numpy(graph.items_of.counts).to(device))
            user, item = user[usable], item[usable]
        if not len(user):
            raise ModelError(NOTHING_TO_RANK)
        if config.positives == "by_user":
            degree = torch.from_numpy(graph.items_of.counts) * drawable.cpu()
            self._degree = degree[degree > 0]
            self._start = torch.cumsum(self._degree, 0) - self._degree
        self._positives = user, item

    @property
    def steps(self) -> int:
        """Batches an epoch."""
        return math.ceil(len(self._positives[0]) / self._config.batch_size)

    def epoch(self, draws: torch.Generator) -> Iterator[PairBatch]:
        """An epoch's positives in a random order, in batches; candidates are drawn when their batch is asked for.

        Or, on a device that would have to be waited for, when the first of `AHEAD` batches is.
        """
        config, device = self._config, self._positives[0].device
        order = devices.sent(self._order(draws), device)
        user, item = (part[order] for part in self._positives)
        del order
        if config.negatives != "hardest":
            negative = self._negatives.draw(user, draws)
            for batch in zip(*(torch.split(part, config.batch_size) for part in (user, item, negative)), strict=True):
                some, liked, other = (part.long() for part in batch)
                yield some, liked, other
            return
        several = config.batch_size * (1 if devices.runs_compiled(device) else AHEAD)
        for users, items in zip(torch.split(user, several), torch.split(item, several), strict=True):
            some, liked = (torch.split(part.long(), config.batch_size) for part in (users, items))
            drawn = self._negatives.draw_each([part.repeat_interleave(config.candidates) for part in some], draws)
            yield from zip(some, liked, (part.view(-1, config.candidates) for part in drawn), strict=True)

    def _order(self, draws: torch.Generator) -> torch.Tensor:
        """Places of an epoch's positives among all, int64 [positives], on the CPU."""
        number = len(self._positives[0])
        if self._config.positives == "each":
            return torch.randperm(number, generator=draws)
        user = torch.randint(len(self._degree), (number,), generator=draws)
        share, degree = torch.rand(number, generator=draws, dtype=torch.float64), self._degree[user]
        return self._start[user] + torch.minimum((share * degree).long(), degree - 1)

    def loss(self, model: LightGCN, batch: PairBatch) -> torch.Tensor:
        """The loss of a batch; see `pair_loss`."""
        return pair_loss(self._graph, self._config, model, batch)


class GivenPairs:
    """Batches of pairs that were drawn beforehand, negatives and all, each once an epoch; a pair may be given twice.

    Args:
        graph: what is propagated over.
        config: how to train; how positives and negatives are drawn goes unused.
        pairs: user, positive and negative item indices, int64 [n] each, on the device that is to compute.

    Raises:
        ModelError: the objective is not over pairs.
    """

    def __init__(self, graph: BipartiteGraph, config: TrainingConfig, pairs: PairBatch) -> None:
        loss_of(config.objective, "pairs")
        self._graph, self._config, self._pairs = graph, config, pairs

    @property
    def steps(self) -> int:
        """Batches an epoch."""
        return math.ceil(len(self._pairs[0]) / self._config.batch_size)

    def epoch(self, draws: torch.Generator) -> Iterator[PairBatch]:
        """All pairs in a random order, in batches."""
        order = devices.sent(torch.randperm(len(self._pairs[0]), generator=draws), self._pairs[0].device)
        parts = (torch.split(part[order], self._config.batch_size) for part in self._pairs)
        yield from zip(*parts, strict=True)

    def loss(self, model: LightGCN, batch: PairBatch) -> torch.Tensor:
        """The loss of a batch; see `pair_loss`."""
        return pair_loss(self._graph, self._config, model, batch)


def pair_loss(graph: BipartiteGraph, config: TrainingConfig, model: LightGCN, batch: PairBatch) -> torch.Tensor:
    """The objective's loss + lambda R of a batch (see `PairBatches`); a scalar with its gradient."""
    loss = loss_of(config.objective, "pairs")
    user, positive, negative = batch  # [B], [B] and [B], or [B, M] candidates
    positive, negative = positive + model.num_users, negative + model.num_users
    if negative.ndim == 1:
        nodes, place, times = distinct(user, positive, negative)
        e, e0 = model.embeddings_at(graph, nodes, config.propagation_precision)  # [n, d] each, of the batch's nodes
        rows = torch.arange(len(nodes), device=nodes.device)
    else:
        e, e0 = model.embeddings(graph, config.propagation_precision), model.E0  # [nodes, d] each
        alone = model.ranks.size == 1
        negative = hardest(e, user, negative) if alone else hardest_of_ranks(model.ranks, e, user, negative)  # [B]
        rows, _, times = distinct(user, positive, negative)
        place = torch.cat([user, positive, negative])
    u, i, j = place.chunk(3)  # rows of e, [B] each
    scores = pair_scores(e, u.repeat(2), torch.cat([i, j]))  # [2 B]: y_ui, then y_uj
    if not config.weight_decay:
        (scores,) = model.ranks.sum(scores)
        return loss(*scores.chunk(2))
    squares = pair_scores(e0, rows, rows) * times if config.regularise == "batch" else model.E0.square()
    scores, penalty = model.ranks.sum(scores, l2_penalty(squares, batch_size=len(user)))
    return loss(*scores.chunk(2)) + config.weight_decay * penalty
