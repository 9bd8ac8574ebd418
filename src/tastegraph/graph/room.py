"""Room for arrays, on large pages, kept from one array to the next.

Rows are gathered from all over a table: on small pages nearly every row would cost a walk through the page tables, and
a layer twice the time. And the system clears fresh pages, which costs as much as a layer. So room that an array no
longer needs is kept for the next array of about its size.
"""

from __future__ import annotations

import contextlib
import math
import mmap
import threading
import weakref
from typing import TYPE_CHECKING, Any

import numpy as np

from tastegraph.graph.row_values import CACHE_LINE

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["aligned"]

LARGE_PAGE = 1 << 21  # bytes
PATIENCE = 64  # a room is given up when so many others were taken and no array wanted it; a step takes a dozen
LARGER = 1.25  # so much larger than asked for a room may be


def aligned(shape: tuple[int, ...], dtype: Any = np.float32) -> NDArray[Any]:
    """An array of a shape, without content, that starts on a cache line: rows that straddle two take longer.

    From the size of a large page on it is on large pages, where the system has them.
    """
    size = math.prod(shape) * np.dtype(dtype).itemsize
    if size < LARGE_PAGE:
        return _view(np.empty(size + CACHE_LINE, np.uint8), CACHE_LINE, shape, dtype)
    return _view(_rooms.take(size + LARGE_PAGE), LARGE_PAGE, shape, dtype)


class _Rooms:
    """Rooms that no array is in."""

    def __init__(self) -> None:
        self._free: list[tuple[mmap.mmap, int]] = []  # and how many had been taken when it came back
        self._taken = 0
        self._lock = threading.RLock()  # an array may be collected within `take`, too

    def take(self, size: int) -> NDArray[np.uint8]:
        """At least `size` bytes, with whatever is in them; they come back once no array needs them."""
        with self._lock:
            self._taken += 1
            self._free = [(room, since) for room, since in self._free if self._taken - since <= PATIENCE]
            most = LARGER * (size + LARGE_PAGE)
            fitting = [(len(room), n) for n, (room, _) in enumerate(self._free) if size <= len(room) <= most]
            room = self._free.pop(min(fitting)[1])[0] if fitting else _fresh(size)
        whole = np.frombuffer(room, np.uint8)
        weakref.finalize(whole, self._give_back, room).atexit = False
        return whole

    def _give_back(self, room: mmap.mmap) -> None:
        with self._lock:
            self._free.append((room, self._taken))


def _fresh(size: int) -> mmap.mmap:
    size = -(-size // LARGE_PAGE) * LARGE_PAGE
    if not hasattr(mmap, "MADV_HUGEPAGE"):
        return mmap.mmap(-1, size)
    room = mmap.mmap(-1, size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    with contextlib.suppress(OSError):  # a kernel without large pages
        room.madvise(mmap.MADV_HUGEPAGE)
    return room


def _view(room: NDArray[np.uint8], boundary: int, shape: tuple[int, ...], dtype: Any) -> NDArray[Any]:
    """An array within `room` that starts on a multiple of `boundary` bytes."""
    begin = -room.ctypes.data % boundary
    array: NDArray[Any] = room[begin : begin + math.prod(shape) * np.dtype(dtype).itemsize].view(dtype)
    return array.reshape(shape)


_rooms = _Rooms()
