"""An account by HTTP: what it says is kept and its list follows; nobody else reads it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .test_problems import is_problem

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import httpx

    from .conftest import Served

LISTS = "/api/v1/account/recommendations"


def opened(client: httpx.Client) -> dict[str, str]:
    """The header of a new account."""
    client.cookies.clear()
    answer = client.post("/api/v1/accounts")
    assert answer.status_code == 201
    client.cookies.clear()
    return {"Tastegraph-Account": answer.json()["token"]}


def test_the_list_follows_every_click(client: httpx.Client) -> None:
    me = opened(client)
    is_problem(client.get(LISTS, headers=me), 409, "no-likes")
    lists = []
    for film in (1, 25):
        answer = client.put(f"/api/v1/account/films/{film}", json={"kind": "like"}, headers=me)
        assert answer.json() == {"id": film, "kind": "like"}
        lists.append([place["id"] for place in client.get(LISTS, headers=me).json()["recommendations"]])
        assert film not in lists[-1]
    assert lists[0] != lists[1]
    disliked = lists[1][0]
    client.put(f"/api/v1/account/films/{disliked}", json={"kind": "dislike"}, headers=me)
    client.put(f"/api/v1/account/films/{lists[1][1]}", json={"kind": "seen"}, headers=me)
    now = [place["id"] for place in client.get(LISTS, headers=me).json()["recommendations"]]
    assert not {*lists[1][:2], 1, 25} & set(now)
    told = client.get("/api/v1/account", headers=me).json()
    assert {part: [film["id"] for film in told[part]] for part in ("likes", "dislikes", "seen")} == {
        "likes": [1, 25], "dislikes": [disliked], "seen": [lists[1][1]],
    }  # fmt: skip
    assert client.delete(f"/api/v1/account/films/{disliked}", headers=me).status_code == 204
    assert client.get("/api/v1/account", headers=me).json()["dislikes"] == []


def test_the_list_is_that_of_the_same_likes(client: httpx.Client) -> None:
    me = opened(client)
    for film in (2, 7, 9):
        client.put(f"/api/v1/account/films/{film}", json={"kind": "like"}, headers=me)
    of_likes = client.post("/api/v1/recommendations", json={"likes": [2, 7, 9]}).json()
    assert client.get(LISTS, headers=me).json() == of_likes


def test_nobody_else_reads_or_changes_it(client: httpx.Client) -> None:
    me, other = opened(client), opened(client)
    client.put("/api/v1/account/films/1", json={"kind": "like"}, headers=me)
    assert client.get("/api/v1/account", headers=other).json()["likes"] == []
    for headers in ({}, {"Tastegraph-Account": "guessed"}, {"Tastegraph-Account": "1"}):
        for method, path in (("GET", ""), ("DELETE", ""), ("PUT", "/films/1"), ("DELETE", "/films/1")):
            body = {"json": {"kind": "like"}} if method == "PUT" else {}
            answer = client.request(method, f"/api/v1/account{path}", headers=headers, **body)  # type: ignore[arg-type]
            is_problem(answer, 401, "account-token-needed")
    assert [film["id"] for film in client.get("/api/v1/account", headers=me).json()["likes"]] == [1]


def test_an_account_is_forgotten(client: httpx.Client) -> None:
    me = opened(client)
    client.put("/api/v1/account/films/1", json={"kind": "like"}, headers=me)
    assert client.delete("/api/v1/account", headers=me).status_code == 204
    is_problem(client.get("/api/v1/account", headers=me), 401, "account-token-needed")


def test_the_pages_cookie_is_not_for_scripts(client: httpx.Client) -> None:
    cookie = client.post("/api/v1/accounts").headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    assert client.get("/api/v1/account").json()["likes"] == []  # by the cookie alone
    client.cookies.clear()


def test_a_film_or_word_that_is_not_there(client: httpx.Client) -> None:
    me = opened(client)
    is_problem(client.put("/api/v1/account/films/999", json={"kind": "like"}, headers=me), 404, "unknown-film")
    is_problem(client.put("/api/v1/account/films/1", json={"kind": "adore"}, headers=me), 422, "invalid-request")


def test_a_store_that_fails_is_a_problem_and_lists_go_on(serving: Callable[..., Served], tmp_path: Path) -> None:
    service = serving()
    with service.client() as client:
        me = opened(client)
        for name in ("feedback.db", "feedback.db-wal", "feedback.db-shm"):
            (tmp_path / name).write_bytes(b"no database" * 1000)
        answer = client.put("/api/v1/account/films/1", json={"kind": "like"}, headers=me)
        is_problem(answer, 503, "store-down")
        is_problem(client.get("/ready"), 503, "store-down")
        assert client.get("/api/v1/users/7/recommendations").status_code == 200
        assert client.get("/health").status_code == 200
