"""How far does the slider between popular and surprising move a list? Mean popularity ranks of top 10s.

`python -m benchmarks.surprise` trains MovieLens 1M by its recipe; `--without-prior` the same without its popularity
prior. Lists are made for 200 users as the model knows them, and for each as somebody new by three of their likes.
Beside them stands how many of the places hold what is held out of these users' ratings.
"""

from __future__ import annotations

import argparse
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from benchmarks.kept import record
from benchmarks.people import RESULTS
from tastegraph import load
from tastegraph.serving.order import Order
from tastegraph.serving.recommender import Recommender
from tastegraph.studies.known_recipes import recipe_path
from tastegraph.studies.recipe import load_recipe
from tastegraph.studies.run import run
from tastegraph.studies.watcher import Silent

if TYPE_CHECKING:
    from collections.abc import Callable

    from pydantic import JsonValue

    from tastegraph.serving.person import Person

DATA, USERS, LIKES, PLACES = "ml-1m", 200, 3, 10
STEPS = (0.0, 0.25, 0.5, 0.75, 1.0)


def trained(settings: list[str]) -> Recommender:
    """The recipe's model, with some settings of its own."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / "run"
        run(load_recipe(recipe_path(DATA), settings, DATA), load(DATA), folder, Silent())
        return Recommender.load(folder)


def ranks(recommender: Recommender, person_of: Callable[[int], Person], surprise: float) -> tuple[float, float]:
    """The mean popularity rank of the users' lists, and the share of places with what was held out of their ratings."""
    model = recommender.model
    by_id = {item: index for index, item in enumerate(model.items.ids)}
    rank = np.empty(len(model.items), np.int64)
    rank[np.argsort(-model.popularity, kind="stable")] = np.arange(1, len(rank) + 1)
    found, hits = [], []
    for user in users_of(recommender):
        person = person_of(user)
        held_out = np.setdiff1d(model.seen[user], model.fit[user])
        # What is held out stands among the seen items of a known user; here it may be found.
        person = replace(person, seen=person.films)
        places = recommender.list_for(person, PLACES, order=Order(surprise=surprise))
        items = np.array([by_id[place.item] for place in places])
        found.append(rank[items])
        hits.append(np.isin(items, held_out))
    return float(np.mean(found)), float(np.mean(hits))


def users_of(recommender: Recommender) -> list[int]:
    """Users at equal steps."""
    users: list[int] = np.linspace(0, len(recommender.model.users) - 1, USERS).astype(np.int64).tolist()
    return users


def measure(settings: list[str]) -> JsonValue:
    """Mean popularity ranks by surprise, for known users and for new people."""
    recommender = trained(settings)
    model, rng = recommender.model, np.random.default_rng(0)
    likes = {user: rng.permutation(model.fit[user])[:LIKES] for user in users_of(recommender)}
    whom: dict[str, Callable[[int], Person]] = {
        "known users": lambda user: recommender.person(model.users.ids[user]),
        "three likes": lambda user: recommender.person(likes=[str(model.items.ids[int(i)]) for i in likes[user]]),
    }
    figures: dict[str, JsonValue] = {"surprise": list(STEPS)}
    for name, person_of in whom.items():
        both = [ranks(recommender, person_of, surprise) for surprise in STEPS]
        figures[f"{name}: mean popularity rank"] = [round(rank) for rank, _ in both]
        figures[f"{name}: places held out"] = [round(hits, 3) for _, hits in both]
    return figures


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--without-prior", action="store_true")
    bare = parser.parse_args().without_prior
    command = "python -m benchmarks.surprise" + " --without-prior" * bare
    settings = ["model.popularity_prior=0"] if bare else []
    on = DATA + "-without-prior" * bare
    print(record("surprise", on, command, lambda: measure([*settings, "baselines=[]"]), RESULTS).read_text("utf-8"))
