"""Beginnings and ends of a process: reload under load, a quiet end, a killed one, and what cannot start."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

import httpx
import pytest

from tastegraph.saved_model import SavedModel
from tastegraph.serving.feedback import FeedbackStore

from .test_problems import is_problem

KILLS = int(os.environ.get("SERVE_KILLS", "2"))  # up to 20

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from .conftest import Served


@pytest.fixture(scope="module")
def other_run(trained: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Another model of the same films, which loves what the first one does not."""
    folder = tmp_path_factory.mktemp("other") / "run"
    shutil.copytree(trained, folder)
    model = SavedModel.load(folder / "model")
    replace(model, e_items=-model.e_items).save(folder / "model")
    return folder


@contextmanager
def asked_all_the_time(service: Served) -> Iterator[list[httpx.Response]]:
    """Answers to requests that two clients make meanwhile."""
    answers: list[httpx.Response] = []
    over = threading.Event()

    def ask() -> None:
        with service.client() as client:
            while not over.is_set():
                answers.append(client.post("/api/v1/recommendations", json={"likes": [1, 2, 3]}))

    threads = [threading.Thread(target=ask) for _ in range(2)]
    for thread in threads:
        thread.start()
    yield answers
    over.set()
    for thread in threads:
        thread.join()


def swap(run: Path, other: Path) -> None:
    """Put another run where a run was."""
    run.rename(run.with_name("before"))
    shutil.copytree(other, run)


def test_another_run_takes_over_whole_under_load(
    serving: Callable[..., Served], tmp_path: Path, other_run: Path
) -> None:
    service = serving("--rate", "0")
    with service.client() as client, asked_all_the_time(service) as answers:
        before = client.get("/ready").json()["model"]
        (tmp_path / "run" / "model" / "model.json").write_text("{}", encoding="utf-8")
        is_problem(client.post("/api/v1/reload"), 409, "reload-failed")
        assert client.get("/ready").json()["model"] == before
        swap(tmp_path / "run", other_run)
        told = client.post("/api/v1/reload").json()
        assert told["before"] == before != told["model"]
        reference = client.post("/api/v1/recommendations", json={"likes": [1, 2, 3]}).json()
        assert reference["model"] == told["model"]
    assert {answer.status_code for answer in answers} == {200}
    lists = {answer.json()["model"]: answer.content for answer in answers}
    assert set(lists) == {before, told["model"]}
    for answer in answers:  # each is of one model, none half of either
        assert answer.content == lists[answer.json()["model"]]


def test_a_hang_up_signal_reloads(serving: Callable[..., Served], tmp_path: Path, other_run: Path) -> None:
    service = serving()
    swap(tmp_path / "run", other_run)
    service.process.send_signal(signal.SIGHUP)
    with service.client() as client:
        while not any('"event":"reloaded"' in line for line in list(service.said)):
            assert client.get("/health").status_code == 200
            if service.process.poll() is not None:
                pytest.fail("".join(service.said))
            signal.sigtimedwait([], 0.2)
    assert service.end() == 0


def test_requests_under_way_are_answered_before_the_end(serving: Callable[..., Served]) -> None:
    service = serving()
    host, port = service.url.removeprefix("http://").split(":")
    body = b'{"likes": [1]}'
    head = f"POST /api/v1/recommendations HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\n"
    with socket.create_connection((host, int(port)), timeout=20) as connection:
        connection.sendall(f"{head}Content-Length: {len(body)}\r\nConnection: close\r\n\r\n".encode() + body[:5])
        with service.client() as client:
            assert client.get("/health").status_code == 200  # so the half request before it has been taken up
        service.process.send_signal(signal.SIGTERM)
        connection.sendall(body[5:])
        answer = b"".join(iter(lambda: connection.recv(65536), b""))
    assert answer.startswith(b"HTTP/1.1 200 OK")
    assert service.end() == 0


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_no_acknowledged_click_is_lost_when_the_process_is_killed(
    kind: str, serving: Callable[..., Served], tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    url = str(tmp_path / "kept.db") if kind == "sqlite" else request.getfixturevalue("postgresql")
    acknowledged: dict[str, set[str]] = {}

    def click(service: Served, token: str) -> None:
        with service.client(headers={"Tastegraph-Account": token}) as client:
            for film in range(1, 41):
                try:
                    answer = client.put(f"/api/v1/account/films/{film}", json={"kind": "like"})
                except httpx.TransportError:
                    return
                if answer.status_code == 200:
                    acknowledged[token].add(str(film))

    for rounds in range(4, 4 + 5 * KILLS, 5):
        service = serving("--rate", "0", "--feedback", url)
        with service.client() as client:
            tokens = [client.post("/api/v1/accounts").json()["token"] for _ in range(3)]
        acknowledged |= {token: set() for token in tokens}
        threads = [threading.Thread(target=click, args=(service, token)) for token in tokens]
        for thread in threads:
            thread.start()
        while sum(len(acknowledged[token]) for token in tokens) < rounds:
            assert service.process.poll() is None
            signal.sigtimedwait([], 0.001)
        service.end(signal.SIGKILL)
        for thread in threads:
            thread.join()
    store = FeedbackStore(url)
    for token, films in acknowledged.items():
        account = store.account_of(token)
        assert account is not None
        assert films <= set(store.of(account).likes)
    assert sum(map(len, acknowledged.values())) >= 13
    store.close()


def failed(*words: str) -> str:
    """What `tastegraph serve WORDS` says before it ends with 1."""
    command = [sys.executable, "-m", "tastegraph", "serve", *words]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, env=os.environ)
    assert done.returncode == 1, done.stderr
    assert len(done.stderr.splitlines()) == 1, done.stderr
    return done.stderr


def test_what_cannot_start_is_told_in_one_line(trained: Path, tmp_path: Path) -> None:
    run, store = str(trained), str(tmp_path / "kept.db")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        assert f"127.0.0.1:{port}: address already in use" in failed(run, "--feedback", store, "--port", port)
    assert "no such run" in failed(str(tmp_path / "none"), "--feedback", store, "--port", "0")
    assert "no such file; expected a finished run" in failed(str(tmp_path), "--feedback", store, "--port", "0")
    assert "needs --access FILE" in failed(run, "--host", "0.0.0.0", "--port", "0")
    elsewhere = ["--access", str(tmp_path / "tokens"), "--port", "0"]
    assert "nowhere.invalid: no address of this machine" in failed(run, "--host", "nowhere.invalid", *elsewhere)
    (tmp_path / "access").write_text("secret\n", encoding="utf-8")
    said = failed(run, "--access", str(tmp_path / "access"), "--port", "0")
    assert "expected the SHA-256 of a token in hexadecimal" in said
    assert "secret" not in said
    assert "no feedback store" in failed(run, "--feedback", str(tmp_path / "access"), "--port", "0")
