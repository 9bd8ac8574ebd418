"""Reciprocal rank fusion: one list of several models' lists, by the places that items have in them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from tastegraph.errors import ModelError
from tastegraph.graph.top_k import NO_ITEM, check_places

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from tastegraph.graph.neighbours import NeighbourLists
    from tastegraph.ranking.full_ranking import Ranker

__all__ = ["Fusion"]

BLOCK_ENTRIES = 1 << 22  # places of lists that are fused at a time


@dataclass(frozen=True, eq=False)
class Fusion:
    """Ranks by s_ui = sum over m of w_m / (c + place of i in m's list of u), from 1; what m does not list has nothing.

    Cormack, Clarke and Buettcher 2009, "Reciprocal Rank Fusion outperforms Condorcet and individual Rank Learning
    Methods" (SIGIR), there with c = 60 and weights of 1. Places need no common scale, as scores would.

    Attributes:
        rankers: the models m.
        weights: w, one a model, above 0; 1 each where there are none.
        constant: c, at least 0: the larger, the less the first places are ahead of the next ones.
        depth: places of each list that count; as many as are asked for, where that is more.

    Raises:
        ModelError: there is no model, a weight is missing or not above 0, or the constant or the depth is too small.
    """

    rankers: Sequence[Ranker]
    weights: Sequence[float] = ()
    constant: float = 60.0
    depth: int = 200

    def __post_init__(self) -> None:
        if not self.rankers:
            raise ModelError("a fusion needs a model")
        if len(self.weights) not in {0, len(self.rankers)}:
            raise ModelError(f"a fusion needs a weight for each model: {len(self.rankers)}, found {len(self.weights)}")
        if not all(weight > 0 and math.isfinite(weight) for weight in self.weights):
            raise ModelError(f"a fusion's weights are above 0; found {', '.join(map(str, self.weights))}")
        if not (self.constant >= 0 and math.isfinite(self.constant)) or self.depth < 1:
            raise ModelError(
                f"a fusion needs a constant from 0 and a depth from 1; found {self.constant} and {self.depth}"
            )

    def rank(self, users: NDArray[np.integer], k: int, exclude: NeighbourLists | None) -> NDArray[np.int32]:
        """The `k` best items of each user, int32 [n, k]; equal sums go to the lower item index, -1 for none.

        Raises:
            ModelError: k is below 1.
        """
        check_places(k)
        depth = max(k, self.depth)
        step = max(1, BLOCK_ENTRIES // (depth * len(self.rankers)))
        lists = np.full((len(users), k), NO_ITEM, np.int32)
        for begin in range(0, len(users), step):
            block = slice(begin, begin + step)
            lists[block] = self._fused([ranker.rank(users[block], depth, exclude) for ranker in self.rankers], k)
        return lists

    def _fused(self, lists: Sequence[NDArray[np.int32]], k: int) -> NDArray[np.int32]:
        """The models' lists of some users, int32 [n, depth] each, as one, int32 [n, k]."""
        place = np.arange(1, lists[0].shape[1] + 1)
        worth = np.concatenate([weight / (self.constant + place) for weight in self.weights or [1.0] * len(lists)])
        listed = np.hstack(lists)
        order = np.argsort(listed, axis=1, kind="stable")
        item = np.take_along_axis(listed, order, axis=1)
        first = np.ones(item.shape, np.bool_)  # of the places of one item, which lie beside one another now
        first[:, 1:] = item[:, 1:] != item[:, :-1]
        begin = np.flatnonzero(first)
        scores = np.full(item.shape, -np.inf)
        scores.flat[begin] = np.add.reduceat(worth[order].ravel(), begin)
        scores[item == NO_ITEM] = -np.inf
        column = np.argsort(-scores, axis=1, kind="stable")[:, :k]  # of equal sums the lower item, which comes first
        fused: NDArray[np.int32] = np.take_along_axis(item, column, axis=1)
        fused[np.isneginf(np.take_along_axis(scores, column, axis=1))] = NO_ITEM
        return fused
