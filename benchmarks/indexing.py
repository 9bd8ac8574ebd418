"""How good and how soon lists by the approximate index are, beside exact ones.

`python -m benchmarks.indexing RUN` for the items of a run, `python -m benchmarks.indexing --made-up 1000000` for a
made-up catalogue: items near one of 2,000 tastes, users between three of them, 64 dimensions of falling weight.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from benchmarks.kept import record
from benchmarks.people import RESULTS
from tastegraph.data.vocabulary import Vocabulary
from tastegraph.graph.neighbours import NeighbourLists
from tastegraph.saved_model import Folding, SavedModel
from tastegraph.serving.item_index import ItemIndex
from tastegraph.serving.recommender import Recommender

if TYPE_CHECKING:
    from pydantic import JsonValue

ASKED, PLACES = 500, 10
MADE_UP_USERS, TASTES, WIDTH, SPREAD = 200, 2000, 64, 0.7


def made_up(num_items: int) -> SavedModel:
    """A model of MADE_UP_USERS users, who have seen 100 items each."""
    rng = np.random.default_rng(0)
    weight = (1 / np.sqrt(np.arange(1, WIDTH + 1))).astype(np.float32)
    tastes = rng.standard_normal((TASTES, WIDTH), np.float32) * weight
    e_items = tastes[rng.integers(TASTES, size=num_items)]
    e_items += SPREAD * weight * rng.standard_normal((num_items, WIDTH), np.float32)
    e_users = tastes[rng.integers(TASTES, size=(MADE_UP_USERS, 3))].mean(1)
    user, seen = np.repeat(np.arange(MADE_UP_USERS), 100), rng.integers(num_items, size=100 * MADE_UP_USERS)
    lists = NeighbourLists.from_pairs(user, seen, MADE_UP_USERS, num_items)
    items, users = pl.Series("item", np.arange(num_items)), pl.Series("user", np.arange(MADE_UP_USERS))
    folding = Folding(np.zeros_like(e_users), e_users, e_items)
    table = pl.DataFrame({"item": items})
    return SavedModel(e_users, e_items, folding, lists, Vocabulary(users), Vocabulary(items), table, lists)


def measure(model: SavedModel) -> JsonValue:
    """Figures by name; of lists the p50 and the p99."""
    began = time.perf_counter()
    index = ItemIndex.of(model)
    built = time.perf_counter() - began
    users = np.unique(np.linspace(0, len(model.users) - 1, ASKED).astype(np.int64))
    figures: dict[str, JsonValue] = {
        "items": len(model.items),
        "building, s": built,
        f"recall@{PLACES} against exact lists": index.recall(model, users, PLACES),
    }
    for name, recommender in (("exact", Recommender(model)), ("approximate", Recommender(model, index))):
        recommender.recommend(model.users.ids[0], PLACES)
        times = []
        for user in model.users.ids.gather(users).to_list():
            began = time.perf_counter()
            recommender.recommend(user, PLACES)
            times.append(1e3 * (time.perf_counter() - began))
        figures[f"a list, {name}, p50 / p99, ms"] = [float(np.percentile(times, share)) for share in (50, 99)]
    return figures


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run", type=Path, nargs="?")
    parser.add_argument("--made-up", type=int, default=1_000_000)
    words = parser.parse_args()
    if words.run is None:
        command, model = f"python -m benchmarks.indexing --made-up {words.made_up}", made_up(words.made_up)
        name = f"made-up-{words.made_up}"
    else:
        command, model = "python -m benchmarks.indexing RUN", Recommender.load(words.run).model
        name = str(model.about["data"]["name"])
    print(record("indexing", name, command, lambda: measure(model), RESULTS).read_text("utf-8"))
