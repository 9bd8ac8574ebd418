from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch

from tastegraph.data.vocabulary import Vocabulary
from tastegraph.graph.neighbours import NeighbourLists
from tastegraph.lightgcn.model import LightGCN
from tastegraph.lightgcn.pair_batches import GivenPairs
from tastegraph.studies.tutorial.ratings import FilmRatings
from tastegraph.studies.tutorial.records import Shelf
from tastegraph.studies.tutorial.run import run
from tastegraph.studies.tutorial.settings import Setting, shape_and_training
from tastegraph.studies.tutorial.side_by_side import Progress, run_all

if TYPE_CHECKING:
    from pathlib import Path

    from tastegraph.graph.bipartite import BipartiteGraph


@pytest.fixture(scope="module")
def ratings() -> FilmRatings:
    """40 users of two tastes, 12 likes each of the 30 films of one's taste, and two dislikes."""
    import polars as pl

    rng = np.random.default_rng(3)
    pairs: dict[bool, list[tuple[int, int]]] = {True: [], False: []}
    for u in range(40):
        films = rng.permutation(30) + 30 * (u % 2)
        pairs[True] += [(u, int(film)) for film in films[:12]]
        pairs[False] += [(u, int(film)) for film in 30 * (1 - u % 2) + rng.choice(30, 2, replace=False)]
    likes, dislikes = (
        NeighbourLists.from_pairs([u for u, _ in some], [film for _, film in some], 40, 60) for some in pairs.values()
    )
    ids = [Vocabulary(pl.Series(range(n), dtype=pl.Int64)) for n in (40, 60)]
    return FilmRatings(likes, dislikes, *ids)


def test_a_run_learns_chooses_and_is_the_same_again(ratings: FilmRatings) -> None:
    setting = Setting(num_users=None, epochs=30, learning_rate=0.01, weight_decay=0.001)
    found = run(setting, 0, ratings)
    again = run(setting, 0, ratings)
    assert found["protocols"] == again["protocols"]
    assert found["protocols"]["tutorial"]["test"]["precision"] > 0.35  # 12 likes of 60 at random: .2; of 30: .4
    assert found["protocols"]["tutorial"]["test"]["dislike_precision"] < 0.02
    assert found["protocols"]["full-ranking"]["test"]["recall"] > 10 / 50  # ten of 50 unmasked at random
    chosen = found["protocols"]["full-ranking"]
    curve = {epoch["epoch"]: epoch["full-ranking ndcg"] for epoch in found["epochs"]}
    assert chosen["validation"]["ndcg"] == max(curve.values()) == curve[chosen["epoch"]]
    assert set(found["readings"]["own graph"]) == {"train", "validation", "test", "all likes"}


def test_with_the_penalty_on_all_of_e0_the_sigmoid_ranks_films_as_they_stand(ratings: FilmRatings) -> None:
    found = run(Setting(num_users=None, epochs=240, weight_decay=10.0, loss="mean"), 0, ratings)
    first_ten = np.mean([np.isin(ratings.likes[u], np.arange(10)).sum() for u in range(40)]) / 10
    assert found["last"]["by sigmoid"]["precision"] == pytest.approx(first_ten, abs=1e-6)
    assert found["last"]["spread"] < 1e-6


def test_readings_of_the_loss_by_the_dense_formula(toy: BipartiteGraph) -> None:
    torch.manual_seed(0)
    model = LightGCN(3, 4, embedding_dim=8, num_layers=1)
    user, liked, other = torch.tensor([0, 1, 2]), torch.tensor([0, 0, 2]), torch.tensor([2, 3, 0])
    e_users, e_items = model(toy)
    y = [(e_users[user] * e_items[film]).sum(1) for film in (liked, other)]
    bpr, norm = -torch.log(torch.sigmoid(y[0] - y[1])), (model.E0**2).sum()
    rows = torch.cat([user, liked + 3, other + 3])
    expected = {
        "batch": bpr.mean() + 0.1 / (2 * 128) * (model.E0[rows] ** 2).sum() * (128 / 3),
        "sum": (bpr.sum() + 0.1 * norm) / 3,
        "mean": bpr.mean() + 0.1 * norm * (128 / 3),  # a last batch of 3 of 128: the penalty is divided by its size
    }
    for loss, value in expected.items():
        setting = Setting.model_validate({"loss": loss, "num_layers": 1})
        _, training = shape_and_training(setting, 3, 0)
        found = GivenPairs(toy, training, (user, liked, other)).loss(model, (user, liked, other))
        torch.testing.assert_close(found, value, msg=loss)


def test_parafac_is_judged_alike(ratings: FilmRatings) -> None:
    found = run(Setting(model="parafac", num_users=None, num_samples=None, rank=2), 0, ratings)
    assert found["edges"] == 40 * 9  # 12 likes: 9 to learn from, 2 and 1 held out
    assert found["protocols"]["tutorial"]["test"]["precision"] > 0.3


def test_half_a_reproduction_goes_on_where_it_stopped(ratings_csv: Path, tmp_path: Path) -> None:
    shelf = Shelf(tmp_path / "records", "code", "data")
    tasks = [(Setting(num_users=60, epochs=2), seed) for seed in (0, 1)]
    told: list[Progress] = []
    assert not run_all(tasks, shelf, str(ratings_csv), jobs=1, seconds=0, on_run=told.append)
    assert not told
    shelf.keep(*tasks[0], {"seconds": 0.0, "protocols": {}}, {})
    assert run_all(tasks, shelf, str(ratings_csv), jobs=2, on_run=told.append)
    assert [(step.done, step.total, step.record.seed) for step in told] == [(2, 2, 1)]
    assert "seed 1: P@10" in told[0].line
    assert run_all(tasks, shelf, "nowhere", jobs=2)  # nothing is left, and nothing is read
