"""The pages, drawn once, and the files that they are drawn with."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

from fastapi import APIRouter, Request, Response

from tastegraph.serving.web.access import ACCESS
from tastegraph.serving.web.packed import Packed
from tastegraph.serving.web.problems import PROBLEMS, ProblemError
from tastegraph.serving.web.routes_account import KNOWN

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from jinja2 import Environment

    from tastegraph.serving.web.service import Service

__all__ = ["page_routes"]

PACKAGE, FOLDER = "tastegraph.serving.web", "page"
PAGES = {"/": "index.html.j2", "/model": "model.html.j2", "/docs": "docs.html.j2", "/enter": "enter.html.j2"}
TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
COOKIE_SECONDS = 30 * 24 * 3600


def page_routes(service: Service, openapi: dict[str, Any]) -> APIRouter:
    """The pages, what they are drawn with, and the door for whoever has an access token."""
    router = APIRouter(include_in_schema=False)
    templates = _templates()
    told = _told(openapi) | {"known": service.cookie(KNOWN), "genres": list(service.shown.genres)}
    for path, name in PAGES.items():
        page = templates.get_template(name).render(told)
        router.add_api_route(path, _shown(Packed.of(page.encode(), TYPES[".html"])))
    kept = {
        entry.name: Packed.of(entry.read_bytes(), TYPES[Path(entry.name).suffix])
        for entry in files(PACKAGE).joinpath(FOLDER).iterdir()
        if entry.name.endswith(tuple(TYPES))
    }

    @router.post("/enter")
    async def enter(request: Request) -> Response:
        given = parse_qs((await request.body()).decode("utf-8", "replace")).get("token", [""])[0].strip()
        if service.access is None or not service.access.holds(given):
            return Response(status_code=303, headers={"Location": "/enter?again"})
        answer = Response(status_code=303, headers={"Location": "/"})
        secure = request.url.scheme == "https"
        answer.set_cookie(
            service.cookie(ACCESS), given, COOKIE_SECONDS, httponly=True, samesite="strict", secure=secure
        )
        return answer

    @router.get("/static/{name}")
    async def static(name: str, request: Request) -> Response:
        if name not in kept:
            raise ProblemError("not-found", "no such file")
        return kept[name].answer(request)

    return router


def _shown(page: Packed) -> Callable[[Request], Awaitable[Response]]:
    async def show(request: Request) -> Response:
        return page.answer(request)

    return show


def _templates() -> Environment:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    return Environment(
        loader=PackageLoader(PACKAGE, FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _told(openapi: dict[str, Any]) -> dict[str, Any]:
    """What the API's page tells: every endpoint, its parameters and answers, and every problem."""
    operations = [
        {"path": path, "method": method, **operation}
        for path, methods in openapi["paths"].items()
        for method, operation in methods.items()
    ]
    return {
        "tags": list(dict.fromkeys(operation["tags"][0] for operation in operations)),
        "operations": operations,
        "schemas": openapi["components"]["schemas"],
        "problems": PROBLEMS,
        "version": openapi["info"]["version"],
    }
