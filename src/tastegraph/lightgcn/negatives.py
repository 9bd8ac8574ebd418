"""Negative items: drawn for each positive, never a positive of the same user.

Uniformly, by popularity, or as several uniform candidates of which a training step takes the one it scores highest.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Protocol

import numpy as np
import torch

import tastegraph.lightgcn.negative_operators  # noqa: F401 (registers the operators)
from tastegraph.errors import GraphError
from tastegraph.graph.neighbours import NeighbourLists
from tastegraph.lightgcn.pair_scores import pair_scores

if TYPE_CHECKING:
    from tastegraph.lightgcn.config import TrainingConfig
    from tastegraph.ranks.alone import Ranks

__all__ = [
    "Negatives",
    "PopularNegatives",
    "UniformNegatives",
    "hardest",
    "hardest_of_ranks",
    "negatives_of",
    "warm_up",
]

ALL_POSITIVE = "a user has every item as a positive; no negative can be drawn"


class Negatives(Protocol):
    """Draws negatives.

    Attributes:
        drawable: whether each user has any negative, bool [users].
    """

    drawable: torch.Tensor

    def draw(self, user: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
        """One negative item for each user index, int64 [n] -> int64 [n]; the same for any number of threads.

        Raises:
            GraphError: a user has no negative.
        """


class UniformNegatives:
    """Draws items uniformly among those that are no positives of the user, by rejection.

    Args:
        items_of: the positives of each user.
    """

    def __init__(self, items_of: NeighbourLists) -> None:
        self.drawable = torch.from_numpy(items_of.counts < items_of.num_columns)
        self._lists = (torch.from_numpy(items_of.start), torch.from_numpy(items_of.index))
        self._num_items = items_of.num_columns

    def draw(self, user: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
        """One negative for each user; see `Negatives`."""
        seed = _seed(self.drawable, user, generator)
        return torch.ops.tastegraph.uniform_negatives(user, *self._lists, self._num_items, seed)  # type: ignore[no-any-return]


class PopularNegatives:
    """Draws items among those that are no positives of the user with probabilities that grow with popularity.

    Item j has the weight (number of users who have it as a positive)^beta: word2vec's negatives (Mikolov et al. 2013,
    arXiv 1310.4546, section 2.2) for items. beta = 0 is uniform; above 0, an item that nobody has is never drawn.

    Args:
        items_of: the positives of each user.
        beta: the exponent, at least 0.
    """

    def __init__(self, items_of: NeighbourLists, beta: float) -> None:
        popularity = np.bincount(items_of.index, minlength=items_of.num_columns).astype(np.float64)
        weight = popularity**beta
        self.drawable = torch.from_numpy(items_of.counts < np.count_nonzero(weight))
        self._lists = (torch.from_numpy(items_of.start), torch.from_numpy(items_of.index))
        self._cumulative = torch.from_numpy(np.cumsum(weight))

    def draw(self, user: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
        """One negative for each user; see `Negatives`."""
        seed = _seed(self.drawable, user, generator)
        return torch.ops.tastegraph.popular_negatives(user, *self._lists, self._cumulative, seed)  # type: ignore[no-any-return]


def _seed(drawable: torch.Tensor, user: torch.Tensor, generator: torch.Generator) -> int:
    if not bool(drawable[user].all()):
        raise GraphError(ALL_POSITIVE)
    return int(torch.randint(2**62, (), generator=generator))


def negatives_of(items_of: NeighbourLists, config: TrainingConfig) -> Negatives:
    """What draws the negatives, or the candidates to be negatives, of a training."""
    if config.negatives == "popularity":
        return PopularNegatives(items_of, config.popularity_exponent)
    return UniformNegatives(items_of)


def warm_up(config: TrainingConfig, width: int) -> float:
    """Compile the kernels that draw for a training, or load them from disk; returns the seconds that took."""
    began = time.perf_counter()
    negatives = negatives_of(NeighbourLists.from_pairs([0, 1], [0, 1], 2, 2), config)
    node = negatives.draw(torch.tensor([0, 1]), torch.Generator())
    if config.negatives == "hardest":
        hardest(torch.ones(2, width), node, node.unsqueeze(1))
    return time.perf_counter() - began


def hardest(e: torch.Tensor, user: torch.Tensor, candidates: torch.Tensor) -> torch.Tensor:
    """The candidate of the highest inner product with its user, the first of equals: dynamic negative sampling.

    Zhang, Chen, Wang and Yu 2013 ("Optimizing top-n collaborative filtering via dynamic negative item sampling"), with
    the maximum of M candidates. It carries no gradient.

    Args:
        e: embeddings of all nodes as they are now, float [nodes, d].
        user: node of each user, int64 [n].
        candidates: nodes of each user's M candidates, int64 [n, M].

    Returns:
        Nodes, int64 [n].
    """
    return torch.ops.tastegraph.hardest(e.detach(), user, candidates)  # type: ignore[no-any-return]


def hardest_of_ranks(ranks: Ranks, e: torch.Tensor, user: torch.Tensor, candidates: torch.Tensor) -> torch.Tensor:
    """`hardest` where each rank has columns of the embeddings, float [nodes, own]; the same on all ranks."""
    with torch.no_grad():
        scores = pair_scores(e, user.repeat_interleave(candidates.shape[1]), candidates.reshape(-1))
        (scores,) = ranks.sum(scores)
    best = scores.view(candidates.shape).argmax(1, keepdim=True)
    return candidates.gather(1, best).squeeze(1)
