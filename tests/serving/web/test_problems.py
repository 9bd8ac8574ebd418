"""Whatever goes wrong is told as problem details, and the service goes on."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    import httpx

    from .conftest import Served

LISTS = "/api/v1/recommendations"


def is_problem(answer: httpx.Response, status: int, name: str) -> dict[str, Any]:
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json"), answer.text
    told: dict[str, Any] = answer.json()
    assert told["status"] == status
    assert told["type"] == f"/docs#{name}"
    assert told["title"]
    assert told["detail"]
    return told


@pytest.mark.parametrize(
    "body",
    [
        b"", b"{", b"[]", b"null", b"\xff\xfe", b'{"likes": []}', b'{"likes": "1"}', b'{"likes": [1.5]}',
        b'{"likes": [null]}',
        b'{"likes": [1], "k": 0}', b'{"likes": [1], "k": 101}', b'{"likes": [1], "k": "5"}',
        b'{"likes": [1], "k": true}',
        b'{"likes": [1], "surprise": NaN}', b'{"likes": [1], "surprise": 1e400}',
        b'{"likes": [1], "diversity": -Infinity}',
        b'{"likes": [1], "more": 1}', b'{"likes": [1], "year_from": 2000.5}', b'{"likes": [' + b"9" * 5000 + b"]}",
        b'{"likes": ["' + b"x" * 201 + b'"]}', b'{"likes": [1], "genres": [7]}', b"[" * 20000,
    ],
)  # fmt: skip
def test_a_body_that_is_not_as_it_must_be(client: httpx.Client, body: bytes) -> None:
    answer = client.post(LISTS, content=body, headers={"Content-Type": "application/json"})
    told = is_problem(answer, 422, "invalid-request")
    assert told["errors"]


def test_unknown_ids_are_named(client: httpx.Client) -> None:
    told = is_problem(client.post(LISTS, json={"likes": [1, 999, "x\ud800"[:1]]}), 422, "unknown-films")
    assert told["unknown"] == ["999", "x"]
    is_problem(client.get("/api/v1/users/nobody/recommendations"), 404, "unknown-user")
    is_problem(client.get("/api/v1/films/999"), 404, "unknown-film")
    is_problem(client.get("/api/v1/films/%F0%9F%8E%AC/similar"), 404, "unknown-film")
    surrogate = client.post(LISTS, content=b'{"likes": ["\\ud800"]}', headers={"Content-Type": "application/json"})
    assert surrogate.status_code == 422


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/api/v1/search", "invalid-request"),
        ("/api/v1/search?q=" + "x" * 101, "invalid-request"),
        ("/api/v1/films?offset=-1", "invalid-request"),
        ("/api/v1/films?limit=1000", "invalid-request"),
        ("/api/v1/users/7/recommendations?surprise=nan", "invalid-request"),
        ("/api/v1/users/7/recommendations?k=ten", "invalid-request"),
        ("/api/v1/users/7/recommendations?other=1", "invalid-request"),
        ("/api/v1/users/7/recommendations?year_from=2000&year_to=1990", "nothing-passes"),
        ("/api/v1/users/7/recommendations?genre=Westerns", "nothing-passes"),
        ("/api/v1/films?genre=%3Cscript%3E", "nothing-passes"),
    ],
)
def test_a_query_that_is_not_as_it_must_be(client: httpx.Client, path: str, name: str) -> None:
    is_problem(client.get(path), 422, name)


def test_a_film_liked_and_disliked(client: httpx.Client) -> None:
    told = is_problem(client.post(LISTS, json={"likes": [1], "dislikes": ["1"]}), 422, "invalid-request")
    assert told["detail"].endswith('" is both liked and disliked')


def test_too_much(client: httpx.Client) -> None:
    is_problem(client.post(LISTS, json={"likes": list(range(501))}), 422, "invalid-request")
    is_problem(client.post(LISTS, json={"likes": list(range(100_000))}), 413, "too-large")
    is_problem(client.post(LISTS, content=b" " * 10_000_000), 413, "too-large")

    def in_pieces() -> Iterator[bytes]:
        yield from [b" " * 50_000] * 4

    is_problem(client.post(LISTS, content=in_pieces()), 413, "too-large")


def test_faults_are_told_in_the_apis_words(client: httpx.Client) -> None:
    json = {"Content-Type": "application/json"}
    told = is_problem(client.post(LISTS, content=b"{likes: [1]}", headers=json), 422, "invalid-request")
    assert told["detail"] == "body: JSON; it is none from character 1 on"
    told = is_problem(client.post(LISTS, json={"likes": [1], "like": [2]}), 422, "invalid-request")
    assert told["detail"] == "body.like: no such name"


def test_what_is_not_there(client: httpx.Client) -> None:
    for path in ("/api/v1/films/", "/model/"):
        is_problem(client.get(path), 404, "not-found")
    is_problem(client.get("/api/v1/films/1/"), 404, "unknown-film")  # an id may hold a slash
    is_problem(client.get("/api/v1/nothing"), 404, "not-found")
    is_problem(client.get("/api/v2/films"), 404, "not-found")
    is_problem(client.get("/static/../app.py"), 404, "not-found")
    is_problem(client.get("/static/%2e%2e%2fapp.py"), 404, "not-found")
    answer = client.delete("/api/v1/films")
    is_problem(answer, 405, "method-not-allowed")
    assert answer.headers["allow"] == "GET"
    assert client.patch("/api/v1/account").headers["allow"] == "DELETE, GET"
    assert client.post("/api/v1/account/films/1", json={}).headers["allow"] == "DELETE, PUT"


@pytest.mark.parametrize(
    "text", ["'; DROP TABLE feedback; --", "<script>alert(1)</script>", "%00", "\u202e", "a" * 100]
)
def test_any_text_may_be_searched_for(client: httpx.Client, text: str) -> None:
    answer = client.get("/api/v1/search", params={"q": text})
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"


def test_other_sites_and_names_are_refused(client: httpx.Client) -> None:
    is_problem(client.get("/api/v1/films", headers={"Host": "rebound.example"}), 421, "foreign-host")
    cross = client.post("/api/v1/accounts", headers={"Sec-Fetch-Site": "cross-site"})
    is_problem(cross, 403, "foreign-page")
    for origin in ("http://evil.example", "null"):  # of a browser too old for Sec-Fetch headers
        is_problem(client.post("/api/v1/accounts", headers={"Origin": origin}), 403, "foreign-page")
    own = {"Origin": str(client.base_url).rstrip("/")}
    assert client.post("/api/v1/accounts", headers=own).status_code == 201
    assert client.post(LISTS, content=b'{"likes": [1]}').status_code == 415  # a form cannot send JSON unasked


def test_every_answer_has_the_strict_headers(client: httpx.Client) -> None:
    for path in ("/", "/model", "/docs", "/enter", "/static/main.js", "/api/v1/films", "/nothing"):
        headers = client.get(path).headers
        policy = headers["content-security-policy"]
        assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self';")
        assert "unsafe" not in policy
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["x-request-id"]


def test_requests_are_logged_as_lines_of_json(served: Served, client: httpx.Client) -> None:
    number = client.get("/api/v1/search", params={"q": "a secret"}).headers["x-request-id"]
    client.get("/health")
    lines = [json.loads(line) for line in list(served.said) if line.startswith("{")]
    line = next(line for line in lines if line.get("id") == number)
    assert (line["event"], line["method"], line["status"]) == ("request", "GET", 200)
    assert line["path"] == "/api/v1/search"
    assert "secret" not in json.dumps(line)
