from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tastegraph.errors import GraphError
from tastegraph.graph import neighbours
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


@pytest.mark.parametrize(
    ("row", "column", "told"),
    [
        ([0, 3], [0, 0], "row indices must lie in 0..2, found 0..3"),
        ([0, -1], [0, 0], "row indices must lie in 0..2, found -1..0"),
        ([0, 2], [4, 1], "column indices must lie in 0..3, found 1..4"),
        ([0, 2], [-2, 1], "column indices must lie in 0..3, found -2..1"),
        ([0, 2], [1], "expected two flat arrays of one length, found shapes (2,), (1,)"),
        ([[0, 2]], [[1, 1]], "expected two flat arrays of one length, found shapes (1, 2), (1, 2)"),
    ],
)
def test_what_is_no_list_of_pairs_is_told(row: list[int], column: list[int], told: str) -> None:
    with pytest.raises(GraphError, match=f"^{re.escape(told)}$"):
        NeighbourLists.from_pairs(row, column, 3, 4)


@pytest.mark.parametrize("pairs_a_block", [1, 2, 7, 1000])
@pytest.mark.parametrize("ordered", [False, True])
def test_the_size_of_a_block_of_pairs_does_not_show(
    pairs_a_block: int, ordered: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = np.random.default_rng(0)
    pairs = np.array([(3 * row, column) for row in range(8) for column in range(9) if rng.random() < 0.5])
    given_pairs = pairs if ordered else rng.permutation(np.concatenate([pairs, pairs[::3]]))
    monkeypatch.setattr(neighbours, "BLOCK", pairs_a_block)
    lists = NeighbourLists.from_pairs(given_pairs[:, 0], given_pairs[:, 1], 30, 9)
    assert lists.num_rows == 30
    assert np.column_stack([np.repeat(np.arange(30), lists.counts), lists.index]).tolist() == pairs.tolist()
    assert lists.keys().tolist() == (9 * pairs[:, 0] + pairs[:, 1]).tolist()
    assert [str(part.dtype) for part in (lists.start, lists.index, lists.keys())] == ["int64", "uint32", "int64"]


@pytest.mark.parametrize("at", range(5))
def test_pairs_out_of_order_anywhere_are_put_in_order(at: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ends of blocks included."""
    monkeypatch.setattr(neighbours, "BLOCK", 2)
    row, column = np.array([0, 0, 1, 2, 2, 3]), np.array([1, 2, 0, 0, 3, 1])
    swapped = np.arange(6)
    swapped[[at, at + 1]] = swapped[[at + 1, at]]
    for order in (swapped, np.insert(np.arange(6), at, at)):  # two changed places, or one pair twice
        lists = NeighbourLists.from_pairs(row[order], column[order], 4, 4)
        assert [lists[n].tolist() for n in range(4)] == [[1, 2], [0], [0, 3], [1]]


@pytest.mark.parametrize("kind", [list, np.int8, np.uint8, np.int32, np.uint32, np.int64, np.uint64, np.float64])
def test_whole_numbers_of_any_kind_are_taken(kind: Any) -> None:
    row, column = [2, 0, 2], [3, 1, 0]
    rows, columns = (row, column) if kind is list else (np.array(row, kind), np.array(column, kind))
    lists = NeighbourLists.from_pairs(rows, columns, 3, 4)
    assert [lists[n].tolist() for n in range(3)] == [[1], [], [0, 3]]


def test_keys_of_a_large_table_do_not_overflow() -> None:
    row, column = np.array([70_000, 5], np.int32), np.array([69_999, 2], np.int32)
    lists = NeighbourLists.from_pairs(row, column, 70_001, 70_000)
    assert lists.keys().tolist() == [5 * 70_000 + 2, 70_000 * 70_000 + 69_999]
    assert lists.contain(row, column).all()
    assert lists[70_000].tolist() == [69_999]


def test_indices_past_31_bits_are_transposed_as_others_are(monkeypatch: pytest.MonkeyPatch) -> None:
    """Mocked: as if int32 ended before this table does, by its rows, its columns or its entries."""
    lists = NeighbourLists.from_pairs([0, 0, 2, 2, 2], [1, 3, 0, 1, 2], 3, 4)
    for end in (2, 3, 4, 5, 6):
        monkeypatch.setattr(neighbours, "INT32", end)
        turned = lists.transposed()
        assert [turned[n].tolist() for n in range(4)] == [[2], [0, 2], [2], [0]]
        assert (turned.num_rows, turned.num_columns) == (4, 3)
        assert [str(part.dtype) for part in (turned.start, turned.index)] == ["int64", "uint32"]


def test_lists_of_nothing() -> None:
    none = NeighbourLists.from_pairs([], [], 2, 0)
    assert (none.num_rows, none.num_columns, none.counts.tolist()) == (2, 0, [0, 0])
    assert [len(part) for part in none.pairs_of(np.array([1, 0]))] == [0, 0]
    assert none.keys().tolist() == []
    assert none.transposed().num_rows == 0
    assert NeighbourLists.from_pairs([], [], 0, 3).num_rows == 0


def test_entries_are_int64_whatever_they_are_kept_as() -> None:
    lists = NeighbourLists.from_pairs([0, 1], [3, 2], 2, 4)
    assert all(part.dtype == np.int64 for part in lists.pairs_of(np.array([1, 0], np.int32)))
