from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from tastegraph.data.interactions import Interactions
from tastegraph.data.splits import FIT, TEST, VALIDATION, Split, SplitConfig, digest_in, ratio_split
from tastegraph.errors import DataError

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("n", "expected"),
    [(1, (1, 0, 0)), (2, (1, 0, 1)), (3, (1, 1, 1)), (9, (7, 1, 1)), (10, (8, 1, 1)), (25, (21, 2, 2))],
)
def test_a_users_counts_are_recboles(n: int, expected: tuple[int, int, int]) -> None:
    part = ratio_split(np.zeros(n, np.int32), (0.8, 0.1, 0.1), seed=0)
    assert tuple(int((part == which).sum()) for which in (FIT, VALIDATION, TEST)) == expected


def test_a_seed_repeats_a_split_and_another_does_not() -> None:
    user = np.repeat(np.arange(50, dtype=np.int32), 20)
    one = ratio_split(user, (0.8, 0.1, 0.1), seed=3)
    assert np.array_equal(one, ratio_split(user, (0.8, 0.1, 0.1), seed=3))
    assert not np.array_equal(one, ratio_split(user, (0.8, 0.1, 0.1), seed=4))


@given(
    st.lists(st.tuples(st.integers(0, 8), st.integers(0, 12)), min_size=1, max_size=60, unique=True),
    st.integers(0, 5),
)
def test_no_pair_leaks_and_none_is_lost(pairs: list[tuple[int, int]], seed: int) -> None:
    frame = pl.DataFrame(pairs, schema=["user", "item"], orient="row")
    positives, _ = Interactions.from_frame(frame)
    split = Split.of(positives, ratio_split(positives.user, (0.6, 0.2, 0.2), seed))
    fit = set(split.fit.to_frame().select("user", "item").rows())
    held = [
        {
            (split.fit.users.ids[int(user)], split.fit.items.ids[int(item)])
            for user, item in zip(part.user, part.item, strict=True)
            if item >= 0
        }
        for part in (split.validation, split.test)
    ]
    assert not fit & held[0]
    assert not fit & held[1]
    assert not held[0] & held[1]
    cold = split.validation.cold + split.test.cold
    assert len(fit) + len(held[0]) + len(held[1]) + cold == len(pairs)
    assert split.test.strangers == 0  # every user keeps at least one pair to learn from


def test_a_saved_split_is_the_same_split(tmp_path: Path) -> None:
    frame = pl.DataFrame({"user": ["a", "a", "a", "b", "b"], "item": ["x", "y", "z", "x", "z"]})
    positives, _ = Interactions.from_frame(frame)
    split = Split.of(positives, np.array([FIT, VALIDATION, TEST, FIT, TEST], np.uint8))
    split.save(tmp_path / "split.parquet")
    again = Split.load(tmp_path / "split.parquet")
    assert again.fit.to_frame().equals(split.fit.to_frame())
    for one, other in ((again.validation, split.validation), (again.test, split.test)):
        assert one.user.tolist() == other.user.tolist()
        assert one.item.tolist() == other.item.tolist()


def test_a_file_that_is_no_split_is_refused(tmp_path: Path) -> None:
    pl.DataFrame({"user": [1], "item": [2], "part": ["fit?"]}).write_parquet(tmp_path / "split.parquet")
    with pytest.raises(DataError, match="is not a saved split"):
        Split.load(tmp_path / "split.parquet")


@pytest.mark.parametrize("ratios", [(0.5, 0.1, 0.1), (1.2, -0.1, -0.1), (0.0, 0.5, 0.5)])
def test_shares_that_make_no_split_are_refused(ratios: tuple[float, float, float]) -> None:
    with pytest.raises(ValidationError, match="ratios must be three shares"):
        SplitConfig(ratios=ratios)


def test_a_split_says_of_what_data_it_is_and_a_file_that_is_none_is_told(tmp_path: Path) -> None:
    frame = pl.DataFrame({"user": [1, 1, 2], "item": [3, 4, 3]})
    positives, _ = Interactions.from_frame(frame)
    split = Split.of(positives, np.array([FIT, TEST, FIT], np.uint8))
    split.save(tmp_path / "of_some.parquet", "abc")
    split.save(tmp_path / "of_none.parquet")
    assert digest_in(tmp_path / "of_some.parquet") == "abc"
    assert digest_in(tmp_path / "of_none.parquet") == ""
    (tmp_path / "text.parquet").write_text("user,item", encoding="utf-8")
    for read in (digest_in, Split.load):
        with pytest.raises(DataError, match=r"text.parquet: is not a saved split \("):
            read(tmp_path / "text.parquet")


@pytest.mark.parametrize(
    "table",
    [
        {"user": [1, None], "item": [2, 3], "part": ["fit", "fit"]},
        {"user": [1, 2], "item": [None, 3], "part": ["fit", "fit"]},
    ],
)
def test_a_saved_pair_without_its_user_or_item_is_told(table: dict[str, list[object]], tmp_path: Path) -> None:
    pl.DataFrame(table).write_parquet(tmp_path / "split.parquet")
    with pytest.raises(DataError, match=r"split.parquet: is not a saved split \(a pair lacks its user or item\)$"):
        Split.load(tmp_path / "split.parquet")


def test_what_is_masked_is_fit_and_where_asked_validation() -> None:
    positives, _ = Interactions.from_frame(pl.DataFrame({"user": [1, 1, 1, 2], "item": [3, 4, 5, 4]}))
    split = Split.of(positives, np.array([FIT, VALIDATION, TEST, FIT], np.uint8))
    learned = {(0, 0), (1, 1)}
    for validation, expected in ((False, learned), (True, learned | {(0, 1)})):
        user, item = split.known(validation=validation)
        assert {(int(u), int(i)) for u, i in zip(user, item, strict=True)} == expected
