"""Every error that a request may meet, as problem details."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from tastegraph.errors import FeedbackError, FilterError, RequestError, UnknownItemError, UnknownUserError
from tastegraph.serving.web.logs import LOG
from tastegraph.serving.web.problems import Problem, ProblemError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping

    from starlette.requests import Request

    Handler = Callable[[Request, Exception], Awaitable[Problem]]

__all__ = ["HANDLERS"]

SAID = {
    UnknownUserError: "unknown-user",
    UnknownItemError: "unknown-film",
    FilterError: "nothing-passes",
    FeedbackError: "store-down",
    RequestError: "invalid-request",
}
TOLD = 10  # faults of a request, at most


async def _problem(_: Request, error: Exception) -> Problem:
    assert isinstance(error, ProblemError)  # noqa: S101 (for the type checker)
    return error.answer


async def _said(_: Request, error: Exception) -> Problem:
    """What the recommender or the store said."""
    name = next(name for kind, name in SAID.items() if isinstance(error, kind))
    if name == "store-down":
        LOG.error("feedback store", extra={"told": {"why": str(error)}})
        return Problem(name, headers={"Retry-After": "5"})
    return Problem(name, str(error))


async def _invalid(_: Request, error: Exception) -> Problem:
    """What FastAPI says of a request's parts."""
    assert isinstance(error, RequestValidationError)  # noqa: S101 (for the type checker)
    faults = list(_by_place(map(_fault, error.errors()[: 4 * TOLD])))[:TOLD]
    return Problem("invalid-request", f"{faults[0]['at']}: {faults[0]['expected']}", errors=faults)


async def _no_such(request: Request, error: Exception) -> Problem:
    """What the router says: nothing there, not done there, or a body that could not be read."""
    assert isinstance(error, HTTPException)  # noqa: S101 (for the type checker)
    names = {404: "not-found", 405: "method-not-allowed"}
    name = names.get(error.status_code, "invalid-request")
    if isinstance(error.__cause__, ProblemError):  # raised while the body was read
        return error.__cause__.answer
    if name == "invalid-request":
        expected = "JSON in UTF-8 that is neither too deep nor holds too long a number"
        faults = [{"at": "body", "expected": expected}]
        return Problem(name, f"body: {faults[0]['expected']}", errors=faults)
    if name == "not-found":
        return Problem(name, f"{request.url.path}: see /docs for what there is")
    return _not_done_there(request.app.openapi(), request, error.headers)


async def _internal(_: Request, __: Exception) -> Problem:
    return Problem("internal")  # the gate tells it in the log


HANDLERS: Mapping[Any, Handler] = {
    ProblemError: _problem,
    RequestValidationError: _invalid,
    HTTPException: _no_such,
    **dict.fromkeys(SAID, _said),
    Exception: _internal,
}


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
