"""The gate that every request comes through: who may, how often, how much, how long; and what is told of it."""

from __future__ import annotations

import asyncio
import time
from http.cookies import CookieError, SimpleCookie
from itertools import count
from secrets import token_hex
from typing import TYPE_CHECKING, Any

from tastegraph.serving.web.access import ACCESS
from tastegraph.serving.web.asked import API
from tastegraph.serving.web.bodies import Bodies, GoneError, again, too_large
from tastegraph.serving.web.logs import LOG
from tastegraph.serving.web.problems import Problem, ProblemError
from tastegraph.serving.web.rate import RateLimit

if TYPE_CHECKING:
    from starlette.responses import Response
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from tastegraph.serving.web.service import Service

__all__ = ["HEADERS", "Gate"]

PROBES = frozenset({"/health", "/ready"})  # a supervisor's: answered however busy the service is
# Need no access token, nor does what they are drawn with; the pages send whoever may not to /enter and hold nothing.
OPEN_PATHS = PROBES | {"/", "/model", "/docs", "/enter"}
RELOAD = f"{API}/reload"
FORMS = frozenset({"/enter"})  # what a page without script sends
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; "
    "form-action 'self'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
)
HEADERS = [
    (b"content-security-policy", POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), geolocation=(), microphone=()"),
]


class Gate:
    """Around the whole application."""

    def __init__(self, app: ASGIApp, service: Service) -> None:
        self._app = app
        self._service = service
        self._rate = RateLimit(service.limits.rate)
        self._at_once = 0
        self._bodies = Bodies(service.limits)
        self._process, self._numbers = token_hex(4), count(1)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request; what is no request goes straight through."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = time.perf_counter()
        answer = _Answer(send, f"{self._process}-{next(self._numbers)}")
        try:
            refusal = self._refusal(scope)
            if refusal is not None:
                await refusal(scope, receive, answer)
            else:
                await self._read_then_answered(scope, receive, answer)
        finally:
            self._tell(scope, answer, time.perf_counter() - began)

    async def _read_then_answered(self, scope: Scope, receive: Receive, answer: _Answer) -> None:
        """Take the body in whole before a place among the answers is taken: a slow sender keeps nobody else waiting."""
        try:
            if scope["method"] not in SAFE:
                receive = await self._with_body(scope, receive)
        except ProblemError as problem:
            await answer.instead(problem.answer, scope, receive)
            return
        except GoneError:
            return
        self._at_once += 1
        self._service.measured.at_once.set(self._at_once)
        try:
            await self._answered(scope, receive, answer)
        finally:
            self._at_once -= 1

    async def _with_body(self, scope: Scope, receive: Receive) -> Receive:
        """What hands out the body once it is there.

        Raises:
            ProblemError: it is not as it should be, or the service has no place left meanwhile.
            GoneError: the client has gone.
        """
        body = await self._bodies.taken_in(_client(scope), receive)
        if body and scope["path"] not in FORMS and not _is_json(dict(scope["headers"])):
            raise ProblemError("unsupported-type", "a body is application/json")
        if self._is_full(scope):
            raise ProblemError("busy", headers={"Retry-After": "1"})
        return again(body, receive)

    async def _answered(self, scope: Scope, receive: Receive, answer: _Answer) -> None:
        limits = self._service.limits
        seconds = limits.reload_seconds if scope["path"] == RELOAD else limits.seconds
        asked = {**scope, "method": "GET"} if scope["method"] == "HEAD" else scope  # the server sends no body then
        try:
            async with asyncio.timeout(seconds):
                await self._app(asked, receive, answer)
        except ProblemError as problem:
            await answer.instead(problem.answer, scope, receive)
        except TimeoutError:
            await answer.instead(Problem("too-slow", f"it took over {seconds:g} s"), scope, receive)
        except Exception:  # noqa: BLE001 (told in full; the service goes on)
            LOG.exception("mistake", extra={"told": {"id": answer.id, "path": scope["path"]}})
            await answer.instead(Problem("internal", f"request {answer.id}"), scope, receive)
        finally:
            if asked is not scope and "route" in asked:
                scope["route"] = asked["route"]

    def _is_full(self, scope: Scope) -> bool:
        return self._at_once >= self._service.limits.at_once and scope["path"] not in PROBES

    def _refusal(self, scope: Scope) -> Response | None:
        """Why a request is not let in, or None."""
        service, headers = self._service, dict(scope["headers"])
        if service.hosts is not None and _host(headers) not in service.hosts:
            return Problem("foreign-host", f"expected {' or '.join(sorted(service.hosts))}")
        if self._is_full(scope):
            return Problem("busy", headers={"Retry-After": "1"})
        wait = self._rate.wait(_client(scope))
        if wait:
            seconds = str(int(wait) + 1)
            return Problem("too-many-requests", f"try again in {seconds} s", headers={"Retry-After": seconds})
        if scope["method"] not in SAFE and _from_elsewhere(headers):
            return Problem("foreign-page", "only this service's own pages may")
        if not self._may(scope["path"], headers):
            return Problem("access-token-needed", headers={"WWW-Authenticate": 'Bearer realm="tastegraph"'})
        length = headers.get(b"content-length", b"0")
        if not length.isdigit() or int(length) > service.limits.body:
            return too_large(service.limits.body).answer
        return None

    def _may(self, path: str, headers: dict[bytes, bytes]) -> bool:
        """Whether who asks may see this path."""
        access = self._service.access
        if access is None or path in OPEN_PATHS or path.startswith("/static/"):
            return True
        scheme, _, token = headers.get(b"authorization", b"").decode("latin-1").partition(" ")
        if scheme.lower() == "bearer":
            return access.holds(token.strip())
        return access.holds(_cookie(headers, self._service.cookie(ACCESS)))

    def _tell(self, scope: Scope, answer: _Answer, seconds: float) -> None:
        route = scope.get("route")
        path = str(getattr(route, "path_format", getattr(route, "path", "other")))
        self._service.measured.answered(scope["method"], path, answer.status, seconds)
        self._service.measured.at_once.set(self._at_once)
        told = {
            "id": answer.id,
            "method": scope["method"],
            "path": scope["path"],
            "status": answer.status,
            "ms": round(seconds * 1000, 2),
            "client": _client(scope),
        }
        LOG.info("request", extra={"told": told})


