"""Answers that stay: told apart by a tag, kept compressed."""

from __future__ import annotations

import gzip
import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fastapi import Response

if TYPE_CHECKING:
    from fastapi import Request

__all__ = ["Packed"]


@dataclass(frozen=True)
class Packed:
    """Content that is sent as often as it is asked for, whole, compressed, or as "not modified".

    Attributes:
        plain: the content.
        packed: the same by gzip.
        tag: the ETag, which changes with the content.
        kind: its media type.
    """

    plain: bytes
    packed: bytes
    tag: str
    kind: str

    @classmethod
    def of(cls, content: bytes, kind: str, tag: str | None = None) -> Packed:
        """Content, compressed once; `tag` by default from its digest."""
        tag = tag or hashlib.sha256(content).hexdigest()[:16]
        return cls(content, gzip.compress(content, 9, mtime=0), f'"{tag}"', kind)

    def answer(self, request: Request) -> Response:
        """What a request gets, by its headers If-None-Match and Accept-Encoding."""
        headers = {"ETag": self.tag, "Cache-Control": "no-cache", "Vary": "Accept-Encoding"}
        if request.headers.get("if-none-match") == self.tag:
            return Response(status_code=304, headers=headers)
        packed = "gzip" in request.headers.get("accept-encoding", "")
        headers |= {"Content-Encoding": "gzip"} if packed else {}
        return Response(self.packed if packed else self.plain, headers=headers | {"Content-Type": self.kind})
