"""Who may: open on loopback, a token elsewhere; nobody too often."""

from __future__ import annotations

import re
import stat
from typing import TYPE_CHECKING

from .test_problems import is_problem

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from .conftest import Served


def test_a_token_is_asked_for_and_kept_as_a_digest(serving: Callable[..., Served], tmp_path: Path) -> None:
    kept = tmp_path / "access"
    service = serving("--host", "0.0.0.0", "--access", str(kept))
    shown = re.search(r"access token, shown this once: (\S+)", "".join(service.said))
    assert shown is not None
    token = shown[1]
    assert token not in kept.read_text(encoding="utf-8")
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    with service.client() as client:
        for headers in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": f"Basic {token}"}):
            answer = client.get("/api/v1/films", headers=headers)
            is_problem(answer, 401, "access-token-needed")
            assert answer.headers["www-authenticate"].startswith("Bearer")
        is_problem(client.get("/metrics"), 401, "access-token-needed")
        is_problem(client.post("/api/v1/reload"), 401, "access-token-needed")
        assert client.get("/api/v1/films", headers={"Authorization": f"Bearer {token}"}).status_code == 200
        assert client.get("/health").status_code == 200
        assert client.post("/enter", data={"token": "wrong"}).headers["location"] == "/enter?again"
        entered = client.post("/enter", data={"token": token})
        assert (entered.status_code, entered.headers["location"]) == (303, "/")
        assert "httponly" in entered.headers["set-cookie"].lower()
        assert client.get("/api/v1/films").status_code == 200
    service.end()
    again = serving("--host", "0.0.0.0", "--access", str(kept))
    assert "shown this once" not in "".join(again.said)
    with again.client(headers={"Authorization": f"Bearer {token}"}) as client:
        assert client.get("/api/v1/films").status_code == 200


def test_a_client_that_asks_too_often_is_told_when_to_come_again(serving: Callable[..., Served]) -> None:
    with serving("--rate", "5").client() as client:
        answers = [client.get("/api/v1/genres") for _ in range(14)]
        assert [answer.status_code for answer in answers[:10]] == [200] * 10
        refused = next(answer for answer in answers if answer.status_code != 200)
        is_problem(refused, 429, "too-many-requests")
        assert int(refused.headers["retry-after"]) >= 1
