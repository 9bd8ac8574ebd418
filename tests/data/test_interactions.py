from __future__ import annotations

import polars as pl

from tastegraph.data.interactions import Interactions


def test_the_last_by_time_of_duplicates_is_kept_and_the_others_counted() -> None:
    frame = pl.DataFrame(
        {
            "user": ["u", "u", "u", "v", "v"],
            "item": ["a", "a", "a", "b", "b"],
            "value": [1.0, 5.0, 3.0, 2.0, 4.0],
            "time": [10, 30, 20, 7, 7],
        }
    )
    interactions, duplicates = Interactions.from_frame(frame)
    assert duplicates == 3
    assert interactions.value is not None
    assert interactions.value.tolist() == [5.0, 4.0]  # the latest; at the same time, the last row


def test_without_time_the_last_row_wins() -> None:
    frame = pl.DataFrame({"user": ["u", "u"], "item": ["a", "a"], "value": [5.0, 1.0]})
    interactions, _ = Interactions.from_frame(frame)
    assert interactions.value is not None
    assert interactions.value.tolist() == [1.0]


def test_the_order_of_rows_does_not_matter() -> None:
    frame = pl.DataFrame({"user": [3, 1, 2, 1], "item": [9, 9, 8, 7], "value": [1.0, 2.0, 3.0, 4.0]})
    one, _ = Interactions.from_frame(frame)
    other, _ = Interactions.from_frame(frame.reverse())
    assert one.to_frame().equals(other.to_frame())
    assert one.to_frame()["user"].to_list() == [1, 1, 2, 3]


def test_a_rating_on_the_threshold_is_a_positive() -> None:
    frame = pl.DataFrame({"user": [1, 1, 1], "item": [1, 2, 3], "value": [2.9, 3.0, 3.5]})
    interactions, _ = Interactions.from_frame(frame)
    assert interactions.positives(3.0).item.tolist() == [1, 2]
    assert len(interactions.positives(None)) == 3


def test_compacting_keeps_original_ids() -> None:
    frame = pl.DataFrame({"user": ["a", "b", "c"], "item": ["x", "y", "x"], "value": [5.0, 1.0, 5.0]})
    interactions, _ = Interactions.from_frame(frame)
    compact = interactions.positives(3.0).compact()
    assert compact.users.ids.to_list() == ["a", "c"]
    assert compact.to_frame().select("user", "item").rows() == [("a", "x"), ("c", "x")]
