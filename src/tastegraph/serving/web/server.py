"""A server for the application: a socket of its own, signals, a quiet end."""

from __future__ import annotations

import asyncio
import signal
import socket
from contextlib import contextmanager
from typing import TYPE_CHECKING

import uvicorn

from tastegraph.serving.web.app import build
from tastegraph.serving.web.routes_state import reload_run

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tastegraph.serving.web.service import Service

__all__ = ["bound", "serve"]

SECONDS_TO_END = 10
SECONDS_KEPT = 30
BACKLOG = 2048


@contextmanager
def bound(host: str, port: int) -> Iterator[socket.socket]:
    """A socket that listens, so that a port in use is told before anything is loaded.

    Raises:
        OSError: the address is in use, or not ours.
    """
    family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    with socket.socket(family, kind, protocol) as made:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            made.bind(address)
        except OSError as error:
            raise OSError(error.errno, error.strerror, f"{host}:{port}") from None
        made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        made.listen(BACKLOG)
        yield made


def serve(service: Service, listening: socket.socket, proxy: str | None = None) -> None:
    """Answer until SIGINT or SIGTERM: then no new connections, requests under way end, at most ten seconds.

    SIGHUP loads the run anew.

    Args:
        service: what is served.
        listening: where.
        proxy: the address of a proxy whose X-Forwarded-For and -Proto are believed.
    """
    config = uvicorn.Config(
        build(service),
        loop="uvloop",
        http="httptools",
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=proxy is not None,
        forwarded_allow_ips=proxy or "",
        timeout_keep_alive=SECONDS_KEPT,
        timeout_graceful_shutdown=SECONDS_TO_END,
        backlog=BACKLOG,
    )
    server = uvicorn.Server(config)

    async def answer() -> None:
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGHUP, lambda: loop.run_in_executor(None, reload_run, service))
        await server.serve(sockets=[listening])

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: None)  # uvicorn raises them again when all is done, which is no failure
    with asyncio.Runner(loop_factory=config.get_loop_factory()) as runner:
        runner.run(answer())
