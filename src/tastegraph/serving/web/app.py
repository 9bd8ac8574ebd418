"""The application: endpoints, problems for all that goes wrong, and the gate around it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

import tastegraph
from tastegraph.errors import FeedbackError, FilterError, RequestError, UnknownItemError, UnknownUserError
from tastegraph.serving.web.answers import ProblemDetails
from tastegraph.serving.web.gate import Gate
from tastegraph.serving.web.logs import LOG
from tastegraph.serving.web.pages import page_routes
from tastegraph.serving.web.problems import Problem, ProblemError
from tastegraph.serving.web.routes_account import account_routes, add_saying
from tastegraph.serving.web.routes_films import film_routes, single_film_routes
from tastegraph.serving.web.routes_lists import list_routes
from tastegraph.serving.web.routes_state import model_routes, state_routes

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from starlette.requests import Request
    from starlette.types import ASGIApp

    from tastegraph.serving.web.service import Service

__all__ = ["application", "build"]

ALL_MAY = (401, 403, 405, 408, 413, 415, 421, 422, 429, 503)  # answers that any endpoint may give
PROBLEM = "application/problem+json"
SAID = {
    UnknownUserError: "unknown-user",
    UnknownItemError: "unknown-film",
    FilterError: "nothing-passes",
    FeedbackError: "store-down",
    RequestError: "invalid-request",
}
TOLD = 10  # faults of a request, at most


def application(service: Service) -> FastAPI:
    """The endpoints, without the gate."""
    app = FastAPI(
        title="TasteGraph",
        summary="Guess You Love: lists for people from a LightGCN recommender.",
        version=tastegraph.__version__,
        docs_url=None,
        redoc_url=None,
        openapi_url="/openapi.json",
        redirect_slashes=False,  # a redirect is nothing that the description has
        responses={status: {"model": ProblemDetails} for status in ALL_MAY},
    )
    account = account_routes(service)
    add_saying(account, service)
    films = (film_routes(service), single_film_routes(service))
    for routes in (list_routes(service), *films, account, model_routes(service), state_routes(service)):
        app.include_router(routes)
    described = _described(app)
    app.openapi = lambda: described  # type: ignore[method-assign]  # FastAPI's own way
    app.include_router(page_routes(service, described))
    _add_problems(app)
    return app


def build(service: Service) -> ASGIApp:
    """The application as a server runs it."""
    return Gate(application(service), service)


def _described(app: FastAPI) -> dict[str, Any]:
    """The OpenAPI description: problems under their own media type, and the access token."""
    description = app.openapi()
    for methods in description["paths"].values():
        for operation in methods.values():
            for answer in operation["responses"].values():
                content = answer.get("content", {})
                schema = content.get("application/json", {}).get("schema", {})
                if schema.get("$ref", "").endswith(("/ProblemDetails", "/HTTPValidationError")):
                    answer["content"] = {PROBLEM: {"schema": {"$ref": "#/components/schemas/ProblemDetails"}}}
    described: dict[str, Any] = description
    schemes = {"access": {"type": "http", "scheme": "bearer", "description": "Where the service asks for one."}}
    described["components"]["securitySchemes"] = schemes
    described["security"] = [{}, {"access": []}]
    return described


def _add_problems(app: FastAPI) -> None:
    """Every error as problem details."""

    async def problem(_: Request, error: Exception) -> Problem:
        assert isinstance(error, ProblemError)  # noqa: S101 (for the type checker)
        return error.answer

    async def said(_: Request, error: Exception) -> Problem:
        name = next(name for kind, name in SAID.items() if isinstance(error, kind))
        if name == "store-down":
            LOG.error("feedback store", extra={"told": {"why": str(error)}})
            return Problem(name, headers={"Retry-After": "5"})
        return Problem(name, str(error))

    async def invalid(_: Request, error: Exception) -> Problem:
        assert isinstance(error, RequestValidationError)  # noqa: S101 (for the type checker)
        faults = list(_by_place(map(_fault, error.errors()[: 4 * TOLD])))[:TOLD]
        return Problem("invalid-request", f"{faults[0]['at']}: {faults[0]['expected']}", errors=faults)

    async def no_such(request: Request, error: Exception) -> Problem:
        assert isinstance(error, HTTPException)  # noqa: S101 (for the type checker)
        names = {404: "not-found", 405: "method-not-allowed"}
        name = names.get(error.status_code, "invalid-request")
        if isinstance(error.__cause__, ProblemError):  # raised while the body was read
            return error.__cause__.answer
        if name == "invalid-request":
            expected = "JSON in UTF-8 that is neither too deep nor holds too long a number"
            faults = [{"at": "body", "expected": expected}]
            return Problem(name, f"body: {faults[0]['expected']}", errors=faults)
        return (
            _nothing_there(request) if name == "not-found" else _not_done_there(app.openapi(), request, error.headers)
        )

    async def internal(_: Request, __: Exception) -> Problem:
        return Problem("internal")  # the gate tells it in the log

    app.add_exception_handler(Exception, internal)
    app.add_exception_handler(ProblemError, problem)
    app.add_exception_handler(RequestValidationError, invalid)
    app.add_exception_handler(HTTPException, no_such)
    for kind in SAID:
        app.add_exception_handler(kind, said)


def _nothing_there(request: Request) -> Problem:
    return Problem("not-found", f"{request.url.path}: see /docs for what there is")


def _not_done_there(described: Mapping[str, Any], request: Request, known: Mapping[str, str] | None) -> Problem:
    """What may be done at a request's path is told of all endpoints there; a router knows the first one's methods."""
    path = request.url.path
    methods = {
        method.upper()
        for template, operations in described["paths"].items()
        if re.fullmatch(re.sub(r"\{\w+\}", ".+", template), path)
        for method in operations
    }
    return Problem("method-not-allowed", headers={"Allow": ", ".join(sorted(methods))} if methods else known)


def _by_place(faults: Iterable[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """The faults of one place, which could be of several kinds, as one."""
    found: dict[str, list[str]] = {}
    for fault in faults:
        found.setdefault(fault["at"], []).append(fault["expected"])
    for place, expected in found.items():
        yield {"at": place, "expected": " or ".join(dict.fromkeys(expected))[:400]}


def _fault(fault: dict[str, Any]) -> dict[str, Any]:
    """Where a fault is and what was expected; never what was found, which may be anything."""
    parts = [str(part) for part in fault["loc"] if not _is_kind(part)]
    if fault["type"] == "json_invalid":
        return {"at": "body", "expected": f"JSON; it is none from character {parts[-1]} on"}
    place = ".".join(parts)[:200]
    expected = "no such name" if fault["type"] == "extra_forbidden" else str(fault["msg"])[:200]
    return {"at": place.encode("utf-8", "replace").decode(), "expected": expected}


def _is_kind(part: int | str) -> bool:
    """Whether a part of a place says which of several kinds was tried, which only pydantic knows: constrained-str."""
    return isinstance(part, str) and (part in {"int", "str", "float", "bool"} or not part.replace("_", "").isalnum())
