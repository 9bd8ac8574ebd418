"""Feedback joins a data set as ratings of further users."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl
import pytest

from tastegraph.data.added_feedback import AddedFeedback, with_feedback
from tastegraph.data.load import load
from tastegraph.data.splits import SplitConfig
from tastegraph.errors import DataError

if TYPE_CHECKING:
    from pathlib import Path

ROWS = [(1, "10", "like", 100.5), (1, "20", "dislike", 101.0), (2, "30", "seen", 102.0), (2, "99", "like", 103.0)]
SCHEMA = {"account": pl.Int64, "item": pl.String, "kind": pl.String, "said": pl.Float64}
FEEDBACK = pl.DataFrame(ROWS, schema=SCHEMA, orient="row")


def ratings(tmp_path: Path, header: str, *lines: str) -> str:
    path = tmp_path / "ratings.csv"
    path.write_text("\n".join([header, *lines]) + "\n", encoding="utf-8")
    return str(path)


def test_accounts_follow_the_users_of_the_data(tmp_path: Path) -> None:
    lines = [f"{user},{item},{rating},{50}" for user in (3, 7) for item, rating in ((10, 5), (20, 1), (30, 4), (40, 3))]
    dataset = load(ratings(tmp_path, "user,item,rating,timestamp", *lines))
    joined, told = with_feedback(dataset, FEEDBACK, rated=True)
    assert told == AddedFeedback(users=2, pairs=3, left_out=1)
    frame = joined.interactions.to_frame()
    assert frame.head(8).equals(dataset.interactions.to_frame())
    assert frame.tail(3).rows() == [(8, 10, 5.0, 100), (8, 20, 1.0, 101), (9, 30, 1.0, 102)]
    assert joined.digest != dataset.digest
    before, after = (each.split(3.0, SplitConfig()) for each in (dataset, joined))
    assert (after.part[: len(before.part)] == before.part).all()


def test_names_and_no_ratings(tmp_path: Path) -> None:
    dataset = load(ratings(tmp_path, "user,item", "ann,10", "bob,20", "ann,30"))
    joined, told = with_feedback(dataset, FEEDBACK, rated=True)
    assert told == AddedFeedback(users=1, pairs=1, left_out=3)
    assert joined.interactions.to_frame().rows() == [("account 1", 10), ("ann", 10), ("ann", 30), ("bob", 20)]


def test_what_cannot_be_joined(tmp_path: Path) -> None:
    for part in ("train", "test"):
        text = "0 10 20\n1 10 30\n" if part == "train" else "0 30\n1 20\n"
        (tmp_path / f"{part}.txt").write_text(text, encoding="utf-8")
    with pytest.raises(DataError, match="comes with a split"):
        with_feedback(load(str(tmp_path)), FEEDBACK, rated=True)
    dataset = load(ratings(tmp_path, "user,item", "account 1,10", "bob,20"))
    with pytest.raises(DataError, match="a user is called 'account 1' already"):
        with_feedback(dataset, FEEDBACK, rated=True)


def test_nothing_said_changes_nothing(tmp_path: Path) -> None:
    dataset = load(ratings(tmp_path, "user,item", "ann,10", "bob,20"))
    joined, told = with_feedback(dataset, FEEDBACK.head(0), rated=True)
    assert joined is dataset
    assert told == AddedFeedback(0, 0, 0)
