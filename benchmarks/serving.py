"""How soon people are served: `OMP_WAIT_POLICY=PASSIVE python -m benchmarks.serving RUN`. Load, a list, all lists.

Everybody's lists are set beside the matrix products they need, made in blocks of as many users.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from tastegraph.graph.top_k import BLOCK_ENTRIES
from tastegraph.serving.recommender import Recommender

if TYPE_CHECKING:
    from collections.abc import Callable

LISTS = 1000


def _seconds(call: Callable[[], object]) -> float:
    began = time.perf_counter()
    call()
    return time.perf_counter() - began


def measure(run: Path) -> list[str]:
    """A line a figure."""
    said = [f"load: {min(_seconds(lambda: Recommender.load(run)) for _ in range(5)):.3f} s"]
    recommender = Recommender.load(run)
    model = recommender.model
    users, likes = model.users.ids[:LISTS].to_list(), model.items.ids[:3].to_list()
    asked: dict[str, Callable[[int | str], object]] = {
        "known": recommender.recommend,
        "new": lambda _: recommender.recommend(likes=likes),
        "new, refined": lambda _: recommender.recommend(likes=likes, refine=True),
        "known, explained": lambda user: recommender.recommend(user, explain=True),
    }
    for name, ask in asked.items():
        ask(users[0])
        times = [1000 * _seconds(lambda ask=ask, user=user: ask(user)) for user in users]  # type: ignore[misc]
        said.append(f"list, {name}: p50 {np.percentile(times, 50):.2f} ms, p99 {np.percentile(times, 99):.2f} ms")
    block = max(1, BLOCK_ENTRIES // len(model.items))

    def products() -> None:
        for begin in range(0, len(model.users), block):
            model.e_users[begin : begin + block] @ model.e_items.T

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "lists.parquet"
        recommender.write_all(path, 20)
        everybody, alone = (min(_seconds(call) for _ in range(2)) for call in (
            lambda: recommender.write_all(path, 20), products))  # fmt: skip
    said.append(f"all {len(model.users):,} lists of 20: {everybody:.2f} s, matrix products alone {alone:.2f} s")
    return said


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run", type=Path)
    print("\n".join(measure(parser.parse_args().run)))