class _Answer:
    """Sends an answer on, with the headers that every answer has, and notes its status."""

    def __init__(self, send: Send, number: str) -> None:
        self._send = send
        self.id = number
        self.status = 0

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            message["headers"] = [*message.get("headers", ()), *HEADERS, (b"x-request-id", self.id.encode())]
        await self._send(message)

    async def instead(self, problem: Response, scope: Scope, receive: Receive) -> None:
        """Answer with a problem, unless an answer has begun already."""
        if not self.status:
            await problem(scope, receive, self)


def _is_json(headers: dict[bytes, bytes]) -> bool:
    kind = headers.get(b"content-type", b"").partition(b";")[0].strip().lower()
    return kind == b"application/json" or (kind.startswith(b"application/") and kind.endswith(b"+json"))


def _client(scope: Scope) -> str:
    client: Any = scope.get("client")
    return client[0] if client else "local"


def _from_elsewhere(headers: dict[bytes, bytes]) -> bool:
    """Whether a browser says that another site's page asks; a program that is no browser says nothing."""
    if headers.get(b"sec-fetch-site", b"none") not in {b"same-origin", b"none"}:
        return True
    origin = headers.get(b"origin")
    return origin is not None and origin.partition(b"://")[2].lower() != headers.get(b"host", b"").lower()


def _host(headers: dict[bytes, bytes]) -> str:
    """The name that a request is for, without its port."""
    host = headers.get(b"host", b"").decode("latin-1")
    name, colon, port = host.rpartition(":")
    return (name if colon and port.isdigit() else host).lower()


def _cookie(headers: dict[bytes, bytes], name: str) -> str:
    try:
        jar = SimpleCookie(headers.get(b"cookie", b"").decode("latin-1"))
    except CookieError:
        return ""
    return jar[name].value if name in jar else ""
