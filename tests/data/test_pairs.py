"""Repeated pairs settled, by each of the three sorts: by counting, packed in one key, and carried along."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tastegraph.data import pairs
from tastegraph.data.coded import CodedRows
from tastegraph.data.pairs import RepeatedPairError, ascending, settle_pairs

if TYPE_CHECKING:
    from tastegraph.data.options import Duplicates

ROWS = st.lists(st.tuples(st.integers(0, 6), st.integers(0, 9), st.integers(1, 5), st.integers(0, 3)), min_size=1)
SORTS = {"by counting": (1 << 20, 64), "one key": (0, 64), "carried along": (0, 8)}  # FEW_ROWS and KEY_BITS


@pytest.mark.parametrize("sort", SORTS)
@pytest.mark.parametrize("duplicates", ["last", "first", "highest"])
@given(rows=ROWS)
def test_of_repeated_pairs_the_row_asked_for_stays_in_order_of_user_and_item(
    sort: str, duplicates: Duplicates, rows: list[tuple[int, int, int, int]]
) -> None:
    def rank(at: int) -> tuple[int, int, int]:
        _, _, value, time = rows[at]
        return (value if duplicates == "highest" else 0, time, at)

    best: dict[tuple[int, int], int] = {}
    for at, (user, item, *_) in enumerate(rows):
        held = best.get((user, item))
        better = held is None or (rank(at) < rank(held) if duplicates == "first" else rank(at) > rank(held))
        best[user, item] = at if better or held is None else held
    expected = [rows[at] for _, at in sorted(best.items())]
    coded = CodedRows.from_frame(pl.DataFrame(rows, schema=["user", "item", "value", "time"], orient="row"))
    with pytest.MonkeyPatch.context() as patch:
        few_rows, key_bits = SORTS[sort]
        patch.setattr(pairs, "FEW_ROWS", few_rows)
        patch.setattr(pairs, "BLOCK", 3)
        patch.setattr(pairs, "KEY_BITS", key_bits)
        dropped = settle_pairs(coded, duplicates)
    assert dropped == len(rows) - len(expected)
    users, items = coded.users.ids.gather(coded.columns["user"]), coded.items.ids.gather(coded.columns["item"])
    columns = (users.to_list(), items.to_list(), coded.columns["value"].tolist(), coded.columns["time"].tolist())
    assert list(zip(*columns, strict=True)) == expected


@pytest.mark.parametrize("sort", SORTS)
def test_a_pair_that_must_not_be_repeated_is_told_with_its_rows(sort: str) -> None:
    rows = {"user": ["b", "a", "b", "a", "b"], "item": ["x", "y", "y", "y", "x"]}
    told = r"^row 4: user a, item y is there more than once \(2 repeated rows\), here and in row 2; expected each pair"
    in_two = r"^row 5: user b, item x is in two parts, here and in row 1; expected no pair of one part in another$"
    with pytest.MonkeyPatch.context() as patch:
        few_rows, key_bits = SORTS[sort]
        patch.setattr(pairs, "FEW_ROWS", few_rows)
        patch.setattr(pairs, "KEY_BITS", key_bits)
        with pytest.raises(RepeatedPairError, match=told):
            settle_pairs(CodedRows.from_frame(pl.DataFrame(rows)), "refuse")
        with pytest.raises(RepeatedPairError, match=in_two):
            settle_pairs(CodedRows.from_frame(pl.DataFrame({**rows, "part": [0, 1, 1, 1, 2]})), "last")


def test_rows_in_order_are_left_as_they_are() -> None:
    assert ascending(np.array([0, 0, 2], np.int32), np.array([1, 3, 0], np.int32))
    assert not ascending(np.array([0, 0, 2], np.int32), np.array([3, 3, 0], np.int32))
    coded = CodedRows.from_frame(pl.DataFrame({"user": [1, 1, 2], "item": [5, 6, 5]}))
    before = coded.columns["user"]
    assert settle_pairs(coded, "refuse") == 0
    assert coded.columns["user"] is before
