"""Endpoints that make lists."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Response
from starlette.concurrency import run_in_threadpool

from tastegraph.serving.web.answers import Recommendations, answered_by, as_json
from tastegraph.serving.web.asked import API, ListBody, UserId, WishQuery
from tastegraph.serving.web.lists import Whom, known_list, list_for
from tastegraph.serving.web.problems import ProblemError
from tastegraph.serving.web.service import Service, known_ids

__all__ = ["list_routes"]

MADE_AT_ONCE = 1 << 21  # products of a list that are cheaper made here than handed to a thread


def list_routes(service: Service) -> APIRouter:
    """Lists for known users, and from likes and dislikes."""
    router = APIRouter(prefix=API, tags=["lists"])

    @router.get("/users/{user:id}/recommendations", responses=answered_by(Recommendations, 404))
    async def of_a_user(user: UserId, asked: Annotated[WishQuery, Query()]) -> Response:
        """Guess You Love, for a user the model has learned."""
        shown, wish = service.shown, asked.wish
        if user not in shown.users:
            raise ProblemError("unknown-user", f"expected one of the {len(shown.users):,} ids of the data")
        if (remembered := shown.recalled((user, wish))) is not None:
            return as_json(remembered)
        if shown.model.e_items.size > MADE_AT_ONCE or wish.genres:
            return as_json(await run_in_threadpool(known_list, shown, user, wish))
        return as_json(known_list(shown, user, wish))

    @router.post("/recommendations", responses=answered_by(Recommendations))
    async def of_likes(asked: ListBody) -> Response:
        """Guess You Love, for somebody by what they like and dislike; nothing is kept."""
        shown = service.shown
        ids = (known_ids(shown, part) for part in (asked.likes, asked.dislikes, asked.seen))
        likes, dislikes, seen = ids
        whom = Whom(None, likes, dislikes, seen)
        if shown.model.e_items.size > MADE_AT_ONCE or asked.genres:
            return as_json(await run_in_threadpool(list_for, shown, whom, asked.wish))
        return as_json(list_for(shown, whom, asked.wish))

    return router
