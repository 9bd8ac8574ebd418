"""Guess You Love: a person's list from a saved model."""

from __future__ import annotations

import os
from collections.abc import Iterable
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from tastegraph.errors import DataError, FilterError, ModelError, RequestError, TasteGraphError, shown
from tastegraph.graph.top_k import top_k
from tastegraph.ranks.alone import ALONE
from tastegraph.saved_model import SavedModel
from tastegraph.serving.because import because_of
from tastegraph.serving.everyone import AllLists, check_place, write_lists
from tastegraph.serving.filters import Filters, passing
from tastegraph.serving.item_index import FOLDER as INDEX_FOLDER
from tastegraph.serving.item_index import ItemIndex
from tastegraph.serving.names import ItemNames, UserNames
from tastegraph.serving.new_item import new_item
from tastegraph.serving.order import Order, candidates_of, ordered
from tastegraph.serving.person import known_person, new_person
from tastegraph.serving.places import Neighbour, Recommendation, length_of
from tastegraph.serving.scores import scores_of
from tastegraph.serving.similar import nearest_rows
from tastegraph.serving.surprise import PopularityLevels

if TYPE_CHECKING:
    from collections.abc import Callable
    from os import PathLike

    from numpy.typing import NDArray

    from tastegraph.graph.neighbours import NeighbourLists
    from tastegraph.ranks.alone import Ranks
    from tastegraph.serving.because import Because
    from tastegraph.serving.person import Person

__all__ = ["Recommender"]

Chosen = TypeVar("Chosen", Filters, Order)


