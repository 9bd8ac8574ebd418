"""Blocks of whole lines of a file."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["line_blocks"]

BLOCK = 8 << 20  # bytes: small enough for the processor's cache, large enough for two cores to share


def line_blocks(path: Path, start: int = 0, size: int = BLOCK) -> Iterator[bytes]:
    """The bytes of a file from `start` on, cut behind line ends; a line longer than `size` makes a longer block."""
    with path.open("rb", buffering=0) as file:
        file.seek(start)
        buffer, kept = bytearray(size), 0
        while True:
            if kept == len(buffer):
                buffer.extend(bytes(len(buffer)))
            with memoryview(buffer) as view:
                end = kept + file.readinto(view[kept:])
                if end == kept:
                    if kept:
                        yield bytes(view[:kept])
                    return
                cut = buffer.rfind(b"\n", kept, end) + 1
                block = bytes(view[:cut])
            if cut:
                buffer[: end - cut] = buffer[cut:end]
            kept = end - cut
            if block:
                yield block
