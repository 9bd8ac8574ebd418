"""A web server on loopback that can cut an answer short, refuse, or hold it back."""

from __future__ import annotations

import http.server
import threading
from dataclasses import dataclass, field
from email.utils import formatdate
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@dataclass
class Shelf:
    """What is served, and how it is to go wrong.

    Attributes:
        folder: the files.
        address: where they are served.
        cuts: how many bytes each of the next answers gives before the line drops.
        answers: the status of each of the next answers; None: as it should be.
        ranges: the Range header of each request so far.
        hold: answers wait until it is set.
        asked: set when a request has come.
    """

    folder: Path
    address: str = ""
    cuts: list[int] = field(default_factory=list)
    answers: list[int | None] = field(default_factory=list)
    ranges: list[str | None] = field(default_factory=list)
    hold: threading.Event = field(default_factory=threading.Event)
    asked: threading.Event = field(default_factory=threading.Event)


class _Handler(http.server.BaseHTTPRequestHandler):
    shelf: Shelf

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        pass

    def do_GET(self) -> None:
        shelf = self.shelf
        asked = self.headers.get("Range")
        shelf.ranges.append(asked)
        shelf.asked.set()
        shelf.hold.wait(30)
        status = shelf.answers.pop(0) if shelf.answers else None
        path = shelf.folder / self.path.lstrip("/")
        if status is not None or not path.is_file():
            self.send_error(status or 404)
            return
        content, changed = path.read_bytes(), formatdate(path.stat().st_mtime_ns / 1e9, usegmt=True)
        tag = f'"{hash(content)}"'
        start = 0
        if asked is not None and self.headers.get("If-Range") == tag:
            start = int(asked.removeprefix("bytes=").removesuffix("-"))
            if start >= len(content):
                self.send_error(416)
                return
            self.send_response(206)
            self.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
        else:
            self.send_response(200)
        self.send_header("Content-Length", str(len(content) - start))
        self.send_header("ETag", tag)
        self.send_header("Last-Modified", changed)
        self.end_headers()
        end = start + shelf.cuts.pop(0) if shelf.cuts else None
        self.wfile.write(content[start:end])


@pytest.fixture
def shelf(tmp_path: Path) -> Iterator[Shelf]:
    """A folder served over HTTP on loopback."""
    made = Shelf(tmp_path / "served")
    made.folder.mkdir()
    made.hold.set()
    handler = type("Handler", (_Handler,), {"shelf": made})
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        made.address = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield made
        made.hold.set()
        server.shutdown()
        thread.join()
