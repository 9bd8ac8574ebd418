"""Work on a few things at a time, and hand the results out in order."""

from __future__ import annotations

from collections import deque
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from concurrent.futures import Future

__all__ = ["parallel_map"]

In = TypeVar("In")
Out = TypeVar("Out")
WORKERS = 2


def parallel_map(function: Callable[[In], Out], inputs: Iterable[In]) -> Iterator[Out]:
    """`map(function, inputs)`, computed by threads that run at most a few inputs ahead of whoever takes the results.

    An error comes out in its turn; what was begun after it is waited for and dropped.
    """
    with ThreadPoolExecutor(WORKERS) as pool:
        begun: deque[Future[Out]] = deque()
        try:
            for each in inputs:
                begun.append(pool.submit(function, each))
                if len(begun) > WORKERS:
                    yield begun.popleft().result()
            while begun:
                yield begun.popleft().result()
        finally:
            for future in begun:
                future.cancel()
