"""Loading a ratings file: read it, map ids to indices, settle repeated pairs; and the graph. Beside pandas.

Usage in a process of its own: python -m benchmarks.cases.loading WHO FILE prints its seconds and peak memory as JSON.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks.measurement import interleave
from benchmarks.one_training import in_a_process
from benchmarks.peak_memory import forget_peak, peak_mb, resident_mb
from benchmarks.record import Measured, Target, rows_of
from tastegraph.data.catalog import CATALOG
from tastegraph.data.fetch import locate

if TYPE_CHECKING:
    from benchmarks.settings import Settings

OURS, PANDAS, PANDAS_PLAIN, POLARS = "ours", "pandas", "pandas-plain", "polars"
NAMES = {
    OURS: "ours",
    PANDAS: "pandas, C parser, small types",
    PANDAS_PLAIN: "pandas, as in its manual",
    POLARS: "Polars by hand",
}
ML_25M = {"users": 162_541, "items": 59_047, "rows": 25_000_095, "largest_item_id": 209_171}
QUICK = {"users": 500, "items": 300, "rows": 20_000, "largest_item_id": 900}
MOST_OF_PANDAS_SMALL, MOST_OF_PANDAS_LARGE, MOST_OF_ARRAYS = 0.5, 0.25, 2.0
LARGE_ROUNDS = 3

NOTE = (
    "Each in a process of its own, from the file in the page cache to the same arrays: contiguous user and item "
    "indices in the order of their ids, float32 ratings, int64 times, rows in order of user and item, each pair once "
    "(its last row); on ML-1M the graph, too: neighbour lists both ways, the peers' by SciPy. Interpreter and imports "
    "are not in the times. Ours checks every cell and takes the file's SHA-256 besides. pandas by its C parser: "
    "ratings.dat is separated by ':' with every second column dropped, since '::' takes its Python parser; columns get "
    "small types while they are read. Peak memory: the process' largest resident memory above what it had before "
    "reading, by the bytes of the four arrays."
)


def run(settings: Settings) -> Measured:
    """Measure ML-1M with its graph and a made file of ml-25m's shape, in its order and shuffled."""
    with tempfile.TemporaryDirectory() as scratch:
        shape = QUICK if settings.quick else ML_25M
        ordered, shuffled = Path(scratch) / "ordered.csv", Path(scratch) / "shuffled.csv"
        size = make_csv(ordered, shuffled, shape)
        groups: dict[str, tuple[Path, tuple[str, ...], int]] = {}
        if not settings.quick:
            ratings = locate(CATALOG["ml-1m"], print).resolve() / "ratings.dat"
            groups["ml-1m with its graph"] = (ratings, (OURS, PANDAS, PANDAS_PLAIN, POLARS), settings.rounds)
        large = min(settings.rounds, LARGE_ROUNDS)
        groups["ml-25m's shape"] = (ordered, (OURS, PANDAS, PANDAS_PLAIN, POLARS), large)
        groups["ml-25m's shape, shuffled"] = (shuffled, (OURS, PANDAS), large)
        measured = {group: _answers(*what) for group, what in groups.items()}
    rows, targets = [], []
    for group, answers in measured.items():
        rows += rows_of(group, _samples(answers, "seconds"), ours=NAMES[OURS], unit="s")
        rows += rows_of(
            f"{group}: peak by the arrays' bytes", _samples(answers, "times_arrays"), ours=NAMES[OURS], unit="x"
        )
        bound = MOST_OF_PANDAS_SMALL if "graph" in group else MOST_OF_PANDAS_LARGE
        ours = np.median(_samples(answers, "seconds")[NAMES[OURS]])
        for peer in (PANDAS, PANDAS_PLAIN):
            if NAMES[peer] in answers:
                share = ours / np.median(_samples(answers, "seconds")[NAMES[peer]])
                targets.append(
                    Target(what=f"of the time of {NAMES[peer]}, {group}", comparison="<=", bound=bound, measured=share)
                )
        if "graph" not in group:
            peak = max(_samples(answers, "times_arrays")[NAMES[OURS]])
            what = f"times the bytes of its arrays in peak memory, {group}"
            targets.append(Target(what=what, comparison="<=", bound=MOST_OF_ARRAYS, measured=peak))
    workloads = {"ml-25m's shape": {"rows": size, "users": shape["users"], "items": shape["items"]}}
    return Measured(rows=tuple(rows), targets=tuple(targets), workloads=workloads, notes=(NOTE,))


