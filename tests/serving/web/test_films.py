"""Films by HTTP."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest

from tastegraph.serving.recommender import Recommender

from .conftest import write_ratings

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import httpx

    from .conftest import Served


@pytest.mark.parametrize(
    ("query", "title"),
    [
        ("the matrix", "Matrix, The"),
        ("matirx", "Matrix, The"),
        ("amelie", "Amélie"),
        ("toy stroy", "Toy Story"),
        ("bladerunner", "Blade Runner"),
        ("2001", "2001: A Space Odyssey"),
        ("drop table", "Robert'); DROP TABLE feedback;--"),
    ],
)
def test_search_forgives(client: httpx.Client, query: str, title: str) -> None:
    films = client.get("/api/v1/search", params={"q": query, "limit": 3}).json()["films"]
    assert films[0]["title"] == title


def test_films_come_by_popularity_and_genre(client: httpx.Client) -> None:
    page = client.get("/api/v1/films", params={"limit": 100}).json()
    users = [film["users"] for film in page["films"]]
    assert page["total"] == len(users) == 40
    assert users == sorted(users, reverse=True)
    part = client.get("/api/v1/films", params={"offset": 10, "limit": 5}).json()["films"]
    assert part == page["films"][10:15]
    dramas = client.get("/api/v1/films", params={"genre": "Drama", "limit": 100}).json()
    assert client.get("/api/v1/films", params={"genre": "dRAMA", "limit": 100}).json() == dramas
    assert {film["id"] for film in dramas["films"]} == {f["id"] for f in page["films"] if "Drama" in f["genres"]}
    genres = client.get("/api/v1/genres").json()["genres"]
    assert {genre["name"]: genre["films"] for genre in genres}["Drama"] == dramas["total"]


def test_a_film_and_its_neighbours(client: httpx.Client, trained: Path) -> None:
    recommender = Recommender.load(trained)
    film = client.get("/api/v1/films/1").json()
    assert (film["title"], film["year"]) == ("Matrix, The", 1960)
    similar = client.get("/api/v1/films/1/similar", params={"k": 4}).json()["similar"]
    assert [other["id"] for other in similar] == [place.item for place in recommender.similar(1, 4)]
    assert similar == film["similar"][:4]


def test_the_map_holds_every_film_within_one(client: httpx.Client) -> None:
    answer = client.get("/api/v1/map")
    told = answer.json()
    assert sorted(told["ids"]) == list(range(1, 41))
    assert max(map(abs, told["x"] + told["y"])) == pytest.approx(1)
    again = client.get("/api/v1/map", headers={"If-None-Match": answer.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


def test_the_model_tells_of_its_run(client: httpx.Client, trained: Path) -> None:
    told = client.get("/api/v1/model").json()
    assert told["result"] == json.loads((trained / "result.json").read_text(encoding="utf-8"))
    assert [line["epoch"] for line in told["epochs"]] == [1, 2, 3]
    assert (told["users"], told["items"], told["dimensions"]) == (60, 40, 16)


def test_metrics_count_answers_by_route(client: httpx.Client) -> None:
    client.get("/api/v1/films/1")
    text = client.get("/metrics").text
    assert 'tastegraph_requests_total{method="GET",route="/api/v1/films/{film}",status="200"}' in text
    assert client.get("/health").json() == {"status": "alive"}
    assert client.get("/ready").json()["status"] == "ready"


def test_ids_with_a_slash_are_found_and_liked(serving: Callable[..., Served], tmp_path: Path) -> None:
    """And with whatever else an id may hold: it is one part of a path, in percent encoding."""
    write_ratings(tmp_path)
    rows = [line.split(",") for line in (tmp_path / "ratings.csv").read_text().splitlines()[1:]]
    lines = [f"u/{user},a/b {film}?#%,{rating},{time}" for user, film, rating, time in rows]
    (tmp_path / "odd.csv").write_text("\n".join(["user,item,rating,timestamp", *lines]) + "\n", encoding="utf-8")
    settings = ["training.epochs=1", "baselines=[]", "model.embedding_dim=8"]
    words = [word for setting in settings for word in ("--set", setting)]
    command = [sys.executable, "-m", "tastegraph", "train", str(tmp_path / "odd.csv"), "--out", str(tmp_path / "run")]
    subprocess.run([*command, "--force", *words], check=True, capture_output=True)
    service = serving("--feedback", str(tmp_path / "feedback.db"))
    film = quote("a/b 7?#%", safe="")
    with service.client() as client:
        assert client.get(f"/api/v1/films/{film}").json()["id"] == "a/b 7?#%"
        assert client.get(f"/api/v1/films/{film}/similar").json()["similar"]
        assert client.get(f"/api/v1/users/{quote('u/3', safe='')}/recommendations").json()["recommendations"]
        client.post("/api/v1/accounts")
        assert client.put(f"/api/v1/account/films/{film}", json={"kind": "like"}).json()["id"] == "a/b 7?#%"
        assert client.delete(f"/api/v1/account/films/{film}").status_code == 204
