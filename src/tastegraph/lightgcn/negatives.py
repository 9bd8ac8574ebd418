"""Negative items: drawn for each positive, never a positive of the same user.

Uniformly, by popularity, or as several uniform candidates of which a training step takes the one it scores highest.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import torch

from tastegraph.errors import GraphError
from tastegraph.graph import devices
from tastegraph.graph.bipartite import BipartiteGraph
from tastegraph.lightgcn.choices import OBJECTIVES, SAMPLERS
from tastegraph.lightgcn.negative_operators import (
    hardest_reference,
    popular_negatives_reference,
    streams_of,
    uniform_negatives_reference,
)
from tastegraph.lightgcn.pair_scores import pair_scores

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Self

    from tastegraph.graph.neighbours import NeighbourLists
    from tastegraph.lightgcn.config import TrainingConfig
    from tastegraph.ranks.alone import Ranks

__all__ = [
    "Negatives",
    "PopularNegatives",
    "SharedNegatives",
    "UniformNegatives",
    "hardest",
    "hardest_of_ranks",
    "negatives_of",
    "shared_negatives_of",
    "warm_up",
]

ALL_POSITIVE = "a user has every item as a positive; no negative can be drawn"


class Negatives(Protocol):
    """Draws negatives; each has a line in `choices.SAMPLERS`.

    Attributes:
        drawable: whether each user has any negative, bool [users].
    """

    drawable: torch.Tensor

    @classmethod
    def of(cls, graph: BipartiteGraph, config: TrainingConfig, device: torch.device) -> Self:
        """What draws for a training on `graph`, on `device`, where users are handed in."""

    def draw(self, user: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
        """One negative item for each user index, int64 [n] -> int64 [n]; the same for any number of threads.

        Raises:
            GraphError: a user has no negative.
        """

    def draw_each(self, users: Sequence[torch.Tensor], generator: torch.Generator) -> list[torch.Tensor]:
        """The same for several batches of users, int64 [n] each, as a call for each of them would draw.

        A GPU is waited for until it has drawn for all of them, once for each repetition of the unluckiest.
        """


class SharedNegatives(Protocol):
    """Negatives that the users of a batch share, by chance and whoever they are.

    Attributes:
        weight: of each item, float64 [items] on the CPU: it is drawn with a probability in proportion.
    """

    @property
    def weight(self) -> torch.Tensor:
        """See above; float64 [items]."""


class UniformNegatives:
    """Draws items uniformly among those that are no positives of the user, by rejection.

    Args:
        items_of: the positives of each user.
        device: where users are handed in, and drawn for.
    """

    def __init__(self, items_of: NeighbourLists, device: torch.device = devices.CPU) -> None:
        self.drawable = torch.from_numpy(items_of.counts < items_of.num_columns).to(device)
        self._items_of = items_of

    @classmethod
    def of(cls, graph: BipartiteGraph, config: TrainingConfig, device: torch.device) -> Self:  # noqa: ARG003 (all samplers are made alike)
        """What draws for a training; see `Negatives`."""
        return cls(graph.items_of, device)

    @property
    def weight(self) -> torch.Tensor:
        """1 for each item, float64 [items]; see `SharedNegatives`."""
        return torch.ones(self._items_of.num_columns, dtype=torch.float64)

    def draw(self, user: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
        """One negative for each user; see `Negatives`."""
        return self.draw_each([user], generator)[0]

    def draw_each(self, users: Sequence[torch.Tensor], generator: torch.Generator) -> list[torch.Tensor]:
        """One negative for each user of each batch; see `Negatives`."""
        seeds = _seeds(self.drawable, users, generator)
        if devices.runs_compiled(self.drawable.device):
            draw, lists = torch.ops.tastegraph.uniform_negatives, _as_tensors(self._items_of)
            return [
                draw(user, *lists, self._items_of.num_columns, seed) for user, seed in zip(users, seeds, strict=True)
            ]
        return _together(uniform_negatives_reference, self._items_of, users, seeds)


class PopularNegatives:
    """Draws items among those that are no positives of the user with probabilities that grow with popularity.

    Item j has the weight (number of users who have it as a positive)^beta: word2vec's negatives (Mikolov et al. 2013,
    arXiv 1310.4546, section 2.2) for items. beta = 0 is uniform; above 0, an item that nobody has is never drawn.

    Args:
        items_of: the positives of each user.
        beta: the exponent, at least 0.
        device: where users are handed in, and drawn for.
    """

    def __init__(self, items_of: NeighbourLists, beta: float, device: torch.device = devices.CPU) -> None:
        popularity = np.bincount(items_of.index, minlength=items_of.num_columns).astype(np.float64)
        weight = popularity**beta
        self.drawable = torch.from_numpy(items_of.counts < np.count_nonzero(weight)).to(device)
        self.weight = torch.from_numpy(weight)
        self._items_of = items_of
        self._cumulative = torch.from_numpy(np.cumsum(weight)).to(device)

    @classmethod
    def of(cls, graph: BipartiteGraph, config: TrainingConfig, device: torch.device) -> Self:
        """What draws for a training; see `Negatives`."""
        return cls(graph.items_of, config.popularity_exponent, device)

    def draw(self, user: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
        """One negative for each user; see `Negatives`."""
        return self.draw_each([user], generator)[0]

    def draw_each(self, users: Sequence[torch.Tensor], generator: torch.Generator) -> list[torch.Tensor]:
        """One negative for each user of each batch; see `Negatives`."""
        seeds = _seeds(self.drawable, users, generator)
        if devices.runs_compiled(self.drawable.device):
            draw, lists = torch.ops.tastegraph.popular_negatives, _as_tensors(self._items_of)
            return [draw(user, *lists, self._cumulative, seed) for user, seed in zip(users, seeds, strict=True)]
        return _together(popular_negatives_reference, self._items_of, users, seeds, self._cumulative)


def _seeds(drawable: torch.Tensor, users: Sequence[torch.Tensor], generator: torch.Generator) -> list[int]:
    """A seed a batch, of the CPU's generator: on any device the draws are the same."""
    if not bool(drawable.all()) and not all(bool(drawable[user].all()) for user in users):
        raise GraphError(ALL_POSITIVE)
    return [int(torch.randint(2**62, (), generator=generator)) for _ in users]


