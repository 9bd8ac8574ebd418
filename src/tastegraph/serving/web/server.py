"""A server for the application: signals, and a quiet end."""

from __future__ import annotations

import asyncio
import signal
from typing import TYPE_CHECKING

import uvicorn

from tastegraph.serving.web.app import build
from tastegraph.serving.web.listening import BACKLOG
from tastegraph.serving.web.logs import LOG
from tastegraph.serving.web.patience import PatientProtocol, PatientWithProxy
from tastegraph.serving.web.routes_state import reload_run

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable

    from tastegraph.serving.web.service import Service

__all__ = ["serve"]

SECONDS_TO_END = 10
SECONDS_KEPT = 30


def serve(service: Service, listening: socket.socket, proxy: str | None, on_ready: Callable[[], None]) -> None:
    """Answer until SIGINT or SIGTERM: then no new connections, requests under way end, at most ten seconds.

    SIGHUP loads the run anew.

    Args:
        service: what is served.
        listening: where.
        proxy: the address of a proxy whose X-Forwarded-For and -Proto are believed.
        on_ready: told when signals are heeded.
    """
    config = uvicorn.Config(
        build(service),
        loop="uvloop",
        http=PatientProtocol if proxy is None else PatientWithProxy,
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
        LOG.info("started", extra={"told": {"model": service.shown.version}})
        on_ready()
        await server.serve(sockets=[listening])

    def end(*_: object) -> None:
        server.should_exit = True

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, end)  # before uvicorn heeds them, and when it raises them again in the end
    with asyncio.Runner(loop_factory=config.get_loop_factory()) as runner:
        runner.run(answer())
    LOG.info("stopped")
