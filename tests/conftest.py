"""What several tests stand on: real data where it is at hand, and a small made one."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import hypothesis
import numpy as np
import pytest

from tastegraph.data.load import load
from tastegraph.errors import DataError
from tastegraph.graph.bipartite import BipartiteGraph

from .postgresql import running_server

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tastegraph.data.dataset import Dataset

# How long an example takes says something of the machine, nothing of the code.
UNTIMED: dict[str, Any] = {"deadline": None, "suppress_health_check": [hypothesis.HealthCheck.too_slow]}
hypothesis.settings.register_profile("untimed", **UNTIMED)
hypothesis.settings.load_profile("untimed")

# For `make mutants`, where a test runs hundreds of times: few examples, the same each time.
hypothesis.settings.register_profile("mutants", derandomize=True, max_examples=15, database=None, **UNTIMED)

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # as the command line does, before torch is imported

# Users 0..2, items 0..3; item 3 has no edge. Degrees: users 2, 1, 2; items 2, 2, 1, 0.
TOY_USER = [0, 0, 1, 2, 2]
TOY_ITEM = [0, 1, 0, 1, 2]


@pytest.fixture
def toy() -> BipartiteGraph:
    """The 3 x 4 graph worked out by hand in the tests."""
    return BipartiteGraph.from_pairs(TOY_USER, TOY_ITEM, 3, 4)


@pytest.fixture
def real_data() -> Callable[[str], Path]:
    """The folder of a real data set under $TASTEGRAPH_DATA; the test is skipped without it."""

    def folder(name: str) -> Path:
        shelf = os.environ.get("TASTEGRAPH_DATA")
        if not shelf or not (Path(shelf) / name).is_dir():
            pytest.skip(f"{name} is not under $TASTEGRAPH_DATA")
        return Path(shelf) / name

    return folder


@pytest.fixture
def plainly(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Called, it leaves all computing to plain PyTorch: what a GPU runs, run on the CPU."""

    def switch() -> None:
        monkeypatch.setattr("tastegraph.graph.devices.runs_compiled", lambda _: False)

    return switch


@pytest.fixture
def movielens_100k(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Dataset:
    """MovieLens 100K, from $TASTEGRAPH_DATA or fetched; the test is skipped where it cannot be had at all."""
    cache = tmp_path_factory.getbasetemp() / "cache"  # one for the session
    monkeypatch.setenv("TASTEGRAPH_CACHE", os.environ.get("TASTEGRAPH_CACHE", str(cache)))
    try:
        return load("ml-100k")
    except DataError as error:
        pytest.skip(str(error))


@pytest.fixture
def ratings_csv(tmp_path: Path) -> Path:
    """A made ratings file with two tastes: 60 users, 40 films, ids that are words."""
    rng = np.random.default_rng(7)
    lines = ["user,item,rating,timestamp"]
    for user in range(60):
        liked = rng.choice(20, size=12, replace=False) + 20 * (user % 2)
        other = rng.choice(20, size=3, replace=False) + 20 * (1 - user % 2)
        lines += [f"person {user},film {film},{rng.integers(4, 6)},{1000 + film}" for film in liked]
        lines += [f"person {user},film {film},{rng.integers(1, 4)},{2000 + film}" for film in other]
    path = tmp_path / "ratings.csv"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


@pytest.fixture(scope="session")
def postgresql() -> Iterator[str]:
    """The URL of a database on a server of the tests' own; the test is skipped where none is installed."""
    with running_server() as url:
        yield url
