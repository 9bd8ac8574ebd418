"""Guess You Love: a person's list from a saved model."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from tastegraph.errors import ModelError, UnknownUserError
from tastegraph.saved_model import SavedModel

if TYPE_CHECKING:
    from os import PathLike

__all__ = ["Recommendation", "Recommender"]


@dataclass(frozen=True)
class Recommendation:
    """One place of a list.

    Attributes:
        rank: from 1.
        item: the source's own id.
        score: y_ui, the inner product of the user's and the item's final embedding.
        title, year, genres: of the film, None where the source has none.
    """

    rank: int
    item: int | str
    score: float
    title: str | None = None
    year: int | None = None
    genres: list[str] | None = None


class Recommender:
    """Makes lists for the users of a saved model.

    Args:
        model: the saved model.
    """

    def __init__(self, model: SavedModel) -> None:
        self.model = model

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

    def recommend(self, user: int | str, k: int = 10) -> list[Recommendation]:
        """The `k` items that `user` would love most among those they have not rated, best first.

        The list is shorter than `k` where fewer items are left.

        Raises:
            UnknownUserError: the model has not learned this user; the nearest ids are named.
            ModelError: k is below 1.
        """
        index = self._index_of(user)
        items = self.model.rank(np.array([index]), min(k, len(self.model.items)), self.model.seen)[0]
        items = items[items >= 0]
        scores = self.model.e_items[items] @ self.model.e_users[index]
        rows = self.model.item_table[items].iter_rows(named=True)
        return [
            Recommendation(rank, score=float(score), **_film(row))
            for rank, (row, score) in enumerate(zip(rows, scores, strict=True), start=1)
        ]

    def _index_of(self, user: int | str) -> int:
        users = self.model.users
        text = str(user).encode("utf-8", "replace").decode()  # bytes that are no text reach here as surrogates
        index = int(users.index_of([text])[0])
        if index < 0:
            nearest = ", ".join(users.nearest(text))
            raise UnknownUserError(
                f"user {text} is not among the {len(users):,} users the model has learned from; nearest: {nearest}"
            )
        return index


def _film(row: dict[str, Any]) -> dict[str, Any]:
    return {name: row.get(name) for name in ("item", "title", "year", "genres")}
