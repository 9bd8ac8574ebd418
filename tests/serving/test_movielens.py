"""People of MovieLens 100K, and of MovieLens 1M where it is at hand, served from a run's saved model."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import onnxruntime
import polars as pl
import pytest

from tastegraph.data.load import load
from tastegraph.serving.export import export
from tastegraph.serving.filters import Filters
from tastegraph.serving.item_index import ItemIndex
from tastegraph.serving.onnx_export import FOLD_IN, KNOWN
from tastegraph.serving.order import Order
from tastegraph.serving.person import known_person, new_person
from tastegraph.serving.recommender import Recommender
from tastegraph.studies.known_recipes import recipe_path
from tastegraph.studies.recipe import load_recipe
from tastegraph.studies.run import run
from tastegraph.studies.watcher import Silent

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tastegraph.data.dataset import Dataset

SHORT = ["training.epochs=1", "training.validate_every=1", "model.embedding_dim=32", "baselines=[]"]


def _dataset(name: str, request: pytest.FixtureRequest) -> Dataset:
    if name == "ml-100k":
        fetched: Dataset = request.getfixturevalue("movielens_100k")
        return fetched
    real_data: Callable[[str], Path] = request.getfixturevalue("real_data")
    real_data(name)
    return load(name)


@pytest.fixture(params=["ml-100k", "ml-1m"])
def recommender(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Recommender:
    """Trained for an epoch, once, by the recipe that comes along: cosine with a popularity prior."""
    folder = tmp_path_factory.getbasetemp() / f"served-{request.param}"
    if not folder.exists():
        run(
            load_recipe(recipe_path(request.param), SHORT, request.param),
            _dataset(request.param, request),
            folder,
            Silent(),
        )
    return Recommender.load(folder)


def test_surprise_moves_the_lists_of_new_people(recommender: Recommender, likes: list[int]) -> None:
    """Prior or embeddings, all of popularity's part goes: the slope of a mean score alone hardly moved such lists."""
    model = recommender.model
    rank = np.empty(len(model.items), np.int64)
    rank[np.argsort(-model.popularity, kind="stable")] = np.arange(len(rank))
    person = new_person(model, likes)
    by_id = {item: index for index, item in enumerate(model.items.ids)}

    def mean_rank(surprise: float) -> float:
        places = recommender.list_for(person, 10, order=Order(surprise=surprise))
        return float(rank[[by_id[place.item] for place in places]].mean())

    assert 2 * mean_rank(0.0) < mean_rank(0.5)
    assert 4 * mean_rank(0.0) < mean_rank(1.0)


@pytest.fixture
def likes(recommender: Recommender) -> list[int]:
    """Three films by index: the sources spell Star Wars in two ways."""
    (star_wars,) = recommender.model.item_table.with_row_index().filter(
        pl.col("title").str.starts_with("Star Wars") & (pl.col("year") == 1977)
    )["index"]
    return [recommender.names.index_of("Toy Story"), star_wars, recommender.names.index_of("The Rock")]


