"""What lists are ranked by: embeddings as rows whose inner products are the scores, and the lists made of them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import torch

from tastegraph.graph import devices
from tastegraph.graph.top_k_operator import rank_embeddings
from tastegraph.lightgcn.recent import recent_users

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tastegraph.graph.bipartite import BipartiteGraph
    from tastegraph.graph.neighbours import NeighbourLists
    from tastegraph.lightgcn.config import ModelConfig
    from tastegraph.lightgcn.model import LightGCN
    from tastegraph.lightgcn.recent import Sparse

    Floats = NDArray[np.float32]
    Embeddings = tuple[Floats, Floats]

__all__ = ["InnerProduct", "embeddings_that_rank", "ranking_embeddings"]


@dataclass(frozen=True, eq=False)
class InnerProduct:
    """Ranks by y_ui = e_u . e_i.

    Attributes:
        embeddings: users' and items' rows.
        device: what computes the lists.
    """

    embeddings: Embeddings
    device: torch.device = devices.CPU

    def rank(self, users: NDArray[np.integer], k: int, exclude: NeighbourLists | None) -> NDArray[np.int32]:
        """The `k` best items of each user, int32 [n, k]; see `rank_embeddings`."""
        e_users, e_items = self._rows
        return rank_embeddings(e_users, e_items, users, k, exclude)

    @cached_property
    def _rows(self) -> tuple[torch.Tensor, torch.Tensor]:
        e_users, e_items = (torch.from_numpy(side).to(self.device) for side in self.embeddings)
        return e_users, e_items


def embeddings_that_rank(
    model: LightGCN, graph: BipartiteGraph, shape: ModelConfig, recent_step: Sparse | None = None
) -> Embeddings:
    """A model's final embeddings as rows whose inner products rank, whole on each rank; see `ranking_embeddings`.

    Args:
        model: on any device.
        graph: what it is propagated over.
        shape: says what lists are ranked by.
        recent_step: the last step to users, where it is another than the propagation's (see `recent_users`).
    """
    with torch.no_grad():
        e = model.embeddings(graph)
        if recent_step is not None:
            e = torch.cat([recent_users(model, graph, recent_step), e[model.num_users :]])
        e = model.ranks.joined(e, shape.embedding_dim)
    e_users, e_items = torch.split(e, [model.num_users, model.num_items])
    return ranking_embeddings(e_users.cpu().numpy(), e_items.cpu().numpy(), graph.users_of.counts, shape)


def ranking_embeddings(
    e_users: Floats, e_items: Floats, popularity: NDArray[np.int64], shape: ModelConfig
) -> tuple[Floats, Floats]:
    """Rows whose inner products are the scores that lists are ranked by.

    - "inner": e_u . e_i, the rows as they are.
    - "cosine": cos(e_u, e_i) + b ln(popularity of i, at least 1), with b `popularity_prior`: rows of length 1 and,
      where b > 0, one column more, 1 for users. After a training by cosines against negatives drawn by popularity
      the cosine tells how much better than its popularity an item suits a user; the prior gives the popularity back.

    Args:
        e_users: final embeddings, float32 [users, d].
        e_items: float32 [items, d].
        popularity: users of each item in the fit part, int64 [items].
        shape: says which.

    Returns:
        float32 [users, d or d + 1] and [items, d or d + 1].
    """
    if shape.ranking == "inner":
        return e_users, e_items
    users, items = _unit(e_users), _unit(e_items)
    if not shape.popularity_prior:
        return users, items
    prior = shape.popularity_prior * np.log(np.maximum(popularity, 1))
    return (
        np.concatenate([users, np.ones((len(users), 1), np.float32)], axis=1),
        np.concatenate([items, prior[:, None].astype(np.float32)], axis=1),
    )


def _unit(rows: Floats) -> Floats:
    """Rows of length 1; a row of zeros stays."""
    length = np.linalg.norm(rows, axis=1, keepdims=True)
    unit: Floats = np.divide(rows, length, out=np.zeros_like(rows), where=length > 0)
    return unit
