"""What diversity and the popularity discount cost and bring on a test part: `python -m benchmarks.reordering RUN`."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from benchmarks.kept import record
from benchmarks.people import RESULTS
from tastegraph.data.splits import Split
from tastegraph.ranking.beyond import beyond_accuracy
from tastegraph.saved_model import SavedModel
from tastegraph.serving.order import Order, ordered
from tastegraph.studies.evidence import Evidence
from tastegraph.studies.trial import Trial

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from pydantic import JsonValue

    from tastegraph.graph.neighbours import NeighbourLists

ORDERS = [
    Order(),
    *(Order(diversity=share) for share in (0.1, 0.2, 0.3, 0.5)),
    *(Order(popularity_discount=share) for share in (0.02, 0.05, 0.1)),
]
SHOWN = ("ndcg@10", "recall@10", "diversity@10", "novelty@10", "popularity@10")


class Reordered:
    """A saved model's lists in another order."""

    def __init__(self, model: SavedModel, order: Order) -> None:
        self._model, self._order = model, order

    def rank(self, users: NDArray[np.integer], k: int, exclude: NeighbourLists | None) -> NDArray[np.int32]:
        """As every ranker."""
        lists = np.full((len(users), k), -1, np.int32)
        for row, user in enumerate(users):
            scores = self._model.e_items @ self._model.e_users[user]
            if exclude is not None:
                scores[exclude[int(user)]] = -np.inf
            found = ordered(self._model, scores, k, self._order)
            lists[row, : len(found)] = found
        return lists


def measure(run: Path) -> JsonValue:
    """A row an order: its settings and the metrics in SHOWN."""
    model = SavedModel.load(run / "model")
    trial = Trial(Split.load(run / "split.parquet"), refits=bool(model.about.get("refit"))).final
    evidence = Evidence(trial, item_table=model.item_table)
    rows: list[JsonValue] = []
    for order in ORDERS:
        judged = evidence.judge(Reordered(model, order), [10])
        beyond = beyond_accuracy(judged.lists, judged.users, evidence.catalogue, [10])
        means = judged.means() | {name: float(np.nanmean(values)) for name, values in beyond.items()}
        settings = {"diversity": order.diversity, "discount": order.popularity_discount}
        rows.append({**settings, **{name: round(float(means[name]), 6) for name in SHOWN}})
    return rows


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run", type=Path)
    folder = parser.parse_args().run
    name = str(SavedModel.load(folder / "model").about["data"]["name"])
    command = "python -m benchmarks.reordering RUN"
    print(record("reordering", name, command, lambda: measure(folder), RESULTS).read_text("utf-8"))
