"""Files of made interactions of any size, written piece by piece: users and items of power-law degrees.

`python -m benchmarks.made_ratings ROWS NODES FILE` writes FILE.parquet or .csv: user, item, timestamp, in no order.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
from polars.io.plugins import register_io_source

from benchmarks.workloads import SKEW

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["sides_of", "write_made"]

BLOCK = 1 << 22  # rows at a time
USERS = 0.9  # of the nodes
SECONDS = (1_577_836_800, 1_735_689_600)  # 2020 to 2025
SCHEMA = {"user": pl.Int32, "item": pl.Int32, "timestamp": pl.Int64}


def sides_of(nodes: int) -> tuple[int, int]:
    """Users and items of so many nodes."""
    users = int(USERS * nodes)
    return users, nodes - users


def write_made(path: Path, rows: int, nodes: int, seed: int = 0) -> None:
    """Write a file of so many rows; a pair may occur twice, so that there are somewhat fewer edges.

    Index r of a side is drawn with a density of r^-SKEW; ids are a random permutation of the indices, so that popular
    ones lie scattered.
    """

    def source(*_: object) -> Iterator[pl.DataFrame]:
        rng = np.random.default_rng(seed)
        names = [rng.permutation(size).astype(np.int32) for size in sides_of(nodes)]
        for at in range(0, rows, BLOCK):
            n = min(BLOCK, rows - at)
            drawn = [name[(len(name) * rng.random(n) ** (1 / (1 - SKEW))).astype(np.int64)] for name in names]
            yield pl.DataFrame([*drawn, rng.integers(*SECONDS, n)], schema=SCHEMA)

    made = register_io_source(source, schema=SCHEMA)
    if path.suffix == ".csv":
        made.sink_csv(path)
    else:
        made.sink_parquet(path)


if __name__ == "__main__":
    write_made(Path(sys.argv[3]), int(sys.argv[1]), int(sys.argv[2]))
