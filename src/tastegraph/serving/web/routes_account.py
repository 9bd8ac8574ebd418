"""Endpoints of an account: what its holder says of films, and the list that follows from it."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Header, Query, Request, Response

from tastegraph.serving.feedback import TooMuchFeedbackError
from tastegraph.serving.web.answers import Account, NewAccount, Recommendations, Said, answered_by, as_json
from tastegraph.serving.web.asked import API, FilmId, KindBody, WishQuery
from tastegraph.serving.web.lists import Whom, list_for
from tastegraph.serving.web.problems import ProblemError
from tastegraph.serving.web.service import Service, index_of

__all__ = ["KNOWN", "account_routes", "add_saying"]

ACCOUNT = "account"  # the cookie that holds an account's token
KNOWN = "known"  # the one that tells the page that there is an account, and nothing of it
COOKIE_SECONDS = 365 * 24 * 3600
FromHeader = Annotated[str | None, Header(alias="Tastegraph-Account", max_length=200, description="The token.")]


def account_routes(service: Service) -> APIRouter:
    """An account's token comes in a header, or in the cookie that the page has been given."""
    router = APIRouter(prefix=API, tags=["account"])

    @router.post("/accounts", status_code=201, responses=answered_by(NewAccount, status=201))
    def open_account(request: Request) -> Response:
        """A new account. Its token is told once, and set as a cookie for the page."""
        token = service.store.open_account()
        answer = as_json({"token": token}, 201)
        secure = request.url.scheme == "https"
        answer.set_cookie(
            service.cookie(ACCOUNT), token, COOKIE_SECONDS, httponly=True, samesite="strict", secure=secure
        )
        answer.set_cookie(service.cookie(KNOWN), "1", COOKIE_SECONDS, samesite="strict", secure=secure)
        return answer

    @router.delete("/account", status_code=204)
    def close_account(request: Request, header: FromHeader = None) -> Response:
        """Forget the account and all that it said."""
        service.store.close_account(_account_of(service, request, header))
        answer = Response(status_code=204)
        answer.delete_cookie(service.cookie(ACCOUNT), httponly=True, samesite="strict")
        answer.delete_cookie(service.cookie(KNOWN), samesite="strict")
        return answer

    @router.get("/account", responses=answered_by(Account))
    def account(request: Request, header: FromHeader = None) -> Response:
        """What the account has said."""
        said, shown = service.store.of(_account_of(service, request, header)), service.shown
        parts = {"likes": said.likes, "dislikes": said.dislikes, "seen": said.seen}
        told: dict[str, Any] = {
            name: [shown.film(shown.by_id[item]) for item in items if item in shown.by_id]
            for name, items in parts.items()
        }
        told["unknown"] = [item for items in parts.values() for item in items if item not in shown.by_id]
        return as_json(told)

    return router


def _account_of(service: Service, request: Request, header: str | None) -> int:
    """The account of who asks, by the header or the cookie; see `Service.account` for errors."""
    return service.account(header or request.cookies.get(service.cookie(ACCOUNT)))


def add_saying(router: APIRouter, service: Service) -> None:
    """What the account says of a film, and its list."""

    @router.put("/account/films/{film:id}", responses=answered_by(Said, 404, 409))
    def say(film: FilmId, asked: KindBody, request: Request, header: FromHeader = None) -> Response:
        """Like, dislike, or have seen a film; kept for good when this answers."""
        number = _account_of(service, request, header)
        index = index_of(service.shown, film)
        title = service.shown.recommender.names.title_of(film)
        try:
            service.store.say(number, film, asked.kind, title)
        except TooMuchFeedbackError as error:
            raise ProblemError("account-full", str(error)) from None
        service.measured.kept(asked.kind)
        return as_json({"id": service.shown.film(index)["id"], "kind": asked.kind})

    @router.delete("/account/films/{film:id}", status_code=204)
    def unsay(film: FilmId, request: Request, header: FromHeader = None) -> Response:
        """Take back what was said of a film, if anything was."""
        service.store.unsay(_account_of(service, request, header), film)
        service.measured.kept("taken back")
        return Response(status_code=204)

    @router.get("/account/recommendations", responses=answered_by(Recommendations, 409))
    def recommendations(asked: Annotated[WishQuery, Query()], request: Request, header: FromHeader = None) -> Response:
        """Guess You Love, from all that the account has said until now."""
        said, shown = service.store.of(_account_of(service, request, header)), service.shown
        likes, dislikes, seen = (
            [item for item in part if item in shown.by_id] for part in (said.likes, said.dislikes, said.seen)
        )
        if not likes:
            raise ProblemError("no-likes")
        return as_json(list_for(shown, Whom(None, likes, dislikes, seen), asked.wish))