def make_csv(ordered: Path, shuffled: Path, shape: dict[str, int]) -> int:
    """Write files of ml-25m's shape: its columns, its numbers of users, items and rows, halves of stars.

    Returns:
        The number of rows.
    """
    import polars as pl

    rng = np.random.default_rng(0)
    users, items, rows = shape["users"], shape["items"], shape["rows"]
    ids = 1 + np.sort(rng.choice(shape["largest_item_id"], items, replace=False))
    chance = np.cumsum(1 / np.arange(1, items + 1) ** 0.8)
    popular = rng.permutation(items)
    weight = np.cumsum(rng.lognormal(0.0, 1.2, users))
    key = np.arange(max(users, items)) % users * items + np.arange(max(users, items)) % items  # each is there
    while len(key) < rows:
        wanted = int(1.2 * (rows - len(key))) + 1000
        user = np.searchsorted(weight, rng.random(wanted) * weight[-1]).astype(np.int64)
        item = popular[np.searchsorted(chance, rng.random(wanted) * chance[-1])]
        fresh = np.setdiff1d(np.unique(user * items + item), key, assume_unique=True)
        key = np.concatenate([key, rng.permutation(fresh)[: rows - len(key)]])
    key.sort()
    table = pl.DataFrame(
        {
            "userId": (key // items + 1).astype(np.int32),
            "movieId": ids[key % items].astype(np.int32),
            "rating": (rng.integers(1, 11, rows) / 2).astype(np.float32),
            "timestamp": rng.integers(789_652_009, 1_574_327_703, rows).astype(np.int32),
        }
    )
    table.write_csv(ordered, float_precision=1)
    table.sample(fraction=1.0, shuffle=True, seed=1).write_csv(shuffled, float_precision=1)
    return rows


def _answers(path: Path, who: tuple[str, ...], rounds: int) -> dict[str, list[dict[str, Any]]]:
    """The answers of each contender's processes, taken in turns; those that come to another result are refused."""
    answers: dict[str, list[dict[str, Any]]] = {NAMES[name]: [] for name in who}

    def sampler(name: str) -> list[float]:
        answers[NAMES[name]].append(in_a_process(name, str(path), "benchmarks.cases.loading"))
        return []

    interleave({name: partial(sampler, name) for name in who}, rounds)
    results = {json.dumps(answer["result"]) for each in answers.values() for answer in each}
    if len(results) != 1:
        raise RuntimeError(f"contenders came to different results on {path.name}: {results}")
    return answers


def _samples(answers: dict[str, list[dict[str, Any]]], key: str) -> dict[str, list[float]]:
    return {name: [answer[key] for answer in each] for name, each in answers.items()}


def _ours(path: Path) -> dict[str, Any]:
    from tastegraph.data.load import load

    rated = load(str(path)).interactions
    return {"user": rated.user, "item": rated.item, "value": rated.value, "time": rated.time}


def _pandas(path: Path) -> dict[str, Any]:
    """As one who knows pandas would: the C parser, small types, no column that is not wanted."""
    import pandas as pd

    types = {"user": np.int32, "item": np.int32, "value": np.float32, "time": np.int64}
    if path.suffix == ".dat":
        frame = pd.read_csv(path, sep=":", header=None, usecols=[0, 2, 4, 6], names=list(types), dtype=types)
    else:
        frame = pd.read_csv(path, header=0, names=list(types), dtype=types)
    return _settled_by_pandas(frame)


def _pandas_plain(path: Path) -> dict[str, Any]:
    """As its manual has it."""
    import pandas as pd

    names = ["user", "item", "value", "time"]
    if path.suffix == ".dat":
        frame = pd.read_csv(path, sep="::", header=None, names=names, engine="python")
    else:
        frame = pd.read_csv(path, header=0, names=names)
    return _settled_by_pandas(frame)


def _settled_by_pandas(frame: Any) -> dict[str, Any]:
    import pandas as pd

    frame["user"] = pd.factorize(frame["user"], sort=True)[0].astype(np.int32)
    frame["item"] = pd.factorize(frame["item"], sort=True)[0].astype(np.int32)
    # Of a repeated pair the last by time counts. Only repeated pairs have to be in that order.
    repeated = frame.duplicated(["user", "item"], keep=False)
    if repeated.any():
        frame = frame.sort_values("time", kind="stable").drop_duplicates(["user", "item"], keep="last")
    frame = frame.sort_values(["user", "item"])
    kinds = {"user": np.int32, "item": np.int32, "value": np.float32, "time": np.int64}
    return {name: frame[name].to_numpy(kind) for name, kind in kinds.items()}


def _polars(path: Path) -> dict[str, Any]:
    """As one who knows Polars would, without a check of any cell."""
    import polars as pl

    kinds = {"user": pl.Int64, "item": pl.Int64, "value": pl.Float32, "time": pl.Int64}
    if path.suffix == ".dat":
        wide = pl.read_csv(path, separator=":", has_header=False)
        frame = wide.select(
            pl.col(f"column_{2 * n}").cast(kind).alias(name) for n, (name, kind) in enumerate(kinds.items())
        )
    else:
        frame = pl.read_csv(path, new_columns=list(kinds), schema_overrides=list(kinds.values()))
    frame = frame.with_columns((pl.col("user", "item").rank("dense") - 1).cast(pl.Int32))
    frame = frame.sort("time", maintain_order=True).unique(["user", "item"], keep="last").sort("user", "item")
    return {name: frame[name].to_numpy() for name in kinds}


LOADERS = {OURS: _ours, PANDAS: _pandas, PANDAS_PLAIN: _pandas_plain, POLARS: _polars}


def _graph_of_ours(arrays: dict[str, Any]) -> list[np.ndarray]:
    from tastegraph.graph.bipartite import BipartiteGraph

    users, items = (int(arrays[side].max()) + 1 for side in ("user", "item"))
    graph = BipartiteGraph.from_pairs(arrays["user"], arrays["item"], users, items)
    return [part for lists in (graph.items_of, graph.users_of) for part in (lists.start, lists.index)]


def _graph_of_scipy(arrays: dict[str, Any]) -> list[np.ndarray]:
    """Compressed rows both ways, sorted."""
    from scipy.sparse import coo_array

    ones = np.ones(len(arrays["user"]), np.uint8)
    by_user = coo_array((ones, (arrays["user"], arrays["item"]))).tocsr()
    by_user.sort_indices()
    by_item = by_user.tocsc()
    return [part for lists in (by_user, by_item) for part in (lists.indptr, lists.indices)]


GRAPHS = {OURS: _graph_of_ours, PANDAS: _graph_of_scipy}
PACKAGES = {OURS: "tastegraph.data.load", PANDAS: "pandas", PANDAS_PLAIN: "pandas", POLARS: "polars"}


def main(who: str, path: Path) -> None:
    """Print one contender's seconds, peak and result as a line of JSON."""
    import_module("scipy.sparse" if who != OURS else "tastegraph.graph.bipartite")
    import_module(PACKAGES[who])
    path.read_bytes()  # into the page cache
    before = resident_mb()
    forget_peak()
    began = time.perf_counter()
    arrays = LOADERS[who](path)
    graph = GRAPHS[OURS if who == OURS else PANDAS](arrays) if path.suffix == ".dat" else []
    seconds = time.perf_counter() - began
    size = sum(array.nbytes for array in arrays.values()) / 1e6
    times_arrays = (peak_mb() - before) / size
    weight = np.arange(len(arrays["user"])) % 1009
    result: dict[str, Any] = {name: float((array * weight).sum(dtype=np.float64)) for name, array in arrays.items()}
    result |= {"rows": len(arrays["user"]), "graph": [int(np.bitwise_xor.reduce(part)) for part in graph]}
    print(json.dumps({"seconds": seconds, "times_arrays": times_arrays, "result": result}))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
