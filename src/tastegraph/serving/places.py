"""What a list is made of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tastegraph.serving.because import Because

__all__ = ["Neighbour", "Recommendation"]


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
