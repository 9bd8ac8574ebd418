"""Steps over users: each batch takes users with all their positives, against negatives that they share.

A step over pairs scores each positive's own negative; a step over users scores every user of the batch once against
every shared negative, in one matrix product, whatever the number of positives. On Gowalla a step of 2048 users takes as
long as one of 4096 pairs and learns from 55,000.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property, partial
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch.nn.functional import normalize, pad

from tastegraph.errors import NOTHING_TO_RANK, ModelError
from tastegraph.graph import devices
from tastegraph.lightgcn.negatives import shared_negatives_of
from tastegraph.lightgcn.objective import l2_penalty, loss_of
from tastegraph.lightgcn.pair_scores import distinct, pair_scores

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tastegraph.graph.bipartite import BipartiteGraph
    from tastegraph.lightgcn.config import TrainingConfig
    from tastegraph.lightgcn.model import LightGCN
    from tastegraph.ranks.alone import Ranks

    Pairs = tuple[torch.Tensor, torch.Tensor]

__all__ = ["UserBatch", "UserBatches", "tallied"]

SHORTEST = 1e-12  # length that a row is divided by at least, as in torch's `normalize`
NEVER = -1e30  # the score of what is no negative; finite, for a user without any negative has gradient 0 then


@dataclass(frozen=True, eq=False)
class UserBatch:
    """What a step over users learns from.

    Attributes:
        user: int64 [b], each once.
        row: the place in `user` of each positive's user, int64 [n].
        positive: all positives of these users, int64 [n].
        shared: the items that are negatives for all, each once, int64 [N]; on a device without compiled kernels N is
            the most there can be and one more, and the last ones are padding.
        times: how often each was drawn, or occurs in the batch, float32 [N]; 0 for padding.
    """

    user: torch.Tensor
    row: torch.Tensor
    positive: torch.Tensor
    shared: torch.Tensor
    times: torch.Tensor


class UserBatches:
    """Batches of users, and the step that learns from one, by a loss over users such as sampled softmax.

    Args:
        graph: what is learned from.
        config: how.
        device: where batches are made and losses computed.

    Raises:
        ModelError: no user has a negative, or the objective is not over users.
    """

    def __init__(self, graph: BipartiteGraph, config: TrainingConfig, device: torch.device = devices.CPU) -> None:
        loss_of(config.objective, "users")
        self._graph, self._config, self._device = graph, config, device
        degree, popularity = graph.items_of.counts, graph.users_of.counts
        if bool((degree[degree > 0] == graph.num_items).all()):
            raise ModelError(NOTHING_TO_RANK)
        self._users, self._degree = torch.from_numpy(np.flatnonzero(degree)), torch.from_numpy(degree)
        if config.negatives != "batch":
            self._weight = shared_negatives_of(graph, config).weight
            self._cumulative = torch.cumsum(self._weight, 0).to(device)
        weight = np.maximum(degree, 1).astype(np.float64) ** -config.user_exponent
        self._user_weight = torch.from_numpy(weight.astype(np.float32)).to(device)
        correction = config.popularity_correction * np.log(np.maximum(popularity, 1))
        self._correction = torch.from_numpy(correction.astype(np.float32)).to(device)

    @property
    def steps(self) -> int:
        """Batches an epoch."""
        return math.ceil(len(self._users) / self._config.batch_size)

    def epoch(self, draws: torch.Generator) -> Iterator[UserBatch]:
        """All users with a positive, in a random order, in batches."""
        order = self._users[torch.randperm(len(self._users), generator=draws)]
        for user in torch.split(order, self._config.batch_size):
            there = devices.sent(user, self._device)
            row, positive = self._positives(user, there)
            yield UserBatch(there, row, positive, *self._shared(positive, draws))

    def _positives(self, user: torch.Tensor, there: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """The place in the batch and the item of each positive; `user` is on the CPU, `there` where it is computed."""
        if devices.runs_compiled(self._device):
            row, positive = self._graph.items_of.pairs_of(user.numpy())
            return torch.from_numpy(row), torch.from_numpy(positive)
        entries = int(self._degree[user].sum())
        return devices.kept_lists(self._graph.items_of, self._device).pairs_of(there, entries)

    def _shared(self, positive: torch.Tensor, draws: torch.Generator) -> tuple[torch.Tensor, torch.Tensor]:
        """The negatives of a batch, and how often each counts.

        They are drawn, or all items, as often as expected, where there are no more than draws; or they are the batch's
        positives.
        """
        if self._config.negatives == "batch":
            return tallied(positive, self._graph.num_items)
        number, last = self._config.shared_negatives, len(self._weight) - 1
        if number > last:
            return self._every_item
        share = torch.rand(number, generator=draws, dtype=torch.float64)
        wanted = devices.sent(share, self._device) * self._cumulative[last]
        drawn = torch.searchsorted(self._cumulative, wanted, right=True).clamp(max=last)
        return tallied(drawn, self._graph.num_items)

    @cached_property
    def _every_item(self) -> tuple[torch.Tensor, torch.Tensor]:
        """All items that can be drawn, each as often as expected."""
        shared = torch.nonzero(self._weight).squeeze(1)
        times = (self._config.shared_negatives * self._weight[shared] / self._weight.sum()).float()
        padding = 0 if devices.runs_compiled(self._device) else 1
        return pad(shared, (0, padding)).to(self._device), pad(times, (0, padding)).to(self._device)

    def loss(self, model: LightGCN, batch: UserBatch) -> torch.Tensor:
        """The objective's mean over the batch's positives, and lambda R; a scalar with its gradient."""
        config, loss_of_scores = self._config, loss_of(self._config.objective, "users")
        nodes, place, times = distinct(batch.user, batch.positive + model.num_users, batch.shared + model.num_users)
        sizes = [len(batch.user), len(batch.positive), len(batch.shared)]
        users, positives, shared = torch.split(place, sizes)  # rows of e, [b], [n] and [N]
        e, e0 = model.embeddings_at(self._graph, nodes, config.propagation_precision)  # [distinct, d] each
        offset = torch.where(batch.times > 0, batch.times.log().to(e.dtype) - self._correction[batch.shared], NEVER)
        similarities = (
            self._similarities if model.ranks.size == 1 else partial(self._similarities_of_ranks, model.ranks)
        )
        pairs = users.index_select(0, batch.row), positives
        negative, scores = similarities(e, offset, users, shared, pairs)  # [b, N] and [n]
        # Written past autograd, which would copy the table for it, and its gradient: of a loss that takes scores'
        # exponentials that is 0 there by itself.
        negative.detach()[self._known(batch)] = NEVER
        weight = self._user_weight[batch.user].index_select(0, batch.row) if config.user_exponent else None
        loss = loss_of_scores(scores - self._correction[batch.positive], negative, batch.row, weight)
        if config.weight_decay:
            rows = torch.arange(len(nodes), device=nodes.device)
            if not devices.runs_compiled(self._device):  # every node is there as often as it counts, but for padding
                times = torch.cat([times[: -len(batch.shared)], batch.times > 0])
            squares = pair_scores(e0, rows, rows) * times if config.regularise == "batch" else model.E0.square()
            (penalty,) = model.ranks.sum(l2_penalty(squares, batch_size=len(batch.user)))
            loss = loss + config.weight_decay * penalty
        return loss

    def _similarities(
        self, e: torch.Tensor, offset: torch.Tensor, users: torch.Tensor, shared: torch.Tensor, pairs: Pairs
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Similarities by the temperature: of users and shared negatives, plus `offset`, [b, N]; of pairs, [n]."""
        if self._config.similarity == "cosine":
            e = normalize(e, dim=1)
        tau = self._config.temperature
        negative = torch.addmm(offset, e.index_select(0, users) / tau, e.index_select(0, shared).T)
        return negative, pair_scores(e, *pairs) / tau

    def _similarities_of_ranks(
        self,
        ranks: Ranks,
        e: torch.Tensor,
        offset: torch.Tensor,
        users: torch.Tensor,
        shared: torch.Tensor,
        pairs: Pairs,
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """The same where each rank has columns of e: inner products are summed with the squared norms, then divided."""
        tau = self._config.temperature
        partial_scores = e.index_select(0, users) @ e.index_select(0, shared).T, pair_scores(e, *pairs)
        if self._config.similarity == "inner":
            negative, scores = ranks.sum(*partial_scores)
            return negative / tau + offset, scores / tau
        negative, scores, squares = ranks.sum(*partial_scores, e.square().sum(1))
        inverse = 1 / squares.sqrt().clamp(min=SHORTEST)
        left, right = (inverse.index_select(0, side) for side in pairs)
        of_users = inverse.index_select(0, users).unsqueeze(1) / tau
        return of_users * negative * inverse.index_select(0, shared) + offset, scores * left * right / tau

    def _known(self, batch: UserBatch) -> tuple[torch.Tensor, torch.Tensor]:
        """Where a shared negative is a positive of the user: (row, place in `shared`)."""
        places = torch.arange(len(batch.shared), device=self._device)
        if devices.runs_compiled(self._device):
            place = torch.full((self._graph.num_items,), -1)
            place[batch.shared] = places
            at = place[batch.positive]
            known = at >= 0
            return batch.row[known], at[known]
        # Positives that are no negatives are said of the last place, which is padding.
        place = torch.full((self._graph.num_items + 1,), len(batch.shared) - 1, device=self._device)
        place[torch.where(batch.times > 0, batch.shared, self._graph.num_items)] = places
        return batch.row, place[batch.positive]


def tallied(items: torch.Tensor, num_items: int) -> tuple[torch.Tensor, torch.Tensor]:
    """The distinct ones among some items, ascending, int64 [N], and how often each occurs, float32 [N].

    On a device without compiled kernels they are padded to the most there can be and one more, with item 0, 0 times:
    how many are distinct would have to be waited for.
    """
    if devices.runs_compiled(items.device):
        distinct_items, times = torch.unique(items, return_counts=True)
        return distinct_items, times.float()
    counts = torch.zeros(num_items, device=items.device).index_add_(0, items, torch.ones_like(items, dtype=torch.float))
    last = min(len(items), num_items)
    place = torch.where(counts > 0, torch.cumsum(counts > 0, 0) - 1, last)
    every = torch.arange(num_items, device=items.device)
    distinct_items = torch.zeros(last + 1, dtype=torch.int64, device=items.device).scatter_(0, place, every)
    times = torch.zeros(last + 1, device=items.device).scatter_(0, place, counts)
    return torch.where(times > 0, distinct_items, 0), times
