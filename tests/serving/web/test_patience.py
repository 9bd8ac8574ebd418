from __future__ import annotations

import json
import socket
import sqlite3
import time
from contextlib import ExitStack, closing, suppress
from typing import TYPE_CHECKING

import pytest

from tastegraph.errors import FeedbackError
from tastegraph.serving.feedback import FeedbackStore

from .conftest import train, write_ratings
from .test_problems import is_problem

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import httpx

    from .conftest import Served

BEGUN = (
    b"POST /api/v1/recommendations HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
    b"Content-Length: 20\r\n\r\n{"
)


def _connected(service: Served, first: bytes) -> socket.socket:
    """A connection that has sent so much and sends no more."""
    opened = socket.create_connection(("127.0.0.1", int(service.url.rpartition(":")[2])), timeout=20)
    opened.sendall(first)
    return opened


def test_slow_bodies_keep_nobody_waiting_and_end_in_time(served: Served, client: httpx.Client) -> None:
    """Of one client 32 are waited for, five seconds each; the others are refused at once, and lists are made."""
    with ExitStack() as stack:
        slow = [stack.enter_context(_connected(served, BEGUN)) for _ in range(40)]
        time.sleep(0.3)
        assert client.get("/api/v1/users/1/recommendations").status_code == 200
        assert client.get("/ready").status_code == 200
        heads = [opened.recv(200).split(b"\r\n")[0].split()[1] for opened in slow]
    assert sorted(heads) == [b"408"] * 32 + [b"429"] * 8
    assert client.post("/api/v1/recommendations", json={"likes": [1]}).status_code == 200


def test_headers_that_never_end_are_not_waited_for(served: Served) -> None:
    """Neither on a fresh connection nor, after an answer, for a further request on it."""
    began = time.monotonic()
    whole, part = b"GET /health HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", b"GET /health HTTP/1.1\r\nHost: 127"
    with _connected(served, part) as fresh, _connected(served, b"") as silent, _connected(served, whole) as kept:
        answer = b""
        while not answer.endswith(b'{"status":"alive"}'):  # head and body may come one after the other
            received = kept.recv(2000)
            assert received
            answer += received
        kept.sendall(b"GET /hea")
        for opened in (fresh, silent, kept):
            with suppress(ConnectionResetError):
                assert opened.recv(2000) == b""
    assert 5 < time.monotonic() - began < 18


def test_a_body_of_another_type_is_refused(client: httpx.Client) -> None:
    for kind in ("text/plain", "application/x-www-form-urlencoded"):
        answer = client.post("/api/v1/recommendations", content=b'{"likes": [1]}', headers={"Content-Type": kind})
        is_problem(answer, 415, "unsupported-type")
    kind = "application/json; charset=utf-8"
    answer = client.post("/api/v1/recommendations", content=b'{"likes": [1]}', headers={"Content-Type": kind})
    assert answer.status_code == 200


@pytest.mark.parametrize("path", ["/", "/health", "/api/v1/model", "/static/style.css"])
def test_head_is_get_without_the_body(client: httpx.Client, path: str) -> None:
    whole = client.get(path, headers={"Accept-Encoding": "identity"})
    head = client.head(path, headers={"Accept-Encoding": "identity"})
    assert head.status_code == whole.status_code == 200
    assert head.content == b""
    assert head.headers["content-type"] == whole.headers["content-type"]
    assert head.headers["content-length"] == str(len(whole.content))


def test_a_fault_is_named_by_its_place_once(client: httpx.Client) -> None:
    answer = client.post("/api/v1/recommendations", json={"likes": [{}, None], "k": "many"})
    is_problem(answer, 422, "invalid-request")
    places = [fault["at"] for fault in answer.json()["errors"]]
    assert "body.likes.0" in places
    assert "body.likes.1" in places
    assert len(places) == len(set(places))
    assert not any("constrained" in place or "str" in place.split(".") for place in places)


def test_begin_and_end_are_logged(serving: Callable[..., Served], tmp_path: Path) -> None:
    service = serving("--feedback", str(tmp_path / "feedback.db"))
    assert service.end() == 0
    events = [json.loads(line)["event"] for line in service.said if line.startswith("{")]
    assert events[0] == "started"
    assert events[-1] == "stopped"


