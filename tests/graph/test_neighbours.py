from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tastegraph.errors import GraphError
from tastegraph.graph.neighbours import NeighbourLists

PAIRS = st.lists(st.tuples(st.integers(0, 6), st.integers(0, 9)), max_size=50)


@given(PAIRS)
def test_lists_hold_each_pair_once_sorted(pairs: list[tuple[int, int]]) -> None:
    rows, columns = [r for r, _ in pairs], [c for _, c in pairs]
    lists = NeighbourLists.from_pairs(rows, columns, 7, 10)
    for row in range(7):
        assert lists[row].tolist() == sorted({c for r, c in pairs if r == row})
    assert lists.index.dtype == np.uint32
    back = lists.transposed()
    for column in range(10):
        assert back[column].tolist() == sorted({r for r, c in pairs if c == column})


@given(PAIRS, PAIRS)
def test_contain_answers_as_a_set_does(pairs: list[tuple[int, int]], asked: list[tuple[int, int]]) -> None:
    lists = NeighbourLists.from_pairs([r for r, _ in pairs], [c for _, c in pairs], 7, 10)
    rows, columns = (np.array([pair[side] for pair in asked], np.int64) for side in (0, 1))
    assert lists.contain(rows, columns).tolist() == [pair in set(pairs) for pair in asked]


def test_entries_of_some_rows() -> None:
    lists = NeighbourLists.from_pairs([0, 0, 2, 2], [1, 3, 0, 2], 3, 4)
    position, column = lists.pairs_of(np.array([2, 1, 0, 2]))
    assert position.tolist() == [0, 0, 2, 2, 3, 3]
    assert column.tolist() == [0, 2, 1, 3, 0, 2]


@pytest.mark.parametrize(("row", "column"), [([3], [0]), ([0], [4]), ([-1], [0])])
def test_an_index_out_of_range_is_refused(row: list[int], column: list[int]) -> None:
    with pytest.raises(GraphError, match="indices must lie in"):
        NeighbourLists.from_pairs(row, column, 3, 4)
