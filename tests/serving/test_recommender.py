from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
import pytest

from tastegraph.data.vocabulary import Vocabulary
from tastegraph.errors import DataError, FilterError, ModelError, RequestError, UnknownUserError, shown
from tastegraph.graph.neighbours import NeighbourLists
from tastegraph.saved_model import Folding, SavedModel
from tastegraph.serving.person import new_person
from tastegraph.serving.places import Recommendation
from tastegraph.serving.recommender import Recommender

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from .conftest import Small


@pytest.fixture
def saved() -> SavedModel:
    """Two users, three films; user "ann" has seen film 20."""
    items = pl.DataFrame(
        {"item": [10, 20, 30], "title": ["A", "B", None], "year": [1990, 1991, None], "genres": [["Drama"], [], None]}
    )
    return SavedModel(
        e_users=np.array([[1, 0], [0, 1]], np.float32),
        e_items=np.array([[0.5, 9], [3, 1], [2, 1]], np.float32),
        folding=Folding(np.zeros((2, 2), np.float32), np.zeros((2, 2), np.float32), np.zeros((3, 2), np.float32)),
        fit=NeighbourLists.from_pairs([0], [1], 2, 3),
        users=Vocabulary(pl.Series(["ann", "bob"])),
        items=Vocabulary(items["item"]),
        item_table=items,
        seen=NeighbourLists.from_pairs([0], [1], 2, 3),
        about={"data": {"name": "toy"}},
    )


def test_a_list_names_films_in_the_order_of_their_scores_without_the_seen(saved: SavedModel, tmp_path: Path) -> None:
    saved.save(tmp_path / "model")
    recommender = Recommender.load(tmp_path)
    assert recommender.recommend("ann", k=3) == [
        Recommendation(1, 30, 2.0, None, None, None),
        Recommendation(2, 10, 0.5, "A", 1990, ["Drama"]),
    ]
    assert [place.item for place in recommender.recommend("bob", k=2)] == [10, 20]
    assert Recommender.load(tmp_path / "model").model.about == {"data": {"name": "toy"}}


def test_an_unknown_user_is_answered_with_the_nearest_ids(saved: SavedModel) -> None:
    with pytest.raises(UnknownUserError, match=r"user anne is not among the 2 users .*; nearest: ann, bob"):
        Recommender(saved).recommend("anne", k=1)


def test_a_list_of_no_place_is_refused(saved: SavedModel) -> None:
    with pytest.raises(ModelError, match="k = 0"):
        Recommender(saved).recommend("ann", k=0)
    with pytest.raises(ModelError, match="from 1 to 3 places, one an item; found k = 4"):
        Recommender(saved).recommend("ann", k=4)


def test_a_new_persons_list_leaves_out_what_she_named(small: Small) -> None:
    recommender = Recommender(small.saved)
    places = recommender.recommend(likes=["alien", 90], dislikes=["Fargo"], k=9)
    assert {place.item for place in places} == {20, 30, 40, 50, 60, 70}
    assert [place.score for place in places] == sorted((place.score for place in places), reverse=True)
    vector = new_person(small.saved, [0, 8], [7]).vector
    for place in places:
        assert place.score == pytest.approx(float(small.saved.e_items[place.item // 10 - 1] @ vector), abs=1e-6)  # type: ignore[operator]
    assert recommender.recommend(likes="Alien", k=2) == recommender.recommend(likes=[10], k=2)


def test_neither_user_nor_like_is_refused(small: Small) -> None:
    with pytest.raises(ModelError, match="at least one like"):
        Recommender(small.saved).recommend(k=3)


def test_a_folder_without_a_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="no such run"):
        Recommender.load(tmp_path / "gone")
    with pytest.raises(ModelError, match="expected a finished run"):
        Recommender.load(tmp_path)
    (tmp_path / "recipe.toml").write_text("", encoding="utf-8")
    with pytest.raises(ModelError, match="it has not finished"):
        Recommender.load(tmp_path)


def test_a_catalogue_of_fewer_than_ten_items_gives_all_it_has_unless_a_length_is_asked_for(saved: SavedModel) -> None:
    assert len(saved.items) < 10
    known = str(saved.users.ids[0])
    assert len(Recommender(saved).recommend(known)) == len(saved.items) - saved.seen.counts[0]
    with pytest.raises(ModelError, match="found k = 10"):
        Recommender(saved).recommend(known, 10)


@pytest.mark.parametrize("k", [0, -1, 10**30, pytest.param(10**5000, id="enormous"), 2.5, "3", True])
def test_a_length_that_is_none_is_refused_everywhere_alike(small: Small, tmp_path: Path, k: Any) -> None:
    recommender = Recommender(small.saved)
    asked: dict[str, Callable[[], object]] = {
        "one an item": lambda: recommender.recommend("u01", k),
        "one an item ": lambda: recommender.similar("Alien", k),
        "one an item  ": lambda: recommender.write_all(tmp_path / "lists.csv", k),
        "one a user": lambda: recommender.similar_users("u01", k),
        "one a user ": lambda: recommender.audience(["u01"], k),
    }
    for what, ask in asked.items():
        with pytest.raises(
            RequestError, match=rf"a list has from 1 to \d+ places, {what.strip()}; found k = "
        ) as error:
            ask()
        assert str(error.value).endswith(shown(k))
    assert not list(tmp_path.iterdir())


def test_a_numpy_integer_is_a_length(small: Small) -> None:
    assert len(Recommender(small.saved).recommend("u01", np.int64(2))) == 2  # type: ignore[arg-type]
    assert len(Recommender(small.saved).similar_users("u01")) == 10


def test_one_like_may_stand_alone_and_none_for_no_likes(small: Small) -> None:
    recommender = Recommender(small.saved)
    assert recommender.recommend(likes="Alien") == recommender.recommend(likes=["Alien"])
    assert recommender.recommend(likes=10) == recommender.recommend(likes=[10])  # type: ignore[arg-type]
    assert recommender.recommend("u01", likes=None) == recommender.recommend("u01")  # type: ignore[arg-type]


@pytest.mark.parametrize("user", ["", " u01", "u\n01"])
def test_an_id_that_would_not_be_seen_is_quoted(small: Small, user: str) -> None:
    with pytest.raises(UnknownUserError, match="user '") as error:
        Recommender(small.saved).recommend(user)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("wrong", [{"filters": {"genres": "War"}}, {"filters": "War"}, {"order": 0.3}])
def test_filters_and_orders_of_another_kind_are_refused(small: Small, wrong: dict[str, Any], tmp_path: Path) -> None:
    recommender = Recommender(small.saved)
    with pytest.raises(FilterError, match=r"expected (Filters|Order)\(\.\.\.\) of tastegraph\.serving\.\w+; found "):
        recommender.recommend("u03", **wrong)
    if "filters" in wrong:
        with pytest.raises(FilterError, match="expected Filters"):
            recommender.write_all(tmp_path / "lists.csv", **wrong)


@pytest.mark.parametrize("path", [None, 3, ["lists.csv"]])
def test_what_is_no_path_is_refused(small: Small, path: Any) -> None:
    with pytest.raises(DataError, match="expected a path; found "):
        Recommender(small.saved).write_all(path)
    with pytest.raises(ModelError, match="expected a path; found "):
        Recommender.load(path)
