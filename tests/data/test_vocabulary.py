from __future__ import annotations

import polars as pl
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tastegraph.data import vocabulary
from tastegraph.data.vocabulary import Vocabulary, canonical_ids


def test_indices_follow_the_order_of_the_ids() -> None:
    known, codes = Vocabulary.of(pl.Series([30, 7, 30, 100]))
    assert known.ids.to_list() == [7, 30, 100]
    assert codes.tolist() == [1, 0, 1, 2]


@given(st.lists(st.one_of(st.integers(-(2**63), 2**63 - 1).map(str), st.text(min_size=1)), min_size=1))
@example(["0\r", " 7"])
@example(["0\r", "a "])
def test_ids_survive_the_round_trip_but_for_spaces_around_integers(texts: list[str]) -> None:
    told = pl.Series(texts, dtype=pl.String)
    known, codes = Vocabulary.of(canonical_ids(told))
    kept = told.str.strip_chars() if known.ids.dtype == pl.Int64 else told
    assert known.ids.gather(codes).cast(pl.String).to_list() == kept.to_list()
    assert known.index_of(texts).tolist() == codes.tolist()


@pytest.mark.parametrize("texts", [["007", "8"], ["1.0", "2"], ["9223372036854775808"], ["a"], ["+1"]])
def test_ids_not_written_as_plain_64_bit_integers_stay_strings(texts: list[str]) -> None:
    assert canonical_ids(pl.Series(texts)).to_list() == texts


def test_integers_above_2_to_the_53_keep_every_digit() -> None:
    ids = ["9007199254740993", "9007199254740992"]
    assert canonical_ids(pl.Series(ids)).to_list() == [9007199254740993, 9007199254740992]


def test_an_unknown_id_has_index_minus_one_and_near_neighbours() -> None:
    known, _ = Vocabulary.of(pl.Series([1, 5, 90]))
    assert known.index_of(["7", "x", "90"]).tolist() == [-1, -1, 2]
    assert known.nearest("7") == ["5", "1", "90"]
    words, _ = Vocabulary.of(pl.Series(["alice", "bob"]))
    assert words.nearest("alcie", n=1) == ["alice"]


def test_near_neighbours_of_what_is_no_number_and_of_very_many_names(monkeypatch: pytest.MonkeyPatch) -> None:
    numbers, _ = Vocabulary.of(pl.Series([1, 5, 90, 91]))
    assert numbers.nearest("x") == ["1", "5", "90"]  # numbers are near no word: the first ones
    words, _ = Vocabulary.of(pl.Series(["alice", "bob", "carol", "dave"]))
    monkeypatch.setattr(vocabulary, "SPELLINGS", 3)  # those that stand beside it in order
    assert words.nearest("bobby") == ["bob", "carol", "dave"]
    assert words.nearest("aaa") == ["alice", "bob", "carol"]
    assert words.nearest("zoe", 2) == ["dave"]
