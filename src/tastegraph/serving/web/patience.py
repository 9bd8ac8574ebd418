"""Connections that send no whole request in time, and clients that open too many, are let go."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, ClassVar

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

if TYPE_CHECKING:
    import asyncio

__all__ = ["PatientProtocol", "PatientWithProxy"]

HEADER_SECONDS = 10.0  # from a connection's begin, or a further request's first byte, to the end of its headers
CONNECTIONS = 1024  # of one address at one time


class PatientProtocol(HttpToolsProtocol):
    """uvicorn's protocol, which waits for ever for headers, with an end to its patience."""

    most: int | None = CONNECTIONS
    _open: ClassVar[Counter[str]] = Counter()

    def __init__(self, *args: Any, **keys: Any) -> None:
        super().__init__(*args, **keys)
        self._waiting: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
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
        super().data_received(data)

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
