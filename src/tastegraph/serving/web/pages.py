"""The pages: files that are read once, told apart by digest, sent compressed."""

from __future__ import annotations

import gzip
import hashlib
from dataclasses import dataclass
from importlib.resources import files
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

from fastapi import APIRouter, Request, Response

from tastegraph.serving.web.gate import ACCESS_COOKIE
from tastegraph.serving.web.problems import PROBLEMS, ProblemError

if TYPE_CHECKING:
    from tastegraph.serving.web.service import Service

__all__ = ["page_routes", "reference"]

TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
COOKIE_SECONDS = 30 * 24 * 3600


@dataclass(frozen=True)
class _File:
    plain: bytes
    packed: bytes
    tag: str
    kind: str

    @classmethod
    def of(cls, name: str, content: bytes) -> _File:
        tag = f'"{hashlib.sha256(content).hexdigest()[:16]}"'
        return cls(content, gzip.compress(content, 9, mtime=0), tag, TYPES[name[name.rindex(".") :]])

    def answer(self, request: Request) -> Response:
        headers = {"ETag": self.tag, "Cache-Control": "no-cache", "Vary": "Accept-Encoding"}
        if request.headers.get("if-none-match") == self.tag:
            return Response(status_code=304, headers=headers)
        packed = "gzip" in request.headers.get("accept-encoding", "")
        headers |= {"Content-Encoding": "gzip"} if packed else {}
        return Response(self.packed if packed else self.plain, headers=headers | {"Content-Type": self.kind})


def page_routes(service: Service, reference_page: str) -> APIRouter:
    """The pages, what they are drawn with, and the door for whoever has an access token."""
    router = APIRouter(include_in_schema=False)
    folder = files("tastegraph.serving.web").joinpath("page")
    kept = {
        entry.name: _File.of(entry.name, entry.read_bytes())
        for entry in folder.iterdir()
        if entry.name.endswith(tuple(TYPES))
    }
    kept["docs.html"] = _File.of("docs.html", reference_page.encode())

    @router.get("/")
    async def home(request: Request) -> Response:
        return kept["index.html"].answer(request)

    @router.get("/model")
    async def model(request: Request) -> Response:
        return kept["model.html"].answer(request)

    @router.get("/docs")
    async def docs(request: Request) -> Response:
        return kept["docs.html"].answer(request)

    @router.get("/enter")
    async def door(request: Request) -> Response:
        return kept["enter.html"].answer(request)

    @router.post("/enter")
    async def enter(request: Request) -> Response:
        given = parse_qs((await request.body()).decode("utf-8", "replace")).get("token", [""])[0].strip()
        if service.access is None or not service.access.holds(given):
            return Response(status_code=303, headers={"Location": "/enter?again"})
        answer = Response(status_code=303, headers={"Location": "/"})
        secure = request.url.scheme == "https"
        answer.set_cookie(ACCESS_COOKIE, given, COOKIE_SECONDS, httponly=True, samesite="strict", secure=secure)
        return answer

    @router.get("/static/{name}")
    async def static(name: str, request: Request) -> Response:
        if name not in kept or name.endswith(".html"):
            raise ProblemError("not-found", "no such file")
        return kept[name].answer(request)

    return router


def reference(openapi: dict[str, Any]) -> str:
    """The page /docs: every endpoint, its parameters and answers, every problem; made of the OpenAPI description."""
    from jinja2 import Environment, StrictUndefined

    template = files("tastegraph.serving.web").joinpath("page", "docs.html.j2").read_text(encoding="utf-8")
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    operations = [
        {"path": path, "method": method, **operation}
        for path, methods in openapi["paths"].items()
        for method, operation in methods.items()
    ]
    tags = list(dict.fromkeys(operation["tags"][0] for operation in operations))
    schemas = openapi["components"]["schemas"]
    return environment.from_string(template).render(
        tags=tags, operations=operations, schemas=schemas, problems=PROBLEMS, version=openapi["info"]["version"]
    )
