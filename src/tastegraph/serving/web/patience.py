"""Connections that send no whole request in time, or endless headers, and clients that open too many, are let go."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, ClassVar

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from tastegraph.serving.web.gate import HEADERS
from tastegraph.serving.web.problems import Problem

if TYPE_CHECKING:
    import asyncio

__all__ = ["PatientProtocol", "PatientWithProxy"]

HEADER_SECONDS = 10.0  # from a connection's begin, or a further request's first byte, to the end of its headers
CONNECTIONS = 1024  # of one address at one time
HEADER_BYTES = 1 << 16  # until a request's headers end
REQUEST_BYTES = 1 << 20  # of all of a request that has no answer yet, the bounds of its chunks and trailers included


class PatientProtocol(HttpToolsProtocol):
    """uvicorn's protocol, which waits for ever for headers, with an end to its patience."""

    most: int | None = CONNECTIONS
    _open: ClassVar[Counter[str]] = Counter()

    def __init__(self, *args: Any, **keys: Any) -> None:
        super().__init__(*args, **keys)
        self._waiting: asyncio.TimerHandle | None = None
        self._taken = 0  # bytes of the request under way

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # uvicorn's
        """A client has come."""
        super().connection_made(transport)
        self._address = self.client[0] if self.client else ""
        self._open[self._address] += 1
        if self.most is not None and self._open[self._address] > self.most:
            transport.abort()
            return
        self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        """A client has gone."""
        self._stop_waiting()
        self._open[self._address] -= 1
        if not self._open[self._address]:
            del self._open[self._address]
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """A part of a request has come; of a further one the wait begins here."""
        if self._waiting is None and (self.cycle is None or self.cycle.response_complete):
            self._wait()
        self._taken += len(data)
        super().data_received(data)
        if self.transport.is_closing():
            return
        if self._waiting is not None and self._taken > HEADER_BYTES:
            self._refuse(Problem("headers-too-large", f"at most {HEADER_BYTES:,} bytes of headers"))
        elif self._taken > REQUEST_BYTES and not self.cycle.response_started:
            self.transport.abort()

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002 (uvicorn's words)
        """What is no HTTP is told as everything else that goes wrong."""
        self._refuse(Problem("no-http"))

    def _refuse(self, problem: Problem) -> None:
        """Answer in the application's place, and hang up."""
        headers = [*problem.raw_headers, *HEADERS, (b"connection", b"close")]
        lines = [b": ".join(header) for header in headers]
        self.transport.write(
            b"\r\n".join([STATUS_LINE[problem.status_code].rstrip(), *lines, b"", bytes(problem.body)])
        )
        self.transport.close()

    def on_message_complete(self) -> None:
        """A request has come in whole."""
        self._taken = 0
        super().on_message_complete()

    def on_headers_complete(self) -> None:
        """The headers of a request are there."""
        self._stop_waiting()
        super().on_headers_complete()

    def _wait(self) -> None:
        self._waiting = self.loop.call_later(HEADER_SECONDS, self.transport.abort)

    def _stop_waiting(self) -> None:
        if self._waiting is not None:
            self._waiting.cancel()
            self._waiting = None


class PatientWithProxy(PatientProtocol):
    """The same behind a proxy, where all connections come from one address."""

    most = None
