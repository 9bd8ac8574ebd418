"""The tutorial's draw: n positive-negative pairs of films for each user, in training, validation and test.

"For each user, n = num_samples_per_user pairs are drawn at random and go into the training, validation or test set by
val_frac and test_frac" can be read in two ways:

- "likes-first" (ours): each user's likes are divided by the fractions first, and pairs are drawn within a part. No like
  is in two parts, and the test part is the same for every n.
- "pairs-first": pairs are drawn with repetition from all likes and then divided. A like that is drawn twice may be
  learned from and tested by.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from tastegraph.data.split_methods import FIT, TEST, VALIDATION, ratio_split
from tastegraph.graph.neighbours import NeighbourLists

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Indices = NDArray[np.int64]

__all__ = ["Draw", "Drawn", "Negatives", "Pairs", "draw_negatives", "draw_pairs", "draw_positives", "without"]

Draw = Literal["likes-first", "pairs-first"]
Negatives = Literal["no-edge", "disliked"]


@dataclass(frozen=True, eq=False)
class Pairs:
    """Pairs of films: `liked` is a like of `user`, `other` is not; film and user indices, int64 [pairs]."""

    user: Indices
    liked: Indices
    other: Indices


@dataclass(frozen=True, eq=False)
class Drawn:
    """What a training learns from and is judged by.

    Attributes:
        training: the pairs of the training part.
        edges: the likes among them, each once: the graph.
        parts: likes of the training, validation and test part.
    """

    training: Pairs
    edges: NeighbourLists
    parts: tuple[NeighbourLists, NeighbourLists, NeighbourLists]


def draw_pairs(
    likes: NeighbourLists,
    dislikes: NeighbourLists,
    n: int,
    *,
    fractions: tuple[float, float] = (0.2, 0.1),
    draw: Draw = "likes-first",
    negatives: Negatives = "no-edge",
    seed: int = 0,
) -> Drawn:
    """Draw n pairs for each user with a like; round(n x share) of them are the training part's.

    Args:
        likes: of each user.
        dislikes: of each user, for negatives "disliked".
        n: num_samples_per_user.
        fractions: val_frac and test_frac.
        draw: see the module.
        negatives: "no-edge", films that are no like, rated or not; or "disliked", films rated below the threshold,
            and as before for a user without one.
        seed: of all draws.
    """
    rng = np.random.default_rng([seed, n])
    val, test = fractions
    shares = (1 - val - test, val, test)
    if draw == "likes-first":
        user, film = likes.pairs_of(np.arange(likes.num_rows))
        part = ratio_split(user.astype(np.int32), shares, seed)
        parts = [_lists(user[part == p], film[part == p], likes) for p in (FIT, VALIDATION, TEST)]
        drawn = draw_positives(parts[FIT], round(n * shares[0]), rng, repeated=False)
    else:
        user, film = draw_positives(likes, n, rng, repeated=True)
        part = np.tile(np.repeat([FIT, VALIDATION, TEST], _counts(n, shares)), len(user) // n)
        parts = [_lists(user[part == p], film[part == p], likes) for p in (FIT, VALIDATION, TEST)]
        drawn = user[part == FIT], film[part == FIT]
    other = draw_negatives(drawn[0], likes, dislikes if negatives == "disliked" else None, rng)
    return Drawn(Pairs(*drawn, other), _lists(*drawn, likes), (parts[FIT], parts[VALIDATION], parts[TEST]))


def _counts(n: int, shares: tuple[float, float, float]) -> list[int]:
    """How many of n pairs go into each part; training gets what rounding leaves."""
    val, test = round(n * shares[1]), round(n * shares[2])
    return [n - val - test, val, test]


def _lists(user: Indices, film: Indices, like: NeighbourLists) -> NeighbourLists:
    return NeighbourLists.from_pairs(user, film, like.num_rows, like.num_columns)


def draw_positives(
    likes: NeighbourLists, n: int, rng: np.random.Generator, *, repeated: bool
) -> tuple[Indices, Indices]:
    """N likes of each user with one: user and film of each, int64 [users x n], user after user.

    Args:
        likes: of each user.
        n: how many.
        rng: source of the draws.
        repeated: each draw is from all the user's likes; otherwise all of them come before any comes again.
    """
    counts = likes.counts
    users = np.flatnonzero(counts)
    user, size = np.repeat(users, n), np.repeat(counts[users], n)
    if repeated:
        return user, likes.index[likes.start[user] + rng.integers(size)].astype(np.int64)
    row = np.repeat(np.arange(likes.num_rows), counts)
    shuffled = likes.index[np.lexsort((rng.random(len(row)), row))]
    turn = np.tile(np.arange(n), len(users)) % size
    return user, shuffled[likes.start[user] + turn].astype(np.int64)


def draw_negatives(
    user: Indices, likes: NeighbourLists, dislikes: NeighbourLists | None, rng: np.random.Generator
) -> Indices:
    """A film for each user index, int64 [n]: none of its likes, and one of its dislikes where these are given."""
    film = np.empty(len(user), np.int64)
    left = np.arange(len(user))
    if dislikes is not None:
        some = dislikes.counts[user] > 0
        chosen = user[some]
        film[some] = dislikes.index[dislikes.start[chosen] + rng.integers(dislikes.counts[chosen])]
        left = left[~some]
    while len(left):
        film[left] = rng.integers(likes.num_columns, size=len(left))
        left = left[likes.contain(user[left], film[left])]
    return film


def without(some: NeighbourLists, *others: NeighbourLists) -> NeighbourLists:
    """The pairs of `some` that are in none of the others."""
    user, film = some.pairs_of(np.arange(some.num_rows))
    for other in others:
        kept = ~other.contain(user, film)
        user, film = user[kept], film[kept]
    return _lists(user, film, some)
