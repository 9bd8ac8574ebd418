"""A run as it is served: its model and all that is made of it once. Never changed: a reload makes another."""

from __future__ import annotations

import hashlib
import json
from collections import OrderedDict
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import orjson

from tastegraph.errors import RunError
from tastegraph.files import reason_of
from tastegraph.serving.film_map import MAP_FILE, FilmMap
from tastegraph.serving.recommender import Recommender
from tastegraph.serving.title_search import TitleSearch
from tastegraph.serving.web.packed import Packed
from tastegraph.studies.journal import read_journal

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from tastegraph.saved_model import SavedModel

__all__ = ["Shown"]

REMEMBERED = 8_192  # lists of known users kept ready, at most


@dataclass(frozen=True, eq=False)
class Shown:
    """What one model shows.

    Attributes:
        recommender: makes the lists.
        version: the first digits of a digest of the model, by which answers name it.
        film_map: films in the plane.
        run: the run directory's result.json, {} for a model without one.
        epochs: lines of its metrics.jsonl.
        lists: answers for known users that were asked for lately, by what was asked.
    """

    recommender: Recommender
    version: str
    film_map: FilmMap
    run: dict[str, Any]
    epochs: list[dict[str, Any]]
    lists: OrderedDict[tuple[Any, ...], bytes] = field(default_factory=OrderedDict)

    @classmethod
    def load(cls, path: Path, say: Callable[[str], None], check: Callable[[Recommender], None]) -> Shown:
        """Load a run directory, or a model folder; its map is made where it is not kept beside the model yet.

        Args:
            path: of the folder.
            say: told, a line at a time, what takes long.
            check: raises where the model is not to be shown, before anything takes long.

        Raises:
            ModelError: there is no sound model.
        """
        recommender = Recommender.load(path)
        check(recommender)
        shown = cls(
            recommender,
            _version(recommender.model),
            _map_of(recommender.model, path, say),
            _read_json(path / "result.json"),
            _read_lines(path / "metrics.jsonl"),
        )
        shown.search.find("warm", 1)
        assert shown.users  # noqa: S101 (made now, not at the first request)
        recommender.recommend(recommender.model.users.ids[0], 1)
        return shown

    @property
    def model(self) -> SavedModel:
        """The saved model."""
        return self.recommender.model

    @property
    def by_id(self) -> dict[str, int]:
        """Index of each item by its id, as text."""
        return self.recommender.names.by_id

    @property
    def users(self) -> dict[str, int]:
        """Index of each user by id, as text."""
        return self.recommender.users.by_id

    @cached_property
    def search(self) -> TitleSearch:
        """Search by title; by id where items have no titles."""
        table = self.model.item_table
        column = "title" if "title" in table.columns else "item"
        return TitleSearch([None if name is None else str(name) for name in table[column]], self.model.popularity)

    @cached_property
    def by_popularity(self) -> NDArray[np.int64]:
        """Item indices, most users first, int64 [items]."""
        return np.argsort(-self.model.popularity, kind="stable")

    @cached_property
    def genres(self) -> dict[str, NDArray[np.bool_]]:
        """Which items have each genre, bool [items]; the genre of most items first."""
        column = self.model.item_table["genres"].to_list() if "genres" in self.model.item_table.columns else []
        has: dict[str, NDArray[np.bool_]] = {}
        for index, names in enumerate(column):
            for name in names or ():
                has.setdefault(name, np.zeros(len(column), np.bool_))[index] = True
        return dict(sorted(has.items(), key=lambda pair: (-int(pair[1].sum()), pair[0])))

    @cached_property
    def map_answer(self) -> Packed:
        """The map as JSON: columns of equal length, a film in each row."""
        films = [self.film(int(item)) for item in self.film_map.items]
        names = list(self.genres)
        places = np.round(self.film_map.places.astype(np.float64), 4)
        told = {
            "model": self.version,
            "ids": [film["id"] for film in films],
            "titles": [film["title"] for film in films],
            "years": [film["year"] for film in films],
            "genres": [names.index(film["genres"][0]) if film["genres"] else None for film in films],
            "x": places[:, 0].tolist(),
            "y": places[:, 1].tolist(),
            "genre_names": names,
        }
        return Packed.of(orjson.dumps(told), "application/json", self.version)

    def film(self, index: int) -> dict[str, Any]:
        """A film as answers name it: id, title, year, genres."""
        film = self.recommender.names.film(index)
        return {
            "id": film["item"],
            "title": film["title"],
            "year": film["year"],
            "genres": film["genres"] or [],
        }

    def remember(self, asked: tuple[Any, ...], answer: bytes) -> None:
        """Keep an answer at hand; the one that was asked for longest ago makes room."""
        self.lists[asked] = answer
        if len(self.lists) > REMEMBERED:
            self.lists.popitem(last=False)

    def recalled(self, asked: tuple[Any, ...]) -> bytes | None:
        """An answer that is at hand."""
        answer = self.lists.get(asked)
        if answer is not None:
            self.lists.move_to_end(asked)
        return answer


def _map_of(model: SavedModel, path: Path, say: Callable[[str], None]) -> FilmMap:
    place = path / MAP_FILE if (path / "model").is_dir() else path.parent / MAP_FILE
    kept = FilmMap.kept(model, place)
    if kept is not None:
        return kept
    say("laying out the map of films, once for this model ...")
    made = FilmMap.of(model)
    try:
        made.keep(model, place)
    except OSError as error:
        say(f"{place}: {reason_of(error)}; the map will be made anew at the next start")
    return made


def _version(model: SavedModel) -> str:
    digest = hashlib.sha256(np.ascontiguousarray(model.e_users).data)
    digest.update(np.ascontiguousarray(model.e_items).data)
    digest.update(model.item_table.write_ndjson().encode())
    return digest.hexdigest()[:12]


def _read_json(path: Path) -> dict[str, Any]:
    try:
        read = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return read if isinstance(read, dict) else {}


def _read_lines(path: Path) -> list[dict[str, Any]]:
    try:
        return read_journal(path)
    except (OSError, RunError):
        return []