def test_a_store_that_cannot_keep_is_not_ready(serving: Callable[..., Served], tmp_path: Path) -> None:
    """The store is full, as SQLite sees it: it may not grow by a page, and another process holds what it has."""
    path = tmp_path / "feedback.db"
    service = serving("--feedback", str(path))
    with service.client() as client:
        assert client.get("/ready").status_code == 200
        with closing(sqlite3.connect(path, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")  # nobody else can write
            time.sleep(1.1)
            is_problem(client.get("/ready"), 503, "store-down")
            assert client.get("/api/v1/users/1/recommendations").status_code == 200
            other.execute("ROLLBACK")
        time.sleep(1.1)
        assert client.get("/ready").status_code == 200


def test_a_store_of_other_films_is_refused(serving: Callable[..., Served], tmp_path: Path) -> None:
    """Ids are the same, titles are not; at the start and when another run is to be loaded."""
    path = tmp_path / "feedback.db"
    service = serving("--feedback", str(path))
    with service.client() as client:
        client.post("/api/v1/accounts")
        for film in (1, 2, 3):
            assert client.put(f"/api/v1/account/films/{film}", json={"kind": "like"}).status_code == 200
        write_ratings(tmp_path)
        films = (tmp_path / "films.csv").read_text().replace("Film number", "Picture").replace("Alien", "Other")
        films = films.replace("Matrix", "Vector").replace("Amélie", "Emilia")
        (tmp_path / "films.csv").write_text(films)
        train(tmp_path, tmp_path / "run", "--force")
        is_problem(client.post("/api/v1/reload"), 409, "reload-failed")
        assert client.get("/api/v1/films/2").json()["title"] == "Alien"
    service.end()
    with pytest.raises(
        AssertionError, match=r"holds what people said of other films: 3 of 3 are not the data's"
    ) as error:
        serving("--feedback", str(path))
    assert "keep what is said of these elsewhere (--feedback)" in str(error.value)
    serving("--feedback", str(tmp_path / "new.db"))


def test_films_are_compared_by_title_and_unknown_ones_count(tmp_path: Path) -> None:
    store = FeedbackStore(str(tmp_path / "feedback.db"))
    account = store.account_of(store.open_account())
    assert account is not None
    store.check_films(lambda _: None, "toy")  # nothing was said
    for item, title in (("1", "Alien"), ("2", None), ("3", "Heat")):
        store.say(account, item, "like", title)
    store.check_films({"1": "Alien", "2": "Brazil", "3": "Heat"}.get, "toy")
    store.check_films({"1": "Alien", "2": "", "3": "Fargo"}.get, "toy")  # one of three has another title
    with pytest.raises(FeedbackError, match="2 of 3"):
        store.check_films({"1": "Alien", "3": "Fargo"}.get, "toy")
    store.say(account, "1", "dislike", "Aliens")  # the first title stays
    store.check_films({"1": "Alien", "2": "", "3": "Heat"}.get, "toy")
    store.unsay(account, "2")
    with pytest.raises(FeedbackError, match="1 of 2"):
        store.check_films({"1": "Alien", "3": "Fargo"}.get, "toy")
    store.check_films({"1": "Alien", "3": "Heat"}.get, "a copy of toy")  # called otherwise, the same films
    with pytest.raises(FeedbackError, match="keeps what people say of the films of toy"):
        store.check_films({"1": "Fargo", "3": "Brazil"}.get, "other")
    store.close()


def test_endless_headers_are_refused_early(served: Served) -> None:
    """From 64 KiB on, in one header or many; the memory of the service does not grow with them."""
    first = b"GET /health HTTP/1.1\r\nHost: 127.0.0.1\r\n"
    for begin, piece in ((b"", b"X: " + b"a" * 60_000 + b"\r\n"), (b"X: ", b"a" * 60_000)):
        sent = 0
        with _connected(served, first + begin) as opened, suppress(ConnectionError):
            while sent < 50_000_000:
                opened.sendall(piece)
                sent += len(piece)
        assert sent < 50_000_000
    with _connected(served, first + b"X: " + b"a" * 70_000) as opened:
        told = opened.recv(4000)
    assert told.startswith(b"HTTP/1.1 431 ")
    assert b"application/problem+json" in told
    assert b"content-security-policy" in told


def test_what_is_no_http_is_a_problem_as_well(served: Served) -> None:
    with _connected(served, b"what is this\r\n\r\n") as opened:
        told = opened.recv(4000)
    assert told.startswith(b"HTTP/1.1 400 ")
    assert json.loads(told.partition(b"\r\n\r\n")[2])["type"] == "/docs#no-http"
