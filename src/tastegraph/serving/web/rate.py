"""How often a client may ask: a bucket of tokens each."""

from __future__ import annotations

import time
from collections import OrderedDict

__all__ = ["RateLimit"]

CLIENTS = 10_000  # remembered at most; the one that was silent longest is forgotten first


class RateLimit:
    """Lets each client ask `rate` times a second in the long run, and twice as often for a second.

    Args:
        rate: requests a second; 0 for no limit.
    """

    def __init__(self, rate: float) -> None:
        self._rate = rate
        self._most = max(2 * rate, 1.0)
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def wait(self, client: str, now: float | None = None) -> float:
        """Seconds until the client may ask again: 0 where it may now, and then this counts as a request."""
        if not self._rate:
            return 0.0
        now = time.monotonic() if now is None else now
        held, since = self._buckets.pop(client, (self._most, now))
        held = min(self._most, held + (now - since) * self._rate)
        short = max(0.0, 1 - held) / self._rate
        self._buckets[client] = (held if short else held - 1, now)
        if len(self._buckets) > CLIENTS:
            self._buckets.popitem(last=False)
        return short
