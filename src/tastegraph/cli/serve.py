"""`tastegraph serve`: the API and the page."""

from __future__ import annotations

import ipaddress
import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tastegraph.cli.terminal import say
from tastegraph.errors import ServeError, needs_extra

if TYPE_CHECKING:
    import socket

    from tastegraph.serving.web.access import AccessTokens

__all__ = ["serve"]

LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "[::1]"})


def serve(
    run: Annotated[Path, typer.Argument(help="A run directory.")],
    *,
    host: Annotated[str, typer.Option(help="The address to listen at; any but loopback needs --access.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 takes one that is free.")] = 8000,
    feedback: Annotated[
        str | None,
        typer.Option(metavar="PATH|URL", help="Where clicks are kept; feedback.db beside the run by default."),
    ] = None,
    access: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Ask for a token; FILE keeps its digest, made and shown where it is not."),
    ] = None,
    rate: Annotated[float, typer.Option(min=0, help="Requests of one client a second; 0 for no limit.")] = 50.0,
    proxy: Annotated[
        str | None, typer.Option(metavar="ADDRESS", help="A proxy whose X-Forwarded-For is believed.")
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", help="Log warnings only.")] = False,
) -> None:
    """Serve the HTTP API and the page where people pick films and see what they would love."""
    from tastegraph.serving.web.listening import bound

    _check_proxy(proxy)
    local = _is_loopback(host)
    if not local and access is None:
        raise ServeError(f"listening at {host} lets others in and needs --access FILE, which keeps a token's digest")
    with bound(host, port) as listening:
        place = f"[{host}]" if ":" in host else host
        where = f"http://{place}:{listening.getsockname()[1]}/"
        tokens = None if access is None else _tokens(access)
        _answer(
            run,
            listening,
            where,
            feedback=feedback or str(run.absolute().parent / "feedback.db"),
            tokens=tokens,
            hosts=LOOPBACK_NAMES if local and proxy is None else None,
            rate=rate,
            proxy=proxy,
            quiet=quiet,
        )


def _answer(
    run: Path,
    listening: socket.socket,
    where: str,
    *,
    feedback: str,
    tokens: AccessTokens | None,
    hosts: frozenset[str] | None,
    rate: float,
    proxy: str | None,
    quiet: bool,
) -> None:
    """Load all that is needed and answer until a signal ends it."""
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # read at NumPy's import: a list is too small to be shared out
    with needs_extra("the service", "serve", ServeError):
        from tastegraph.serving.feedback import FeedbackStore
        from tastegraph.serving.web.logs import log_lines
        from tastegraph.serving.web.measured import Measured
        from tastegraph.serving.web.server import serve as answer
        from tastegraph.serving.web.service import Limits, Service

    store = FeedbackStore(feedback)
    service = Service(run, store, Measured(), Limits(rate), tokens, hosts, say)
    log_lines(quiet=quiet)
    answer(service, listening, proxy, on_ready=lambda: say(f"Guess You Love: {where} (Ctrl+C ends)"))
    store.close()


def _check_proxy(proxy: str | None) -> None:
    """A name would be compared with addresses, and never believed."""
    if proxy is not None:
        try:
            ipaddress.ip_network(proxy, strict=False)
        except ValueError:
            message = f"expected an address or a network, such as 10.0.0.2 or 10.0.0.0/24; found {proxy!r}"
            raise typer.BadParameter(message, param_hint="--proxy") from None


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _tokens(path: Path) -> AccessTokens:
    """Those of the file, or a new one, shown this once."""
    from tastegraph.serving.web.access import AccessTokens

    if path.exists():
        return AccessTokens.read(path)
    tokens, token = AccessTokens.make(path)
    say(f"access token, shown this once: {token}")
    return tokens
