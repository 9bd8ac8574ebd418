"""A person as a saved model sees one: somebody it has learned, with new likes or not, or somebody new."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from tastegraph.errors import RequestError
from tastegraph.serving.least_squares import refined

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from tastegraph.saved_model import SavedModel

__all__ = ["DISLIKE", "Person", "known_person", "new_person"]

DISLIKE = 0.2  # what a dislike weighs beside a like; more costs more of what is loved than it keeps away


@dataclass(frozen=True, eq=False)
class Person:
    """A user's vector, and what it is made of: vector = (own + refinement + sum of weights x f of the films) / length.

    Attributes:
        vector: the row whose inner products with `e_items` are the scores, float32 [d, or d + 1 with a prior].
        own: alpha_0 E0 of a known user, 0 of a new person; float32 [d].
        refinement: what a refinement adds, 0 without; float32 [d].
        films: indices of the films that make up the rest, int64 [n].
        weights: p_ui of each, below 0 for a disliked one, float64 [n].
        length: what the sum is divided by: its norm where lists are ranked by cosine, else 1.
        seen: indices of what she knows, int64, some twice.
        named: those of them that she has just named as likes and dislikes, int64.
    """

    vector: NDArray[np.float32]
    own: NDArray[np.float32]
    refinement: NDArray[np.float32]
    films: NDArray[np.int64]
    weights: NDArray[np.float64]
    length: float
    seen: NDArray[np.int64]
    named: NDArray[np.int64]


def new_person(
    model: SavedModel, likes: Sequence[int], dislikes: Sequence[int] = (), *, refine: bool = False
) -> Person:
    """Somebody the model has not learned, folded in.

    She is a node with E0 = 0 whose neighbours keep their layers: layer k is the sum over her likes of p_ui times layer
    k-1 of the item, and all layers together are p_ui f_i (see `Folding`). A dislike is an edge of weight -DISLIKE. What
    is named is of one moment: no like is later than another.

    Args:
        model: the saved model.
        likes: item indices, each once, at least one.
        dislikes: item indices, each once, none of them among the likes.
        refine: bring the vector nearer to what it should score by `refined`.

    Raises:
        RequestError: nothing is liked, or nothing reaches her vector.
    """
    if not likes:
        raise RequestError("a new person needs at least one like to start from")
    nothing = np.zeros(0, np.int64)
    none = np.zeros(model.width, np.float32)
    person = _folded(model, none, np.array(likes, np.int64), dislikes, refine=refine, seen=nothing, new=likes)
    if not person.vector[: model.width].any():
        raise RequestError("nothing reaches a new person through this model (it has no layers); try to refine")
    return person


def known_person(
    model: SavedModel, user: int, likes: Sequence[int] = (), dislikes: Sequence[int] = (), *, refine: bool = False
) -> Person:
    """A user the model has learned, by index; new likes and dislikes join, or leave, the ones learned from, at once.

    Where later items weigh more, what is named now is of one moment, after all that she is known for.
    """
    known, age = model.fit[user].astype(np.int64), model.ages(user)
    fresh = np.array(likes, np.int64)
    fresh = fresh[~np.isin(fresh, known)]
    stays = ~np.isin(known, dislikes)
    join = np.append(known[stays], fresh)
    named = len(fresh) + len(dislikes)
    age = np.append(age[stays] + named, np.ones(named, np.int64))
    person = _folded(
        model, model.folding.own[user], join, dislikes, refine=refine, seen=model.seen[user], new=likes, age=age
    )
    if likes or dislikes or refine:
        return person
    vector = model.e_users[user]  # the saved row itself: the same to the last bit in every list
    return replace(person, vector=vector)


def _folded(
    model: SavedModel,
    own: NDArray[np.float32],
    likes: NDArray[np.int64],
    dislikes: Sequence[int],
    *,
    refine: bool,
    seen: NDArray[np.integer],
    new: Sequence[int],
    age: NDArray[np.int64] | None = None,
) -> Person:
    films = np.append(likes, np.array(dislikes, np.int64))
    sign = np.repeat([1.0, -DISLIKE], [len(likes), len(dislikes)])
    weights = sign * model.folding.weights(len(films), model.popularity[films], age)
    # On one thread, as `scores_of` does and for its reason.
    taste = own + np.einsum("n,nd->d", weights, model.folding.items[films], optimize=False).astype(np.float32)
    refinement = np.zeros_like(taste)
    if refine:
        better = refined(model, taste, likes.tolist(), dislikes)
        refinement, taste = better - taste, better
    length = (float(np.linalg.norm(taste)) or 1.0) if model.ranking == "cosine" else 1.0
    vector = taste / np.float32(length)
    if model.e_items.shape[1] > model.width:
        vector = np.append(vector, np.float32(1))
    named = np.array([*new, *dislikes], np.int64)
    known = np.append(seen, films)
    return Person(vector.astype(np.float32), own, refinement, films, weights, length, known, named)
