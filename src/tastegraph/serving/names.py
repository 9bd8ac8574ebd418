"""Items and users as people name them: items by the source's id or by title, users by id."""

from __future__ import annotations

import difflib
import re
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from tastegraph.errors import AmbiguousItemError, UnknownItemError, UnknownUserError, shown

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from tastegraph.saved_model import SavedModel

__all__ = ["ItemNames", "UserNames"]

SPELLINGS = 50_000  # titles that a misspelt one is compared with, at most
OFFERED = 3
ARTICLE = re.compile(r"(.+), (the|a|an|le|la|les|il|el|der|die|das)")
LONGEST = 100  # characters of a name in a line; no title is longer by much
NAMED = 5  # of several items with one title, so many are named


class ItemNames:
    """Finds the items of a saved model by what people call them.

    An id comes before a title. Titles are compared without case, with their year behind them or without it, and runs
    of blanks are one.

    Args:
        model: whose items.
    """

    def __init__(self, model: SavedModel) -> None:
        self._model = model

    def indices_of(self, names: Iterable[int | str]) -> list[int]:
        """The index of each item, without those named twice; see `index_of`."""
        return list(dict.fromkeys(self.index_of(name) for name in names))

    def index_of(self, name: int | str) -> int:
        """The index of an item, by its id or title.

        Raises:
            UnknownItemError: no item is called so; the nearest titles, or ids, are named.
            AmbiguousItemError: several have that title; their ids and years are named.
        """
        text = str(name).encode("utf-8", "replace").decode().strip()
        if text in self.by_id:
            return self.by_id[text]
        found = self._by_title.get(" ".join(text.casefold().split()), [])
        if len(found) == 1:
            return found[0]
        if found:
            named = ", ".join(f"id {self.film(index)['item']} ({self.film(index)['year']})" for index in found[:NAMED])
            raise AmbiguousItemError(f'{len(found)} items are called "{text}": {named}; name one by its id')
        if not text:
            raise UnknownItemError("an item is named by its id or title; found an empty name")
        seen = text if text.isprintable() else shown(text)[1:-1]
        if len(seen) > LONGEST:
            seen = f"{seen[:LONGEST]}..."
        raise UnknownItemError(
            f'"{seen}" is neither id nor title of the {len(self._model.items):,} items the model has learned from; '
            f"nearest: {', '.join(self._nearest(text[:LONGEST]))}"
        )

    def film(self, index: int) -> dict[str, Any]:
        """What the item table says of an item: item and title, year, genres, None where the source has none."""
        return {name: None if cells is None else cells[index] for name, cells in self._columns.items()}

    def title_of(self, item: str) -> str | None:
        """The title of the item with an id, "" where it has none, None where no item has this id."""
        index = self.by_id.get(item)
        return None if index is None else str(self.film(index)["title"] or "")

    def called(self, index: int) -> str:
        """Title with year of an item, or its id where it has no title."""
        titles, years = self._columns["title"], self._columns["year"]
        title, year = (None if cells is None else cells[index] for cells in (titles, years))
        if title is None:
            return str(self._model.items.ids[index])
        return title if year is None else f"{title} ({year})"

    def understood(self, names: Iterable[int | str]) -> str:
        """The items that names stand for, as they are called, for people; see `index_of` for errors."""
        return ", ".join(self.called(index) for index in self.indices_of(names))

    @cached_property
    def by_id(self) -> dict[str, int]:
        """The index of each item by its id, as text."""
        return {str(item): index for index, item in enumerate(self._model.items.ids)}

    @cached_property
    def of_genre(self) -> dict[str, tuple[str, NDArray[np.int64]]]:
        """Of each genre, case folded: how it is spelt, and the indices of its items, int64 [items with it]."""
        found: dict[str, list[int]] = {}
        for index, genres in enumerate(self._columns["genres"] or ()):
            for genre in genres or ():
                found.setdefault(genre, []).append(index)
        folded: dict[str, tuple[str, NDArray[np.int64]]] = {}
        for genre, items in found.items():
            spelt, others = folded.get(genre.casefold(), (genre, np.zeros(0, np.int64)))
            folded[genre.casefold()] = (spelt, np.append(others, np.array(items, np.int64)))
        return folded

    @cached_property
    def _columns(self) -> dict[str, list[Any] | None]:
        table = self._model.item_table
        names = ("item", "title", "year", "genres")
        return {name: table[name].to_list() if name in table.columns else None for name in names}

    @cached_property
    def _by_title(self) -> dict[str, list[int]]:
        found: dict[str, list[int]] = {}
        for index, title in enumerate(self._columns["title"] or ()):
            if title is not None:
                for name in _names_of(title, self._columns["year"][index] if self._columns["year"] else None):
                    found.setdefault(name, []).append(index)
        return found

    def _nearest(self, text: str) -> list[str]:
        """Items that `text` may have meant: titles that hold it, then the closest spellings; ids where none has one."""
        if not self._by_title:
            return self._model.items.nearest(text)
        asked, titles = text.casefold(), list(self._by_title)
        holding = sorted((title for title in titles if asked and asked in title), key=len)
        close = difflib.get_close_matches(asked, titles[:SPELLINGS], n=2 * OFFERED, cutoff=0.0)
        found = dict.fromkeys(self._by_title[title][0] for title in holding[: 2 * OFFERED] + close)
        return [f'"{self.called(index)}"' for index in list(found)[:OFFERED]]


class UserNames:
    """Finds the users of a saved model by their ids.

    Args:
        model: whose users.
    """

    def __init__(self, model: SavedModel) -> None:
        self._model = model

    def index_of(self, user: int | str) -> int:
        """The index of a user, by id.

        Raises:
            UnknownUserError: the model has not learned this user; the nearest ids are named.
        """
        text = str(user).encode("utf-8", "replace").decode()  # bytes that are no text reach here as surrogates
        index = self.by_id.get(text)
        if index is None:
            nearest = ", ".join(self._model.users.nearest(text))
            raise UnknownUserError(
                f"user {_seen(text)} is not among the {len(self._model.users):,} users the model has learned from; "
                f"nearest: {nearest}"
            )
        return index

    @cached_property
    def by_id(self) -> dict[str, int]:
        """The index of each user by id, as text."""
        return {str(user): index for index, user in enumerate(self._model.users.ids)}


def _seen(user: str) -> str:
    """An id as a line shows it: in quotes, where it would not be seen for what it is."""
    return user if user and user.strip() == user and user.isprintable() and len(user) < LONGEST else shown(user)


def _names_of(title: str, year: int | None) -> set[str]:
    """What a film is found by, case folded: "Rock, The" also as "The Rock", each with its year behind it too."""
    plain = " ".join(title.casefold().split())
    names = {plain}
    if article := ARTICLE.fullmatch(plain):
        names.add(f"{article[2]} {article[1]}")
    return names if year is None else names | {f"{name} ({year})" for name in names}
