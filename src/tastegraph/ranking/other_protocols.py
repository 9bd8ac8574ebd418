"""The other protocols: the tutorial's, rated items only, sampled negatives. Each stands in its result by name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np

from tastegraph.errors import EvaluationError
from tastegraph.graph.neighbours import NeighbourLists
from tastegraph.ranking.candidates import rank_candidates, union
from tastegraph.ranking.full_ranking import Judged, Relevant, hits_of, judge, lengths_of
from tastegraph.ranking.leaks import check_leaks

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from tastegraph.ranking.full_ranking import Ranker

__all__ = [
    "RATED_ONLY", "SAMPLED_NEGATIVES", "SAMPLING_MISLEADS", "TUTORIAL", "ProtocolName", "draw_negatives",
    "liked_above_disliked", "rated_only", "sampled_negatives", "tutorial",
]  # fmt: skip

ProtocolName = Literal["full-ranking", "tutorial", "rated-only", "sampled-negatives"]
TUTORIAL, RATED_ONLY, SAMPLED_NEGATIVES = "tutorial", "rated-only", "sampled-negatives"
SAMPLING_MISLEADS = (
    "sampled negatives: figures are far too high, and models may change places against full ranking "
    "(Krichene and Rendle, On Sampled Metrics for Item Recommendation, KDD 2020); compare them with nothing else"
)
DRAW_ENTRIES = 1 << 22


def tutorial(ranker: Ranker, likes: Relevant, dislikes: NeighbourLists | None, k: Sequence[int]) -> Judged:
    """The tutorial's protocol: lists over all items, nothing masked, against all the user's likes of all parts.

    What the model learned from counts as found, so that train, validation and test figures are nearly equal and say
    little about films a person has not seen. It is here to lay figures beside the published ones.

    Args:
        ranker: makes the lists.
        likes: all positives of each user, of every part of the split.
        dislikes: what each user rated below the threshold; None where nothing is known of it.
        k: lengths K.

    Returns:
        Every metric of `METRICS` against the likes; where dislikes are known, against these
        "dislike_precision@K", |L n D| / K, and "dislike_recall@K", |L n D| / |D| (NaN where a user has none).
    """
    lengths = lengths_of(k)
    users = likes.users
    lists = ranker.rank(users, min(lengths[-1], likes.lists.num_columns), None)
    values = judge(lists, users, likes, lengths)
    if dislikes is not None:
        wrong, disliked = hits_of(lists, users, dislikes), dislikes.counts[users]
        for length in lengths:
            found = wrong[:, :length].sum(axis=1)
            values[f"dislike_precision@{length}"] = found / length
            values[f"dislike_recall@{length}"] = np.where(disliked > 0, found / np.maximum(disliked, 1), np.nan)
    return Judged(users, values, lists, TUTORIAL)


def rated_only(ranker: Ranker, relevant: Relevant, dislikes: NeighbourLists, k: Sequence[int]) -> Judged:
    """Rank only what the user rated and the model did not learn from: held-out likes should stand above dislikes.

    A dislike is a rating below the threshold. No model learns from one, whatever part it would have fallen into, so all
    of a user's dislikes are held out. Judged are the users with a held-out like that can be listed and a dislike.

    Args:
        ranker: makes the lists.
        relevant: held-out likes of each user.
        dislikes: what each user rated below the threshold.
        k: lengths K.

    Returns:
        Every metric of `METRICS` over lists of these candidates, and "auc": the share of a user's (like, dislike) pairs
        with the like above, over the whole ranking; 0.5 is chance.

    Raises:
        EvaluationError: nobody has both, or a K is below 1.
        LeakError: a pair is held-out like and dislike at once.
    """
    lengths = lengths_of(k)
    check_leaks("held-out", relevant, {"the dislikes": dislikes})
    users = np.flatnonzero((relevant.lists.counts > 0) & (dislikes.counts > 0))
    if not len(users):
        raise EvaluationError(
            f"protocol {RATED_ONLY}: no user has both a held-out like and a rating below the threshold"
        )
    candidates = union(relevant.lists, dislikes)
    lists = rank_candidates(ranker, users, candidates, int(candidates.counts[users].max()))
    values = judge(lists, users, relevant, lengths)
    liked = hits_of(lists, users, relevant.lists)
    values["auc"] = liked_above_disliked(liked, lists >= 0, relevant.lists.counts[users], dislikes.counts[users])
    return Judged(users, values, lists[:, : lengths[-1]], RATED_ONLY)


def liked_above_disliked(
    liked: NDArray[np.bool_], listed: NDArray[np.bool_], likes: NDArray[np.int64], dislikes: NDArray[np.int64]
) -> NDArray[np.float64]:
    """The share of each user's (like, dislike) pairs with the like above: the area under the ROC curve, float64 [n].

    What a list leaves out stands below all it holds; a pair that it leaves out counts half.

    Args:
        liked: which places hold a like, bool [n, places].
        listed: which places hold anything, bool [n, places]; what is listed and not liked is disliked.
        likes: number of each user's likes, at least 1, int64 [n].
        dislikes: number of each user's dislikes, at least 1, int64 [n].
    """
    disliked = listed & ~liked
    below = dislikes[:, None] - np.cumsum(disliked, axis=1)
    ordered = np.where(liked, below, 0).sum(axis=1)
    left_out = (likes - liked.sum(axis=1)) * (dislikes - disliked.sum(axis=1))
    return np.asarray((ordered + left_out / 2) / (likes * dislikes), np.float64)


def sampled_negatives(
    ranker: Ranker, relevant: Relevant, known: NeighbourLists, k: Sequence[int], *, negatives: int = 100, seed: int = 0
) -> Judged:
    """Rank each user's held-out items among `negatives` drawn unseen ones.

    It is here to lay figures beside papers that did so. They mislead: see `SAMPLING_MISLEADS`, which whoever shows such
    figures is to show beside them (Krichene and Rendle 2020, doi 10.1145/3394486.3403226).

    Args:
        ranker: makes the lists.
        relevant: held-out items of each user.
        known: what is not drawn, by user, besides the held-out items.
        k: lengths K.
        negatives: items drawn for each user, without repetition; all there are where there are fewer.
        seed: of the draw.

    Raises:
        EvaluationError: a K or `negatives` is below 1, or nobody has a held-out item.
        LeakError: a pair to be found is among the known.
    """
    lengths = lengths_of(k)
    if negatives < 1:
        raise EvaluationError(f"protocol {SAMPLED_NEGATIVES}: expected at least one negative, found {negatives}")
    check_leaks("held-out", relevant, {"the known positives": known})
    users = relevant.users
    if not len(users):
        raise EvaluationError(f"protocol {SAMPLED_NEGATIVES}: no user has a held-out item")
    drawn = draw_negatives(users, union(known, relevant.lists), negatives, seed)
    candidates = union(relevant.lists, drawn)
    places = min(lengths[-1], int(candidates.counts[users].max()))
    lists = rank_candidates(ranker, users, candidates, places)
    return Judged(users, judge(lists, users, relevant, lengths), lists, SAMPLED_NEGATIVES)


def draw_negatives(users: NDArray[np.int64], taken: NeighbourLists, n: int, seed: int) -> NeighbourLists:
    """`n` items of each user [users] outside its row of `taken`, uniformly, none twice: those with the lowest lots."""
    rng = np.random.default_rng(seed)
    n = min(n, taken.num_columns)
    step = max(1, DRAW_ENTRIES // taken.num_columns)
    pairs = []
    for begin in range(0, len(users), step):
        some = users[begin : begin + step]
        lots = rng.random((len(some), taken.num_columns), np.float32)
        lots[taken.pairs_of(some)] = np.inf
        item = np.argpartition(lots, n - 1, axis=1)[:, :n]
        free = np.take_along_axis(lots, item, axis=1) < np.inf
        pairs.append((np.repeat(some, n)[free.ravel()], item[free]))
    user, item = (np.concatenate(side) for side in zip(*pairs, strict=True))
    return NeighbourLists.from_pairs(user, item, taken.num_rows, taken.num_columns)
