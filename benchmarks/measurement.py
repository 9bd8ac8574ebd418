"""Time several contenders fairly: in turns, each settled before its clock starts."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Sampler = Callable[[], list[float]]

__all__ = ["at_most", "interleave", "seconds_of", "timed"]

LONG_ENOUGH = 0.05  # seconds of work behind one sample of a short function
SETTLE_BELOW = 0.3  # seconds: a function this short is called once, untimed, before each sample


def seconds_of(function: Callable[[], Any]) -> float:
    """Wall-clock seconds of one call."""
    began = time.perf_counter()
    function()
    return time.perf_counter() - began


def timed(function: Callable[[], Any]) -> Sampler:
    """A sampler of a function's seconds per call.

    A short function is first called untimed (so it finds its own data in the cache and its threads awake, not what
    another contender left there), then often enough to fill `LONG_ENOUGH`; the sample is the mean of those calls.
    """
    last: list[float] = []

    def sample() -> list[float]:
        if not last:
            last.append(seconds_of(function))  # it compiled and allocated: no sample
        if last[0] < SETTLE_BELOW:
            function()
        calls = max(1, round(LONG_ENOUGH / max(last[0], 1e-6)))
        last[0] = seconds_of(lambda: [function() for _ in range(calls)]) / calls
        return [last[0]]

    return sample


def at_most(rounds: int, sampler: Sampler) -> Sampler:
    """The sampler in the first `rounds` rounds, nothing after: for contenders that take very long."""
    left = iter(range(rounds))
    return lambda: sampler() if next(left, None) is not None else []


def interleave(samplers: Mapping[str, Sampler], rounds: int) -> dict[str, list[float]]:
    """Samples of each contender, in seconds, taken in turns: A B C, A B C, ..., so that a slow spell hits all."""
    samples: dict[str, list[float]] = {name: [] for name in samplers}
    for _ in range(rounds):
        for name, sampler in samplers.items():
            samples[name] += sampler()
    return samples
