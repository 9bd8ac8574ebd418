"""Room that arrays are made in: where it starts, and that no two arrays have the same."""

from __future__ import annotations

import gc
import os
import platform
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from tastegraph.graph import room
from tastegraph.graph.room import LARGE_PAGE, OTHERWISE, PATIENCE, WHILE_KEPT, _rooms, aligned, heap_kept

if TYPE_CHECKING:
    from numpy.typing import NDArray

LARGE = (LARGE_PAGE // 256 + 1, 64)  # float32 rows, a little over a large page


def begin(array: NDArray[Any]) -> int:
    return array.ctypes.data


@pytest.mark.parametrize(("shape", "boundary"), [((3, 64), 64), ((1, 5), 64), (LARGE, LARGE_PAGE)])
def test_an_array_starts_on_a_cache_line_or_a_large_page_and_can_be_written_to(
    shape: tuple[int, int], boundary: int
) -> None:
    array = aligned(shape)
    array[:] = 1
    assert begin(array) % boundary == 0
    assert array.shape == shape
    assert array.dtype == np.float32
    assert array.flags.c_contiguous


def test_room_is_used_again_once_no_view_of_it_lives() -> None:
    first = aligned(LARGE)
    where, view = begin(first), first[5:]
    del first
    assert begin(aligned(LARGE)) != where
    del view
    others = [aligned(LARGE) for _ in range(3)]  # and what the other arrays of before had
    assert where in {begin(array) for array in others}


def test_an_array_a_little_smaller_takes_the_room_of_a_larger_one_but_no_array_far_smaller() -> None:
    rows, width = 40 * LARGE[0], LARGE[1]
    where = begin(aligned((rows, width)))
    gc.collect()
    assert begin(aligned((rows - 1000, width))) == where
    assert begin(aligned((rows // 2, width))) != where


def test_living_arrays_of_many_threads_never_share_memory() -> None:
    def own(number: int) -> bool:
        held = [aligned(LARGE, np.int64 if number % 2 else np.float32) for _ in range(3)]
        for n, array in enumerate(held):
            array.fill(10 * number + n)
        return all(bool((array == 10 * number + n).all()) for n, array in enumerate(held))

    with ThreadPoolExecutor(4) as threads:
        assert all(threads.map(own, range(40)))


def test_room_that_nobody_wanted_for_long_is_given_back_to_the_system() -> None:
    huge = (50 * LARGE[0], LARGE[1])
    aligned(huge)
    large = max(len(room) for room, _ in _rooms._free)
    assert large >= 50 * LARGE_PAGE
    for _ in range(PATIENCE + 2):
        aligned(LARGE)
    assert max(len(room) for room, _ in _rooms._free) < large


STEPS = """
import resource, sys, torch
from contextlib import nullcontext
from tastegraph.graph.room import heap_kept

def faults():
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt

with heap_kept() if sys.argv[1] == "kept" else nullcontext():
    for step in range(12):
        if step == 2:
            before = faults()
        tables = [torch.full((1 << 22,), 1.0) for _ in range(6)]  # 16 MB each
        del tables
    print(faults() - before)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="another C library")
def test_steps_find_the_pages_of_the_step_before() -> None:
    plain = {name: value for name, value in os.environ.items() if not name.startswith(("MALLOC_", "GLIBC_"))}
    cleared = {}
    for how in ("kept", "returned"):
        command = [sys.executable, "-c", STEPS, how]
        done = subprocess.run(command, env=plain, capture_output=True, text=True, check=True)
        cleared[how] = int(done.stdout)
    assert cleared["kept"] < cleared["returned"] / 10


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[tuple[tuple[int, int], ...]]:
    """What the C library is told, in order."""
    said: list[tuple[tuple[int, int], ...]] = []
    monkeypatch.setattr(room, "_tell", lambda _, options: said.append(options))
    return said


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="another C library")
def test_the_heap_is_kept_until_the_last_one_is_done(told: list[tuple[tuple[int, int], ...]]) -> None:
    with heap_kept():
        with heap_kept():
            pass
        assert told == [WHILE_KEPT, WHILE_KEPT]
    assert told.pop() == OTHERWISE
    with pytest.raises(ZeroDivisionError), heap_kept():
        raise ZeroDivisionError
    assert told == [WHILE_KEPT, WHILE_KEPT, WHILE_KEPT, OTHERWISE]
