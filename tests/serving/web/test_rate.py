"""The bucket of a client fills with time."""

from __future__ import annotations

from tastegraph.serving.web.rate import CLIENTS, RateLimit


def test_twice_the_rate_at_once_then_the_rate() -> None:
    limit = RateLimit(2)
    assert [limit.wait("a", 0.0) for _ in range(4)] == [0] * 4
    assert limit.wait("a", 0.0) == 0.5
    assert limit.wait("b", 0.0) == 0
    assert limit.wait("a", 0.25) == 0.25
    assert limit.wait("a", 0.5) == 0
    assert [limit.wait("a", 100.0) for _ in range(5)] == [0, 0, 0, 0, 0.5]


def test_no_limit() -> None:
    limit = RateLimit(0)
    assert not any(limit.wait("a", 0.0) for _ in range(1000))


def test_clients_are_forgotten() -> None:
    limit = RateLimit(1)
    for number in range(CLIENTS + 50):
        limit.wait(str(number), 0.0)
    assert len(limit._buckets) == CLIENTS
