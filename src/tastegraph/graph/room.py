"""Room for arrays, on large pages, kept from one array to the next; and torch's own, kept by the C library.

Rows are gathered from all over a table: on small pages nearly every row would cost a walk through the page tables, and
a layer twice the time. And the system clears fresh pages, which costs as much as a layer. So room that an array no
longer needs is kept for the next array of about its size. What torch allocates is the C library's to keep or to return:
`heap_kept` tells it.
"""

from __future__ import annotations

import contextlib
import ctypes
import math
import mmap
import sys
import threading
import weakref
from typing import TYPE_CHECKING, Any

import numpy as np

from tastegraph.graph.row_values import CACHE_LINE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

__all__ = ["aligned", "heap_kept"]

LARGE_PAGE = 1 << 21  # bytes
PATIENCE = 64  # a room is given up when so many others were taken and no array wanted it; a step takes a dozen
LARGER = 1.25  # so much larger than asked for a room may be

# glibc's mallopt, in bytes: what is larger than the first is mapped and unmapped each time (old ones refuse more than
# 32 MB); of what is free at the heap's end no more than the second is kept; the third is taken beyond what is needed.
MMAP_THRESHOLD, TRIM_THRESHOLD, TOP_PAD = -3, -1, -2
OTHERWISE = ((MMAP_THRESHOLD, 32 << 20), (TRIM_THRESHOLD, 64 << 20), (TOP_PAD, 128 << 10))  # glibc's own, at their most
WHILE_KEPT = (*OTHERWISE, (MMAP_THRESHOLD, 64 << 20), (TRIM_THRESHOLD, 256 << 20), (TOP_PAD, 16 << 20))


def aligned(shape: tuple[int, ...], dtype: Any = np.float32) -> NDArray[Any]:
    """An array of a shape, without content, that starts on a cache line: rows that straddle two take longer.

    From the size of a large page on it is on large pages, where the system has them.
    """
    size = math.prod(shape) * np.dtype(dtype).itemsize
    if size < LARGE_PAGE:
        return _view(np.empty(size + CACHE_LINE, np.uint8), CACHE_LINE, shape, dtype)
    return _view(_rooms.take(size + LARGE_PAGE), LARGE_PAGE, shape, dtype)


@contextlib.contextmanager
def heap_kept() -> Iterator[None]:
    """While it lasts, freed memory of up to 256 MB stays with the process, for the next of thousands of equal steps.

    By itself glibc returns the end of its heap whenever 64 MB of it are free, and a step of a softmax over users, which
    frees several tables of 16 MB, has their pages cleared anew: a quarter of its time. Its own thresholds, which rise
    with what is freed, stand at their highest from then on. Other C libraries are left alone.
    """
    library = _glibc()
    if library is None:
        yield
        return
    with _keeping.lock:
        _keeping.number += 1
        _tell(library, WHILE_KEPT)
    try:
        yield
    finally:
        with _keeping.lock:
            _keeping.number -= 1
            if not _keeping.number:
                _tell(library, OTHERWISE)
                library.malloc_trim(ctypes.c_size_t(0))


class _Keeping:
    """How many want the heap to be kept."""

    def __init__(self) -> None:
        self.number, self.lock = 0, threading.Lock()


def _glibc() -> ctypes.CDLL | None:
    if sys.platform != "linux":
        return None
    library = ctypes.CDLL(None)
    return library if hasattr(library, "mallopt") and hasattr(library, "gnu_get_libc_version") else None


def _tell(library: ctypes.CDLL, options: tuple[tuple[int, int], ...]) -> None:
    for option, value in options:
        library.mallopt(option, value)


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
_keeping = _Keeping()
