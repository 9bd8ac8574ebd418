"""Lists by HTTP are the recommender's."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tastegraph.serving.filters import Filters
from tastegraph.serving.recommender import Recommender

if TYPE_CHECKING:
    from pathlib import Path

    import httpx


@pytest.fixture(scope="module")
def recommender(trained: Path) -> Recommender:
    return Recommender.load(trained)


def test_a_known_users_list(client: httpx.Client, recommender: Recommender) -> None:
    for _ in range(2):  # made, then remembered
        answer = client.get("/api/v1/users/7/recommendations", params={"k": 5})
        assert answer.status_code == 200
        places = answer.json()["recommendations"]
        expected = recommender.recommend("7", 5)
        assert [place["id"] for place in places] == [place.item for place in expected]
        assert [place["score"] for place in places] == pytest.approx([place.score for place in expected])
        assert [place["rank"] for place in places] == [1, 2, 3, 4, 5]


def test_a_list_from_likes_and_dislikes_leaves_out_what_is_seen(client: httpx.Client, recommender: Recommender) -> None:
    body = {"likes": [1, "2", 2], "dislikes": [30], "seen": [3], "k": 6}
    places = client.post("/api/v1/recommendations", json=body).json()["recommendations"]
    expected = recommender.recommend(likes=["1", "2"], dislikes=["30"], k=6, filters=Filters(exclude=("3",)))
    assert [place["id"] for place in places] == [place.item for place in expected]
    assert not {1, 2, 3, 30} & {place["id"] for place in places}


def test_reasons_are_the_largest_shares_of_the_score(client: httpx.Client, recommender: Recommender) -> None:
    likes = [1, 2, 5, 9, 25]
    places = client.post("/api/v1/recommendations", json={"likes": likes, "k": 8}).json()["recommendations"]
    for place in places:
        shares = recommender.because(place["id"], likes=[str(like) for like in likes]).films
        largest = [(share.item, pytest.approx(share.score, rel=1e-5)) for share in shares[:2] if share.score > 0]
        assert [(why["id"], why["share"]) for why in place["because"]] == largest


def test_genres_and_years_filter(client: httpx.Client) -> None:
    body = {"likes": [1], "genres": ["Sci-Fi"], "year_from": 1970, "year_to": 1985, "k": 40}
    places = client.post("/api/v1/recommendations", json=body).json()["recommendations"]
    assert places
    assert all("Sci-Fi" in place["genres"] and 1970 <= place["year"] <= 1985 for place in places)
    places = client.get("/api/v1/users/7/recommendations?k=40&genre=Sci-Fi&genre=Horror").json()["recommendations"]
    assert all({"Sci-Fi", "Horror"} & set(place["genres"]) for place in places)


def test_surprise_brings_less_popular_films(client: httpx.Client, recommender: Recommender) -> None:
    popularity = dict(zip(recommender.model.items.ids, recommender.model.popularity.tolist(), strict=True))

    def users(surprise: float) -> float:
        body = {"likes": [1, 2, 3], "surprise": surprise, "k": 5}
        places = client.post("/api/v1/recommendations", json=body).json()["recommendations"]
        return float(sum(popularity[place["id"]] for place in places) / len(places))

    assert users(1.0) < users(0.0)


def test_a_list_is_as_long_as_there_are_films(client: httpx.Client) -> None:
    places = client.post("/api/v1/recommendations", json={"likes": [1], "k": 100}).json()["recommendations"]
    assert len(places) == 39


def test_a_disliked_film_is_no_reason(client: httpx.Client) -> None:
    answer = client.post("/api/v1/recommendations", json={"likes": [1, 2], "dislikes": [25, 26, 27], "k": 10})
    reasons = [film["id"] for place in answer.json()["recommendations"] for film in place["because"]]
    assert reasons
    assert set(reasons) <= {1, 2}