class Recommender:
    """Makes lists for the users of a saved model, and for people it has not learned.

    Args:
        model: the saved model.
        index: finds the items with the highest scores; by default all are scored, and lists are exact.
    """

    def __init__(self, model: SavedModel, index: ItemIndex | None = None) -> None:
        self.model = model
        self.index = index
        self.names, self.users = ItemNames(model), UserNames(model)

    @classmethod
    def load(cls, path: str | PathLike[str], *, approximate: bool = False) -> Recommender:
        """Load a run directory, or the model folder inside one.

        Args:
            path: of the folder.
            approximate: `recommend` finds items by an index, for catalogues of a hundred thousand items and more: that
                of `tastegraph index` where the run has one, or one made now.

        Raises:
            ModelError: there is no sound model, or its index is not sound, or usearch is not there.
        """
        folder = _path(path, ModelError)
        if not folder.exists():
            raise ModelError(f"{folder}: no such run")
        if (folder / "recipe.toml").exists() and not (folder / "model").exists():
            raise ModelError(f"{folder}: the run holds no model; it has not finished")
        model = SavedModel.load(folder / "model" if (folder / "model").is_dir() else folder)
        if not approximate:
            return cls(model)
        saved = folder / INDEX_FOLDER
        return cls(model, ItemIndex.load(saved, model) if saved.is_dir() else ItemIndex.of(model))

    def recommend(
        self,
        user: int | str | None = None,
        k: int | None = None,
        *,
        likes: Iterable[int | str] = (),
        dislikes: Iterable[int | str] = (),
        refine: bool = False,
        explain: bool = False,
        filters: Filters | None = None,
        order: Order | None = None,
    ) -> list[Recommendation]:
        """The `k` items that somebody would love most among those they do not know, best first.

        The list is shorter than `k` where fewer items are left.

        Args:
            user: a user the model has learned, by id; None for a new person.
            k: length of the list, from 1 to the number of items; 10, or all items of a smaller catalogue, by default.
            likes: what a new person likes, or a known one likes beside what the model has learned; ids or titles.
            dislikes: likewise what they dislike.
            refine: improve the folded-in vector by least squares (see `refined`).
            explain: say of each place which films carry it (see `because`).
            filters: what the list may hold.
            order: how it is ordered, by score unless said otherwise; `score` is the model's in any case.

        Raises:
            UnknownUserError: the model has not learned this user; the nearest ids are named.
            UnknownItemError: no item is called so (nearest ones are named), or several are.
            FilterError: nothing passes the filters.
            RequestError: k is out of range, there is neither user nor like, or an item is liked and disliked.
        """
        places = length_of(k, len(self.model.items))  # what is wrong with it is told before what is wrong with the rest
        person = self.person(user, likes=likes, dislikes=dislikes, refine=refine)
        return self.list_for(person, places, filters=filters, order=order, explain=explain)

    def person(
        self,
        user: int | str | None = None,
        *,
        likes: Iterable[int | str] = (),
        dislikes: Iterable[int | str] = (),
        refine: bool = False,
    ) -> Person:
        """Somebody as the model sees them, for `recommend`'s arguments.

        Raises:
            RequestError: an item is both liked and disliked.
            UnknownUserError, UnknownItemError, AmbiguousItemError: as `recommend`.
        """
        liked, disliked = (self.names.indices_of(_several(names)) for names in (likes, dislikes))
        if both := sorted(set(liked) & set(disliked)):
            raise RequestError(f'"{self.names.called(both[0])}" is both liked and disliked')
        if user is None:
            return new_person(self.model, liked, disliked, refine=refine)
        return known_person(self.model, self.users.index_of(user), liked, disliked, refine=refine)

    def list_for(
        self,
        person: Person,
        k: int | None = None,
        *,
        filters: Filters | None = None,
        order: Order | None = None,
        explain: bool = False,
    ) -> list[Recommendation]:
        """The list of somebody whom `person` has given; the other arguments and errors are those of `recommend`."""
        filters, order = _of_kind(filters, Filters), _of_kind(order, Order)
        items = self._list(person, length_of(k, len(self.model.items)), filters, order)
        scores = scores_of(self.model.e_items[items], person.vector).tolist()
        reasons = because_of(self.model, self.names, person, items) if explain else [None] * len(items)
        return [
            Recommendation(rank, score=score, because=because, **self.names.film(item))
            for rank, (item, score, because) in enumerate(zip(items.tolist(), scores, reasons, strict=True), start=1)
        ]

    def because(
        self,
        item: int | str,
        user: int | str | None = None,
        *,
        likes: Iterable[int | str] = (),
        dislikes: Iterable[int | str] = (),
        refine: bool = False,
    ) -> Because:
        """Why an item scores as it does for somebody: shares that add up to the score.

        The score is a sum over paths of up to K steps from the person to the item; a film's share is the sum of those
        whose first step goes to it.

        Args:
            item: an id or a title, known to the person or not.
            user: whom, as for `recommend`.
            likes: as for `recommend`.
            dislikes: as for `recommend`.
            refine: as for `recommend`.

        Raises:
            UnknownUserError, UnknownItemError, RequestError: as `recommend`.
        """
        index = np.array([self.names.index_of(item)])
        person = self.person(user, likes=likes, dislikes=dislikes, refine=refine)
        return because_of(self.model, self.names, person, index)[0]

    def similar(self, item: int | str, k: int | None = None) -> list[Recommendation]:
        """The `k` items whose final embeddings have the highest cosine to an item's, highest first; that is `score`.

        Raises:
            UnknownItemError: no item is called so (nearest ones are named), or several are.
            RequestError: k is out of range.
        """
        places = length_of(k, len(self.model.items))
        rows, index = self.model.e_items[:, : self.model.width], self.names.index_of(item)
        return [
            Recommendation(rank, score=float(cosine), **self.names.film(int(other)))
            for rank, (other, cosine) in enumerate(zip(*nearest_rows(rows, rows[index], places, index), strict=True), 1)
        ]

    def similar_users(
        self,
        user: int | str | None = None,
        k: int | None = None,
        *,
        likes: Iterable[int | str] = (),
        dislikes: Iterable[int | str] = (),
    ) -> list[Neighbour]:
        """The `k` users the model has learned whose embeddings have the highest cosine to somebody's, highest first.

        Args:
            user: whose neighbours, as for `recommend`.
            k: how many, from 1 to the number of users; 10, or all of fewer, by default. They themselves do not come.
            likes: as for `recommend`.
            dislikes: as for `recommend`.

        Raises:
            UnknownUserError, UnknownItemError, RequestError: as `recommend`.
        """
        places = length_of(k, len(self.model.users), "a user")
        person = self.person(user, likes=likes, dislikes=dislikes)
        width, index = self.model.width, None if user is None else self.users.index_of(user)
        others = nearest_rows(self.model.e_users[:, :width], person.vector[:width], places, index)
        return [
            Neighbour(rank, self.model.users.ids[int(other)], float(cosine))
            for rank, (other, cosine) in enumerate(zip(*others, strict=True), 1)
        ]

    def audience(self, likers: Iterable[int | str], k: int | None = None) -> list[Neighbour]:
        """The `k` users who would love a new item most, known by a few who like it; `score` is y_ui.

        Args:
            likers: ids of users the model has learned, at least one; they are not listed.
            k: how many, from 1 to the number of users; 10, or all of fewer, by default. They themselves do not come.

        Raises:
            UnknownUserError: a liker is not known.
            RequestError: k is out of range, or there is no liker.
        """
        places = length_of(k, len(self.model.users), "a user")
        known = list(dict.fromkeys(self.users.index_of(user) for user in _several(likers)))
        scores = self.model.e_users @ new_item(self.model, known)
        open_scores = scores.copy()
        open_scores[known] = -np.inf
        users = top_k(open_scores[None], places)[0]
        return [
            Neighbour(rank, self.model.users.ids[user], float(scores[user]))
            for rank, user in enumerate(users[users >= 0].tolist(), start=1)
        ]

    def write_all(
        self,
        path: str | PathLike[str],
        k: int | None = None,
        *,
        filters: Filters | None = None,
        popularity_discount: float = 0.0,
        known: NeighbourLists | None = None,
        on_part: Callable[[int, int], None] = lambda *_: None,
        force: bool = False,
        ranks: Ranks = ALONE,
    ) -> None:
        """Write the list of every user the model has learned; see `write_lists`.

        Args:
            path: ends in .parquet, .csv or .jsonl; appears whole or not at all.
            k: length of a list, as for `recommend`.
            filters: what lists may hold.
            popularity_discount: as of `Order`.
            known: what each user's list leaves out, by user index; by default all that they have rated, held-out items
                included. To judge lists, leave out what a judge masks: `tastegraph.studies.evaluate.known_positives`.
            on_part: told (users done, users) now and then.
            force: replace a file that is there.
            ranks: processes that make the lists together; all call this, rank 0 writes.

        Raises:
            DataError: `path` has another ending, is a folder, or is there already.
            FilterError: nothing passes the filters.
            RequestError: k is out of range, or `known` is of another number of users or items.
        """
        place, chosen = _path(path, DataError), _of_kind(filters, Filters)
        allowed = passing(self.model, self.names, chosen)
        if not allowed.any():
            raise FilterError("no item passes the filters; loosen one")
        discount = Order(popularity_discount=popularity_discount).popularity_discount
        left_out = None if chosen.seen else known or self.model.seen
        ranks.told(lambda: check_place(place, force=force))
        wanted = AllLists(length_of(k, len(self.model.items)), allowed, left_out, discount)
        write_lists(self.model, wanted, place, on_part, ranks=ranks)

    def _list(self, person: Person, places: int, filters: Filters, order: Order) -> NDArray[np.integer]:
        """The items of a list, best first: among all, or among those that the index reaches."""
        allowed, reach = self._allowed(person, filters), None
        by_score = not order.popularity_discount and not order.surprise  # the index knows no other order
        if self.index is not None and by_score:
            reach = self.index.reach(person.vector, candidates_of(places, order), allowed)
        if reach is not None:
            return ordered(self.model, scores_of(self.model.e_items[reach], person.vector), places, order, reach)
        scores = scores_of(self.model.e_items, person.vector)
        if order.surprise:
            taste = scores - self.model.e_items[:, self.model.width :].sum(axis=1)
            scores = self._levels.without(scores, taste, order.surprise)
        return ordered(self.model, np.where(allowed, scores, np.float32(-np.inf)), places, order)

    def _allowed(self, person: Person, filters: Filters) -> NDArray[np.bool_]:
        """What a list may hold, bool [items]."""
        allowed = np.ones(len(self.model.items), np.bool_)
        allowed[person.named if filters.seen else person.seen] = False
        if filters == Filters(seen=filters.seen):
            return allowed
        passed = passing(self.model, self.names, filters)
        if not (allowed & passed).any():
            raise FilterError(
                f"no item is left: {int(passed.sum()):,} of {len(passed):,} pass the filters, and the list may hold "
                "none of them; loosen a filter"
            )
        return allowed & passed

    @cached_property
    def _levels(self) -> PopularityLevels:
        return PopularityLevels.of(self.model.popularity)


def _several(names: Any) -> Iterable[int | str]:
    """A single title would else be taken letter by letter."""
    if names is None:
        return []
    return names if isinstance(names, Iterable) and not isinstance(names, (str, bytes)) else [names]


def _path(path: str | PathLike[str], kind: type[TasteGraphError]) -> Path:
    """A path as people give it; what is none is told as an error of that kind."""
    try:
        return Path(os.fsdecode(path))
    except TypeError as error:
        raise kind(f"expected a path; found {shown(path)}") from error


def _of_kind(given: Chosen | None, kind: type[Chosen]) -> Chosen:
    """What to filter or to order by: as it stands where nothing is given, refused where something else is."""
    if given is None:
        return kind()
    if not isinstance(given, kind):
        raise FilterError(f"expected {kind.__name__}(...) of {kind.__module__}; found {shown(given)}")
    return given
