"""Lists as the API answers them: places with films, scores and the likes that carry them, as JSON."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import orjson

from tastegraph.serving.because import film_shares
from tastegraph.serving.filters import Filters
from tastegraph.serving.order import Order

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from tastegraph.serving.person import Person
    from tastegraph.serving.places import Recommendation
    from tastegraph.serving.web.shown import Shown

__all__ = ["Whom", "Wish", "known_list", "list_for"]

REASONS = 2  # likes named for each place


@dataclass(frozen=True)
class Wish:
    """How a list is to be; equal wishes have equal lists.

    Attributes:
        k: its length at most.
        surprise: as of `Order`, 0 to 1.
        diversity: lambda of maximal marginal relevance, 0 to 1.
        genres: an item has one of these; empty allows all.
        years: first and last year, None for no bound.
        because: whether each place names the likes that carry it.
    """

    k: int = 10
    surprise: float = 0.0
    diversity: float = 0.0
    genres: tuple[str, ...] = ()
    years: tuple[int | None, int | None] = (None, None)
    because: bool = True


@dataclass(frozen=True)
class Whom:
    """For whom: a user the model has learned, or a person by item ids; `seen` is left out of the list."""

    user: str | None = None
    likes: Sequence[str] = ()
    dislikes: Sequence[str] = ()
    seen: Sequence[str] = ()


def known_list(shown: Shown, user: str, wish: Wish) -> bytes:
    """A known user's list, remembered."""
    answer = shown.recalled((user, wish))
    if answer is None:
        answer = list_for(shown, Whom(user), wish)
        shown.remember((user, wish), answer)
    return answer


def list_for(shown: Shown, whom: Whom, wish: Wish) -> bytes:
    """Somebody's list.

    Raises:
        UnknownUserError, FilterError, ModelError: as `Recommender.recommend`.
    """
    person = shown.recommender.person(whom.user, likes=whom.likes, dislikes=whom.dislikes)
    places = shown.recommender.list_for(
        person,
        min(wish.k, len(shown.model.items)),
        filters=Filters(genres=wish.genres, years=wish.years, exclude=tuple(whom.seen)),
        order=Order(wish.diversity, surprise=wish.surprise),
    )
    reasons: Sequence[list[dict[str, Any]]] = [[] for _ in places]
    if wish.because and places:
        reasons = _reasons(shown, person, places)
    rows = [_place(place, why) for place, why in zip(places, reasons, strict=True)]
    return orjson.dumps({"model": shown.version, "recommendations": rows})


def _place(place: Recommendation, why: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "rank": place.rank,
        "id": place.item,
        "title": place.title,
        "year": place.year,
        "genres": place.genres or [],
        "score": place.score,
        "because": why,
    }


def _reasons(shown: Shown, person: Person, places: Sequence[Recommendation]) -> list[list[dict[str, Any]]]:
    """Of each place the liked films with the largest shares of its score above 0."""
    items = np.array([shown.by_id[str(place.item)] for place in places])
    shares = np.where(person.weights > 0, film_shares(shown.model, person, items), 0.0)
    return [[_reason(shown, person, film, row) for film in _largest(row)] for row in shares]


def _largest(shares: NDArray[np.float64]) -> list[int]:
    reach = np.argpartition(-shares, REASONS)[:REASONS] if len(shares) > REASONS else np.arange(len(shares))
    return [film for film in reach[np.argsort(-shares[reach], kind="stable")].tolist() if shares[film] > 0]


def _reason(shown: Shown, person: Person, place: int, shares: NDArray[np.float64]) -> dict[str, Any]:
    film = shown.recommender.names.film(int(person.films[place]))
    return {"id": film["item"], "title": film["title"], "year": film["year"], "share": float(shares[place])}
