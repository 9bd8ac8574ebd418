from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from tastegraph.data.cleaning import CleaningConfig, clean, moment
from tastegraph.data.interactions import Interactions
from tastegraph.errors import DataError

DAY = 86_400


def _rated(rows: list[tuple[str, str, float, int]]) -> Interactions:
    return Interactions.from_frame(pl.DataFrame(rows, schema=["user", "item", "value", "time"], orient="row"))[0]


RATED = _rated(
    [
        ("a", "x", 5, 0), ("a", "y", 4, DAY), ("a", "z", 1, 2 * DAY),
        ("b", "x", 5, DAY), ("b", "y", 5, 3 * DAY),
        ("c", "w", 5, 4 * DAY),
    ]
)  # fmt: skip


def _left(config: CleaningConfig, threshold: float | None = None) -> tuple[set[tuple[str, str]], list[str]]:
    kept, removed = clean(RATED, threshold, config)
    return set(RATED.where(kept).to_frame().select("user", "item").rows()), [str(step) for step in removed]


def test_each_step_removes_what_it_says_and_tells_it() -> None:
    left, said = _left(CleaningConfig(since="1970-01-02", before="1970-01-05"))
    assert left == {("a", "y"), ("a", "z"), ("b", "x"), ("b", "y")}
    assert said == [
        "since 1970-01-02: removed 1 pair, 0 users, 0 items; 5 pairs left",
        "before 1970-01-05: removed 1 pair, 1 user, 1 item; 4 pairs left",
    ]
    left, said = _left(CleaningConfig(min_user_ratings=2))
    assert left == {("a", "x"), ("a", "y"), ("a", "z"), ("b", "x"), ("b", "y")}
    assert said == ["min_user_ratings 2: removed 1 pair, 1 user, 1 item; 5 pairs left"]
    left, said = _left(CleaningConfig(k_core=2), threshold=4.0)
    assert left == {("a", "x"), ("a", "y"), ("b", "x"), ("b", "y")}
    assert said == [
        "threshold 4: removed 1 pair, 0 users, 1 item; 5 pairs left",
        "k_core 2: removed 1 pair, 1 user, 1 item; 4 pairs left",
    ]


def test_nothing_is_removed_unasked() -> None:
    left, said = _left(CleaningConfig())
    assert len(left) == 6
    assert said == []


@given(
    st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), min_size=1, max_size=60, unique=True), st.integers(2, 4)
)
def test_a_k_core_is_the_largest_set_with_k_each(pairs: list[tuple[int, int]], k: int) -> None:
    """By the definition: take out whoever has fewer than k, one at a time, until none is left."""
    wanted = set(pairs)
    while True:
        users, items = ([pair[side] for pair in wanted] for side in (0, 1))
        poor = next((pair for pair in wanted if users.count(pair[0]) < k or items.count(pair[1]) < k), None)
        if poor is None:
            break
        wanted = {pair for pair in wanted if pair != poor}
    frame = pl.DataFrame(pairs, schema=["user", "item"], orient="row")
    rated = Interactions.from_frame(frame)[0]
    if not wanted:
        with pytest.raises(DataError, match=f"cleaning leaves nothing: k_core {k}"):
            clean(rated, None, CleaningConfig(k_core=k))
        return
    kept, _ = clean(rated, None, CleaningConfig(k_core=k))
    assert set(rated.where(kept).to_frame().rows()) == wanted


def test_a_date_range_needs_times() -> None:
    frame = pl.DataFrame({"user": [1], "item": [1]})
    with pytest.raises(DataError, match="there are no times"):
        clean(Interactions.from_frame(frame)[0], None, CleaningConfig(since="2000-01-01"))


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("1970-01-02", DAY), ("1970-01-01T01:00:00", 3600), ("1970-01-01T01:00:00+01:00", 0), ("86400", DAY)],
)
def test_moments_are_dates_times_and_numbers(text: str, seconds: int) -> None:
    assert moment(text) == seconds


def test_a_moment_that_is_none_is_refused() -> None:
    with pytest.raises(ValidationError, match="expected an ISO date or time"):
        CleaningConfig(since="last year")


def test_cleaning_is_of_the_ratings_not_of_their_order() -> None:
    kept, _ = clean(RATED, 4.0, CleaningConfig(since="1970-01-02"))
    assert kept.dtype == np.bool_
    assert kept.sum() == 4
