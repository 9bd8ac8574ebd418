"""What a list is made of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tastegraph.errors import ModelError

if TYPE_CHECKING:
    from tastegraph.saved_model import SavedModel
    from tastegraph.serving.because import Because

__all__ = ["Neighbour", "Recommendation", "length_of"]

LENGTH = 10  # places of a list, unless said otherwise


@dataclass(frozen=True)
class Recommendation:
    """One place of a list.

    Attributes:
        rank: from 1.
        item: the source's own id.
        score: y_ui, the inner product of the user's and the item's row (see `SavedModel`).
        title, year, genres: of the film, None where the source has none.
        because: shares of the score, where it was asked for.
    """

    rank: int
    item: int | str
    score: float
    title: str | None = None
    year: int | None = None
    genres: list[str] | None = None
    because: Because | None = None


@dataclass(frozen=True)
class Neighbour:
    """A user near to somebody, or to a new item.

    Attributes:
        rank: from 1.
        user: the source's own id.
        score: the cosine of two users' final embeddings, or the score of the item for this user.
    """

    rank: int
    user: int | str
    score: float


def length_of(model: SavedModel, k: int | None) -> int:
    """The length of a list: `k`, or where it is not said 10, or all items of a smaller catalogue.

    Raises:
        ModelError: k is below 1 or above the number of items.
    """
    if k is None:
        return min(LENGTH, len(model.items))
    if not 1 <= k <= len(model.items):
        raise ModelError(f"a list has from 1 to {len(model.items):,} places, one an item; found k = {k}")
    return k