def _as_tensors(lists: NeighbourLists) -> tuple[torch.Tensor, torch.Tensor]:
    return torch.from_numpy(lists.start), torch.from_numpy(lists.index)


def _together(
    draw: Callable[..., torch.Tensor],
    items_of: NeighbourLists,
    users: Sequence[torch.Tensor],
    seeds: Sequence[int],
    *weights: torch.Tensor,
) -> list[torch.Tensor]:
    """The draws of several batches at one go, in plain PyTorch on their device."""
    user = torch.cat(list(users))
    streams = torch.cat([streams_of(seed, len(some), user.device) for some, seed in zip(users, seeds, strict=True)])
    drawn = draw(user, devices.kept_lists(items_of, user.device), streams, *weights)
    return list(torch.split(drawn, [len(some) for some in users]))


def negatives_of(graph: BipartiteGraph, config: TrainingConfig, device: torch.device = devices.CPU) -> Negatives:
    """What draws the negatives, or the candidates to be negatives, of steps over pairs: by name in `SAMPLERS`."""
    negatives: Negatives = _class_of(config).of(graph, config, device)
    return negatives


def shared_negatives_of(graph: BipartiteGraph, config: TrainingConfig) -> SharedNegatives:
    """What the negatives are drawn by that the users of a step share: by name in `SAMPLERS`."""
    negatives: SharedNegatives = _class_of(config).of(graph, config, devices.CPU)
    return negatives


def _class_of(config: TrainingConfig) -> Any:
    return globals()[str(SAMPLERS[config.negatives].draws)]


def warm_up(config: TrainingConfig, width: int) -> float:
    """Compile the kernels that draw for a training, or load them from disk; returns the seconds that took."""
    began = time.perf_counter()
    if OBJECTIVES[config.objective].over == "pairs":  # users share negatives, which torch draws
        negatives = negatives_of(BipartiteGraph.from_pairs([0, 1], [0, 1], 2, 2), config)
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
    if not devices.is_compiled(e):
        return hardest_reference(e.detach(), user, candidates)
    return torch.ops.tastegraph.hardest(e.detach(), user, candidates)  # type: ignore[no-any-return]


def hardest_of_ranks(ranks: Ranks, e: torch.Tensor, user: torch.Tensor, candidates: torch.Tensor) -> torch.Tensor:
    """`hardest` where each rank has columns of the embeddings, float [nodes, own]; the same on all ranks."""
    with torch.no_grad():
        scores = pair_scores(e, user.repeat_interleave(candidates.shape[1]), candidates.reshape(-1))
        (scores,) = ranks.sum(scores)
    best = scores.view(candidates.shape).argmax(1, keepdim=True)
    return candidates.gather(1, best).squeeze(1)
