"""How much of a training step's time is spent inside given operators, by torch's profiler."""

from __future__ import annotations

import time
from collections import defaultdict
from typing import TYPE_CHECKING, Any

from torch.profiler import ProfilerActivity, profile

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

__all__ = ["Profiled", "outermost_seconds"]

Profiled = dict[str, float]


def outermost_seconds(run: Callable[[Callable[[int], None]], None], *, first: int, last: int) -> tuple[Profiled, float]:
    """Seconds a step by outermost operator, and in all, over steps `first` + 1 to `last`.

    Args:
        run: a training of `last` steps; it tells each step's number when the step is done.
        first: steps that are left out, in which things warm up.
        last: the last step.
    """
    profiler = profile(activities=[ProfilerActivity.CPU])
    seconds: list[float] = []

    def on_step(step: int) -> None:
        if step == first:
            profiler.start()
        if step in (first, last):
            seconds.append(time.perf_counter())
        if step == last:
            profiler.stop()

    run(on_step)
    events = profiler.events()  # type: ignore[no-untyped-call]
    return _by_name(events, last - first), (seconds[1] - seconds[0]) / (last - first)


def _by_name(events: Iterable[Any], steps: int) -> Profiled:
    """Seconds a step of each operator that no other operator called; autograd's engine is no operator."""
    totals: defaultdict[str, float] = defaultdict(float)
    for event in events:
        if _is_operator(event) and not any(map(_is_operator, _callers(event))):
            totals[event.name] += event.time_range.elapsed_us() / 1e6 / steps
    return dict(totals)


def _is_operator(event: Any) -> bool:
    return "::" in event.name and not event.name.startswith("autograd::")


def _callers(event: Any) -> Iterator[Any]:
    while (event := event.cpu_parent) is not None:
        yield event
