"""What a list is made of."""

from __future__ import annotations

import operator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tastegraph.errors import RequestError, shown

if TYPE_CHECKING:
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


def length_of(k: int | None, there_are: int, what: str = "an item") -> int:
    """The length of a list: `k`, or where it is not said 10, or all there are of fewer.

    Args:
        k: a whole number.
        there_are: how many places a list can have.
        what: stands at a place, with its article.

    Raises:
        RequestError: k is no whole number, or below 1, or above what there is.
    """
    if k is None:
        return min(LENGTH, there_are)
    try:
        whole = operator.index(k)
    except TypeError:
        whole = 0
    if isinstance(k, bool) or not 1 <= whole <= there_are:
        raise RequestError(f"a list has from 1 to {there_are:,} places, one {what}; found k = {shown(k)}")
    return whole
