"""How good are lists for people the training never saw? Fold-in beside a model trained with them in.

`python -m benchmarks.folding ml-100k`: a tenth of the users is held out entirely. Of each, half of the likes is given,
the other half is to be found. One model learns from everybody else and folds the tenth in; the other learns from
everybody else and from the given halves. Both by the recipe of the data set, all its epochs.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from benchmarks.kept import record
from benchmarks.people import RESULTS
from tastegraph import BipartiteGraph, full_ranking, load, train
from tastegraph.data.vocabulary import Vocabulary
from tastegraph.graph.neighbours import NeighbourLists
from tastegraph.ranking.full_ranking import Relevant
from tastegraph.saved_model import SavedModel
from tastegraph.serving.person import new_person
from tastegraph.studies.known_recipes import recipe_path
from tastegraph.studies.recipe import load_recipe
from tastegraph.studies.saving import folding_of

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from pydantic import JsonValue

    from tastegraph.ranking.full_ranking import Ranker
    from tastegraph.studies.recipe import Recipe

HELD_OUT = 0.1


class FoldedIn:
    """Lists for users by index, each folded in from what is given of them."""

    def __init__(self, model: SavedModel, given: NeighbourLists, *, refine: bool) -> None:
        self._model, self._given, self._refine = model, given, refine

    def rank(self, users: NDArray[np.integer], k: int, exclude: NeighbourLists | None) -> NDArray[np.int32]:
        """As every ranker."""
        rows = [new_person(self._model, self._given[user].tolist(), refine=self._refine).vector for user in users]
        everyone = np.zeros((self._given.num_rows, self._model.e_items.shape[1]), np.float32)
        everyone[users] = rows
        return replace(self._model, e_users=everyone).rank(users, k, exclude)


def _trained(graph: BipartiteGraph, recipe: Recipe) -> SavedModel:
    trained = train(graph, recipe.model, recipe.training)
    ids = pl.Series("item", np.arange(graph.num_items))
    users = Vocabulary(pl.Series(np.arange(graph.num_users)))
    return SavedModel(
        *trained.embeddings, folding_of(trained.model, graph), graph.items_of, users, Vocabulary(ids),
        pl.DataFrame({"item": ids}), graph.items_of, recipe.model.ranking,
    )  # fmt: skip


def compare(name: str, seed: int) -> JsonValue:
    """NDCG@10 over the held-out users, by how they are served."""
    dataset = load(name)
    recipe = load_recipe(recipe_path(name), [], name)
    liked = dataset.interactions.positives(recipe.threshold)
    rng = np.random.default_rng(seed)
    num_users, num_items = len(liked.users), len(liked.items)
    counts = np.bincount(liked.user, minlength=num_users)
    new = np.isin(np.arange(num_users), rng.permutation(np.flatnonzero(counts >= 2))[: int(HELD_OUT * num_users)])
    order = rng.permutation(len(liked.user))
    user, item = liked.user[order].astype(np.int64), liked.item[order].astype(np.int64)
    by_user = np.argsort(user, kind="stable")
    place = np.empty(len(user), np.int64)
    place[by_user] = np.arange(len(user)) - np.repeat(np.cumsum(counts) - counts, counts)
    given, wanted = (new[user] & (half == (place >= (counts[user] + 1) // 2)) for half in (False, True))
    old = ~new[user]
    halves = NeighbourLists.from_pairs(user[given], item[given], num_users, num_items)
    relevant = Relevant.from_pairs(user[wanted], item[wanted], num_users, num_items)
    without = _trained(BipartiteGraph.from_pairs(user[old], item[old], num_users, num_items), recipe)
    both = old | given
    retrained = _trained(BipartiteGraph.from_pairs(user[both], item[both], num_users, num_items), recipe)
    rankers: dict[str, Ranker] = {
        "retrained": retrained,
        "fold-in": FoldedIn(without, halves, refine=False),
        "fold-in, refined": FoldedIn(without, halves, refine=True),
    }
    return {
        title: round(full_ranking(ranker, relevant, halves, [10]).means()["ndcg@10"], 6)
        for title, ranker in rankers.items()
    }


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", nargs="?", default="ml-100k", help="a data set with a recipe of its own")
    parser.add_argument("--seed", type=int, default=0)
    words = parser.parse_args()
    command = f"python -m benchmarks.folding {words.data} --seed {words.seed}"
    print(record("folding", words.data, command, lambda: compare(words.data, words.seed), RESULTS).read_text("utf-8"))
