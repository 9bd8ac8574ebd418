from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from tastegraph.data.interaction_age import ages_of
from tastegraph.data.interactions import Interactions
from tastegraph.data.load import load

if TYPE_CHECKING:
    from pathlib import Path

TRIPLES = st.lists(st.tuples(st.integers(0, 4), st.integers(0, 6), st.integers(0, 3)), min_size=1)


@given(TRIPLES)
def test_an_age_counts_what_the_same_user_did_later(rows: list[tuple[int, int, int]]) -> None:
    frame = pl.DataFrame(rows, schema=["user", "item", "time"], orient="row")
    pairs, _ = Interactions.from_frame(frame)
    assert pairs.time is not None
    together = list(zip(pairs.user.tolist(), pairs.time.tolist(), strict=True))
    expected = [1 + sum(u == user and t > time for u, t in together) for user, time in together]
    ages = ages_of(pairs)
    assert ages is not None
    assert ages.tolist() == expected


def test_the_lists_of_a_published_split_give_ages_in_their_order(tmp_path: Path) -> None:
    (tmp_path / "train.txt").write_text("0 7 5 6\n1 5 7\n", encoding="utf-8")
    (tmp_path / "test.txt").write_text("0 8\n", encoding="utf-8")
    dataset = load(str(tmp_path))
    assert dataset.published_test is not None
    train = dataset.interactions.where(~dataset.published_test)
    ages = ages_of(train)
    assert ages is not None
    pairs = train.to_frame().select("user", "item").rows()
    assert dict(zip(pairs, ages.tolist(), strict=True)) == {(0, 7): 3, (0, 5): 2, (0, 6): 1, (1, 5): 2, (1, 7): 1}


def test_without_times_nobody_knows() -> None:
    pairs, _ = Interactions.from_frame(pl.DataFrame({"user": [0, 0], "item": [1, 2]}))
    assert ages_of(pairs) is None
