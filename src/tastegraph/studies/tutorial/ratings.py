"""What the tutorial learns from and is judged by: the likes and dislikes of its first users, over all films."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from tastegraph.data.vocabulary import Vocabulary
from tastegraph.errors import DataError
from tastegraph.graph.neighbours import NeighbourLists

if TYPE_CHECKING:
    from tastegraph.data.dataset import Dataset

__all__ = ["FilmRatings"]


@dataclass(frozen=True, eq=False)
class FilmRatings:
    """Likes and dislikes, users by films.

    Attributes:
        likes: films each user rated at or above the threshold.
        dislikes: films each user rated below it.
        users: the users' ids.
        films: the films' ids, in the order of the film file, those included that nobody rated.
    """

    likes: NeighbourLists
    dislikes: NeighbourLists
    users: Vocabulary
    films: Vocabulary

    @classmethod
    def of(cls, dataset: Dataset, num_users: int | None = None, threshold: float = 3.0) -> FilmRatings:
        """The ratings of the first `num_users` users by id (all of them by default): the tutorial takes the first 200.

        Films are all that the source knows of: MovieLens 1M lists 3,883, of which 3,706 have a rating.

        Raises:
            DataError: the source has no ratings, or fewer users.
        """
        rated = dataset.interactions
        if rated.value is None:
            raise DataError("the tutorial's experiments need ratings; this source has none", path=dataset.path)
        if num_users is not None and not 1 <= num_users <= len(rated.users):
            raise DataError(
                f"expected from 1 to {len(rated.users):,} users, the source's, found {num_users}", path=dataset.path
            )
        users = rated.users.ids.head(num_users or len(rated.users))
        films, table = rated.items.ids, dataset.item_table
        if table is not None:
            films = pl.concat([films, table["item"].cast(films.dtype)]).unique().sort()
        user, film = rated.user, Vocabulary(films).index_of(rated.items.ids)[rated.item]
        liked, some = rated.value >= np.float32(threshold), user < len(users)
        likes, dislikes = (
            NeighbourLists.from_pairs(user[which & some], film[which & some], len(users), len(films))
            for which in (liked, ~liked)
        )
        return cls(likes, dislikes, Vocabulary(users), Vocabulary(films))
