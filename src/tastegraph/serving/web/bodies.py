"""Bodies of requests, taken in whole before they are answered: not too long, not too slow, not too many at one time."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import TYPE_CHECKING

from tastegraph.serving.web.problems import ProblemError

if TYPE_CHECKING:
    from starlette.types import Message, Receive

    from tastegraph.serving.web.service import Limits

__all__ = ["Bodies", "GoneError", "again", "too_large"]

CLOSE = {"Connection": "close"}  # what else the client sends is not read


class GoneError(Exception):
    """The client has gone before its body was there."""


class Bodies:
    """The bodies that are under way.

    Args:
        limits: of a body, and of a client's bodies.
    """

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._sending: Counter[str] = Counter()  # by client

    async def taken_in(self, client: str, receive: Receive) -> bytes:
        """A body in one piece; each client sends so many at one time at most.

        Raises:
            ProblemError: it is too long, too slow, or one too many.
            GoneError: the client has gone.
        """
        limits = self._limits
        if self._sending[client] >= limits.bodies:
            raise ProblemError("too-many-requests", f"at most {limits.bodies} bodies at one time", headers=CLOSE)
        self._sending[client] += 1
        try:
            async with asyncio.timeout(limits.body_seconds):
                return await _whole(receive, limits.body)
        except TimeoutError:
            detail = f"a body is to arrive within {limits.body_seconds:g} s"
            raise ProblemError("body-too-slow", detail, headers=CLOSE) from None
        finally:
            self._sending[client] -= 1
            if not self._sending[client]:
                del self._sending[client]


async def _whole(receive: Receive, most: int) -> bytes:
    """A body, as long as it has at most so many bytes."""
    parts, taken, more = [], 0, True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise GoneError
        parts.append(message.get("body", b""))
        taken += len(parts[-1])
        if taken > most:
            raise too_large(most)
        more = message.get("more_body", False)
    return b"".join(parts)


def again(body: bytes, receive: Receive) -> Receive:
    """What hands out a body that was taken in before, then whatever else comes."""
    left = [body]

    async def again() -> Message:
        if left:
            return {"type": "http.request", "body": left.pop(), "more_body": False}
        return await receive()

    return again


def too_large(most: int) -> ProblemError:
    """What is said of a body that is longer."""
    return ProblemError("too-large", f"a body has at most {most:,} bytes", headers=CLOSE)
