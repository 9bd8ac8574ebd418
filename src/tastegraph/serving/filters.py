"""What a list may hold: by genre, year, id and popularity."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from tastegraph.errors import FilterError, shown

if TYPE_CHECKING:
    import polars as pl
    from numpy.typing import NDArray

    from tastegraph.saved_model import SavedModel
    from tastegraph.serving.names import ItemNames

__all__ = ["Filters", "passing"]

LAST_YEAR = 9999


@dataclass(frozen=True)
class Filters:
    """What a list may hold; as it stands, everything but what the person knows.

    Where several values may stand, one may stand alone: `genres="Comedy"`, `years=1994`.

    Attributes:
        genres: an item has one of these, without case; empty allows all.
        without_genres: an item has none of these.
        years: first and last year, each included, None for no bound; an item without a year passes no bound.
        exclude: ids or titles of items to leave out.
        seen: whether the list may hold what the person has rated before; what is named as like or dislike never comes.
        min_popularity: an item has at least so many users that the model has learned from.
    """

    genres: Iterable[str] | str | None = ()
    without_genres: Iterable[str] | str | None = ()
    years: Sequence[int | None] | int | None = (None, None)
    exclude: Iterable[int | str] | int | str | None = ()
    seen: bool = False
    min_popularity: int = 0

    def __post_init__(self) -> None:
        for name in ("genres", "without_genres", "exclude"):
            object.__setattr__(self, name, _several(name, getattr(self, name)))
        for name in ("genres", "without_genres"):
            if strange := [genre for genre in getattr(self, name) if not isinstance(genre, str)]:
                raise FilterError(f"{name} are names of genres; found {shown(strange[0])}")
        object.__setattr__(self, "years", _span(self.years))
        if not _is_whole(self.min_popularity) or self.min_popularity < 0:
            raise FilterError(f"min_popularity is a whole number of at least 0; found {shown(self.min_popularity)}")
        if not isinstance(self.seen, bool):
            raise FilterError(f"seen is true or false; found {shown(self.seen)}")

    @property
    def span(self) -> tuple[int | None, int | None]:
        """First and last year, None for no bound."""
        return _span(self.years)


def _several(name: str, value: Any) -> tuple[Any, ...]:
    """Several values, of which one may stand alone."""
    if value is None:
        return ()
    if isinstance(value, str) or not isinstance(value, Iterable):
        value = (value,)
    several = tuple(value)
    if strange := [one for one in several if not isinstance(one, str) and not _is_whole(one)]:
        raise FilterError(f"{name} holds names and ids; found {shown(strange[0])}")
    return several


def _span(years: Any) -> tuple[int | None, int | None]:
    """First and last year; a year alone is both."""
    if years is None:
        return None, None
    pair = (years, years) if _is_whole(years) else years
    if not isinstance(pair, (tuple, list)) or len(pair) != len(("first", "last")):
        raise FilterError(f"years are a pair, first and last, each a number or None; found {shown(years)}")
    first, last = pair
    if not all(year is None or (_is_whole(year) and abs(year) <= LAST_YEAR) for year in pair):
        raise FilterError(f"years are whole numbers of up to four digits, or None; found {shown(years)}")
    if first is not None and last is not None and first > last:
        raise FilterError(f"no year lies between {first} and {last}")
    return first, last


def _is_whole(value: Any) -> bool:
    return isinstance(value, (int, np.integer)) and not isinstance(value, bool)


def passing(model: SavedModel, names: ItemNames, filters: Filters) -> NDArray[np.bool_]:
    """Whether each item passes, but for `seen`: bool [items].

    Raises:
        FilterError: a genre that no item has (the nearest are named), or the data has no genres or years.
        UnknownItemError: an item to exclude is not known.
    """
    passes = model.popularity >= filters.min_popularity
    if filters.genres:
        passes &= _has_genre(model, names, cast("tuple[str, ...]", filters.genres))
    if filters.without_genres:
        passes &= ~_has_genre(model, names, cast("tuple[str, ...]", filters.without_genres))
    first, last = filters.span
    if first is not None or last is not None:
        years = _column(model, "year").to_numpy().astype(np.float64)  # NaN where there is none: no comparison holds
        passes &= (years >= (-np.inf if first is None else first)) & (years <= (np.inf if last is None else last))
    passes[names.indices_of(cast("tuple[int | str, ...]", filters.exclude))] = False
    return passes


def _has_genre(model: SavedModel, names: ItemNames, wanted: tuple[str, ...]) -> NDArray[np.bool_]:
    _column(model, "genres")
    has = np.zeros(len(model.items), np.bool_)
    for genre in wanted:
        if genre.casefold() not in names.of_genre:
            close = difflib.get_close_matches(genre.casefold(), list(names.of_genre), n=3, cutoff=0.0)
            nearest = ", ".join(names.of_genre[name][0] for name in close)
            raise FilterError(f'no item has the genre "{genre}"; nearest: {nearest}')
        has[names.of_genre[genre.casefold()][1]] = True
    return has


def _column(model: SavedModel, name: str) -> pl.Series:
    table = model.item_table
    if name not in table.columns or table[name].null_count() == len(table):
        raise FilterError(f"the model's items have no {name}; this filter needs them")
    return table[name]
