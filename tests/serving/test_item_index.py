from __future__ import annotations

import sys
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
import pytest

from tastegraph.data.vocabulary import Vocabulary
from tastegraph.errors import ModelError
from tastegraph.graph.neighbours import NeighbourLists
from tastegraph.saved_model import Folding, SavedModel
from tastegraph.serving.filters import Filters
from tastegraph.serving.item_index import ItemIndex
from tastegraph.serving.order import Order
from tastegraph.serving.recommender import Recommender

if TYPE_CHECKING:
    from pathlib import Path

USERS, ITEMS = 40, 5000


@pytest.fixture(scope="module")
def large() -> SavedModel:
    """Rows of unlike lengths, every tenth item a comedy; every user has seen the hundred items that score highest."""
    rng = np.random.default_rng(5)
    e_users = rng.normal(size=(USERS, 8)).astype(np.float32)
    e_items = (rng.normal(size=(ITEMS, 8)) * rng.uniform(0.2, 3, (ITEMS, 1))).astype(np.float32)
    best = np.argsort(-(e_users @ e_items.T), axis=1)[:, :100]
    lists = NeighbourLists.from_pairs(np.repeat(np.arange(USERS), 100), best.ravel(), USERS, ITEMS)
    ids = pl.Series("item", np.arange(ITEMS))
    genres = [["Comedy"] if item % 10 == 0 else ["Drama"] for item in range(ITEMS)]
    folding = Folding(np.zeros_like(e_users), np.zeros_like(e_users), e_items)
    table = pl.DataFrame({"item": ids, "genres": genres})
    users = Vocabulary(pl.Series([f"u{user}" for user in range(USERS)]))
    return SavedModel(e_users, e_items, folding, lists, users, Vocabulary(ids), table, lists)


@pytest.fixture(scope="module")
def index(large: SavedModel) -> ItemIndex:
    return ItemIndex.of(large)


def test_lists_by_the_index_are_nearly_the_exact_ones(large: SavedModel, index: ItemIndex) -> None:
    assert index.recall(large, np.arange(USERS), 10) > 0.97
    exact, near = Recommender(large), Recommender(large, index)
    shared = [
        len({place.item for place in exact.recommend(user)} & {place.item for place in near.recommend(user)})
        for user in large.users.ids.to_list()
    ]
    assert np.mean(shared) > 9.7
    assert near.recommend("u3")[0] == exact.recommend("u3")[0]


def test_what_must_not_be_listed_is_not(large: SavedModel, index: ItemIndex) -> None:
    near = Recommender(large, index)
    for user in range(USERS):
        seen = set(large.seen[user].tolist())
        places = near.recommend(f"u{user}", 20, filters=Filters(genres=("comedy",)))
        assert len(places) == 20
        assert all(place.genres == ["Comedy"] for place in places)
        assert not seen & {place.item for place in places}
        assert [place.score for place in places] == sorted((place.score for place in places), reverse=True)


def test_it_says_what_it_reaches_or_that_all_had_better_be_scored(large: SavedModel, index: ItemIndex) -> None:
    allowed = np.ones(ITEMS, np.bool_)
    reach = index.reach(large.e_users[0], 10, allowed)
    assert reach is not None
    assert len(reach) >= 10
    assert reach.tolist() == sorted(set(reach.tolist()))
    few = np.zeros(ITEMS, np.bool_)
    few[:12] = True
    assert index.reach(large.e_users[0], 10, few) is None
    rare = Filters(exclude=tuple(range(20, ITEMS)))
    assert Recommender(large, index).recommend("u1", 5, filters=rare) == Recommender(large).recommend(
        "u1", 5, filters=rare
    )


def test_orders_hold_with_an_index(large: SavedModel, index: ItemIndex) -> None:
    near, exact = Recommender(large, index), Recommender(large)
    discounted = Order(popularity_discount=0.5)
    assert near.recommend("u2", order=discounted) == exact.recommend("u2", order=discounted)
    spread = near.recommend("u2", order=Order(diversity=0.4))
    assert len({place.item for place in spread} & {p.item for p in exact.recommend("u2", order=Order(0.4))}) >= 8
    new = near.recommend(likes=[3, 14], k=5)
    assert not {3, 14} & {place.item for place in new}


def test_a_saved_index_is_that_of_its_model_or_refused(large: SavedModel, index: ItemIndex, tmp_path: Path) -> None:
    large.save(tmp_path / "model")
    index.save(tmp_path / "index")
    near = Recommender.load(tmp_path, approximate=True)
    assert near.recommend("u4") == Recommender(large, index).recommend("u4")
    other = replace(large, e_items=large.e_items + 1)
    with pytest.raises(ModelError, match="the index of another model; make it anew"):
        ItemIndex.load(tmp_path / "index", other)
    path = tmp_path / "index" / "items.usearch"
    whole = path.read_bytes()
    for damaged in (whole[:-1], whole[:-1] + bytes([whole[-1] ^ 1])):
        path.write_bytes(damaged)
        with pytest.raises(ModelError, match="altered since the index was made"):
            Recommender.load(tmp_path, approximate=True)
    path.unlink()
    with pytest.raises(ModelError, match="no such file; make the index"):
        Recommender.load(tmp_path, approximate=True)
    path.write_bytes(whole)
    for text, expected in (("{", "not JSON"), ("[]", "expected an index of schema 1"), ('{"schema": 2}', "schema 1")):
        (tmp_path / "index" / "index.json").write_text(text, encoding="utf-8")
        with pytest.raises(ModelError, match=expected):
            ItemIndex.load(tmp_path / "index", large)


def test_a_missing_package_is_told(large: SavedModel, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "usearch.index", None)
    with pytest.raises(ModelError, match=r'needs the extra "index": pip install "tastegraph\[index\]"'):
        ItemIndex.of(large)