def test_what_makes_a_person_up_is_her_saved_row(recommender: Recommender) -> None:
    model = recommender.model
    for user in range(0, len(model.users), 1 + len(model.users) // 1000):
        person = known_person(model, user)
        made = (person.own + person.weights @ model.folding.items[person.films]) / person.length
        np.testing.assert_allclose(made, person.vector[: model.width], atol=1e-5)


def test_shares_add_up_to_scores(recommender: Recommender) -> None:
    for user in recommender.model.users.ids[::50]:
        for place in recommender.recommend(user, explain=True):
            assert place.because is not None
            shares = sum(share.score for share in place.because.films)
            others = place.because.own + place.because.refinement + place.because.popularity
            assert shares + others == pytest.approx(place.score, abs=1e-4)


def test_new_people_filters_and_neighbours(recommender: Recommender, likes: list[int]) -> None:
    named = [recommender.model.items.ids[index] for index in likes]
    comedies = Filters(("Comedy",), years=(1990, None), min_popularity=5)
    places = recommender.recommend(likes=named, dislikes=["Barb Wire"], filters=comedies)
    assert len(places) == 10
    assert all("Comedy" in (place.genres or ()) and (place.year or 0) >= 1990 for place in places)
    assert not {"Toy Story", "Barb Wire"} & {place.title for place in places}
    assert not {place.item for place in recommender.recommend(likes=named, refine=True)} & set(named)
    assert recommender.similar("Toy Story", 3)[0].title != "Toy Story"
    assert len(recommender.similar_users("7", 5)) == len(recommender.audience(["7", "42"], 5)) == 5


def test_new_likes_of_a_known_user_change_the_list_at_once(recommender: Recommender) -> None:
    before = recommender.recommend("7", 20)
    after = recommender.recommend("7", 20, likes=[before[4].item, before[9].item])
    assert not {before[4].item, before[9].item} & {place.item for place in after}
    assert [place.score for place in after] != [place.score for place in before[:20]]


def test_orders_change_the_order_only(recommender: Recommender) -> None:
    model, plain = recommender.model, recommender.recommend("7")
    spread = recommender.recommend("7", order=Order(diversity=0.5))
    assert spread[0] == plain[0]
    scores = model.e_items @ model.e_users[model.users.ids.to_list().index(7)]
    ids = model.items.ids.to_list()
    assert all(place.score == pytest.approx(scores[ids.index(place.item)], abs=1e-5) for place in spread)
    rarer = recommender.recommend("7", order=Order(popularity_discount=0.5))
    users = dict(zip(ids, model.popularity.tolist(), strict=True))
    assert np.mean([users[place.item] for place in rarer]) < np.mean([users[place.item] for place in plain])


def test_everybodys_lists_are_those_that_each_is_given(recommender: Recommender, tmp_path: Path) -> None:
    recommender.write_all(tmp_path / "lists.parquet", 5)
    table = pl.read_parquet(tmp_path / "lists.parquet")
    assert table["user"].n_unique() == len(recommender.model.users)
    for user in recommender.model.users.ids[::200]:
        expected = [place.score for place in recommender.recommend(user, 5)]
        np.testing.assert_allclose(table.filter(user=user)["score"], expected, atol=1e-5)


def test_the_index_finds_nearly_all_and_nothing_that_was_seen(recommender: Recommender) -> None:
    model, index = recommender.model, ItemIndex.of(recommender.model)
    assert index.recall(model, np.arange(0, len(model.users), 20), 10) > 0.95
    near = Recommender(model, index)
    for user in range(0, len(model.users), 100):
        places = near.recommend(model.users.ids[user], filters=Filters(("Drama",)))
        seen = {model.items.ids[item] for item in model.seen[user].tolist()}
        assert not seen & {place.item for place in places}
        assert all("Drama" in (place.genres or ()) for place in places)


def test_exported_graphs_score_as_the_recommender_does(
    recommender: Recommender, likes: list[int], tmp_path: Path
) -> None:
    model = recommender.model
    export(model, recommender.names, tmp_path / "graphs", "onnx")
    known, fold_in = (onnxruntime.InferenceSession(tmp_path / "graphs" / name) for name in (KNOWN, FOLD_IN))
    (scores,) = known.run(None, {"user": np.arange(5)})
    np.testing.assert_allclose(scores, model.e_users[:5] @ model.e_items.T, atol=1e-5)
    asked = np.zeros((1, len(model.items)), np.float32)
    asked[0, likes] = 1
    (scores,) = fold_in.run(None, {"likes": asked})
    np.testing.assert_allclose(scores[0], model.e_items @ new_person(model, likes).vector, atol=1e-5)
    best = np.argmax(np.where(asked[0] == 1, -np.inf, scores[0]))
    assert (
        recommender.recommend(likes=[model.items.ids[index] for index in likes], k=1)[0].item
        == model.items.ids[int(best)]
    )
