from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl
import pytest

from tastegraph.data.list_file import read_list_file
from tastegraph.errors import DataError, ModelError
from tastegraph.serving.everyone import AllLists, write_lists
from tastegraph.serving.order import Order
from tastegraph.serving.recommender import Recommender

if TYPE_CHECKING:
    from pathlib import Path

    from .conftest import Small

ALL = np.ones(9, np.bool_)


@pytest.mark.parametrize("form", ["parquet", "csv", "jsonl"])
def test_everybodys_list_is_the_one_that_each_is_given(small: Small, tmp_path: Path, form: str) -> None:
    path = tmp_path / f"lists.{form}"
    told: list[tuple[int, int]] = []
    write_lists(small.saved, AllLists(4, ALL, small.saved.seen), path, lambda *done: told.append(done), users_a_part=5)
    assert told == [(5, 12), (10, 12), (12, 12)]
    assert [file.name for file in tmp_path.iterdir()] == [path.name]
    table = read_list_file(path).table
    assert table.columns == ["user", "item", "rank", "score"]
    recommender = Recommender(small.saved)
    expected = [
        (f"u{user:02}", str(place.item), place.rank, pytest.approx(place.score, abs=1e-5))
        for user in range(12)
        for place in recommender.recommend(f"u{user:02}", 4)
    ]
    assert table.with_columns(pl.col("item").cast(pl.String)).rows() == expected


def test_filters_seen_and_discount(small: Small, tmp_path: Path) -> None:
    allowed = ALL.copy()
    allowed[[2, 3]] = False
    write_lists(small.saved, AllLists(9, allowed, None, popularity_discount=1.0), tmp_path / "a.parquet")
    table = pl.read_parquet(tmp_path / "a.parquet")
    assert table.columns == ["user", "item", "rank"]  # the model's score would not be in order
    assert len(read_list_file(tmp_path / "a.parquet").table) == len(table) == 12 * 7
    assert not {30, 40} & set(table["item"])
    recommender = Recommender(small.saved)
    mine = recommender.recommend("u05", 9, order=Order(popularity_discount=1.0))
    listed = table.filter(user="u05")["item"].to_list()
    unseen = [item for item in listed if item in {place.item for place in mine}]
    assert unseen == [place.item for place in mine if place.item not in {30, 40}]


def test_an_interrupted_pass_goes_on_where_it_stopped(small: Small, tmp_path: Path) -> None:
    path = tmp_path / "lists.csv"

    def stop(done: int, _: int) -> None:
        if done == 10:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_lists(small.saved, AllLists(4, ALL, small.saved.seen), path, stop, users_a_part=5)
    assert not path.exists()
    (folder,) = tmp_path.iterdir()
    (first,) = folder.glob(f"{0:012}-*.parquet")
    kept = first.stat().st_mtime_ns
    times: list[int] = []
    write_lists(
        small.saved,
        AllLists(4, ALL, small.saved.seen),
        path,
        lambda *_: times.append(first.stat().st_mtime_ns),
        users_a_part=5,
    )
    assert times == [kept] * 3
    assert [file.name for file in tmp_path.iterdir()] == ["lists.csv"]
    assert pl.read_csv(path)["user"].n_unique() == 12


def test_other_endings_and_lengths_are_refused(small: Small, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"lists are written as .parquet, .csv, .jsonl; found .xlsx"):
        write_lists(small.saved, AllLists(4, ALL, small.saved.seen), tmp_path / "lists.xlsx")
    with pytest.raises(ModelError, match="from 1 to 9 places"):
        write_lists(small.saved, AllLists(10, ALL, small.saved.seen), tmp_path / "lists.csv")
    assert not list(tmp_path.iterdir())


def test_parts_of_a_killed_call_that_wanted_something_else_are_removed(small: Small, tmp_path: Path) -> None:
    path = tmp_path / "lists.csv"

    def stop(*_: int) -> None:
        raise KeyboardInterrupt

    for k in (2, 3):
        with pytest.raises(KeyboardInterrupt):
            write_lists(small.saved, AllLists(k, ALL, small.saved.seen), path, stop, users_a_part=5)
        assert len(list(tmp_path.iterdir())) == 1
    (tmp_path / ".lists.csv.notes").mkdir()
    write_lists(small.saved, AllLists(4, ALL, small.saved.seen), path, users_a_part=5)
    assert sorted(file.name for file in tmp_path.iterdir()) == [".lists.csv.notes", "lists.csv"]


def test_a_file_that_is_there_and_a_folder_are_left_alone(small: Small, tmp_path: Path) -> None:
    recommender = Recommender(small.saved)
    (tmp_path / "old.csv").write_text("mine")
    (tmp_path / "folder.csv").mkdir()
    with pytest.raises(DataError, match=r"old.csv: exists already"):
        recommender.write_all(tmp_path / "old.csv")
    with pytest.raises(DataError, match=r"folder.csv: is a folder"):
        recommender.write_all(tmp_path / "folder.csv", force=True)
    with pytest.raises(DataError, match=r"none/lists.csv: cannot be written \(no such file or directory\)"):
        recommender.write_all(tmp_path / "none" / "lists.csv")
    assert (tmp_path / "old.csv").read_text() == "mine"
    recommender.write_all(tmp_path / "old.csv", force=True)
    assert pl.read_csv(tmp_path / "old.csv")["user"].n_unique() == 12


@pytest.mark.parametrize("damage", ["cut", "bit"])
def test_a_part_that_was_altered_is_made_anew(small: Small, tmp_path: Path, damage: str) -> None:
    path, wanted = tmp_path / "lists.parquet", AllLists(3, ALL, None)
    write_lists(small.saved, wanted, path, users_a_part=5)
    whole = pl.read_parquet(path)
    path.unlink()

    def stop(done: int, _: int) -> None:
        if done == 10:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_lists(small.saved, wanted, path, stop, users_a_part=5)
    (part,) = tmp_path.glob(f".lists.parquet.*/{0:012}-*.parquet")
    content = bytearray(part.read_bytes())
    content[len(content) // 2] ^= 1
    part.write_bytes(content[:-40] if damage == "cut" else content)
    write_lists(small.saved, wanted, path, users_a_part=5)
    assert pl.read_parquet(path).equals(whole)


def test_two_at_once_into_one_file(small: Small, tmp_path: Path) -> None:
    path, wanted = tmp_path / "lists.parquet", AllLists(3, ALL, None)
    told = []

    def meanwhile(done: int, _: int) -> None:
        for others in (wanted, AllLists(4, ALL, None)):
            with pytest.raises(DataError, match="another process is writing these lists"):
                write_lists(small.saved, others, path)
        told.append(done)

    write_lists(small.saved, wanted, path, meanwhile)
    assert told
    assert pl.read_parquet(path)["rank"].max() == 3
