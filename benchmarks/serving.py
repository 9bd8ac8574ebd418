"""How soon people are served: `OMP_WAIT_POLICY=PASSIVE python -m benchmarks.serving RUN`. Load, a list, all lists.

Everybody's lists are set beside the matrix products they need, made in blocks of as many users.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks.kept import record
from benchmarks.people import RESULTS
from tastegraph.graph.top_k import BLOCK_ENTRIES
from tastegraph.serving.recommender import Recommender

if TYPE_CHECKING:
    from collections.abc import Callable

    from pydantic import JsonValue

LISTS = 500
ROUNDS = 3


def _seconds(call: Callable[[], object], clock: Callable[[], float] = time.perf_counter) -> float:
    began = clock()
    call()
    return clock() - began


def _lists(ask: Callable[[int | str], object], users: list[int | str]) -> tuple[list[JsonValue], list[JsonValue]]:
    """p50 and p99 in milliseconds, by the clock (the middle one of ROUNDS) and of the processor's time."""
    by_clock: list[Any] = []
    worked: list[Any] = []
    ask(users[0])
    for _ in range(ROUNDS):
        for times, clock in ((by_clock, time.perf_counter), (worked, time.thread_time)):
            each = [1e3 * _seconds(lambda user=user: ask(user), clock) for user in users]  # type: ignore[misc]  # a default binds
            times.append(np.percentile(each, [50, 99]))
    middle = [np.median(times, axis=0).tolist() for times in (by_clock, worked)]
    return middle[0], middle[1]


def measure(run: Path) -> JsonValue:
    """Figures by name; of lists the p50 and the p99."""
    figures: dict[str, JsonValue] = {
        "loading, besides imports, s": min(_seconds(lambda: Recommender.load(run)) for _ in range(ROUNDS))
    }
    recommender = Recommender.load(run)
    model = recommender.model
    users, likes = model.users.ids[:LISTS].to_list(), model.items.ids[:3].to_list()
    asked: dict[str, Callable[[int | str], object]] = {
        "a known user's list": recommender.recommend,
        "a new person's": lambda _: recommender.recommend(likes=likes),
        "a new person's, refined": lambda _: recommender.recommend(likes=likes, refine=True),
        "a known user's, explained": lambda user: recommender.recommend(user, explain=True),
    }
    for name, ask in asked.items():
        by_clock, worked = _lists(ask, users)
        figures |= {f"{name}, p50 / p99, ms": by_clock, f"{name}, processor's time, p50 / p99, ms": worked}
    block = max(1, BLOCK_ENTRIES // len(model.items))

    def products() -> None:
        for begin in range(0, len(model.users), block):
            model.e_users[begin : begin + block] @ model.e_items.T

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "lists.parquet"
        recommender.write_all(path, 20)
        everybody, alone = (min(_seconds(call) for _ in range(3)) for call in (
            lambda: recommender.write_all(path, 20, force=True), products))  # fmt: skip
    return figures | {
        "users": len(model.users),
        "everybody's lists of 20, s": everybody,
        "the matrix products of these alone, s": alone,
        "times the products": everybody / alone,
    }


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run", type=Path)
    folder = parser.parse_args().run
    name = str(Recommender.load(folder).model.about["data"]["name"])
    command = "OMP_WAIT_POLICY=PASSIVE python -m benchmarks.serving RUN"
    print(record("serving", name, command, lambda: measure(folder), RESULTS).read_text("utf-8"))
