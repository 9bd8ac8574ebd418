"""How busy other programs kept the machine while something was measured."""

from __future__ import annotations

import time

import psutil

__all__ = ["Disturbance"]


class Disturbance:
    """Processor time of others, as a share of the machine's, from construction on."""

    def __init__(self) -> None:
        self._began = time.perf_counter()
        self._all, self._own = _busy_seconds(), _own_seconds()

    def share(self) -> float:
        """Seconds that processors worked for others (or for other machines on the same host), by all they had."""
        others = (_busy_seconds() - self._all) - (_own_seconds() - self._own)
        return max(0.0, others) / ((time.perf_counter() - self._began) * (psutil.cpu_count() or 1))


def _busy_seconds() -> float:
    """Seconds of all processors since the start that were not idle; stolen ones included."""
    times = psutil.cpu_times()._asdict()
    guest = ("guest", "guest_nice")  # already within user and nice
    return float(sum(times[name] for name in times if name not in ("idle", "iowait", *guest)))


def _own_seconds() -> float:
    """Seconds of this process and of the children that it has waited for."""
    own = psutil.Process().cpu_times()
    return float(own.user + own.system + own.children_user + own.children_system)
