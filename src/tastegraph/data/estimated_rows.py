"""About how many rows a file holds, told by its size and its start."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from tastegraph.data.opened import GZIP, PARQUET, ZSTD

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["estimated_rows"]

HEAD = 1 << 20  # bytes
PACKED = (GZIP, ZSTD)  # rows are to be counted once it is unpacked


def estimated_rows(path: Path) -> int | None:
    """About how many rows are in a Parquet or text file, without reading them; None where that cannot be told.

    Parquet says it at its end; lines of a text are taken to be as long as those of its first megabyte.
    """
    try:
        if not path.is_file():
            return None
        with path.open("rb") as file:
            head = file.read(HEAD)
        if head.startswith(PARQUET):
            return int(pl.scan_parquet(path, glob=False).select(pl.len()).collect().item())
        lines = head.count(b"\n")
        return None if head.startswith(PACKED) or not lines else int(lines * path.stat().st_size / len(head))
    except (OSError, pl.exceptions.PolarsError, pl.exceptions.PanicException):
        return None  # whoever reads it says what is wrong
