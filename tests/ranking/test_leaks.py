from __future__ import annotations

import numpy as np
import pytest

from tastegraph.errors import LeakError
from tastegraph.graph.neighbours import NeighbourLists
from tastegraph.ranking.full_ranking import Relevant, full_ranking
from tastegraph.ranking.leaks import check_leaks, shared_pairs


def test_shared_pairs_are_those_of_both() -> None:
    some = NeighbourLists.from_pairs([0, 1, 2, 2], [1, 0, 1, 3], 3, 4)
    other = NeighbourLists.from_pairs([0, 1, 2], [1, 1, 3], 3, 4)
    user, item = shared_pairs(some, other)
    assert list(zip(user.tolist(), item.tolist(), strict=True)) == [(0, 1), (2, 3)]
    assert len(shared_pairs(some, NeighbourLists.from_pairs([], [], 3, 4))[0]) == 0


def test_a_leak_names_its_place_and_the_first_pair() -> None:
    held = Relevant.from_pairs(np.array([0, 1, 1]), np.array([1, 2, -1]), 3, 4)
    clean = NeighbourLists.from_pairs([0, 1], [2, 3], 3, 4)
    check_leaks("test", held, {"the graph": clean, "nothing": None})
    leaking = NeighbourLists.from_pairs([0, 1], [1, 2], 3, 4)
    with pytest.raises(LeakError, match=r"2 test pairs are in the graph; the first is user index 0, item index 1$"):
        check_leaks("test", held, {"the known": clean, "the graph": leaking})


def test_no_protocol_judges_by_what_it_masks() -> None:
    held = Relevant.from_pairs(np.array([0]), np.array([1]), 1, 2)

    class Never:
        def rank(self, users: np.ndarray, k: int, exclude: NeighbourLists | None) -> np.ndarray:
            raise AssertionError

    with pytest.raises(LeakError, match="1 held-out pair is in the known positives"):
        full_ranking(Never(), held, held.lists, [1])


def test_a_leak_of_many_pairs_is_counted_and_called_as_the_caller_calls_pairs() -> None:
    user, item = np.repeat(np.arange(50), 30), np.tile(np.arange(30), 50)
    held = Relevant.from_pairs(user, item, 50, 30)
    told = r"the split leaks: 1,500 validation pairs are in the graph; the first is Ann's Alien"
    with pytest.raises(LeakError, match=f"^{told}$"):
        check_leaks(
            "validation", held, {"the graph": held.lists}, lambda user, item: f"Ann's Alien{user or item or ''}"
        )


def test_the_place_that_leaks_is_told_whatever_stands_before_it() -> None:
    held = Relevant.from_pairs(np.array([2]), np.array([3]), 3, 4)
    told = r"the split leaks: 1 test pair is in the known positives; the first is user index 2, item index 3"
    with pytest.raises(LeakError, match=f"^{told}$"):
        check_leaks("test", held, {"the graph": None, "the known positives": held.lists})


def test_lists_of_no_column_share_nothing() -> None:
    none = NeighbourLists.from_pairs([], [], 3, 0)
    assert [len(side) for side in shared_pairs(none, none)] == [0, 0]
