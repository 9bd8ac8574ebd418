"""What goes wrong, as problem details (RFC 9457)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson
from starlette.responses import Response

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["PROBLEMS", "Problem", "ProblemError"]

# By name: status and title. The type of a problem is the place on /docs that says so.
PROBLEMS: dict[str, tuple[int, str]] = {
    "invalid-request": (422, "The request is not as the API takes it"),
    "unknown-film": (404, "The model does not know this film"),
    "unknown-user": (404, "The model does not know this user"),
    "unknown-films": (422, "The model does not know some of these films"),
    "nothing-passes": (422, "No film passes these filters"),
    "no-likes": (409, "There is nothing to start from: like a film first"),
    "account-full": (409, "The account holds as many films as it may"),
    "not-found": (404, "There is nothing here"),
    "method-not-allowed": (405, "This is not done here"),
    "access-token-needed": (401, "This service asks for an access token"),
    "account-token-needed": (401, "This is for the holder of an account"),
    "foreign-page": (403, "Another site's page may not do this"),
    "foreign-host": (421, "This service does not answer for that host"),
    "body-too-slow": (408, "The body did not arrive in time"),
    "unsupported-type": (415, "The body is of a type that is not taken"),
    "headers-too-large": (431, "The headers are too large"),
    "no-http": (400, "This is no HTTP request"),
    "too-large": (413, "The body is too large"),
    "too-many-requests": (429, "Too many requests; slow down"),
    "busy": (503, "The service is busy"),
    "too-slow": (503, "The answer took too long"),
    "store-down": (503, "Feedback cannot be read or kept now"),
    "reload-failed": (409, "The run cannot be loaded; the model served before stays"),
    "internal": (500, "The service made a mistake; it is in the log"),
}


class Problem(Response):
    """An answer of type application/problem+json."""

    media_type = "application/problem+json"

    def __init__(
        self, name: str, detail: str = "", *, headers: Mapping[str, str] | None = None, **further: Any
    ) -> None:
        status, title = PROBLEMS[name]
        told = {"type": f"/docs#{name}", "title": title, "status": status, "detail": _sound(detail) or title, **further}
        super().__init__(orjson.dumps(told), status, dict(headers or {}))


class ProblemError(Exception):
    """Raised where an endpoint cannot answer; becomes a `Problem`."""

    def __init__(
        self, name: str, detail: str = "", *, headers: Mapping[str, str] | None = None, **further: Any
    ) -> None:
        super().__init__(name)
        self.answer = Problem(name, detail, headers=headers, **further)


def _sound(text: str) -> str:
    """Text that can be written as UTF-8."""
    return text.encode("utf-8", "replace").decode()
