"""What the tutorial's "top-10 precision and recall on each split" can mean: each reading a pure function of lists."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from tastegraph.graph.top_k import rank_blocks
from tastegraph.ranking.full_ranking import Relevant
from tastegraph.ranking.other_protocols import tutorial

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from tastegraph.graph.neighbours import NeighbourLists
    from tastegraph.ranking.full_ranking import Ranker

    Embeddings = tuple[NDArray[np.float32], NDArray[np.float32]]

__all__ = ["RankedBySigmoid", "above_threshold", "against", "relevant_of"]


def relevant_of(lists: NeighbourLists) -> Relevant:
    """T of each user: its row."""
    return Relevant(lists, lists.counts)


def against(ranker: Ranker, likes: NeighbourLists, dislikes: NeighbourLists | None, k: int) -> Mapping[str, float]:
    """Mean precision@k and recall@k of lists over all films, nothing masked, against likes, and against dislikes.

    "precision", "recall", "dislike_precision" and "dislike_recall"; over the users with a like. It is protocol
    `tutorial` where the likes are all of the user's; against those of one split it is the other reading.
    """
    means = tutorial(ranker, relevant_of(likes), dislikes, [k]).means()
    names = ("precision", "recall", "dislike_precision", "dislike_recall")
    return {name: means[f"{name}@{k}"] for name in names if f"{name}@{k}" in means}


def above_threshold(
    ranker: Ranker, embeddings: Embeddings, likes: NeighbourLists, k: int, threshold: float = 0.9
) -> Mapping[str, float]:
    """The same where a place counts as predicted only if sigmoid(y_ui) >= threshold (threshold_pred).

    `embeddings` are rows of users and of films, float32 [users, d] and [films, d].

    "precision": hits among the predicted places by k; "recall": by the user's likes; "predicted": the mean number of
    predicted places.
    """
    users = relevant_of(likes).users
    lists = ranker.rank(users, k, None)
    e_users, e_films = embeddings
    scores = np.einsum("ud,ukd->uk", e_users[users], e_films[lists])
    predicted = scores >= np.log(threshold / (1 - threshold))
    liked = likes.contain(np.repeat(users, k), lists.ravel().astype(np.int64)).reshape(lists.shape)
    hits = (liked & predicted).sum(axis=1)
    return {
        "precision": float(np.mean(hits / k)),
        "recall": float(np.mean(hits / likes.counts[users])),
        "predicted": float(predicted.sum(axis=1).mean()),
    }


@dataclass(frozen=True, eq=False)
class RankedBySigmoid:
    """Ranks by sigmoid(y_ui) in float32, equal values by the place in the film file.

    The sigmoid orders as y does, but not in float32: scores below some 1e-8 all come to exactly 0.5, and those
    above 17 to exactly 1.
    """

    embeddings: Embeddings

    def rank(self, users: NDArray[np.integer], k: int, exclude: NeighbourLists | None) -> NDArray[np.int32]:
        """The `k` best films of each user, int32 [n, k]."""
        e_users, e_films = self.embeddings
        return rank_blocks(lambda some: _sigmoid(e_users[some] @ e_films.T), len(e_films), users, k, exclude)


def _sigmoid(y: NDArray[np.float32]) -> NDArray[np.float32]:
    with np.errstate(over="ignore"):
        return np.float32(1) / (np.float32(1) + np.exp(-y))
