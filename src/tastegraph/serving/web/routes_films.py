"""Endpoints about films: browse, search, details, neighbours, the map."""

from __future__ import annotations

from typing import Annotated, Any

import numpy as np
from fastapi import APIRouter, Query, Request, Response

from tastegraph.serving.web.answers import (
    FilmDetails,
    FilmMapAnswer,
    FilmPage,
    Genres,
    SimilarFilms,
    answered_by,
    as_json,
)
from tastegraph.serving.web.asked import API, MOST_PLACES, FilmId, GenreName, Places
from tastegraph.serving.web.problems import ProblemError
from tastegraph.serving.web.service import Service, index_of
from tastegraph.serving.web.shown import Shown

__all__ = ["film_routes", "single_film_routes"]

LONGEST_QUERY, FURTHEST = 100, 100_000
NEIGHBOURS = 6


def film_routes(service: Service) -> APIRouter:
    """Many films: by popularity, genre and title."""
    router = APIRouter(prefix=API, tags=["films"])

    @router.get("/genres", responses=answered_by(Genres))
    async def genres() -> Response:
        """All genres."""
        counted = [{"name": name, "films": int(has.sum())} for name, has in service.shown.genres.items()]
        return as_json({"genres": counted})

    @router.get("/films", responses=answered_by(FilmPage))
    async def films(
        genre: Annotated[GenreName | None, Query()] = None,
        offset: Annotated[int, Query(ge=0, le=FURTHEST)] = 0,
        limit: Annotated[int, Query(ge=1, le=MOST_PLACES)] = 24,
    ) -> Response:
        """Films, those of most users first."""
        shown = service.shown
        order = shown.by_popularity
        if genre is not None:
            has = next((has for name, has in shown.genres.items() if name.casefold() == genre.casefold()), None)
            if has is None:
                raise ProblemError("nothing-passes", f"expected one of {', '.join(shown.genres)}")
            order = order[has[order]]
        chosen = [_counted(shown, int(index)) for index in order[offset : offset + limit]]
        return as_json({"total": len(order), "offset": offset, "films": chosen})

    @router.get("/search", responses=answered_by(FilmPage))
    async def search(
        q: Annotated[str, Query(min_length=1, max_length=LONGEST_QUERY, description="A title, or part of one.")],
        limit: Annotated[int, Query(ge=1, le=MOST_PLACES)] = 12,
    ) -> Response:
        """Films whose titles come nearest to what is asked; typing errors are forgiven."""
        shown = service.shown
        found = [_counted(shown, index) for index in shown.search.find(q, limit)]
        return as_json({"total": len(found), "offset": 0, "films": found})

    return router


def single_film_routes(service: Service) -> APIRouter:
    """One film, its neighbours, and its place on the map."""
    router = APIRouter(prefix=API, tags=["films"])

    @router.get("/films/{film:id}/similar", responses=answered_by(SimilarFilms, 404))
    async def similar(film: FilmId, k: Places = 10) -> Response:
        """Films whose embeddings have the highest cosine to a film's."""
        shown = service.shown
        return as_json({"model": shown.version, "similar": _similar(shown, index_of(shown, film), k)})

    @router.get("/films/{film:id}", responses=answered_by(FilmDetails, 404))
    async def film_details(film: FilmId) -> Response:
        """A film, its popularity and its nearest neighbours."""
        shown = service.shown
        index = index_of(shown, film)
        rank = int(np.flatnonzero(shown.by_popularity == index)[0]) + 1
        neighbours = _similar(shown, index, NEIGHBOURS)
        return as_json(_counted(shown, index) | {"popularity_rank": rank, "similar": neighbours})

    @router.get("/map", responses=answered_by(FilmMapAnswer))
    def film_map(request: Request) -> Response:
        """The most popular films in the plane, those that the model holds alike beside one another."""
        return service.shown.map_answer.answer(request)

    return router


def _counted(shown: Shown, index: int) -> dict[str, Any]:
    return shown.film(index) | {"users": int(shown.model.popularity[index])}


def _similar(shown: Shown, index: int, k: int) -> list[dict[str, Any]]:
    places = shown.recommender.similar(shown.model.items.ids[index], min(k, len(shown.model.items)))
    return [shown.film(shown.by_id[str(p.item)]) | {"rank": p.rank, "cosine": p.score} for p in places]
