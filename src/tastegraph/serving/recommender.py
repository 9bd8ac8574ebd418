"""Guess You Love: a person's list from a saved model."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from tastegraph.errors import ModelError, UnknownUserError
from tastegraph.graph.top_k import top_k
from tastegraph.saved_model import SavedModel
from tastegraph.serving.names import ItemNames
from tastegraph.serving.person import known_person, new_person

if TYPE_CHECKING:
    from collections.abc import Iterable
    from os import PathLike

    from tastegraph.serving.person import Person

__all__ = ["Recommendation", "Recommender"]


@dataclass(frozen=True)
class Recommendation:
    """One place of a list.

    Attributes:
        rank: from 1.
        item: the source's own id.
        score: y_ui, the inner product of the user's and the item's row (see `SavedModel`).
        title, year, genres: of the film, None where the source has none.
    """

    rank: int
    item: int | str
    score: float
    title: str | None = None
    year: int | None = None
    genres: list[str] | None = None


class Recommender:
    """Makes lists for the users of a saved model, and for people it has not learned.

    Args:
        model: the saved model.
    """

    def __init__(self, model: SavedModel) -> None:
        self.model = model
        self.names = ItemNames(model)

    @classmethod
    def load(cls, path: str | PathLike[str]) -> Recommender:
        """Load a run directory, or the model folder inside one.

        Raises:
            ModelError: there is no sound model.
        """
        folder = Path(path)
        if not folder.exists():
            raise ModelError(f"{folder}: no such run")
        if (folder / "recipe.toml").exists() and not (folder / "model").exists():
            raise ModelError(f"{folder}: the run holds no model; it has not finished")
        return cls(SavedModel.load(folder / "model" if (folder / "model").is_dir() else folder))

    def recommend(
        self,
        user: int | str | None = None,
        k: int = 10,
        *,
        likes: Iterable[int | str] = (),
        dislikes: Iterable[int | str] = (),
        refine: bool = False,
    ) -> list[Recommendation]:
        """The `k` items that somebody would love most among those they do not know, best first.

        The list is shorter than `k` where fewer items are left.

        Args:
            user: a user the model has learned, by id; None for a new person.
            k: length of the list, from 1 to the number of items.
            likes: what a new person likes, or a known one likes beside what the model has learned; ids or titles.
            dislikes: likewise what they dislike.
            refine: improve the folded-in vector by least squares (see `refined`).

        Raises:
            UnknownUserError: the model has not learned this user; the nearest ids are named.
            UnknownItemError: no item is called so (nearest ones are named), or several are.
            ModelError: k is out of range, there is neither user nor like, or an item is liked and disliked.
        """
        self._check_length(k)
        person = self._person(user, likes, dislikes, refine=refine)
        scores = self.model.e_items @ person.vector
        open_scores = scores.copy()
        open_scores[person.seen] = -np.inf
        items = top_k(open_scores[None], k)[0]
        return [
            Recommendation(rank, score=float(scores[item]), **self.names.film(item))
            for rank, item in enumerate(items[items >= 0].tolist(), start=1)
        ]

    def _person(
        self, user: int | str | None, likes: Iterable[int | str], dislikes: Iterable[int | str], *, refine: bool
    ) -> Person:
        liked, disliked = (self.names.indices_of(_several(names)) for names in (likes, dislikes))
        if user is None:
            return new_person(self.model, liked, disliked, refine=refine)
        return known_person(self.model, self._index_of(user), liked, disliked, refine=refine)

    def _check_length(self, k: int) -> None:
        if not 1 <= k <= len(self.model.items):
            raise ModelError(f"a list has from 1 to {len(self.model.items):,} places, one an item; found k = {k}")

    @cached_property
    def _user_index(self) -> dict[str, int]:
        return {str(user): index for index, user in enumerate(self.model.users.ids)}

    def _index_of(self, user: int | str) -> int:
        text = str(user).encode("utf-8", "replace").decode()  # bytes that are no text reach here as surrogates
        index = self._user_index.get(text)
        if index is None:
            nearest = ", ".join(self.model.users.nearest(text))
            raise UnknownUserError(
                f"user {text} is not among the {len(self.model.users):,} users the model has learned from; "
                f"nearest: {nearest}"
            )
        return index


def _several(names: Iterable[int | str]) -> Iterable[int | str]:
    """A single title would else be taken letter by letter."""
    return [names] if isinstance(names, str) else names
